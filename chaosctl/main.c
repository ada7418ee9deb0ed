/* chaosctl: the table of commands.  Floor 5. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "chaosctl/base/memory.h"
#include "chaosctl/base/suggest.h"
#include "chaosctl/command.h"

extern const struct command command_run, command_exec, command_validate, command_plan, command_schema,
    command_doctor, command_env, command_report, command_discover, command_up, command_down, command_status,
    command_inject, command_lift, command_note, command_continue, command_halt, command_resume, command_top,
    command_replay, command_proxy, command_explore;

/* One a line, so that what is added by two people does not collide. */
/* clang-format off */
const struct command *const commands[] = {
    &command_run,
    &command_exec,
    &command_discover,
    &command_explore,
    &command_validate,
    &command_plan,
    &command_schema,
    &command_doctor,
    &command_env,
    &command_report,
    &command_up,
    &command_down,
    &command_status,
    &command_top,
    &command_inject,
    &command_lift,
    &command_note,
    &command_continue,
    &command_halt,
    &command_resume,
    &command_replay,
    &command_proxy,
    NULL,
};
/* clang-format on */

static int help(FILE *out, int status)
{
    fputs("Usage: chaosctl COMMAND [OPTION]... [OPERAND]...\n\n"
          "See whether your services survive the failure of what they depend on.\n\nCommands:\n",
          out);
    for (const struct command *const *c = commands; *c; c++)
        fprintf(out, "  %-10s %s\n", (*c)->name, (*c)->summary);
    fputs("\n`chaosctl COMMAND --help` or `chaosctl help COMMAND` tells more; so does `man chaosctl`.\n",
          out);
    return status;
}

static int misplaced(const char *option)
{
    fprintf(stderr, "chaosctl: unknown option %s: options stand after the command, as in ", option);
    fprintf(stderr, "`chaosctl COMMAND %s`\nTry `chaosctl --help`.\n", option);
    return EXIT_USAGE;
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

#define OUT_OF_MEMORY "chaosctl: out of memory: what was printed may be incomplete\n"

/* Who only prints ends before it prints what is wrong; jansson would fail an assertion. */
static void end_out_of_memory(void)
{
    if (write(STDERR_FILENO, OUT_OF_MEMORY, sizeof(OUT_OF_MEMORY) - 1) < 0)
        _exit(EXIT_TOOL);
    _exit(EXIT_TOOL);
}

/* A full disk or a closed pipe must not look like success, nor a verdict that nobody could read like one. */
static int flushed(int status, bool judged)
{
    if (fflush(stdout) || ferror(stdout)) {
        fprintf(stderr, "chaosctl: cannot write to standard output: %m\n");
        return status == EXIT_PASS || judged ? EXIT_TOOL : status;
    }
    if (memory_ran_out() && status == EXIT_PASS) {
        fputs(OUT_OF_MEMORY, stderr);
        return EXIT_TOOL;
    }
    return status;
}

static const struct command *find(const char *name)
{
    for (const struct command *const *c = commands; *c; c++)
        if (!strcmp((*c)->name, name))
            return *c;
    return NULL;
}

/* `help COMMAND` is `COMMAND --help`. */
static int help_on(char *name)
{
    char option[] = "--help", *argv[] = {name, option, NULL};
    const struct command *command = find(name);

    return command ? flushed(command->run(2, argv), false) : unknown(name);
}

static bool is_one_of(const char *word, const char *a, const char *b, const char *c)
{
    return !strcmp(word, a) || !strcmp(word, b) || !strcmp(word, c);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return help(stderr, EXIT_USAGE);
    if (!strcmp(argv[1], "help") && argc > 2)
        return help_on(argv[2]);
    if (is_one_of(argv[1], "--help", "-h", "help"))
        return flushed(help(stdout, EXIT_PASS), false);
    if (is_one_of(argv[1], "--version", "-V", "version")) {
        puts("chaosctl " CHAOSCTL_VERSION);
        return flushed(EXIT_PASS, false);
    }
    const struct command *command = find(argv[1]);
    if (!command)
        return *argv[1] == '-' ? misplaced(argv[1]) : unknown(argv[1]);
    memory_watch(command->only_prints ? end_out_of_memory : NULL);
    bool judges = is_one_of(command->name, "run", "up", "replay");
    return flushed(command->run(argc - 1, argv + 1), judges);
}
