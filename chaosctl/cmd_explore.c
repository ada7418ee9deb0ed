/* chaosctl explore: what nobody thought of.  Floor 5. */
#include <errno.h>

#include "chaosctl/cmd_explore_matrix.h"

enum { BUDGET = 1, EXHAUSTIVE, FRESH, HOLD, SEED, REPORT, QUIET, JSON, NO_COLOR };

static const struct option_row options[] = {
    {BUDGET, 0, "budget", "TIME", "begin nothing that would end later; 5m unless given"},
    {EXHAUSTIVE, 0, "exhaustive", NULL, "leave out only what cannot matter, not what is assumed not to"},
    {FRESH, 0, "fresh", NULL, "start the services anew for each cell"},
    {HOLD, 0, "hold", "TIME", "how long each fault lasts, in place of the scenario's hold"},
    {SEED, 's', "seed", "N", "decide from this seed instead of the scenario's"},
    {REPORT, 'r', "report", "NAME=FILE", "write a report as well, as of `chaosctl run`"},
    {QUIET, 'q', "quiet", NULL, "print nothing but errors"},
    {JSON, 'j', "json", NULL, "print the result as JSON"},
    {NO_COLOR, 0, "no-color", NULL, "no colour, even on a terminal"},
    {0},
};

static int explore_command(int argc, char **argv);

const struct command command_explore = {
    .name = "explore",
    .operands = "FILE",
    .summary = "Try each dependency of a scenario with each fault, then pairs",
    .details = "Prints a table, dependency x fault: passed, refuted, not reached; then what failed.\n\n"
               "Exit code: 0 nothing was refuted; 1 something was, twice; 2 it could not be judged.",
    .options = options,
    .run = explore_command,
};

static const char *name_of(int id)
{
    for (const struct option_row *row = options; row->long_name; row++)
        if (row->id == id)
            return row->long_name;
    return "";
}

static int explore_command(int argc, char **argv)
{
    struct explore_matrix_request request = {0};
    struct options o = options_of(&command_explore, argc, argv);

    for (int id; (id = option_next(&o)) > 0;) {
        int status = explore_matrix_option(&command_explore, &request, name_of(id), o.value);
        if (status)
            return status;
    }
    if (o.done)
        return o.status;
    if (o.operand_count != 1)
        return usage_error(&command_explore, "one FILE is wanted");
    return explore_matrix(o.operands[0], &request);
}
