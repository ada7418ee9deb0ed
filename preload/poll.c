/* poll and its kin.  Floor 1.
 *
 * What is held is hidden in the caller's own array while the kernel looks at it, and put back before the call
 * returns; there is no other place for so many.  Accepted limit: a handler that jumps out of the call leaves
 * the array as it was meanwhile.
 *
 * While something is hidden the wait is cut into slices, so that a lift is noticed; while nothing is, what
 * arrives wakes it, and is held from then on. */
#include <errno.h>
#include <limits.h>

#include "preload/ask.h"
#include "preload/deadline.h"
#include "preload/descriptor.h"
#include "preload/line.h"
#include "preload/watch.h"

/* Bits that no file's poll looks at, in which the hidden request is kept. */
#define KEPT_IN     0x0800
#define KEPT_RDNORM 0x4000
#define KEPT_RDHUP  0x1000
#define KEPT_OUT    0x0400
#define KEPT_WRNORM 0x0020
#define KEPT_WHOLE  ((short)0x8000) /* the descriptor is negated */
#define KEPT        (KEPT_IN | KEPT_RDNORM | KEPT_RDHUP | KEPT_OUT | KEPT_WRNORM | KEPT_WHOLE)
#define READS       (POLLIN | POLLRDNORM | POLLRDHUP)
#define WRITES      (POLLOUT | POLLWRNORM)

static void put_back(struct pollfd *p)
{
    if (p->events & KEPT_WHOLE)
        p->fd = ~p->fd;
    p->events =
        (short)((p->events & ~KEPT) | (p->events & KEPT_IN ? POLLIN : 0) |
                (p->events & KEPT_RDNORM ? POLLRDNORM : 0) | (p->events & KEPT_RDHUP ? POLLRDHUP : 0) |
                (p->events & KEPT_OUT ? POLLOUT : 0) | (p->events & KEPT_WRNORM ? POLLWRNORM : 0));
}

static void hide_writes(struct pollfd *p)
{
    short events = p->events;

    p->events = (short)((events & ~WRITES) | (events & POLLOUT ? KEPT_OUT : 0) |
                        (events & POLLWRNORM ? KEPT_WRNORM : 0));
}

static void hide(struct pollfd *p, bool whole)
{
    short events = p->events;

    p->events = (short)((events & ~READS) | (events & POLLIN ? KEPT_IN : 0) |
                        (events & POLLRDNORM ? KEPT_RDNORM : 0) | (events & POLLRDHUP ? KEPT_RDHUP : 0));
    if (!whole)
        return;
    p->events |= KEPT_WHOLE;
    p->fd = ~p->fd;
}

static bool look(int fd, struct line_view *v)
{
    line_look_fd(fd, v);
    return view_is_held(v);
}

/* The kernel tells HUP and ERR of whom one asks about at all. */
static bool is_whole(const struct line_view *v)
{
    return v->is_connecting || (view_hides_end(v) && v->is_loud);
}

static bool hides_reads(const struct line_view *v)
{
    return !view_is_readable(v) && (v->pending || v->ended || v->is_connecting);
}

/* Returns how many are held.  *ret_ready: those that can be written to, though nothing else is to be seen. */
static nfds_t hide_held(struct pollfd *fds, nfds_t count, uint64_t *ret_next_ns, nfds_t *ret_ready)
{
    nfds_t hidden = 0;

    *ret_next_ns = STREAM_NEVER;
    *ret_ready = 0;
    for (nfds_t i = 0; i < count; i++) {
        struct line_view v;
        fds[i].events = (short)(fds[i].events & ~KEPT);
        if (fds[i].fd < 0 || !look(fds[i].fd, &v))
            continue;
        hidden++;
        *ret_next_ns = v.next_ns < *ret_next_ns ? v.next_ns : *ret_next_ns;
        if (v.is_full)
            hide_writes(&fds[i]);
        if (is_whole(&v)) {
            *ret_ready += !v.is_connecting && fds[i].events & POLLOUT;
            hide(&fds[i], true);
        } else if (hides_reads(&v)) {
            hide(&fds[i], false);
        }
    }
    return hidden;
}

/* What arrived while the kernel waited is looked at now, and held from now on. */
static short sift(struct pollfd *p)
{
    struct line_view v;
    bool was_whole = p->events & KEPT_WHOLE;

    put_back(p);
    if (p->fd < 0)
        return p->revents;
    if (!was_whole && !p->revents)
        return 0;
    if (!look(p->fd, &v))
        return was_whole ? 0 : p->revents;
    if (v.is_connecting)
        return 0;
    if (was_whole)
        return v.is_full ? 0 : p->events & POLLOUT;
    if (v.is_full)
        p->revents &= ~WRITES;
    if (view_hides_end(&v))
        p->revents &= ~(POLLRDHUP | POLLHUP | POLLERR);
    return (short)(hides_reads(&v) ? p->revents & ~READS : p->revents);
}

