/* Waiting that a lift, or the lease's end, cuts short.  Floor 1. */
#ifndef PRELOAD_WAIT_H
#define PRELOAD_WAIT_H

#include "preload/ask.h"

/* Must this call not sleep? */
bool wait_is_forbidden(const struct ask *a) HIDDEN;

/* Is the strike's rule armed still? */
bool wait_is_armed(const struct strike *strike) HIDDEN;

/* Sleep for as long as the verdict's delays that are still armed add up to.  Returns false when the caller's
 * own time-out (SO_RCVTIMEO, SO_SNDTIMEO) came first.
 *
 * A signal's handler runs meanwhile, then the rest is slept.  Accepted limit: where the handler was installed
 * without SA_RESTART, the call comes back late instead of with EINTR. */
bool wait_out(const struct ask *a, const struct verdict *v) HIDDEN;

#endif
