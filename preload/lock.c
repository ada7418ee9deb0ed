/* Waiting for a lock.  Floor 1. */
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>

#include "preload/clock.h"
#include "preload/lock.h"

/* Longer than a thread of the lowest priority is off the processor.  Both: time alone passes while the
 * process is stopped, and a nap takes the longer the busier the machine is. */
#define PATIENCE_NS   UINT64_C(2000000000)
#define PATIENCE_NAPS 10000
#define YIELDS        100
#define NAP_NS        100000

_Atomic uint32_t lock_forks;

void lock_forked(void)
{
    lock_forks++;
}

/* One hold of somebody else's, as long as it is watched. */
struct hold {
    uint64_t holder, since_ns;
    uint32_t takes;
    uint32_t naps;
};

static bool is_the_same(const struct hold *h, const struct lock *l, uint64_t holder)
{
    return h->holder == holder && h->takes == atomic_load_explicit(&l->takes, memory_order_relaxed);
}

static void watch(struct hold *h, const struct lock *l, uint64_t holder)
{
    h->holder = holder;
    h->takes = atomic_load_explicit(&l->takes, memory_order_relaxed);
    h->since_ns = shim_now_ns();
    h->naps = 0;
}

static bool is_gone(const struct hold *h, uint64_t me)
{
    bool is_known = h->holder == me || (h->holder ^ me) >> 56;

    return is_known || (h->naps > PATIENCE_NAPS && shim_now_ns() - h->since_ns > PATIENCE_NS);
}

/* A yield does not let a thread of a lower priority run, a nap does. */
static void pass_time(struct hold *h, uint32_t tries)
{
    struct timespec nap = {.tv_nsec = NAP_NS};

    if (tries < YIELDS) {
        sched_yield();
        return;
    }
    syscall(SYS_ppoll, NULL, 0, &nap, NULL, 0);
    h->naps++;
}

void lock_wait(struct lock *l, uint64_t me)
{
    struct hold h = {0};
    int saved_errno = errno;

    for (uint32_t tries = 0;; tries += tries < YIELDS) {
        uint64_t holder = atomic_load_explicit(&l->holder, memory_order_relaxed);
        if (holder && !is_the_same(&h, l, holder))
            watch(&h, l, holder);
        if ((!holder || is_gone(&h, me)) &&
            atomic_compare_exchange_strong_explicit(&l->holder, &holder, me, memory_order_acquire,
                                                    memory_order_relaxed))
            break;
        pass_time(&h, tries);
    }
    errno = saved_errno;
}
