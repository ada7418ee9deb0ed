/* Waiting that a lift, or the lease's end, cuts short.  Floor 1. */
#ifndef PRELOAD_WAIT_H
#define PRELOAD_WAIT_H

#include "preload/ask.h"

/* Must this call not sleep? */
bool wait_is_forbidden(const struct ask *a) HIDDEN;

enum wait_end {
    WAIT_OVER,
    WAIT_IMPATIENT,   /* the caller's own time-out (SO_RCVTIMEO, SO_SNDTIMEO) came first */
    WAIT_INTERRUPTED, /* a handler ran that was installed without SA_RESTART, and the call is one that it ends
                       */
};

/* Sleep for as long as the verdict's delays that are still armed add up to.  After a handler with SA_RESTART
 * the rest is slept.  Accepted limit: before Linux 5.16 it is slept after any handler. */
enum wait_end wait_out(const struct ask *a, const struct verdict *v) HIDDEN;

/* Sleep until the table's epoch is another than this, until that time at most, which the lease's end bounds.
 * Where the call is a cancellation point, so is this.  Returns 0 or the errno of futex_waitv: EINTR only
 * after a handler without SA_RESTART. */
int wait_nap(enum call call, uint64_t until_ns, uint32_t epoch) HIDDEN;

/* Until when the descriptor's own time-out lets a call wait that begins now; UINT64_MAX: for ever. */
uint64_t wait_limit_ns(enum call call, int fd) HIDDEN;

#endif
