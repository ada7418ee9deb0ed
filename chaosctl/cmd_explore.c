/* chaosctl explore: fail each call that can fail, and list what the program does not survive.  Floor 5.
 *
 * Standard output has the result alone; standard error, while it is a terminal, how far it has come. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/cmd_explore_output.h"
#include "chaosctl/command.h"
#include "chaosctl/explore/engine.h"
#include "chaosctl/run/entry.h"
#include "chaosctl/run/process.h"

enum { EXPLORE_NOTHING = 0, EXPLORE_FINDINGS = 1, EXPLORE_NOT_JUDGED = 2 };
enum { OPTION_BUDGET = 1, OPTION_JOBS, OPTION_EXIT, OPTION_ABORTS, OPTION_REPLAY, OPTION_RERUN, OPTION_LIBC };
enum {
    OPTION_FORMAT = 20,
    OPTION_REPORT,
    OPTION_BASELINE,
    OPTION_WRITE_BASELINE,
    OPTION_SUPPRESS,
    OPTION_JSON
};

static const struct option_row rows[] = {
    {OPTION_BUDGET, 0, "budget", "TIME", "stop exploring after this time; what was found by then is told"},
    {OPTION_JOBS, 0, "jobs", "N",
     "so many processes at a time; as many as there are processors unless given"},
    {OPTION_EXIT, 0, "exit", "STATUS", "what COMMAND exits with when nothing fails (0)"},
    {OPTION_ABORTS, 0, "aborts", NULL, "report deliberate aborts, too"},
    {OPTION_LIBC, 0, "libc", NULL, "report what libc itself does not survive, too"},
    {OPTION_REPLAY, 0, "replay", "ID", "explore this point alone"},
    {OPTION_RERUN, 0, "rerun", NULL, "run COMMAND anew for each point, and never fork it in mid-run"},
    {OPTION_FORMAT, 'f', "format", "NAME", "print text (the default), json, junit or sarif"},
    {OPTION_JSON, 'j', "json", NULL, "the same as --format json"},
    {OPTION_REPORT, 0, "report", "NAME=FILE", "write a report as well; may be given again"},
    {OPTION_BASELINE, 0, "baseline", "FILE", "fail for what is new alone: for what is not in it"},
    {OPTION_WRITE_BASELINE, 0, "write-baseline", "FILE", "write what was found, to be known from now on"},
    {OPTION_SUPPRESS, 0, "suppress", "FILE",
     "what to live with for a while: functions or modules, each with a reason"},
    {0},
};

static int explore_main(int argc, char **argv);

const struct command command_explore = {
    .name = "explore",
    .operands = "[--] COMMAND [ARGUMENT]...",
    .summary = "Fail each call that can fail, and list what the program does not survive",
    .details =
        "  chaosctl explore -- jq . data.json\n"
        "  chaosctl explore --budget 60s -- ./prog --option < input\n"
        "  chaosctl explore --replay 3f2a90c1d4e7 -- jq . data.json\n\n"
        "COMMAND runs some hundred times, in copies of the current folder.  Exit status: 0 when nothing "
        "was found,\n"
        "1 when something was, 2 when COMMAND could not be judged.",
    .options = rows,
    .takes_command = true,
    .run = explore_main,
};

static volatile bool interrupted;

static void interrupt(int signal)
{
    (void)signal;
    interrupted = true;
}

/* --- the command line --- */

static int take_output_option(struct explore_output *output, int id, const char *value)
{
    switch (id) {
    case OPTION_FORMAT: return explore_output_format(output, value);
    case OPTION_JSON: return explore_output_format(output, "json");
    case OPTION_REPORT: return explore_output_file(output, value);
    case OPTION_BASELINE: output->baseline_path = value; break;
    case OPTION_WRITE_BASELINE: output->written_path = value; break;
    case OPTION_SUPPRESS: output->suppress_path = value; break;
    }
    return 0;
}

