/* `explore FILE`: each dependency of a scenario with each fault.  Floor 5. */
#ifndef CHAOSCTL_CMD_EXPLORE_MATRIX_H
#define CHAOSCTL_CMD_EXPLORE_MATRIX_H

#include "chaosctl/cmd_run.h"
#include "chaosctl/matrix/matrix.h"

#define EXPLORE_BUDGET_NS (5 * 60 * UINT64_C(1000000000)) /* unless given */

struct explore_matrix_request {
    struct run_request run; /* journal, reports, seed; quiet, json, colourless */
    struct matrix_options options;
    uint64_t budget_ns;
};

/* The command line that is about it: what the option of that name asks for.  -ENOENT: it is none of ours;
 * otherwise an exit code. */
int explore_matrix_option(const struct command *command, struct explore_matrix_request *request,
                          const char *name, const char *value);

/* Returns the exit code. */
int explore_matrix(char *file, struct explore_matrix_request *request);

#endif
