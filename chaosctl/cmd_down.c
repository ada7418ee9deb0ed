/* chaosctl down: the end of a run, in good order.  Floor 5. */
#include <string.h>

#include "chaosctl/command.h"
#include "chaosctl/runs.h"

static int down_run(int argc, char **argv);

const struct command command_down = {
    .name = "down",
    .operands = "[RUN]",
    .summary = "End a run that is under way, and wait until it has cleaned up",
    .details = "A run that holds (`chaosctl up`) lifts its faults, measures the recovery and reports; any "
               "other is\nstopped, and exits 4.  RUN may be left out when there is but one.",
    .run = down_run,
};

static int take_down(const struct runs *runs, const char *name)
{
    struct drill_request request = {.ask = DRILL_DOWN};
    const struct state *state = NULL;
    json_t *answer = NULL;
    int code = runs_choose(runs, name, &state);

    if (!code)
        code = runs_ask(runs, state, &request, &answer);
    json_decref(answer);
    if (!code)
        runs_await_end(state);
    return code;
}

static int down_run(int argc, char **argv)
{
    struct options o = options_of(&command_down, argc, argv);
    struct runs runs;

    while (option_next(&o) > 0)
        continue;
    if (o.done)
        return o.status;
    if (o.operand_count > 1)
        return usage_error(&command_down, "one RUN at most");
    int code = runs_find(&command_down, true, &runs);
    if (code)
        return code;
    code = take_down(&runs, o.operand_count ? o.operands[0] : NULL);
    runs_free(&runs);
    return code;
}
