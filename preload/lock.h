/* Locks for a handful of system calls, none of which waits.  Floor 1.
 *
 * A holder that is only preempted keeps it, for however long a busy machine lets it wait: two threads in one
 * outbox send its bytes twice.
 *
 * And yet one cannot hang: a handler that interrupts us passes through without it (shim_enter), and from a
 * holder that is gone it is taken.  At once where that is known: a fork left the holder behind, or the
 * holder is the very thread that comes again, after it jumped away.  Otherwise (it jumped away or was
 * cancelled, and does not come again) after seconds in which the lock did not change hands. */
#ifndef PRELOAD_LOCK_H
#define PRELOAD_LOCK_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "preload/real.h"

struct lock {
    _Atomic uint64_t holder; /* 0: nobody */
    _Atomic uint32_t takes;  /* how often it was taken, which tells a new hold from a long one */
};

/* Forks between the first process and this one. */
extern _Atomic uint32_t lock_forks HIDDEN;

void lock_forked(void) HIDDEN;

/* For who did not get it at once: until it is the caller's.  errno is kept. */
void lock_wait(struct lock *l, uint64_t me) HIDDEN;

/* Not the kernel's number, which costs a system call.  No address of a program has the eight highest bits. */
static inline uint64_t lock_me(void)
{
    return (uint64_t)(uintptr_t)&errno | (uint64_t)atomic_load_explicit(&lock_forks, memory_order_relaxed)
                                             << 56;
}

static inline void lock_take(struct lock *l)
{
    uint64_t me = lock_me(), nobody = 0;

    if (!atomic_compare_exchange_strong_explicit(&l->holder, &nobody, me, memory_order_acquire,
                                                 memory_order_relaxed))
        lock_wait(l, me);
    uint32_t takes = atomic_load_explicit(&l->takes, memory_order_relaxed);
    atomic_store_explicit(&l->takes, takes + 1, memory_order_relaxed);
}

/* Whoever had it taken away gives away nothing. */
static inline void lock_give(struct lock *l)
{
    if (atomic_load_explicit(&l->holder, memory_order_relaxed) == lock_me())
        atomic_store_explicit(&l->holder, 0, memory_order_release);
}

#endif
