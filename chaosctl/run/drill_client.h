/* Asking a run, from another process.  Floor 3. */
#ifndef RUN_DRILL_CLIENT_H
#define RUN_DRILL_CLIENT_H

#include <stdbool.h>

/* Does the run of this folder take requests?  Those of `exec` do not. */
bool drill_client_may_ask(const char *folder);

/* Send the line, and wait for the answer, at most ten seconds; to be freed.
 *
 * -ENOENT: it takes none; -ECONNREFUSED: its chaosctl is gone; -EPERM: what answers is another user's;
 * -ETIMEDOUT; -errno. */
int drill_client_ask(const char *folder, const char *line, char **ret_answer);

#endif
