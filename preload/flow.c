/* Held reads.  Floor 1. */
#include <errno.h>

#include "preload/datagram.h"
#include "preload/flow.h"
#include "preload/canned.h"
#include "preload/wait.h"

struct flow {
    const struct ask *a;
    struct msghdr *message;
    int flags;
    bool waits, is_asked; /* may it wait?  Once that was asked for */
    uint64_t limit_ns;    /* the caller's time-out; STREAM_NEVER until it is looked up */
    bool has_limit;
    size_t got, wanted;
};

bool flow_is_on(const struct ask *a)
{
    return a->was_asked && !a->was_reset && !(a->flags & (MSG_OOB | MSG_ERRQUEUE)) &&
           (line_concerns(a->known) || datagram_concerns(a->known) || canned_is_left(a));
}

size_t flow_parts(const struct iovec *from, size_t count, size_t skip, size_t limit,
                  struct iovec to[static FLOW_PARTS])
{
    size_t made = 0;

    for (size_t i = 0; i < count && made < FLOW_PARTS && limit; i++) {
        if (skip >= from[i].iov_len) {
            skip -= from[i].iov_len;
            continue;
        }
        size_t len = from[i].iov_len - skip;
        to[made].iov_base = from[i].iov_base ? (char *)from[i].iov_base + skip : NULL;
        to[made].iov_len = len < limit ? len : limit;
        limit -= to[made++].iov_len;
        skip = 0;
    }
    return made;
}

size_t flow_size(const struct msghdr *message)
{
    size_t size = 0;

    for (size_t i = 0; i < message->msg_iovlen; i++)
        size += message->msg_iov[i].iov_len;
    return size;
}

/* The real call for a part of what was asked.  Once bytes were got, who sent them and what came along is
 * told. */
static ssize_t read_part(struct flow *f, const struct line_view *v)
{
    struct iovec parts[FLOW_PARTS];
    struct msghdr part = *f->message;
    size_t wanted = ask_cut(f->a, f->wanted - f->got);
    size_t limit = v->due && v->due < wanted ? v->due : wanted;
    struct stay stay;

    part.msg_iov = parts;
    part.msg_iovlen = flow_parts(f->message->msg_iov, f->message->msg_iovlen, f->got, limit, parts);
    ssize_t got = v->is_canned ? canned_read(f->a, &part, limit, f->flags)
                               : real.recvmsg(f->a->fd, &part, (f->flags & ~MSG_WAITALL) | MSG_DONTWAIT);
    if (got < 0)
        return got;
    if (got > 0 && !v->is_canned && shim_enter(&stay)) {
        bool left_some = (uint64_t)got < v->pending && (size_t)got < f->wanted - f->got;
        line_took(f->a->fd, f->a->known, v, parts, part.msg_iovlen, (uint64_t)got, f->flags & MSG_PEEK,
                  left_some);
        shim_leave(&stay);
    }
    f->message->msg_namelen = part.msg_namelen;
    f->message->msg_controllen = part.msg_controllen;
    f->message->msg_flags = part.msg_flags;
    return got;
}

/* Asked for by those who would wait: most calls find what they look for. */
static bool waits(struct flow *f)
{
    if (!f->is_asked)
        f->waits = !wait_is_forbidden(f->a);
    f->is_asked = true;
    return f->waits;
}

static void set_limit(struct flow *f)
{
    if (!f->has_limit)
        f->limit_ns = wait_limit_ns(f->a->call, f->a->fd);
    f->has_limit = true;
}

/* Out of a hole nothing comes but by a lift, and a dropped answer not at all: what arrives there is looked at
 * now and then. */
static uint64_t look_again_ns(const struct line_view *v)
{
    uint64_t soon_ns = shim_now_ns() + LINE_SLICE_NS;

    return v->is_dropped || (v->is_in_hole && v->next_ns > soon_ns) ? soon_ns : v->next_ns;
}

/* Returns 0 to look again, or the errno that ends the call. */
static int wait_held(struct flow *f, const struct line_view *v, uint32_t epoch)
{
    uint64_t until_ns = look_again_ns(v);

    set_limit(f);
    if (shim_now_ns() >= f->limit_ns)
        return EAGAIN;
    int error = wait_nap(f->a->call, until_ns < f->limit_ns ? until_ns : f->limit_ns, epoch);
    return error == EINTR ? EINTR : 0;
}

/* Nothing is there yet.  An error that the kernel tells has been told: it is kept until it is due. */
static int wait_for_arrival(struct flow *f)
{
    char byte;

    if (real.recv(f->a->fd, &byte, 1, MSG_PEEK | (f->flags & MSG_ERRQUEUE)) >= 0)
        return 0;
    int error = errno;
    if (error == EINTR || error == EAGAIN || error == ENOTCONN || error == EBADF || error == ENOTSOCK)
        return error;
    struct stay stay;
    if (shim_enter(&stay)) {
        line_keep_error(f->a->fd, error);
        shim_leave(&stay);
    }
    return 0;
}

static void look(const struct flow *f, struct line_view *v)
{
    struct stay stay;

    *v = (struct line_view){0};
    if (!shim_enter(&stay))
        return;
    line_look(f->a->fd, f->a->known, v);
    shim_leave(&stay);
}

static int take_error(const struct flow *f)
{
    struct stay stay;
    int error = 0;

    if (shim_enter(&stay)) {
        error = line_take_error(f->a->fd);
        shim_leave(&stay);
    }
    return error;
}

static ssize_t fails(int error)
{
    errno = error;
    return -1;
}

