/* Asking a run without waiting for it.  Floor 5.
 *
 * A run that hangs answers after ten seconds or never, and who looks on must be able to halt meanwhile: so
 * each question is a thread's, one at a time. */
#ifndef CHAOSCTL_ASKER_H
#define CHAOSCTL_ASKER_H

#include <stdbool.h>

struct asker;

/* folder: of the run; borrowed.  NULL: no memory, no descriptors. */
struct asker *asker_new(const char *folder);

/* Ask: a line of drill_request_line, which is freed.  False: it is at another question still, or cannot. */
bool asker_ask(struct asker *asker, char *line);
bool asker_is_busy(const struct asker *asker);

/* Readable when there is an answer. */
int asker_fd(const struct asker *asker);

/* The answer, to be freed: 0; -EAGAIN: there is none yet; or what drill_client_ask() says. */
int asker_take(struct asker *asker, char **ret_answer);

/* At the end of the program: a thread that still waits is left to itself. */
void asker_free(struct asker *asker);

#endif
