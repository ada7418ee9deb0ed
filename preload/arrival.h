/* One datagram that waits in the kernel's queue: what it is, and what becomes of it.  Floor 1.  For
 * datagram.c, which holds the lock. */
#ifndef PRELOAD_ARRIVAL_H
#define PRELOAD_ARRIVAL_H

#include "injectors/packet.h"
#include "preload/line.h"

/* What the kernel tells of it. */
struct arrival {
    uint32_t len;
    uint32_t targets;    /* that it comes from */
    uint64_t stamp_ns;   /* of the kernel's, CLOCK_REALTIME; 0: it came before stamps were asked for */
    uint64_t arrival_ns; /* CLOCK_MONOTONIC */
};

/* Have the kernel stamp what comes to that socket from now on. */
void arrival_begin(int fd) HIDDEN;

/* Peek at the first (at: -1), or at the one behind so many bytes.  Returns 0 or the errno, which is EAGAIN
 * when there is none. */
int arrival_peek(int fd, int at, struct arrival *ret) HIDDEN;

/* Where the socket's next peek begins; -1: where it always does. */
void arrival_place(int fd, int at) HIDDEN;

static inline bool arrival_is(const struct arrival *a, const struct packet *p)
{
    return p->is_known && p->stamp_ns == a->stamp_ns && p->len == a->len;
}

/* Decide on it, and count that. */
void arrival_decide(const struct arrival *a, int fd, uint64_t known, struct packet *ret) HIDDEN;

#endif