/* As above, but not beyond that time.  Accepted limit: any handler ends this wait, as it does poll's. */
static int wait_for_arrival_until(struct flow *f, uint64_t until_ns)
{
    struct pollfd p = {.fd = f->a->fd, .events = POLLIN | POLLRDHUP};
    uint64_t now_ns = shim_now_ns();

    set_limit(f);
    until_ns = until_ns < f->limit_ns ? until_ns : f->limit_ns;
    uint64_t left_ns = until_ns > now_ns ? until_ns - now_ns : 0;
    struct timespec left = timespec_of(left_ns);
    if (real.ppoll(&p, 1, &left, NULL) < 0)
        return errno;
    return shim_now_ns() >= f->limit_ns ? EAGAIN : 0;
}

static int deny(const struct flow *f, const struct line_view *v)
{
    struct stay stay;

    if (v->is_tracked && (v->pending > v->due || view_hides_end(v)) && shim_enter(&stay)) {
        line_denied(f->a->fd, v);
        shim_leave(&stay);
    }
    return EAGAIN;
}

static int wait_more(struct flow *f, const struct line_view *v, uint32_t epoch)
{
    struct stay stay;

    if (!waits(f))
        return deny(f, v);
    if (!v->is_in_hole && v->is_restless && v->next_ns != STREAM_NEVER && v->pending == v->due &&
        !v->is_connecting)
        return wait_for_arrival_until(f, v->next_ns);
    if (!v->is_in_hole && (!view_is_held(v) || (v->is_restless && !v->is_connecting)))
        return wait_for_arrival(f);
    if (!shim_enter(&stay))
        return EAGAIN;
    int error = wait_held(f, v, epoch);
    shim_leave(&stay);
    return error;
}

/* One step: bytes, an end, an error; or *ret_again. */
static ssize_t step(struct flow *f, bool *ret_again)
{
    uint32_t epoch = shim_epoch();
    struct line_view v;

    *ret_again = false;
    look(f, &v);
    if (v.is_cut) {
        int reset = take_error(f);
        return reset ? fails(reset) : 0;
    }
    if (view_is_readable(&v) || !v.is_tracked) {
        int error = v.due ? 0 : take_error(f);
        if (error)
            return fails(error);
        if (!v.is_tracked && !f->got && waits(f))
            return real.recvmsg(f->a->fd, f->message, f->flags);
        ssize_t got = read_part(f, &v);
        *ret_again = got == -1 && errno == EAGAIN && waits(f);
        if (!*ret_again || v.is_tracked)
            return got;
    }
    int error = wait_more(f, &v, epoch);
    *ret_again = !error;
    return error ? fails(error) : -1;
}

static bool is_enough(struct flow *f, ssize_t got)
{
    return got <= 0 || !(f->flags & MSG_WAITALL) || f->flags & MSG_PEEK || f->got >= f->wanted || !waits(f);
}

static ssize_t receive(struct flow *f)
{
    int saved_errno = errno;

    for (;;) {
        bool again;
        ssize_t got = step(f, &again);
        if (again)
            continue;
        f->got += got > 0 ? (size_t)got : 0;
        if (!is_enough(f, got))
            continue;
        if (!f->got)
            return got;
        errno = saved_errno;
        return (ssize_t)f->got;
    }
}

ssize_t flow_receive(struct ask *a, struct msghdr *message, int flags)
{
    struct flow f = {.a = a, .message = message, .flags = flags, .wanted = flow_size(message)};

    if (!(a->known & KNOWN_STREAM))
        return datagram_receive(a, message, flags);
    ssize_t got = f.wanted ? receive(&f) : real.recvmsg(a->fd, message, flags);
    if (got > 0)
        a->epoch = shim_epoch();
    return ask_done(a, got);
}

ssize_t flow_receive_into(struct ask *a, void *buf, size_t len, int flags)
{
    struct iovec part = {.iov_base = buf, .iov_len = len};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    return flow_receive(a, &message, flags);
}

int flow_await(struct ask *a, struct line_view *ret_view)
{
    struct flow f = {.a = a, .flags = a->flags};

    for (;;) {
        uint32_t epoch = shim_epoch();
        look(&f, ret_view);
        if (ret_view->is_cut || view_is_readable(ret_view) || !ret_view->is_tracked)
            return ret_view->due || ret_view->is_cut ? 0 : take_error(&f);
        int error = wait_more(&f, ret_view, epoch);
        if (error)
            return error;
    }
}

void flow_spliced(struct ask *a, const struct line_view *view, size_t got, bool left_some)
{
    struct stay stay;

    a->epoch = shim_epoch();
    if (!shim_enter(&stay))
        return;
    line_took(a->fd, a->known, view, NULL, 0, got, false, left_some);
    shim_leave(&stay);
}

void flow_late(enum call call, int fd, int flags)
{
    struct ask a = {.call = call, .fd = fd, .flags = flags};
    uint64_t now_ns = shim_now_ns(), known;
    struct rate rate;
    struct mark mark = {.first_ns = now_ns, .arrival_ns = now_ns};
    struct stay stay;

    if (!shim_enter(&stay))
        return;
    known = descriptor_find(fd);
    bool is_held = line_concerns(known) || (known_targets(known) && datagram_concerns(known));
    if (is_held && shim_has_lease(now_ns) && !wait_is_forbidden(&a) &&
        line_decide(fd, known, CALL_recv, 0, NULL, &mark, &rate)) {
        for (uint32_t epoch = shim_epoch(); stream_mark_reweigh(&mark, &control.table) > now_ns;) {
            wait_nap(call, mark.due_ns, epoch);
            epoch = shim_epoch();
            now_ns = shim_now_ns();
            if (!shim_has_lease(now_ns))
                break;
        }
    }
    shim_leave(&stay);
}
