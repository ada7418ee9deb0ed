/* The two forms of `explore`: a COMMAND whose calls fail (cmd_explore_program.c), and a scenario FILE whose
 * dependencies do (cmd_explore_matrix.c).  Floor 5. */
#ifndef CHAOSCTL_CMD_EXPLORE_H
#define CHAOSCTL_CMD_EXPLORE_H

#include <stddef.h>

#include "chaosctl/command.h"

extern const struct command command_explore;

enum explore_option {
    EXPLORE_BUDGET = 1, /* for both */
    EXPLORE_REPORT,
    EXPLORE_JSON,
    EXPLORE_EXHAUSTIVE = 20, /* for a FILE */
    EXPLORE_FRESH,
    EXPLORE_HOLD,
    EXPLORE_SEED,
    EXPLORE_QUIET,
    EXPLORE_NO_COLOR,
    EXPLORE_JOBS = 40, /* for a COMMAND */
    EXPLORE_EXIT,
    EXPLORE_ABORTS,
    EXPLORE_LIBC,
    EXPLORE_REPLAY,
    EXPLORE_RERUN,
    EXPLORE_FORMAT,
    EXPLORE_BASELINE,
    EXPLORE_WRITE_BASELINE,
    EXPLORE_SUPPRESS
};

/* An option as it was given; value: NULL of a flag. */
struct explore_given {
    enum explore_option option;
    const char *value;
};

/* Returns the exit code: 0, 1 something was found, 2 it could not be judged. */
int explore_program(char **argv, const struct explore_given *given, size_t count);

#endif
