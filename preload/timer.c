/* Timers.  Floor 1. */
#include <sys/syscall.h>
#include <sys/timerfd.h>

#include "preload/mask.h"
#include "preload/shim.h"
#include "preload/timer.h"

void timer_drop(struct set *s)
{
    struct epoll_event e = {0};

    if (s->timer < 0)
        return;
    real.epoll_ctl(s->epfd, EPOLL_CTL_DEL, s->timer, &e);
    syscall(SYS_close, s->timer);
    s->timer = -1;
}

/* Out of the way of those who count on low numbers. */
static int timer_number(int fd)
{
    int high = fd < 0 ? -1 : real.fcntl(fd, F_DUPFD_CLOEXEC, 512);

    if (high < 0)
        high = fd < 0 ? -1 : real.fcntl(fd, F_DUPFD_CLOEXEC, 200);
    if (high < 0)
        return fd;
    syscall(SYS_close, fd);
    return high;
}

static void timer_make(struct set *s)
{
    struct epoll_event e = {.events = EPOLLIN | EPOLLET, .data.u64 = MASK_DATA};
    int fd = timer_number((int)syscall(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));

    if (fd < 0)
        return;
    if (real.epoll_ctl(s->epfd, EPOLL_CTL_ADD, fd, &e)) {
        syscall(SYS_close, fd);
        return;
    }
    s->timer = fd;
    s->timer_ns = 0;
}

void timer_set(struct set *s, uint64_t at_ns, uint64_t now_ns)
{
    struct itimerspec at = {.it_value = timespec_of(at_ns)};

    if (s->timer < 0)
        timer_make(s);
    if (s->timer < 0 || (s->timer_ns <= at_ns && s->timer_ns > now_ns))
        return;
    s->timer_ns = at_ns;
    if (syscall(SYS_timerfd_settime, s->timer, TFD_TIMER_ABSTIME, &at, NULL))
        timer_drop(s);
}

/* The number of a set that was closed behind our back is another set's now. */
void timer_check(struct set *s)
{
    struct itimerspec left;

    if (s->timer < 0 || s->timer_is_there)
        return;
    if (!syscall(SYS_timerfd_gettime, s->timer, &left))
        syscall(SYS_close, s->timer);
    s->timer = -1;
}
