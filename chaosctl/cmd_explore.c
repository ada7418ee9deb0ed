/* chaosctl explore: what nobody thought of, of a program or of a scenario.  Floor 5. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chaosctl/cmd_explore.h"
#include "chaosctl/cmd_explore_matrix.h"

#define GIVEN_MAX 64

static const struct option_row rows[] = {
    {EXPLORE_BUDGET, 0, "budget", "TIME",
     "stop after this time (of a FILE, 5m unless given); what was found by then is told"},
    {EXPLORE_JOBS, 0, "jobs", "N",
     "so many processes at a time; as many as there are processors unless given"},
    {EXPLORE_EXIT, 0, "exit", "STATUS", "what COMMAND exits with when nothing fails (0)"},
    {EXPLORE_ABORTS, 0, "aborts", NULL, "report deliberate aborts, too"},
    {EXPLORE_LIBC, 0, "libc", NULL, "report what libc itself does not survive, too"},
    {EXPLORE_REPLAY, 0, "replay", "ID", "explore this point alone"},
    {EXPLORE_RERUN, 0, "rerun", NULL, "run COMMAND anew for each point, and never fork it in mid-run"},
    {EXPLORE_FORMAT, 'f', "format", "NAME", "print text (the default), json, junit or sarif"},
    {EXPLORE_JSON, 'j', "json", NULL, "print the result as JSON"},
    {EXPLORE_REPORT, 'r', "report", "NAME=FILE", "write a report as well; may be given again"},
    {EXPLORE_BASELINE, 0, "baseline", "FILE", "fail for what is new alone: for what is not in it"},
    {EXPLORE_WRITE_BASELINE, 0, "write-baseline", "FILE", "write what was found, to be known from now on"},
    {EXPLORE_SUPPRESS, 0, "suppress", "FILE",
     "what to live with for a while: functions or modules, each with a reason"},
    {EXPLORE_EXHAUSTIVE, 0, "exhaustive", NULL, "FILE: leave out only what cannot matter"},
    {EXPLORE_FRESH, 0, "fresh", NULL, "FILE: start the services anew for each cell"},
    {EXPLORE_HOLD, 0, "hold", "TIME", "FILE: how long each fault lasts, in place of its hold"},
    {EXPLORE_SEED, 's', "seed", "N", "FILE: decide from this seed instead of the scenario's"},
    {EXPLORE_QUIET, 'q', "quiet", NULL, "FILE: print nothing but errors"},
    {EXPLORE_NO_COLOR, 0, "no-color", NULL, "FILE: no colour, even on a terminal"},
    {0},
};

static int explore_main(int argc, char **argv);

const struct command command_explore = {
    .name = "explore",
    .operands = "FILE | [--] COMMAND [ARGUMENT]...",
    .summary = "Fail each call of a program, or each dependency of a scenario, and list what is not survived",
    .details = "  chaosctl explore -- jq . data.json\n"
               "  chaosctl explore --budget 60s -- ./prog --option < input\n"
               "  chaosctl explore --replay 3f2a90c1d4e7 -- jq . data.json\n"
               "  chaosctl explore --budget 2m shop.yml\n\n"
               "COMMAND runs some hundred times, in copies of the current folder; each call that can fail is "
               "failed.\n"
               "Of a scenario FILE (.yml, .yaml) each dependency is failed in each way, then two at a time.\n"
               "Exit status: 0 when nothing was found, 1 when something was, 2 when it could not be judged.",
    .options = rows,
    .takes_command = true,
    .run = explore_main,
};

struct line {
    struct explore_given given[GIVEN_MAX];
    size_t count;
    char **operands;
    int operand_count;
};

/* Returns 0; otherwise *ret_code is the exit code. */
static int take(struct line *line, struct options *o, int *ret_code)
{
    for (int id; (id = option_next(o)) > 0;) {
        if (line->count == GIVEN_MAX) {
            *ret_code = usage_error(&command_explore, "more than %d options", GIVEN_MAX);
            free(o->table);
            return -1;
        }
        line->given[line->count++] = (struct explore_given){(enum explore_option)id, o->value};
    }
    *ret_code = o->status;
    line->operands = o->operands;
    line->operand_count = o->operand_count;
    return o->done ? -1 : 0;
}

static bool ends_in(const char *path, const char *end)
{
    size_t len = strlen(path), tail = strlen(end);

    return len > tail && !strcmp(path + len - tail, end);
}

/* What stands behind -- is a COMMAND in any case. */
static bool is_scenario(const struct line *line, char **argv)
{
    const char *path = line->operands[0];
    bool is_yaml = ends_in(path, ".yml") || ends_in(path, ".yaml");

    return is_yaml && access(path, X_OK) && (line->operands == argv || strcmp(line->operands[-1], "--"));
}

/* --- a scenario --- */

static const char *name_of(enum explore_option option)
{
    for (const struct option_row *row = rows; row->long_name; row++)
        if (row->id == (int)option)
            return row->long_name;
    return "";
}

static int explore_file(struct line *line)
{
    struct explore_matrix_request request = {0};
    struct command form = command_explore;
    char *file = line->operands[0];
    int code;

    form.takes_command = false; /* options may stand behind FILE */
    struct options o = options_of(&form, line->operand_count, line->operands);
    if (take(line, &o, &code))
        return code;
    if (line->operand_count)
        return usage_error(&command_explore, "one FILE is wanted");
    for (size_t i = 0; i < line->count; i++) {
        const char *name = name_of(line->given[i].option);
        code = explore_matrix_option(&command_explore, &request, name, line->given[i].value);
        if (code == -ENOENT)
            return usage_error(&command_explore, "--%s is for a COMMAND; %s is a scenario", name, file);
        if (code)
            return code;
    }
    return explore_matrix(file, &request);
}

/* --- a program --- */

static int explore_main(int argc, char **argv)
{
    struct options o = options_of(&command_explore, argc, argv);
    struct line line = {0};
    int code;

    if (take(&line, &o, &code))
        return code;
    if (!line.operand_count)
        return usage_error(&command_explore, "there is no COMMAND to explore, and no scenario FILE");
    if (is_scenario(&line, argv))
        return explore_file(&line);
    for (size_t i = 0; i < line.count; i++)
        if (line.given[i].option >= EXPLORE_EXHAUSTIVE && line.given[i].option < EXPLORE_JOBS)
            return usage_error(&command_explore, "--%s is for a scenario FILE",
                               name_of(line.given[i].option));
    return explore_program(line.operands, line.given, line.count);
}
