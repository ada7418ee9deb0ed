/* Delayed connects.  Floor 1. */
#include <errno.h>
#include <linux/filter.h>
#include <string.h>
#include <sys/syscall.h>

#include "preload/open.h"
#include "preload/wait.h"
#include "preload/watch.h"

/* What tcp_syn_retries = 6 adds up to. */
#define GIVE_UP_NS (UINT64_C(127) * 1000000000)

static int set_drop(int fd, bool drop)
{
    struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog program = {.len = 1, .filter = &nothing};

    return (int)syscall(SYS_setsockopt, fd, SOL_SOCKET, drop ? SO_ATTACH_FILTER : SO_DETACH_FILTER, &program,
                        (socklen_t)sizeof(program));
}

/* Never waits. */
static int connect_now(int fd, const void *address, socklen_t len)
{
    int flags = real.fcntl(fd, F_GETFL), result, error;

    if (!(flags & O_NONBLOCK))
        real.fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    result = real.connect(fd, (const struct sockaddr *)address, len);
    error = errno;
    if (!(flags & O_NONBLOCK))
        real.fcntl(fd, F_SETFL, flags);
    errno = error;
    return result;
}

/* A connect that ended, however it did, is POLLOUT; one that goes on is nothing. */
static bool is_under_way(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    struct timespec none = {0};

    return !syscall(SYS_ppoll, &p, 1, &none, NULL, 0);
}

static void begin_again(int fd, const struct opening *o)
{
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    int error;
    socklen_t len = sizeof(error);

    set_drop(fd, false);
    if (!is_under_way(fd))
        return;
    real.connect(fd, &nowhere, sizeof(nowhere));
    real.getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
    connect_now(fd, &o->address, o->address_len);
}

void open_end(struct line *l, int fd)
{
    l->opening.is_pending = false;
    if (!l->opening.is_dropped)
        return;
    l->opening.is_dropped = false;
    shim_left--;
    begin_again(fd, &l->opening);
}

/* A connect that failed has ended: that is not delayed a second time. */
static void told(struct line *l, int fd, uint64_t now_ns)
{
    struct mark none = {.first_ns = now_ns, .arrival_ns = now_ns};
    struct pollfd p = {.fd = fd};
    struct timespec at_once = {0};

    if (syscall(SYS_ppoll, &p, 1, &at_once, NULL, 0) > 0)
        stream_end(&l->stream, &none);
}

bool open_look(struct line *l, int fd, uint64_t now_ns, bool changed, struct line_view *v)
{
    struct opening *o = &l->opening;

    if (changed)
        stream_mark_reweigh(&o->mark, &control.table);
    if (o->mark.due_ns > now_ns) {
        v->is_connecting = !o->is_dropped;
        v->is_restless = true;
        v->next_ns = o->mark.due_ns;
        return true;
    }
    if (o->is_dropped)
        open_end(l, fd);
    else
        told(l, fd, now_ns);
    o->is_pending = false;
    return false;
}

static void remember(const struct ask *a, const struct mark *mark, bool is_dropped)
{
    struct opening o = {.is_dropped = is_dropped, .fd = a->fd, .mark = *mark};

    if (is_dropped)
        shim_left++;
    if (a->address_len <= sizeof(o.address)) {
        memcpy(&o.address, a->address, a->address_len);
        o.address_len = a->address_len;
    }
    line_open(a->fd, &o);
    descriptor_set(a->fd, a->targets | KNOWN_OUTBOUND | KNOWN_FRESH | KNOWN_CONNECTING | KNOWN_STREAM);
    watch_stir(a->fd);
}

/* Into the hole. */
static int drop(const struct ask *a, const struct mark *mark)
{
    bool dropped = !set_drop(a->fd, true);
    int result = connect_now(a->fd, a->address, a->address_len), error = errno;

    if (result && error != EINPROGRESS)
        set_drop(a->fd, false);
    else
        remember(a, mark, dropped);
    errno = result ? error : EINPROGRESS;
    return -1;
}

