/* MSG_FASTOPEN: a send that connects.  Floor 1. */
#ifndef PRELOAD_FASTOPEN_H
#define PRELOAD_FASTOPEN_H

#include <stdbool.h>
#include <sys/socket.h>

#include "preload/real.h"

/* While something is armed about connecting, such a send is made as the two calls that it stands for, so that
 * the connect is judged as any is.  Returns false when the connect ended the call, with errno as connect has
 * it; otherwise *flags has the bit no more if it was made.
 *
 * Accepted limits: then nothing is saved by the fast open, and a kernel that would refuse it does not. */
bool fastopen_connects(int fd, int *flags, const struct sockaddr *address, socklen_t len) HIDDEN;

#endif
