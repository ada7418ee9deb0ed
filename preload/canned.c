/* Answers of ours: counting, looking, reading.  Floor 1. */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#include "preload/canned.h"
#include "preload/cut.h"

static _Atomic uint32_t counted; /* lines with canned.is_counted */

/* --- what is left --- */

void canned_count(struct canned *c)
{
    if (c->is_counted)
        return;
    c->is_counted = true;
    counted++;
    shim_left++;
    table_keep(&control.table, true, c->strike.rule);
}

static void count_out(struct canned *c)
{
    if (!c->is_counted)
        return;
    c->is_counted = false;
    counted--;
    shim_left--;
    table_keep(&control.table, false, c->strike.rule);
}

static const struct reply *reply_at(uint8_t place)
{
    return &control.table.replies[(unsigned)(place - 1) % REPLY_MAX];
}

bool canned_lasts(const struct canned *c, uint64_t now_ns)
{
    const struct rule *rule = &control.table.rules[c->strike.rule % RULE_MAX];

    return rule_lasts(rule, now_ns) && rule->serial == c->serial && shim_has_lease(now_ns);
}

bool canned_are_left(void)
{
    return counted;
}

void canned_reset(struct line *l)
{
    count_out(&l->canned);
    l->canned = (struct canned){0};
    l->dialogue = (struct dialogue){0};
}

void canned_shut(struct canned *c, int fd, int how)
{
    syscall(SYS_shutdown, fd, how);
    c->is_shut = true;
}

void canned_close(struct line *l, const struct mark *mark)
{
    if (!l->stream.ended)
        stream_end(&l->stream, mark);
    l->canned.closes = true;
}

/* All was read: from here on the kernel tells the rest, to both sides. */
static void finish(struct line *l, int fd)
{
    if (l->canned.is_over)
        return;
    l->canned.is_over = true;
    canned_shut(&l->canned, fd, SHUT_RDWR);
    count_out(&l->canned);
}

bool canned_is_read(const struct line *l)
{
    return l->stream.consumed >= l->stream.seen;
}

/* --- looking and reading --- */

/* Its rule is gone: what was answered can be read still, but nothing more will come. */
void canned_look(struct line *l, int fd, uint64_t now_ns)
{
    struct canned *c = &l->canned;
    struct mark mark = {.first_ns = now_ns, .arrival_ns = now_ns};

    if (c->is_over)
        return;
    c->fd = fd;
    canned_count(c);
    if (!c->closes && !canned_lasts(c, now_ns))
        canned_close(l, &mark);
    if (c->closes && canned_is_read(l) && stream_end_is_due(&l->stream, now_ns))
        finish(l, fd);
}

/* Not libc's poll: that is a cancellation point. */
static bool is_loud(int fd)
{
    struct pollfd p = {.fd = fd};
    struct timespec none = {0};

    return syscall(SYS_ppoll, &p, 1, &none, NULL, 0) > 0;
}

void canned_view(const struct line *l, int fd, uint64_t now_ns, struct line_view *v)
{
    uint64_t look_ns = now_ns + LINE_SLICE_NS;

    v->is_canned = !l->is_cut;
    v->is_loud = false;
    if (l->canned.closes)
        return;
    v->ended = true;
    v->end_is_due = l->is_cut;
    v->is_loud = !view_is_readable(v) && is_loud(fd);
    v->next_ns = v->next_ns < look_ns ? v->next_ns : look_ns;
}

bool canned_is_unread(int fd)
{
    struct stay stay;
    bool is_unread = false;

    if (!counted || !shim_enter(&stay))
        return false;
    struct line *l = line_borrow(fd);
    if (l) {
        is_unread = l->canned.is_counted && !l->is_cut && !canned_is_read(l);
        line_return(l);
    }
    shim_leave(&stay);
    return is_unread;
}

bool canned_is_left(const struct ask *a)
{
    struct stay stay;
    bool is_left = false;

    if (!counted || !(shim_armed(a->call) & TARGET_ANY) || !shim_enter(&stay))
        return false;
    struct line *l = line_borrow(a->fd);
    if (l) {
        is_left = l->canned.is_counted;
        line_return(l);
    }
    shim_leave(&stay);
    return is_left;
}

/* The bytes that stand at the position of the first that was not read.  Returns how many. */
static size_t front(struct line *l, uint64_t position, const uint8_t **ret_bytes)
{
    struct canned *c = &l->canned;

    for (uint32_t i = 0, begins = 0; i < c->parts && i < CANNED_MAX; begins += c->part[i++].len)
        if (position - c->front < (uint64_t)begins + c->part[i].len) {
            uint32_t at = (uint32_t)(position - c->front) - begins;
            *ret_bytes = reply_at(c->part[i].place)->bytes + at;
            return c->part[i].len - at;
        }
    return 0;
}

