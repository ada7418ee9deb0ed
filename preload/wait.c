/* Waiting on the table's epoch.  Floor 1. */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "preload/shim.h"
#include "preload/wait.h"

bool wait_is_forbidden(const struct ask *a)
{
    if (a->flags & MSG_DONTWAIT)
        return true;
    int flags = a->fd < 0 ? -1 : real.fcntl(a->fd, F_GETFL);
    return flags >= 0 && flags & O_NONBLOCK;
}

static uint64_t add_capped(uint64_t a, uint64_t b)
{
    return a + b < a ? UINT64_MAX : a + b;
}

/* When the wait ends as things stand now: rules may be lifted, and the lease renewed, while we sleep. */
static uint64_t due_ns(const struct verdict *v, uint64_t start_ns)
{
    uint64_t lease_ns = atomic_load_explicit(&control.table.lease_ns, memory_order_relaxed), due = start_ns;

    for (int i = 0; i < v->strikes; i++)
        if (table_is_armed(&control.table, v->strike[i].rule))
            due = add_capped(due, control.table.rules[v->strike[i].rule].delay_ns);
    return due < lease_ns ? due : lease_ns;
}

/* Long enough to never come: no time-out of the caller's. */
static uint64_t patience_ns(enum call call, int fd)
{
    enum role role = call_role(call);
    bool receives = role == ROLE_RECEIVE || role == ROLE_ACCEPT;
    struct timeval limit = {0};
    socklen_t len = sizeof(limit);

    if (fd < 0 || (!receives && role != ROLE_SEND && role != ROLE_OPEN))
        return UINT64_MAX;
    if (real.getsockopt(fd, SOL_SOCKET, receives ? SO_RCVTIMEO : SO_SNDTIMEO, &limit, &len))
        return UINT64_MAX;
    uint64_t ns = (uint64_t)limit.tv_sec * 1000000000 + (uint64_t)limit.tv_usec * 1000;
    return ns ? ns : UINT64_MAX;
}

uint64_t wait_limit_ns(enum call call, int fd)
{
    return add_capped(shim_now_ns(), patience_ns(call, fd));
}

static bool is_cancellation_point(enum call call)
{
    enum role role = call_role(call);

    return role == ROLE_OPEN || role == ROLE_ACCEPT || role == ROLE_SEND || role == ROLE_RECEIVE;
}

/* The futex is the shared kind: those who wake map the file elsewhere.  futex_waitv and not futex, for it is
 * begun anew after a handler with SA_RESTART and ends with EINTR after one without, as the calls do that it
 * stands in for; futex with a time-out always ends, and would tell nothing. */
static int sleep_until(uint64_t until_ns, uint32_t epoch)
{
    struct timespec until = timespec_of(until_ns);
    struct futex_waitv one = {.val = epoch, .uaddr = (uintptr_t)&control.table.epoch, .flags = FUTEX_32};

    long failed = syscall(SYS_futex_waitv, &one, 1, 0, &until, CLOCK_MONOTONIC);
    if (failed >= 0)
        return 0;
    if (errno != ENOSYS && errno != EPERM)
        return -1;
    failed = syscall(SYS_futex, &control.table.epoch, FUTEX_WAIT_BITSET, epoch, &until, NULL,
                     FUTEX_BITSET_MATCH_ANY);
    if (failed && errno == EINTR)
        errno = EAGAIN;
    return (int)failed;
}

/* Where the call is a cancellation point, so is its delay; we hold nothing that a cancelled thread would
 * leave. */
static int sleep_as(enum call call, uint64_t until_ns, uint32_t epoch)
{
    int type;

    if (!is_cancellation_point(call))
        return sleep_until(until_ns, epoch);
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
    int failed = sleep_until(until_ns, epoch);
    int error = errno;
    pthread_setcanceltype(type, NULL);
    errno = error;
    return failed;
}

/* Not inside while asleep: a handler's calls are judged like any, and it may jump away. */
int wait_nap(enum call call, uint64_t until_ns, uint32_t epoch)
{
    uint64_t lease_ns = atomic_load_explicit(&control.table.lease_ns, memory_order_relaxed);
    uintptr_t place = shim_pause();
    int failed = sleep_as(call, until_ns < lease_ns ? until_ns : lease_ns, epoch), error = errno;

    shim_resume(place);
    return failed ? error : 0;
}

enum wait_end wait_out(const struct ask *a, const struct verdict *v)
{
    uint64_t start_ns = shim_now_ns(), limit_ns = wait_limit_ns(a->call, a->fd);

    for (;;) {
        uint32_t epoch = shim_epoch();
        uint64_t until_ns = due_ns(v, start_ns), now_ns = shim_now_ns();
        if (now_ns >= limit_ns && limit_ns < until_ns)
            return WAIT_IMPATIENT;
        if (now_ns >= until_ns)
            return WAIT_OVER;
        int error = wait_nap(a->call, until_ns < limit_ns ? until_ns : limit_ns, epoch);
        if (error == EINTR && is_cancellation_point(a->call))
            return WAIT_INTERRUPTED;
        if (error && error != EINTR && error != EAGAIN && error != ETIMEDOUT)
            return WAIT_OVER;
    }
}
