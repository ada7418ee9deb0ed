/* Calls that receive datagrams, and wait for them.  Floor 1. */
#include <errno.h>

#include "preload/datagram.h"
#include "preload/flow.h"
#include "preload/wait.h"
#include "preload/watch.h"

/* The caller's time-out: looked up when it is first wanted. */
struct patience {
    bool is_known;
    uint64_t end_ns;
};

/* Who has read an edge empty is told by nobody but us when the next is due. */
static ssize_t try(struct ask *a, struct msghdr *message, int flags, struct line_view *v)
{
    struct stay stay;
    ssize_t got = DATAGRAM_ELSE;

    *v = (struct line_view){0};
    if (!shim_enter(&stay))
        return got;
    got = datagram_take(a->fd, a->known, message, flags, v);
    int error = errno;
    if (v->is_tracked && v->pending > v->due)
        watch_stir(a->fd);
    if (got == -1)
        stay.saved_errno = error;
    shim_leave(&stay);
    return got;
}

/* Nothing is there yet.  With a time-out no handler has the call begun anew: neither has it poll. */
static int wait_for_arrival(struct ask *a, const struct patience *p)
{
    struct pollfd one = {.fd = a->fd, .events = POLLIN};
    uint64_t now_ns = shim_now_ns();
    char byte;

    if (p->end_ns == STREAM_NEVER)
        return real.recv(a->fd, &byte, 1, MSG_PEEK) < 0 ? errno : 0;
    struct timespec left = timespec_of(p->end_ns > now_ns ? p->end_ns - now_ns : 0);
    return real.ppoll(&one, 1, &left, NULL) < 0 ? errno : 0;
}

static int wait_until_due(struct ask *a, const struct patience *p, uint64_t next_ns, uint32_t epoch)
{
    struct stay stay;

    if (!shim_enter(&stay))
        return EAGAIN;
    int error = wait_nap(a->call, next_ns < p->end_ns ? next_ns : p->end_ns, epoch);
    shim_leave(&stay);
    return error == EINTR ? EINTR : 0;
}

/* Returns 0 to look again, or the errno that ends the call. */
static int wait_more(struct ask *a, struct patience *p, const struct line_view *v, uint32_t epoch)
{
    if (!p->is_known)
        p->end_ns = wait_limit_ns(a->call, a->fd);
    p->is_known = true;
    if (shim_now_ns() >= p->end_ns)
        return EAGAIN;
    return v->pending ? wait_until_due(a, p, v->next_ns, epoch) : wait_for_arrival(a, p);
}

ssize_t datagram_receive(struct ask *a, struct msghdr *message, int flags)
{
    int saved_errno = errno;
    bool waits = !wait_is_forbidden(a), reads = a->call == CALL_read || a->call == CALL_readv;
    struct patience p = {0};
    struct line_view v;

    /* No socket's affair, says the kernel. */
    if (reads && !flow_size(message))
        return ask_done(a, 0);
    for (;;) {
        uint32_t epoch = shim_epoch();
        errno = saved_errno;
        ssize_t got = try(a, message, flags, &v);
        if (got == DATAGRAM_ELSE)
            return ask_done(a, real.recvmsg(a->fd, message, flags));
        if (got >= 0)
            a->epoch = shim_epoch();
        int error = got == -1 && errno == EAGAIN && waits ? wait_more(a, &p, &v, epoch) : -1;
        if (error < 0)
            return ask_done(a, got);
        if (error) {
            errno = error;
            return ask_done(a, -1);
        }
    }
}
