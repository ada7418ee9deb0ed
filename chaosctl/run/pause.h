/* Stopping processes for a while, with somebody at hand who lets them go on whatever becomes of us.  Floor 3.
 */
#ifndef RUN_PAUSE_H
#define RUN_PAUSE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "chaosctl/run/loop.h"

#define PAUSE_MAX 1024 /* processes */

/* SIGSTOP the processes.  A child of ours, the guard, continues them when *ret_guard is closed (by pause_end
 * or by our death) or when the lease has lapsed, whichever is first.
 *
 * lease_ns  the lease's word in shared memory.
 * Returns 0 and the guard's descriptor; on -errno nothing is stopped. */
int pause_begin(struct loop *loop, const pid_t *pids, size_t count, const _Atomic uint64_t *lease_ns,
                int *ret_guard);

/* Continue them.  *guard is closed and -1 afterwards; -1 before is fine. */
void pause_end(int *guard);

#endif
