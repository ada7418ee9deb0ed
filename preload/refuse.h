/* A refused connection, made by the kernel.  Floor 1. */
#ifndef PRELOAD_REFUSE_H
#define PRELOAD_REFUSE_H

#include <sys/socket.h>

#include "preload/real.h"

/* Connect the socket to a port that nothing can listen on, port 0 of an address of this host, so that a
 * blocking connect, poll, epoll and SO_ERROR all say what they say of a closed port.
 *
 * For connections only: a datagram socket would stay connected to nowhere when the fault is lifted.
 *
 * Returns the errno that connect gives: ECONNREFUSED, or EINPROGRESS on a non-blocking socket.  Where the
 * kernel does not play along, ECONNREFUSED all the same. */
int refuse_connect(int fd, const struct sockaddr *address) HIDDEN;

#endif
