/* chaosctl continue: a gate of an experiment is opened by hand.  Floor 5. */
#include <stdio.h>

#include "chaosctl/command.h"
#include "chaosctl/runs.h"

static int continue_run(int argc, char **argv);

const struct command command_continue = {
    .name = "continue",
    .operands = "[RUN]",
    .summary = "Let an experiment with `confirm: true` inject its faults",
    .details =
        "Such an experiment waits once its steady state holds; `chaosctl status` shows it.  RUN may be "
        "left out\nwhen there is but one.",
    .run = continue_run,
};

static int continue_run(int argc, char **argv)
{
    struct options o = options_of(&command_continue, argc, argv);
    struct drill_request request = {.ask = DRILL_CONTINUE};
    json_t *answer = NULL;

    while (option_next(&o) > 0)
        continue;
    if (o.done)
        return o.status;
    if (o.operand_count > 1)
        return usage_error(&command_continue, "one RUN at most");
    int code = runs_ask_one(&command_continue, o.operand_count ? o.operands[0] : NULL, &request, &answer);
    json_decref(answer);
    return code;
}