/* Until the mark is due.  Returns 0, or the errno that the caller's time-out or a signal gives. */
static int wait_for(const struct ask *a, struct mark *mark, uint64_t limit_ns)
{
    for (;;) {
        uint32_t epoch = shim_epoch();
        uint64_t now_ns = shim_now_ns(), due_ns = stream_mark_reweigh(mark, &control.table);
        if (now_ns >= due_ns || !shim_has_lease(now_ns))
            return 0;
        if (now_ns >= limit_ns)
            return EINPROGRESS;
        int error = wait_nap(a->call, due_ns < limit_ns ? due_ns : limit_ns, epoch);
        if (error == EINTR)
            return EINTR;
    }
}

/* Nobody sees the socket meanwhile, so the kernel need not hang too. */
static int blocking_drop(struct ask *a, struct mark *mark)
{
    uint64_t limit_ns = wait_limit_ns(CALL_connect, a->fd), end_ns = shim_now_ns() + GIVE_UP_NS;
    bool gives_up = limit_ns > end_ns;
    int error = wait_for(a, mark, gives_up ? end_ns : limit_ns);

    if (!error)
        return real.connect(a->fd, a->address, a->address_len);
    if (error == EINPROGRESS && gives_up)
        error = ETIMEDOUT;
    else if (a->type == SOCK_STREAM && a->address->sa_family != AF_UNIX)
        drop(a, mark);
    errno = error;
    return -1;
}

static int blocking_delay(struct ask *a, struct mark *mark)
{
    uint64_t limit_ns = wait_limit_ns(CALL_connect, a->fd);
    int result = real.connect(a->fd, a->address, a->address_len), error = errno;

    if (result && (error == EINPROGRESS || error == EINTR)) {
        remember(a, mark, false);
        errno = error;
        return -1;
    }
    int cut_short = wait_for(a, mark, limit_ns);
    if (cut_short)
        remember(a, mark, false);
    errno = cut_short ? cut_short : error;
    return cut_short ? -1 : result;
}

static int open_now(struct ask *a, struct mark *mark, bool endless)
{
    bool is_unix = a->address->sa_family == AF_UNIX;

    if (!wait_is_forbidden(a))
        return endless ? blocking_drop(a, mark) : blocking_delay(a, mark);
    if (is_unix && endless) {
        errno = EAGAIN;
        return -1;
    }
    if (is_unix)
        return real.connect(a->fd, a->address, a->address_len);
    if (endless)
        return drop(a, mark);
    int result = real.connect(a->fd, a->address, a->address_len), error = errno;
    if (!result || error == EINPROGRESS) {
        remember(a, mark, false);
        error = EINPROGRESS;
    }
    errno = error;
    return -1;
}

int open_connect(struct ask *a)
{
    uint64_t known = a->targets | KNOWN_OUTBOUND | KNOWN_STREAM, now_ns = shim_now_ns();
    struct rate rate;
    struct mark mark = {.first_ns = now_ns, .arrival_ns = now_ns};
    struct stay stay;
    int result;

    if (a->type != SOCK_STREAM || !a->address || !line_concerns(known) || !shim_has_lease(now_ns) ||
        !shim_enter(&stay))
        return real.connect(a->fd, a->address, a->address_len);
    if (line_decide(a->fd, known, CALL_connect, 0, NULL, &mark, &rate) && mark.holds) {
        uint64_t due_ns = stream_mark_reweigh(&mark, &control.table);
        result = open_now(a, &mark, due_ns == STREAM_NEVER);
    } else {
        result = real.connect(a->fd, a->address, a->address_len);
    }
    stay.saved_errno = result ? errno : stay.saved_errno;
    shim_leave(&stay);
    return result;
}

int open_hinders(const struct ask *a)
{
    uint64_t limit_ns = STREAM_NEVER;
    struct line_view v;

    for (;;) {
        uint32_t epoch = shim_epoch();
        line_look(a->fd, a->known, &v);
        if (!v.is_tracked || !v.is_connecting)
            return 0;
        if (wait_is_forbidden(a))
            return a->call == CALL_connect ? EALREADY : EAGAIN;
        uint64_t now_ns = shim_now_ns();
        if (limit_ns == STREAM_NEVER)
            limit_ns = wait_limit_ns(a->call, a->fd);
        if (now_ns >= limit_ns)
            return a->call == CALL_connect ? EALREADY : EAGAIN;
        int error = wait_nap(a->call, v.next_ns < limit_ns ? v.next_ns : limit_ns, epoch);
        if (error == EINTR)
            return EINTR;
    }
}
