/* select and pselect.  Floor 1.
 *
 * Accepted limits: sets larger than FD_SETSIZE, which programs make by themselves, are not looked at.  Who
 * slept in the kernel when a fault was armed has no sets any more to wait with again, and is told of what is
 * held, once; select(2) warns of that under BUGS. */
#include <errno.h>
#include <string.h>
#include <sys/time.h>

#include "preload/ask.h"
#include "preload/deadline.h"
#include "preload/line.h"
#include "preload/watch.h"

struct sets {
    fd_set in, out, other;
};

static void take(const fd_set *from, fd_set *to)
{
    if (from)
        *to = *from;
    else
        FD_ZERO(to);
}

static void give(const fd_set *from, fd_set *to, int count)
{
    if (to)
        memcpy(to, from, (size_t)(count + 63) / 64 * 8);
}

static bool is_whole(const struct line_view *v)
{
    return v->is_connecting || (view_hides_end(v) && v->is_loud);
}

/* Ask only for what may be told.  Returns when to look again; *ret_ready: those writable by our word. */
static uint64_t hide_held(struct sets *s, int count, bool *ret_hidden, int *ret_ready)
{
    uint64_t next_ns = STREAM_NEVER;

    *ret_hidden = false;
    *ret_ready = 0;
    for (int fd = 0; fd < count; fd++) {
        struct line_view v;
        if (!FD_ISSET(fd, &s->in) && !FD_ISSET(fd, &s->out) && !FD_ISSET(fd, &s->other))
            continue;
        line_look_fd(fd, &v);
        if (!view_is_held(&v))
            continue;
        *ret_hidden = true;
        next_ns = v.next_ns < next_ns ? v.next_ns : next_ns;
        if (!view_is_readable(&v) && (v.pending || v.ended || v.is_connecting))
            FD_CLR(fd, &s->in);
        if (v.is_full)
            FD_CLR(fd, &s->out);
        if (!is_whole(&v))
            continue;
        FD_CLR(fd, &s->in);
        FD_CLR(fd, &s->other);
        *ret_ready += !v.is_connecting && FD_ISSET(fd, &s->out);
        if (v.is_connecting)
            FD_CLR(fd, &s->out);
    }
    return next_ns;
}

static int weight(const struct sets *s, int fd)
{
    return !!FD_ISSET(fd, &s->in) + !!FD_ISSET(fd, &s->out) + !!FD_ISSET(fd, &s->other);
}

/* What arrived meanwhile is held from now on. */
static int sift(struct sets *s, int count)
{
    int kept = 0;

    for (int fd = 0; fd < count; fd++) {
        struct line_view v;
        if (!weight(s, fd))
            continue;
        line_look_fd(fd, &v);
        if (v.is_tracked && (v.is_connecting || v.is_full))
            FD_CLR(fd, &s->out);
        if (v.is_tracked && !view_is_readable(&v) && (v.pending || v.ended || v.is_connecting))
            FD_CLR(fd, &s->in);
        kept += weight(s, fd);
    }
    return kept;
}

static int select_once(struct sets *s, int count, uint64_t end_ns, const sigset_t *mask)
{
    bool hidden;
    int ready;
    uint64_t next_ns = hide_held(s, count, &hidden, &ready), now_ns = shim_now_ns(),
             ns = deadline_left(end_ns, now_ns);

    if (hidden) {
        uint64_t look_ns = deadline_left(next_ns, now_ns);
        look_ns = look_ns < LINE_SLICE_NS ? look_ns : LINE_SLICE_NS;
        ns = ns < look_ns ? ns : look_ns;
    }
    ns = ready ? 0 : ns;
    struct timespec left = timespec_of(ns);
    uintptr_t place = shim_pause();
    int got = real.pselect(count, &s->in, &s->out, &s->other, ns == STREAM_NEVER ? NULL : &left, mask);
    int error = errno;
    shim_resume(place);
    if (got >= 0)
        got = sift(s, count);
    errno = error;
    return got;
}

/* As pselect, with an end in place of a time-out. */
static int select_held(int count, fd_set *in, fd_set *out, fd_set *other, uint64_t end_ns,
                       const sigset_t *mask)
{
    struct stay stay;
    struct sets s;
    int got = 0;

    if (!shim_enter(&stay)) {
        uint64_t ns = deadline_left(end_ns, shim_now_ns());
        struct timespec left = timespec_of(ns);
        return real.pselect(count, in, out, other, ns == STREAM_NEVER ? NULL : &left, mask);
    }
    do {
        watch_settle();
        take(in, &s.in);
        take(out, &s.out);
        take(other, &s.other);
        got = select_once(&s, count, end_ns, mask);
    } while (!got && shim_now_ns() < end_ns);
    if (got >= 0) {
        give(&s.in, in, count);
        give(&s.out, out, count);
        give(&s.other, other, count);
    }
    stay.saved_errno = got < 0 ? errno : stay.saved_errno;
    shim_leave(&stay);
    return got;
}

static bool is_ours(int count)
{
    return count >= 0 && count <= FD_SETSIZE &&
           (shim_left || atomic_load_explicit(&control.table.streams, memory_order_acquire));
}

EXPORT int select(int count, fd_set *in, fd_set *out, fd_set *other, struct timeval *timeout)
{
    if (ready_is_idle(CALL_select))
        return real.select(count, in, out, other, timeout);
    struct ask a = {.call = CALL_select, .fd = -1};

    if (ask(&a))
        return ask_answer(&a);
    if (!is_ours(count) || (timeout && (timeout->tv_sec < 0 || timeout->tv_usec < 0)))
        return real.select(count, in, out, other, timeout);
    struct timespec span = {0};
    if (timeout)
        TIMEVAL_TO_TIMESPEC(timeout, &span);
    uint64_t end_ns = deadline_in(timeout ? &span : NULL);
    int got = select_held(count, in, out, other, end_ns, NULL);
    if (timeout) {
        uint64_t left_us = deadline_left(end_ns, shim_now_ns()) / 1000;
        timeout->tv_sec = (time_t)(left_us / 1000000);
        timeout->tv_usec = (suseconds_t)(left_us % 1000000);
    }
    return got;
}

extern __typeof__(select) __select EXPORT __attribute__((alias("select")));

EXPORT int pselect(int count, fd_set *in, fd_set *out, fd_set *other, const struct timespec *timeout,
                   const sigset_t *mask)
{
    if (ready_is_idle(CALL_pselect))
        return real.pselect(count, in, out, other, timeout, mask);
    struct ask a = {.call = CALL_pselect, .fd = -1};

    if (ask(&a))
        return ask_answer(&a);
    if (!is_ours(count) || (timeout && (timeout->tv_sec < 0 || timeout->tv_nsec < 0)))
        return real.pselect(count, in, out, other, timeout, mask);
    return select_held(count, in, out, other, deadline_in(timeout), mask);
}