static int take_option(struct explore_request *request, int id, const char *value)
{
    uint64_t number = 0;

    switch (id) {
    case OPTION_BUDGET:
        if (unit_parse_duration(value, &request->budget_ns) || !request->budget_ns)
            return usage_error(&command_explore, "--budget: \"%s\" is not a time such as 60s", value);
        break;
    case OPTION_JOBS:
        if (unit_parse_count(value, &number) || !number || number > EXPLORE_JOBS_MAX)
            return usage_error(&command_explore, "--jobs: \"%s\" is not a number of 1 to %d", value,
                               EXPLORE_JOBS_MAX);
        request->jobs = number;
        break;
    case OPTION_EXIT:
        if (unit_parse_count(value, &number) || number > 255)
            return usage_error(&command_explore, "--exit: \"%s\" is not a status of 0 to 255", value);
        request->clean_status = number;
        break;
    case OPTION_ABORTS: request->reports_aborts = true; break;
    case OPTION_LIBC: request->reports_libc = true; break;
    case OPTION_REPLAY: request->only_id = value; break;
    case OPTION_RERUN: request->never_branches = true; break;
    }
    return 0;
}

static unsigned processors(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    return count < 1 ? 1 : count > EXPLORE_JOBS_MAX ? EXPLORE_JOBS_MAX : count;
}

/* True when there is a command; otherwise *ret_code is the exit code. */
static bool take_arguments(struct explore_request *request, struct explore_output *output, int argc,
                           char **argv, int *ret_code)
{
    struct options o = options_of(&command_explore, argc, argv);

    *ret_code = EXPLORE_NOT_JUDGED;
    for (int id; (id = option_next(&o)) > 0;)
        if (take_option(request, id, o.value) || take_output_option(output, id, o.value)) {
            free(o.table);
            return false;
        }
    if (o.done)
        *ret_code = o.status;
    else if (!o.operand_count)
        usage_error(&command_explore, "there is no command to explore");
    request->argv = o.operands;
    return !o.done && o.operand_count;
}

/* --- may it be explored? --- */

static int not_judged(const char *program, const char *why)
{
    fprintf(stderr, "chaosctl explore: %s: %s\n", program, why);
    return EXPLORE_NOT_JUDGED;
}

static int examine(struct explore_request *request, char **ret_path)
{
    struct entry entry;
    int error = process_find(request->argv[0], NULL, ret_path);

    if (error)
        return not_judged(request->argv[0], strerror(-error));
    error = entry_examine(*ret_path, &entry);
    if (error)
        return not_judged(request->argv[0], strerror(-error));
    if (entry.verdict != ENTRY_PRELOAD)
        return not_judged(request->argv[0], entry.reason);
    request->program = *ret_path;
    return 0;
}

/* --- the result --- */

/* What decides how an ending is judged. */
static void add_replay_options(const struct explore_request *request, struct buf *out)
{
    if (request->clean_status)
        buf_printf(out, "--exit %d ", request->clean_status);
    buf_add(out, request->reports_aborts ? "--aborts " : "");
    buf_add(out, request->reports_libc ? "--libc " : "");
}

/* Ten times a second, on a terminal. */
static void show_progress(void *arg, size_t done, size_t of, size_t findings)
{
    uint64_t *shown_ns = arg, now = now_mono_ns();

    if (now - *shown_ns < NS_PER_S / 10)
        return;
    *shown_ns = now;
    fprintf(stderr, "\r%zu of %zu points, %zu to look at\033[K", done, of, findings);
}

static int explore_command(struct explore_request *request, struct explore_output *output)
{
    cleanup_buf struct buf why = {0}, options = {0};
    struct explore *explore = NULL;
    uint64_t shown_ns = 0;
    bool shows = isatty(STDERR_FILENO);

    request->progress = shows ? show_progress : NULL;
    request->arg = &shown_ns;
    int error = explore_run(request, &explore, &why);
    if (shown_ns)
        fputs("\r\033[K", stderr);
    if (error)
        return not_judged(request->argv[0], buf_text(&why));
    add_replay_options(request, &options);
    output->replay_options = buf_text(&options);
    int code = explore_output_put(output, explore_result(explore));
    explore_free(explore);
    return code;
}

static int explore_main(int argc, char **argv)
{
    struct explore_request request = {.jobs = processors(),
                                      .stdin_fd = isatty(STDIN_FILENO) ? -1 : STDIN_FILENO,
                                      .is_interrupted = &interrupted};
    struct explore_output output = {.command = &command_explore};
    cleanup_free char *path = NULL;
    int code;

    if (!take_arguments(&request, &output, argc, argv, &code))
        return code;
    code = explore_output_check(&output);
    if (!code)
        code = examine(&request, &path);
    if (!code) {
        signal(SIGINT, interrupt);
        signal(SIGTERM, interrupt);
        code = explore_command(&request, &output);
    }
    explore_output_free(&output);
    return code;
}
