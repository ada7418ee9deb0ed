/* Locks for a handful of system calls, none of which waits.  Floor 1.
 *
 * One cannot hang: a handler that interrupts us passes through without it (shim_enter), and a holder that
 * jumped away, or that fork or cancellation lost, has it taken from it after a bounded wait. */
#ifndef PRELOAD_LOCK_H
#define PRELOAD_LOCK_H

#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>

#define LOCK_TRIES 4000 /* some milliseconds: longer than any hold, but for a stopped process */

static inline void lock_take(_Atomic uint32_t *busy)
{
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (!atomic_exchange_explicit(busy, 1, memory_order_acquire))
            return;
        sched_yield();
    }
}

static inline void lock_give(_Atomic uint32_t *busy)
{
    atomic_store_explicit(busy, 0, memory_order_release);
}

#endif
