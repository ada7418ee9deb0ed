/* Finding a journal and reading it.  Floor 5. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/past.h"
#include "chaosctl/report/journal.h"

static int fail(const struct command *command, int status, const char *path, const char *why)
{
    fprintf(stderr, "chaosctl %s: %s: %s\n", command->name, path, why);
    return status;
}

static int journal_file_of(const char *operand, char **ret_path)
{
    if (!strcmp(operand, "last"))
        return journal_last(ret_path);
    *ret_path = strdup(strcmp(operand, "-") ? operand : "/dev/stdin");
    return *ret_path ? 0 : -ENOMEM;
}

int past_read(const struct command *command, const char *operand, struct run_result **ret_result)
{
    cleanup_free char *path = NULL, *why = NULL;
    int r = journal_file_of(operand, &path);

    if (r)
        return fail(command, EXIT_USAGE, operand, r == -ENOENT ? "there is no journal yet" : strerror(-r));
    r = journal_read(path, ret_result, &why);
    if (!r)
        return EXIT_PASS;
    return fail(command, r == -ENOMEM ? EXIT_TOOL : EXIT_USAGE, path, why ? why : strerror(-r));
}
