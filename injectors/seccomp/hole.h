/* Where a program's socket connects to, and hangs until somebody lets it arrive.  Floor 1.
 *
 * A hole is a listening socket whose queue is full, so that what it is sent is dropped: the kernel goes on
 * trying, as towards a host whose packets vanish, with all that belongs to it (SYN retransmissions, ETIMEDOUT
 * in the end, EINPROGRESS, SO_SNDTIMEO).  To let it arrive, a socket of ours connects from the hole's own
 * port to the program's: both have then sent a SYN, and are connected at once (simultaneous open; RFC
 * 9293, 3.5). */
#ifndef SECCOMP_HOLE_H
#define SECCOMP_HOLE_H

#include "injectors/seccomp/address.h"

struct hole {
    int fd; /* -1: not dug yet */
    uint16_t port;
};

/* Where a socket that wants to go there is to connect to instead.  Digs the hole if need be; -errno. */
int hole_address(struct hole *hole, int fd, const struct address *there, struct address *ret_address);

/* A socket that is connected to the one that hangs: own is that one's name, at what it was connected to.
 * -errno: ECONNREFUSED, it does not hang any more. */
int hole_arrive(const struct address *own, const struct address *at);

#endif
