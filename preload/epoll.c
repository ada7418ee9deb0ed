/* Waiting on epoll sets.  Floor 1. */
#include <errno.h>
#include <limits.h>

#include "preload/ask.h"
#include "preload/deadline.h"
#include "preload/line.h"
#include "preload/watch.h"

EXPORT int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
    struct stay stay;

    if (ready_is_idle(CALL_epoll_ctl)) {
        int result = real.epoll_ctl(epfd, op, fd, event);
        if (!ready_is_idle(CALL_epoll_ctl) && shim_enter(&stay)) {
            watch_changed_unseen(epfd);
            shim_leave(&stay);
        }
        return result;
    }
    struct ask a = {.call = CALL_epoll_ctl, .fd = fd};

    if (ask(&a))
        return ask_answer(&a);
    if (!shim_enter(&stay))
        return real.epoll_ctl(epfd, op, fd, event);
    int result = watch_change(epfd, op, fd, event);
    stay.saved_errno = result ? errno : stay.saved_errno;
    shim_leave(&stay);
    return result;
}

static uint64_t prepare(int epfd)
{
    struct stay stay;
    uint64_t most_ns = STREAM_NEVER;

    if (shim_enter(&stay)) {
        most_ns = watch_prepare(epfd);
        shim_leave(&stay);
    }
    return most_ns;
}

static int filter(int epfd, struct epoll_event *events, int count)
{
    struct stay stay;

    if (shim_enter(&stay)) {
        count = watch_filter(epfd, events, count);
        shim_leave(&stay);
    }
    return count;
}

static bool fetch(int epfd, struct epoll_event *events, int max, int *ret_got, int *ret_kept)
{
    struct stay stay;

    if (!shim_enter(&stay))
        return false;
    bool fetched = watch_fetch(epfd, events, max, ret_got, ret_kept);
    stay.saved_errno = fetched && *ret_got < 0 ? errno : stay.saved_errno;
    shim_leave(&stay);
    return fetched;
}

/* Returns 1 when it is time to fetch, 0, or -1 and errno. */
static int wait_to_fetch(int epfd, uint64_t ns, const sigset_t *mask)
{
    struct pollfd p = {.fd = epfd, .events = POLLIN};
    struct timespec left = timespec_of(ns);

    return ns ? real.ppoll(&p, 1, ns == STREAM_NEVER ? NULL : &left, mask) : 0;
}

typedef int wait_once(int epfd, struct epoll_event *events, int max, uint64_t ns, const sigset_t *mask);

static int wait_ms(int epfd, struct epoll_event *events, int max, uint64_t ns, const sigset_t *mask)
{
    uint64_t ms = ns / 1000000 + (ns % 1000000 != 0);

    return real.epoll_pwait(epfd, events, max,
                            ns == STREAM_NEVER ? -1
                            : ms > INT_MAX     ? INT_MAX
                                               : (int)ms,
                            mask);
}

static int wait_ns(int epfd, struct epoll_event *events, int max, uint64_t ns, const sigset_t *mask)
{
    struct timespec left = timespec_of(ns);

    return real.epoll_pwait2(epfd, events, max, ns == STREAM_NEVER ? NULL : &left, mask);
}

static uint64_t left_ns(uint64_t end_ns)
{
    return deadline_left(end_ns, shim_now_ns());
}

static int wait_kept(wait_once *once, int epfd, struct epoll_event *events, int max, uint64_t end_ns,
                     const sigset_t *mask)
{
    int saved_errno = errno;

    for (;;) {
        uint64_t most_ns = prepare(epfd), ns = left_ns(end_ns);
        ns = ns < most_ns ? ns : most_ns;
        int got, kept;
        if (!fetch(epfd, events, max, &got, &kept)) {
            got = once(epfd, events, max, ns, mask);
            kept = got > 0 ? filter(epfd, events, got) : got;
        } else if (!got) {
            got = wait_to_fetch(epfd, ns, mask);
            kept = got < 0 ? got : 0;
        }
        if (kept)
            return kept;
        errno = saved_errno;
        if (!left_ns(end_ns) && (got <= 0 || !ns))
            return 0;
    }
}

/* The wait began before anything was armed: the set is not known yet, and what was reported may be held.
 * Accepted limit: where all of it is, the wait begins anew, with all of its time. */
static int sift_late(int epfd, struct epoll_event *events, int got)
{
    int saved_errno = errno;

    prepare(epfd);
    int kept = filter(epfd, events, got);
    errno = saved_errno;
    return kept;
}

static int wait_asked(enum call call, int epfd, struct epoll_event *events, int max, int timeout_ms,
                      const sigset_t *mask)
{
    struct ask a = {.call = call, .fd = -1};

    if (ask(&a))
        return ask_answer(&a);
    return wait_kept(wait_ms, epfd, events, max, deadline_in_ms(timeout_ms), mask);
}

EXPORT int epoll_wait(int epfd, struct epoll_event *events, int max, int timeout_ms)
{
    if (ready_is_idle(CALL_epoll_wait)) {
        int got = real.epoll_wait(epfd, events, max, timeout_ms);
        if (!ready_straddled(CALL_epoll_wait, got) || (got = sift_late(epfd, events, got)))
            return got;
    }
    return wait_asked(CALL_epoll_wait, epfd, events, max, timeout_ms, NULL);
}

EXPORT int epoll_pwait(int epfd, struct epoll_event *events, int max, int timeout_ms, const sigset_t *mask)
{
    if (ready_is_idle(CALL_epoll_pwait)) {
        int got = real.epoll_pwait(epfd, events, max, timeout_ms, mask);
        if (!ready_straddled(CALL_epoll_pwait, got) || (got = sift_late(epfd, events, got)))
            return got;
    }
    return wait_asked(CALL_epoll_pwait, epfd, events, max, timeout_ms, mask);
}

/* The kernel refuses it. */
static bool is_wrong(const struct timespec *t)
{
    return t && (t->tv_sec < 0 || t->tv_nsec < 0 || t->tv_nsec >= 1000000000);
}

/* Longer than anybody waits. */
static bool is_endless(const struct timespec *t)
{
    return !t || t->tv_sec >= INT_MAX;
}

EXPORT int epoll_pwait2(int epfd, struct epoll_event *events, int max, const struct timespec *timeout,
                        const sigset_t *mask)
{
    if (ready_is_idle(CALL_epoll_pwait2)) {
        int got = real.epoll_pwait2(epfd, events, max, timeout, mask);
        if (!ready_straddled(CALL_epoll_pwait2, got) || (got = sift_late(epfd, events, got)))
            return got;
    }
    struct ask a = {.call = CALL_epoll_pwait2, .fd = -1};

    if (ask(&a))
        return ask_answer(&a);
    if (is_wrong(timeout))
        return real.epoll_pwait2(epfd, events, max, timeout, mask);
    return wait_kept(wait_ns, epfd, events, max, deadline_in(is_endless(timeout) ? NULL : timeout), mask);
}
