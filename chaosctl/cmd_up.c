/* chaosctl up: `run --hold`, for fingers.  Floor 5. */
#include <stdio.h>
#include <stdlib.h>

#include "chaosctl/base/arena.h"
#include "chaosctl/cmd_run.h"

enum { JOURNAL = 1, REPORT, SEED, KEEP, METRICS, METRICS_FILE, WEBHOOK, QUIET };

static const struct option_row options[] = {
    {JOURNAL, 0, "journal", "FILE", "as of `chaosctl run`"},
    {REPORT, 'r', "report", "NAME=FILE", "as of `chaosctl run`"},
    {SEED, 's', "seed", "N", "as of `chaosctl run`"},
    {KEEP, 'k', "keep", NULL, "as of `chaosctl run`"},
    {METRICS, 'm', "metrics", "HOST:PORT", "as of `chaosctl run`"},
    {METRICS_FILE, 0, "metrics-file", "FILE", "as of `chaosctl run`"},
    {WEBHOOK, 0, "webhook", "URL", "as of `chaosctl run`"},
    {QUIET, 'q', "quiet", NULL, "as of `chaosctl run`"},
    {0},
};

static int up_run(int argc, char **argv);

const struct command command_up = {
    .name = "up",
    .operands = "FILE",
    .summary = "Start the services of a scenario, inject nothing, and stay: a live drill",
    .details = "The same as `chaosctl run --hold FILE`.  It ends with `chaosctl down`, or with Ctrl-C.",
    .options = options,
    .run = up_run,
};

static const char *written(struct arena *arena, int id, const char *value)
{
    for (const struct option_row *row = options; row->long_name; row++)
        if (row->id == id)
            return row->value ? arena_printf(arena, "--%s=%s", row->long_name, value)
                              : arena_printf(arena, "--%s", row->long_name);
    return NULL;
}

/* What `run` would have been given. */
static int take(struct options *o, struct arena *arena, char **args, int *ret_count)
{
    int n = 0;

    args[n++] = arena_copy(arena, "run");
    args[n++] = arena_copy(arena, "--hold");
    for (int id; (id = option_next(o)) > 0;)
        args[n++] = (char *)(uintptr_t)written(arena, id, o->value);
    if (o->done)
        return o->status;
    if (o->operand_count != 1)
        return usage_error(&command_up, "one FILE is wanted");
    args[n++] = arena_copy(arena, "--");
    args[n++] = o->operands[0];
    *ret_count = n;
    return 0;
}

static int up_run(int argc, char **argv)
{
    struct arena *arena = arena_new();
    char **args = arena ? arena_take(arena, ((size_t)argc + 5) * sizeof(*args)) : NULL;
    struct options o = options_of(&command_up, argc, argv);
    int count = 0, code = args ? take(&o, arena, args, &count) : EXIT_TOOL;

    if (count)
        code = command_run.run(count, args);
    arena_free(arena);
    return code;
}
