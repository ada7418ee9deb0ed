/* chaosctl schema: the JSON Schema of a scenario file, for editors.  Floor 5. */
#include <stdio.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/command.h"
#include "chaosctl/scenario/scenario.h"

extern const struct command command_schema;

static int run(int argc, char **argv)
{
    struct options o = options_of(&command_schema, argc, argv);

    while (option_next(&o) > 0)
        ;
    if (o.done)
        return o.status;
    if (o.operand_count)
        return usage_error(&command_schema, "unexpected operand \"%s\"", o.operands[0]);
    cleanup_free char *text = scenario_schema();
    if (!text) {
        fputs("chaosctl schema: out of memory\n", stderr);
        return EXIT_TOOL;
    }
    puts(text);
    return EXIT_PASS;
}

const struct command command_schema = {
    .name = "schema",
    .operands = "",
    .summary = "Print the JSON Schema of scenario files, for editors",
    .details = "Draft 2020-12.  With the YAML language server, put this line first in a scenario:\n"
               "  # yaml-language-server: $schema=chaosctl.schema.json",
    .only_prints = true,
    .run = run,
};