static void drop_read_parts(struct line *l)
{
    struct canned *c = &l->canned;

    while (c->parts && l->stream.consumed - c->front >= c->part[0].len) {
        c->front += c->part[0].len;
        memmove(&c->part[0], &c->part[1], --c->parts * sizeof(c->part[0]));
    }
}

/* Returns how many; the answers' parts may end in the middle of an iovec. */
static size_t copy(struct line *l, const struct iovec *part, uint64_t position, size_t limit)
{
    size_t len = part->iov_len < limit ? part->iov_len : limit, done = 0;

    while (done < len) {
        const uint8_t *from;
        size_t here = front(l, position + done, &from);
        if (!here)
            break;
        here = here < len - done ? here : len - done;
        if (part->iov_base)
            memcpy((char *)part->iov_base + done, from, here);
        done += here;
    }
    if (part->iov_base)
        stream_corrupt(&l->stream, position, part->iov_base, done);
    return done;
}

static size_t take(struct line *l, const struct ask *a, const struct msghdr *m, size_t limit, int flags)
{
    uint64_t now_ns = shim_now_ns(), due = stream_due(&l->stream, now_ns), position = l->stream.consumed;
    size_t left = due < limit ? due : limit, got = 0;

    for (size_t i = 0; i < m->msg_iovlen && got < left; i++) {
        struct iovec part = m->msg_iov[i];
        if (flags & MSG_TRUNC)
            part.iov_base = NULL;
        got += copy(l, &part, position + got, left - got);
    }
    if (flags & MSG_PEEK)
        return got;
    stream_consume(&l->stream, position + got, now_ns);
    drop_read_parts(l);
    if (got && position + got >= (l->end.at < l->severance.at ? l->end.at : l->severance.at))
        cut_judge(l, a->fd, a->known, false);
    return got;
}

ssize_t canned_read(const struct ask *a, struct msghdr *message, size_t limit, int flags)
{
    struct stay stay;
    size_t got = 0;
    bool has_ended = false;

    message->msg_namelen = 0;
    message->msg_controllen = 0;
    message->msg_flags = 0;
    if (!shim_enter(&stay))
        return 0;
    struct line *l = line_borrow(a->fd);
    if (l) {
        got = take(l, a, message, limit, flags);
        has_ended = !got && stream_end_is_due(&l->stream, shim_now_ns());
        line_return(l);
    }
    if (!got && !has_ended)
        stay.saved_errno = EAGAIN;
    shim_leave(&stay);
    return got || has_ended ? (ssize_t)got : -1;
}

/* The pipe takes what it takes; the rest is read again. */
ssize_t canned_splice(struct ask *a, int to, size_t limit)
{
    uint8_t some[256];
    struct iovec part = {some, limit < sizeof(some) ? limit : sizeof(some)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t got = canned_read(a, &message, part.iov_len, MSG_PEEK);

    if (got > 0)
        got = syscall(SYS_write, to, some, (size_t)got);
    if (got > 0)
        canned_read(a, &message, (size_t)got, 0);
    return ask_done(a, got);
}

/* --- ends --- */

void canned_settle(struct line *l)
{
    uint64_t now_ns = shim_now_ns();

    if (line_cookie(l->canned.fd) == l->cookie)
        canned_look(l, l->canned.fd, now_ns);
    else
        count_out(&l->canned);
}

static void forget_number(int fd)
{
    int saved_errno = errno;
    struct line *l = line_borrow(fd);

    if (l && l->canned.fd == fd)
        count_out(&l->canned);
    if (l)
        line_return(l);
    errno = saved_errno;
}

/* Another number of the same connection goes on with it. */
void canned_forget(unsigned first, unsigned last)
{
    int place = 0;

    if (!counted || shim_is_guest())
        return;
    if (first == last) {
        forget_number((int)first);
        return;
    }
    for (struct line *l; (l = line_canned(&place)); line_return(l))
        if ((unsigned)l->canned.fd >= first && (unsigned)l->canned.fd <= last)
            count_out(&l->canned);
}

/* What its parent left is its parent's. */
void canned_forked(void)
{
    int place = 0;

    if (!counted)
        return;
    for (struct line *l; (l = line_canned(&place)); line_return(l)) {
        l->canned.is_counted = false;
        counted--;
        shim_left--;
    }
}
