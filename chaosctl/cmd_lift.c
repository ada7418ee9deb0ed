/* chaosctl lift: faults off, before their time.  Floor 5. */
#include <stdio.h>
#include <string.h>

#include "chaosctl/base/unit.h"
#include "chaosctl/command.h"
#include "chaosctl/runs.h"

static int lift_run(int argc, char **argv);

const struct command command_lift = {
    .name = "lift",
    .operands = "[RUN] [ID]",
    .summary = "Lift a fault of a run that is under way, or all of them",
    .details = "ID is what `inject` printed and `status` shows; without it every fault of the run is lifted, "
               "those\nof its experiment too.  RUN may be left out when there is but one.  How many were "
               "lifted is printed.",
    .run = lift_run,
};

/* The name of a run has more than digits. */
static bool take_operands(const struct options *o, const char **ret_run, uint64_t *ret_id)
{
    int n = o->operand_count;

    if (n && !unit_parse_count(o->operands[n - 1], ret_id)) {
        *ret_run = n > 1 ? o->operands[0] : NULL;
        return n <= 2 && *ret_id;
    }
    *ret_run = n ? o->operands[0] : NULL;
    return n <= 1;
}

static int lift_run(int argc, char **argv)
{
    struct options o = options_of(&command_lift, argc, argv);
    struct drill_request request = {.ask = DRILL_LIFT};
    const char *run = NULL;
    json_t *answer = NULL;

    while (option_next(&o) > 0)
        continue;
    if (o.done)
        return o.status;
    if (!take_operands(&o, &run, &request.id))
        return usage_error(&command_lift, "a RUN, the number of a fault, or both are wanted");
    int code = runs_ask_one(&command_lift, run, &request, &answer);
    if (!code)
        printf("%" JSON_INTEGER_FORMAT "\n", json_integer_value(json_object_get(answer, "lifted")));
    json_decref(answer);
    return code;
}
