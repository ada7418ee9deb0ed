/* Past runs, for the commands that are about one.  Floor 5. */
#ifndef CHAOSCTL_PAST_H
#define CHAOSCTL_PAST_H

#include "chaosctl/command.h"
#include "chaosctl/run/result.h"

/* The run that a journal tells of.  operand: its path, `last` for the newest, `-` for standard input.  0, or
 * an exit code, and what is wrong was said on standard error. */
int past_read(const struct command *command, const char *operand, struct run_result **ret_result);

#endif
