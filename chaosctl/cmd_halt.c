/* chaosctl halt and resume: every fault off, and none anew until it is said.  Floor 5. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/command.h"
#include "chaosctl/run/halt.h"

static int halt_run(int argc, char **argv);
static int resume_run(int argc, char **argv);

const struct command command_halt = {
    .name = "halt",
    .operands = "",
    .summary = "Lift every fault of this user on this host, and refuse new ones until `resume`",
    .details = "Root's halt is for all users.  Runs of an experiment are stopped and exit 4; those that hold "
               "stay up\nwithout faults.  It is a file: touching it does the same without chaosctl, and "
               "`chaosctl doctor`\nnames it.  So does SIGUSR1 to any `chaosctl run`.",
    .run = halt_run,
};

const struct command command_resume = {
    .name = "resume",
    .operands = "",
    .summary = "End a halt: faults may be injected again",
    .details = "Nothing that was lifted comes back by itself.",
    .run = resume_run,
};

static int failed(const struct command *command, const char *what, int error)
{
    fprintf(stderr, "chaosctl %s: %s: %s\n", command->name, what, strerror(-error));
    return EXIT_TOOL;
}

/* The file first: a lease that ends before it would be renewed. */
static int halt(void)
{
    size_t count = 0;
    bool everybody = geteuid() == 0;
    int error = halt_set(everybody), unlifted = halt_expire_all(&count);

    if (error)
        return failed(&command_halt, "new faults cannot be refused", error);
    if (unlifted)
        return failed(&command_halt, "not every run could be reached from here; they look for themselves",
                      unlifted);
    cleanup_free char *own = halt_path();
    const char *file = halt_in_force(own);
    printf("halted by %s; %zu run%s reached\n", file ? file : "?", count, count == 1 ? " was" : "s were");
    return EXIT_PASS;
}

static int resume(void)
{
    cleanup_free char *own = halt_path();
    int error = halt_clear(geteuid() == 0);

    if (error)
        return failed(&command_resume, "the halt cannot be taken away", error);
    if (!halt_in_force(own))
        return EXIT_PASS;
    fprintf(stderr, "chaosctl resume: root's halt of everybody is still in force: %s\n", HALT_EVERYBODY);
    return EXIT_STOPPED;
}

static int take_nothing(const struct command *command, int argc, char **argv, int (*act)(void))
{
    struct options o = options_of(command, argc, argv);

    while (option_next(&o) > 0)
        continue;
    if (o.done)
        return o.status;
    return o.operand_count ? usage_error(command, "it takes no operand") : act();
}

static int halt_run(int argc, char **argv)
{
    return take_nothing(&command_halt, argc, argv, halt);
}

static int resume_run(int argc, char **argv)
{
    return take_nothing(&command_resume, argc, argv, resume);
}
