/* chaosctl inject: a fault into a run that is under way.  Floor 5. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/command.h"
#include "chaosctl/runs.h"

enum { OPTION_FOR = 1, OPTION_SEED, OPTION_DRY, OPTION_JSON };

static const struct option_row rows[] = {
    {OPTION_FOR, 'f', "for", "TIME", "lift it after so long (60s, or the `for` of the SPEC)"},
    {OPTION_SEED, 's', "seed", "N", "every random decision of it follows from this"},
    {OPTION_DRY, 'n', "dry-run", NULL, "inject nothing: count on real traffic what it would hit"},
    {OPTION_JSON, 'j', "json", NULL, "print a JSON object instead of the number"},
    {0},
};

static int inject_run(int argc, char **argv);

const struct command command_inject = {
    .name = "inject",
    .operands = "[RUN] SPEC",
    .summary = "Inject a fault into a run that is under way",
    .details =
        "  chaosctl inject latency:target=127.0.0.1:6379,delay=200ms --for 30s\n\n"
        "SPEC is as for `exec --fault`; a target is a dependency of the scenario or an address.  The "
        "fault's\nnumber is printed; `chaosctl lift` lifts it before its time.  RUN may be left out "
        "when there is but one.\n\nExit code: 0 it is active; 2 usage, or the run refused it; 5 the run "
        "could not be asked.",
    .options = rows,
    .run = inject_run,
};

static int print(const json_t *answer, bool json)
{
    json_int_t id = json_integer_value(json_object_get(answer, "id"));
    const char *fault = json_string_value(json_object_get(answer, "fault"));

    if (!json) {
        printf("%" JSON_INTEGER_FORMAT "\n", id);
        return EXIT_PASS;
    }
    json_t *shown = json_pack("{s:I, s:s}", "id", id, "fault", fault ? fault : "");
    int bad = shown ? json_dumpf(shown, stdout, JSON_INDENT(2)) : -1;
    putchar('\n');
    json_decref(shown);
    return bad ? EXIT_TOOL : EXIT_PASS;
}

static int take_option(struct drill_request *request, bool *json, int id, const char *value)
{
    switch (id) {
    case OPTION_FOR:
        if (unit_parse_duration(value, &request->for_ns) || !request->for_ns)
            return usage_error(&command_inject, "--for: \"%s\" is not a time, such as 30s", value);
        return 0;
    case OPTION_SEED:
        request->has_seed = true;
        if (unit_parse_count(value, &request->seed))
            return usage_error(&command_inject, "--seed: \"%s\" is not a whole number", value);
        return 0;
    case OPTION_DRY: request->dry = true; return 0;
    default: *json = true; return 0;
    }
}

static int inject_run(int argc, char **argv)
{
    struct options o = options_of(&command_inject, argc, argv);
    struct drill_request request = {.ask = DRILL_INJECT};
    json_t *answer = NULL;
    bool json = false;

    for (int id; (id = option_next(&o)) > 0;) {
        int code = take_option(&request, &json, id, o.value);
        if (code) {
            free(o.table);
            return code;
        }
    }
    if (o.done)
        return o.status;
    if (o.operand_count < 1 || o.operand_count > 2)
        return usage_error(&command_inject, "one SPEC is wanted, such as refuse:target=127.0.0.1:6379");
    request.text = o.operands[o.operand_count - 1];
    int code = runs_ask_one(&command_inject, o.operand_count > 1 ? o.operands[0] : NULL, &request, &answer);
    if (!code)
        code = print(answer, json);
    json_decref(answer);
    return code;
}
