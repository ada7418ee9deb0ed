/* chaosctl: the table of commands.  Floor 5. */
#include <stdio.h>
#include <string.h>

#include "chaosctl/base/suggest.h"
#include "chaosctl/command.h"

extern const struct command command_run, command_exec, command_validate, command_plan, command_schema,
    command_doctor, command_env, command_report;

const struct command *const commands[] = {
    &command_run,    &command_exec, &command_validate, &command_plan, &command_schema,
    &command_doctor, &command_env,  &command_report,   NULL,
};

static int help(FILE *out, int status)
{
    fputs("Usage: chaosctl COMMAND [OPTION]... [OPERAND]...\n\n"
          "See whether your services survive the failure of what they depend on.\n\nCommands:\n",
          out);
    for (const struct command *const *c = commands; *c; c++)
        fprintf(out, "  %-10s %s\n", (*c)->name, (*c)->summary);
    fputs("\n`chaosctl COMMAND --help` tells more; so does `man chaosctl`.\n", out);
    return status;
}

static int unknown(const char *name)
{
    const char *names[32];
    size_t n = 0;

    for (const struct command *const *c = commands; *c && n < 32; c++)
        names[n++] = (*c)->name;
    const char *near = suggest(name, names, n);
    fprintf(stderr, "chaosctl: unknown command \"%s\"", name);
    fprintf(stderr, near ? " (did you mean \"%s\"?)\n" : "\n", near);
    fputs("Try `chaosctl --help`.\n", stderr);
    return EXIT_USAGE;
}

/* A full disk or a closed pipe must not look like success. */
static int flushed(int status)
{
    if (fflush(stdout) || ferror(stdout)) {
        fprintf(stderr, "chaosctl: cannot write to standard output: %m\n");
        return status == EXIT_PASS ? EXIT_TOOL : status;
    }
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return help(stderr, EXIT_USAGE);
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
        return flushed(help(stdout, EXIT_PASS));
    if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
        puts("chaosctl " CHAOSCTL_VERSION);
        return flushed(EXIT_PASS);
    }
    for (const struct command *const *c = commands; *c; c++)
        if (!strcmp((*c)->name, argv[1]))
            return flushed((*c)->run(argc - 1, argv + 1));
    return unknown(argv[1]);
}