static int sift_all(struct pollfd *fds, nfds_t count)
{
    int kept = 0;

    for (nfds_t i = 0; i < count; i++) {
        fds[i].revents = sift(&fds[i]);
        kept += fds[i].revents != 0;
    }
    return kept;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* One look of the kernel's.  Returns as poll; *ret_hidden: something is held. */
static int poll_once(struct pollfd *fds, nfds_t count, uint64_t end_ns, const sigset_t *mask,
                     bool *ret_hidden)
{
    uint64_t next_ns;

    watch_settle();
    nfds_t ready, hidden = hide_held(fds, count, &next_ns, &ready);
    uint64_t now_ns = shim_now_ns(), ns = deadline_left(end_ns, now_ns); /* looking took a while */

    if (hidden)
        ns = least(ns, least(deadline_left(next_ns, now_ns), LINE_SLICE_NS));
    struct timespec left = timespec_of(ready ? 0 : ns);
    uintptr_t place = shim_pause();
    int got = real.ppoll(fds, count, !ready && ns == STREAM_NEVER ? NULL : &left, mask), error = errno;
    shim_resume(place);
    *ret_hidden = hidden;
    int kept = sift_all(fds, count);
    errno = error;
    return got < 0 ? -1 : kept;
}

static int poll_held(struct pollfd *fds, nfds_t count, uint64_t end_ns, const sigset_t *mask)
{
    struct stay stay;
    struct timespec left;

    if (!fds || !shim_enter(&stay)) {
        left = timespec_of(deadline_left(end_ns, shim_now_ns()));
        return real.ppoll(fds, count, end_ns == STREAM_NEVER ? NULL : &left, mask);
    }
    for (;;) {
        bool hidden;
        int kept = poll_once(fds, count, end_ns, mask, &hidden);
        if (kept || shim_now_ns() >= end_ns) {
            stay.saved_errno = kept < 0 ? errno : stay.saved_errno;
            shim_leave(&stay);
            return kept;
        }
    }
}

static bool is_sane(const struct timespec *t)
{
    return t->tv_sec >= 0 && t->tv_sec < INT_MAX && t->tv_nsec >= 0 && t->tv_nsec < 1000000000;
}

static bool has_streams(void)
{
    return shim_left || atomic_load_explicit(&control.table.streams, memory_order_acquire);
}

/* Nothing is undone by a wait, and no rule is about any of these as far as is known. */
static bool are_apart(enum call call, struct pollfd *fds, nfds_t count)
{
    uint32_t streams = atomic_load_explicit(&control.table.streams, memory_order_acquire);

    if (shim_left || shim_armed(call) & TARGET_ANY || !fds)
        return false;
    for (nfds_t i = 0; i < count; i++)
        if (fds[i].fd >= 0 && !descriptor_is_apart(fds[i].fd, streams))
            return false;
    return true;
}

/* The wait began before anything was armed about any of them.  Accepted limit: where all that it reported is
 * held, it begins anew, with all of its time. */
static __attribute__((noinline)) int poll_again(struct pollfd *fds, nfds_t count, uint64_t end_ns,
                                                const sigset_t *mask)
{
    struct stay stay;
    int kept = 0;

    if (shim_enter(&stay)) {
        kept = sift_all(fds, count);
        shim_leave(&stay);
    }
    return kept ? kept : poll_held(fds, count, end_ns, mask);
}

/* Returns true when the call ends there. */
static bool poll_asks(enum call call, int *ret_answer)
{
    struct ask a = {.call = call, .fd = -1};

    if (!ask(&a))
        return false;
    *ret_answer = ask_answer(&a);
    return true;
}

/* Out of line, both, so that an idle call saves no registers for them. */
static __attribute__((noinline)) int poll_armed(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    int answer;

    if (are_apart(CALL_poll, fds, count)) {
        int got = real.poll(fds, count, timeout_ms);
        return got <= 0 || are_apart(CALL_poll, fds, count)
                   ? got
                   : poll_again(fds, count, deadline_in_ms(timeout_ms), NULL);
    }
    if (poll_asks(CALL_poll, &answer))
        return answer;
    if (!has_streams())
        return real.poll(fds, count, timeout_ms);
    return poll_held(fds, count, deadline_in_ms(timeout_ms), NULL);
}

static __attribute__((noinline)) int ppoll_armed(struct pollfd *fds, nfds_t count,
                                                 const struct timespec *timeout, const sigset_t *mask)
{
    int answer;

    if (are_apart(CALL_ppoll, fds, count)) {
        int got = real.ppoll(fds, count, timeout, mask);
        return got <= 0 || are_apart(CALL_ppoll, fds, count)
                   ? got
                   : poll_again(fds, count, deadline_in(timeout), mask);
    }
    if (poll_asks(CALL_ppoll, &answer))
        return answer;
    if (!has_streams() || (timeout && !is_sane(timeout)))
        return real.ppoll(fds, count, timeout, mask);
    return poll_held(fds, count, deadline_in(timeout), mask);
}

EXPORT int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    if (!ready_is_idle(CALL_poll))
        return poll_armed(fds, count, timeout_ms);
    int got = real.poll(fds, count, timeout_ms);
    return ready_straddled(CALL_poll, got) ? poll_again(fds, count, deadline_in_ms(timeout_ms), NULL) : got;
}

extern __typeof__(poll) __poll EXPORT __attribute__((alias("poll")));

EXPORT int __poll_chk(struct pollfd *fds, nfds_t count, int timeout_ms, size_t fds_size)
{
    if (fds_size / sizeof(*fds) < count)
        return real.__poll_chk(fds, count, timeout_ms, fds_size);
    return poll(fds, count, timeout_ms);
}

EXPORT int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
    if (!ready_is_idle(CALL_ppoll))
        return ppoll_armed(fds, count, timeout, mask);
    int got = real.ppoll(fds, count, timeout, mask);
    return ready_straddled(CALL_ppoll, got) ? poll_again(fds, count, deadline_in(timeout), mask) : got;
}

EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask,
                       size_t fds_size)
{
    if (fds_size / sizeof(*fds) < count)
        return real.__ppoll_chk(fds, count, timeout, mask, fds_size);
    return ppoll(fds, count, timeout, mask);
}
