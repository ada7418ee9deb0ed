/* The shim's own life: the map of the control area, the way in and out of our code, start and fork.  Floor 1.
 *
 * It refuses to print, to allocate, to take a lock, and to complain: whatever goes wrong here, the program
 * runs on as if it were alone. */
#ifndef PRELOAD_SHIM_H
#define PRELOAD_SHIM_H

#include <stdbool.h>
#include <stdint.h>

#include "injectors/decision/decide.h"
#include "preload/clock.h"
#include "preload/real.h"

/* Whole pages of whatever size a page has here, so that a map over it covers nothing else. */
struct control {
    _Alignas(65536) struct table table;
};

extern struct control control HIDDEN;

/* The one load and the one branch of a call that nobody asked about.
 *
 * Not idle before the shim has started: so the first call starts it, and no idle call has to look whether it
 * has. Afterwards armed[] is the orchestrator's, or zero for ever.  Acquire (free on x86): who sees the zero
 * sees the real pointers. */
static inline bool is_idle(enum call call)
{
    return __builtin_expect(!atomic_load_explicit(&control.table.armed[call], memory_order_acquire), 1);
}

/* What we changed about the program's descriptors and have to undo: epoll sets that are followed, connects
 * that are dropped.  Calls that ask for readiness are not idle while there is any, so that the first of them
 * after a lift undoes it. */
extern _Atomic uint32_t shim_left HIDDEN;

static inline bool ready_is_idle(enum call call)
{
    return __builtin_expect(!(atomic_load_explicit(&control.table.armed[call], memory_order_acquire) |
                              atomic_load_explicit(&shim_left, memory_order_relaxed)),
                            1);
}

/* Something was armed while the kernel waited: what it reports is looked at before the program sees it. */
static inline bool ready_straddled(enum call call, int got)
{
    return __builtin_expect(got > 0, 1) && !ready_is_idle(call);
}

static inline uint32_t shim_armed(enum call call)
{
    return atomic_load_explicit(&control.table.armed[call], memory_order_acquire);
}

static inline uint32_t shim_epoch(void)
{
    return atomic_load_explicit(&control.table.epoch, memory_order_acquire);
}

/* Our code's stay on a thread.  Calls made during it (by dlsym, by a signal handler) pass through. */
struct stay {
    int saved_errno;
};

/* Returns false when the thread is in our code already: pass through.  Starts the shim if that is still to
 * do. */
bool shim_enter(struct stay *stay) HIDDEN;

/* Restores errno. */
void shim_leave(const struct stay *stay) HIDDEN;

/* Out for a while, and back to the same place. */
uintptr_t shim_pause(void) HIDDEN;
void shim_resume(uintptr_t place) HIDDEN;

/* The service that this process belongs to; SERVICE_MAX for none. */
uint32_t shim_service(void) HIDDEN;

/* Its bit in a rule; 0 for none. */
static inline uint32_t shim_service_bit(void)
{
    uint32_t service = shim_service();

    return service < SERVICE_MAX ? 1u << service : 0;
}

/* Is this process a vfork child, which runs in its parent's memory?  Costs a system call. */
bool shim_is_guest(void) HIDDEN;
/* Does the lease still run?  One that ends in years is damage, and no lease. */
bool shim_has_lease(uint64_t now_ns) HIDDEN;

#endif
