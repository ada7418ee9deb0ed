/* Which place belongs to which descriptor.  Floor 1.
 *
 * Unlike what is known of a descriptor, this outlives a change of the table: a call that waits when a fault
 * is lifted has been waiting since it was made.  A child has its parent's words, but no place is its own
 * before it calls. Accepted limits: descriptors from FOLLOWED_MAX on are untold; a call that is answered on a
 * duplicate of its descriptor waits until that one is closed. */
#include <errno.h>
#include <unistd.h>

#include "injectors/decision/inflight.h"
#include "preload/endpoint.h"
#include "preload/inflight.h"
#include "preload/shim.h"

#define FOLLOWED_MAX 4096

static _Atomic uint32_t words[FOLLOWED_MAX]; /* place and one, and: */
#define SENT (UINT32_C(1) << 31)             /* its request left */
static _Atomic uint32_t highest;

static void raise_to(_Atomic uint64_t *most, uint64_t value)
{
    uint64_t seen = atomic_load_explicit(most, memory_order_relaxed);

    while (seen < value && !atomic_compare_exchange_weak(most, &seen, value))
        ;
}

static void note_highest(unsigned fd)
{
    uint32_t seen = atomic_load_explicit(&highest, memory_order_relaxed);

    while (seen < fd && !atomic_compare_exchange_weak(&highest, &seen, fd))
        ;
}

enum ending {
    ANSWERED,
    FAILED,
    UNTOLD, /* behind our back */
};

static void count(struct traffic *row, enum ending how, uint64_t took_ns)
{
    raise_to(&row->longest_ns, took_ns);
    if (how == FAILED)
        atomic_fetch_add_explicit(&row->failed, 1, memory_order_relaxed);
    if (how != ANSWERED)
        return;
    atomic_fetch_add_explicit(&row->took_ns, took_ns, memory_order_relaxed);
    atomic_fetch_add_explicit(&row->answered, 1, memory_order_relaxed);
}

static uint32_t word_of(int fd)
{
    return fd >= 0 && fd < FOLLOWED_MAX ? atomic_load_explicit(&words[fd], memory_order_relaxed) : 0;
}

static void end(int fd, enum ending how)
{
    uint32_t word = word_of(fd) ? atomic_exchange(&words[fd], 0) & ~SENT : 0;

    if (!word || word > INFLIGHT_MAX)
        return;
    struct inflight *place = &control.table.inflight[word - 1];
    uint32_t targets = atomic_load_explicit(&place->targets, memory_order_relaxed) & ~TARGET_ANY;
    uint64_t took_ns = inflight_end(place, (uint32_t)getpid(), shim_now_ns());
    for (; took_ns != UINT64_MAX && targets; targets &= targets - 1)
        count(&control.table.traffic[__builtin_ctz(targets)], how, took_ns);
}

static void note_most(uint32_t targets)
{
    for (; targets; targets &= targets - 1) {
        uint32_t one = targets & -targets;
        raise_to(&control.table.traffic[__builtin_ctz(one)].most,
                 inflight_count(control.table.inflight, one));
    }
}

void inflight_called(int fd, uint32_t targets)
{
    int place = -1;

    targets &= atomic_load_explicit(&control.table.followed, memory_order_relaxed) & ~TARGET_ANY;
    if (!targets)
        return;
    end(fd, UNTOLD);
    if (fd >= 0 && fd < FOLLOWED_MAX)
        place = inflight_begin(control.table.inflight, (uint32_t)getpid(), targets, shim_now_ns());
    if (place < 0) {
        atomic_fetch_add(&control.table.untold, 1);
        return;
    }
    atomic_store(&words[fd], (uint32_t)place + 1);
    note_highest((unsigned)fd);
    note_most(targets);
}

void inflight_sent(int fd)
{
    if (word_of(fd))
        atomic_fetch_or(&words[fd], SENT);
}

static void told(int fd, enum ending how)
{
    int saved_errno = errno;

    if (atomic_load_explicit(&control.table.followed, memory_order_relaxed))
        end(fd, how);
    errno = saved_errno;
}

void inflight_answered(int fd)
{
    told(fd, ANSWERED);
}

void inflight_failed(int fd)
{
    told(fd, FAILED);
}

void inflight_reused(int fd)
{
    if (!shim_is_guest())
        told(fd, UNTOLD);
}

/* Who connects and leaves, as a health check does, is told neither as answered nor as failed. */
static enum ending given_up(int fd)
{
    return word_of(fd) & SENT || !endpoint_is_connected(fd) ? FAILED : UNTOLD;
}

void inflight_forget(unsigned first, unsigned last)
{
    uint32_t until = atomic_load_explicit(&highest, memory_order_relaxed);
    int saved_errno = errno;

    if (!atomic_load_explicit(&control.table.followed, memory_order_relaxed) || shim_is_guest())
        return;
    for (unsigned fd = first; fd <= last && fd <= until && fd < FOLLOWED_MAX; fd++)
        if (word_of((int)fd))
            end((int)fd, given_up((int)fd));
    errno = saved_errno;
}
