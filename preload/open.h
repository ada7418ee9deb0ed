/* Connecting under latency and blackhole.  Floor 1.
 *
 * latency: the connect is made, and its end is hidden for as long as the rule says; then the program sees
 * what the kernel says.  blackhole: a filter on the socket drops whatever the peer answers, so that the
 * kernel itself is in SYN_SENT, sends again, and gives up in its own time; at the lift the connect is begun
 * again, since the next SYN may be far off.
 *
 * Accepted limits: on a unix socket, which knows no connect in progress, a non-blocking connect is not
 * delayed, and one into a blackhole meets EAGAIN, as on a full backlog. */
#ifndef PRELOAD_OPEN_H
#define PRELOAD_OPEN_H

#include "preload/ask.h"
#include "preload/line.h"

/* For line.c, which holds the lock.  Returns true while the end of connecting is hidden; *v says so. */
bool open_look(struct line *l, int fd, uint64_t now_ns, bool changed, struct line_view *v) HIDDEN;

/* Do not drop what comes back any more, and begin again. */
void open_end(struct line *l, int fd) HIDDEN;

/* Make the connect that was asked about.  As connect: -1 and errno. */
int open_connect(struct ask *a) HIDDEN;

/* Something is asked of a descriptor that may be connecting.  Returns the errno that answers it, or 0: go on.
 * A blocking call waits here. */
int open_hinders(const struct ask *a) HIDDEN;

#endif
