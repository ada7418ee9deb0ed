/* Boxes.  Floor 1. */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>

#include "preload/effect.h"
#include "preload/endpoint.h"
#include "preload/line.h"
#include "preload/lock.h"
#include "preload/outbox.h"
#include "preload/respond.h"
#include "preload/wait.h"
#include "preload/watch.h"

#define ANNOUNCE_TRIES 4000 /* some milliseconds; then the send gets through */

struct box {
    _Atomic uint64_t cookie; /* 0: free */
    struct lock busy;
    int fd;
    uint16_t rule;   /* whose hole it is: its place, which others may have later, */
    uint32_t serial; /* and which of them it is */
    bool shuts;      /* then the sending side is shut */
    uint32_t len;
    char bytes[OUTBOX_BYTES];
};

static struct box boxes[OUTBOXES];
static struct lock making;
static _Atomic uint32_t boxes_used;

/* --- finding --- */

static struct box *box_locked(struct box *b, uint64_t cookie)
{
    lock_take(&b->busy);
    if (b->cookie == cookie)
        return b;
    lock_give(&b->busy);
    return NULL;
}

static struct box *box_find(uint64_t cookie)
{
    for (int i = 0; cookie && boxes_used && i < OUTBOXES; i++)
        if (boxes[i].cookie == cookie)
            return box_locked(&boxes[i], cookie);
    return NULL;
}

static void box_end(struct box *b)
{
    b->cookie = 0;
    boxes_used--;
    shim_left--;
    table_leave(&control.table, false);
}

/* Found by nobody before it is whole. */
static bool box_fill(struct box *b, int fd, uint64_t cookie, uint16_t rule)
{
    if (b->cookie)
        return false;
    boxes_used++;
    shim_left++;
    b->fd = fd;
    b->rule = rule;
    b->serial = control.table.rules[rule % RULE_MAX].serial;
    b->shuts = false;
    b->len = 0;
    b->cookie = cookie;
    return true;
}

static bool box_is_there(uint64_t cookie)
{
    bool found = false;

    for (int i = 0; i < OUTBOXES && !found; i++)
        found = boxes[i].cookie == cookie;
    return found;
}

static bool box_claim(int fd, uint64_t cookie, uint16_t rule)
{
    bool made = false;

    for (int i = 0; i < OUTBOXES && !made; i++) {
        if (boxes[i].cookie)
            continue;
        lock_take(&boxes[i].busy);
        made = box_fill(&boxes[i], fd, cookie, rule);
        lock_give(&boxes[i].busy);
    }
    return made;
}

/* To publish takes some microseconds; not to wait for one who died at it. */
static bool is_announced(void)
{
    bool done = table_leave(&control.table, true);

    for (int i = 0; i < ANNOUNCE_TRIES && !done; i++) {
        sched_yield();
        done = table_leave(&control.table, true);
    }
    return done;
}

/* One thread at a time: two that send on one socket share one box, or what they send is out of order. */
static bool box_make(int fd, uint64_t cookie, uint16_t rule)
{
    lock_take(&making);
    bool made = box_is_there(cookie);

    if (!made && is_announced()) {
        made = box_claim(fd, cookie, rule);
        if (!made)
            table_leave(&control.table, false);
    }
    lock_give(&making);
    return made;
}

/* --- the hole --- */

static bool is_open(const struct box *b)
{
    const struct rule *rule = &control.table.rules[b->rule % RULE_MAX];
    uint64_t now_ns = shim_now_ns();

    return rule_lasts(rule, now_ns) && rule->serial == b->serial && shim_has_lease(now_ns);
}

/* A whole hole takes every connection; one with a probability takes each for good once it has it. */
static bool strikes(const struct ask *a, struct strike *ret_strike)
{
    struct subject s = ask_subject(a);
    struct verdict v;

    s.only = 1u << EFFECT_HOLD;
    s.is_outgoing = true;
    if (!line_concerns(a->known) || !shim_has_lease(s.now_ns) || !decide(&control.table, &s, &v))
        return false;
    *ret_strike = v.strike[0];
    return true;
}

bool outbox_takes(const struct ask *a)
{
    uint64_t cookie;
    struct strike strike;
    bool is_full;

    if (call_role(a->call) != ROLE_SEND || !(a->known & KNOWN_STREAM) || a->known & KNOWN_APART)
        return false;
    if (!boxes_used && !(line_concerns(a->known) && decide_needs_outbox(&control.table)))
        return false;
    cookie = line_cookie(a->fd);
    if (outbox_look(a->fd, cookie, &is_full))
        return true;
    /* Whoever is connecting still cannot send, and is told so by the kernel. */
    if (!cookie || a->flags & MSG_OOB || !endpoint_is_connected(a->fd) || !strikes(a, &strike))
        return false;
    if (!box_make(a->fd, cookie, strike.rule)) {
        decide_skipped(&control.table, &strike);
        return false;
    }
    effect_landed(a->call, a->fd, &strike, 0);
    watch_stir(a->fd);
    return true;
}

/* --- in --- */

static size_t keep(struct box *b, const struct iovec *part)
{
    size_t space = OUTBOX_BYTES - b->len, len = part->iov_len < space ? part->iov_len : space;

    if (len)
        memcpy(b->bytes + b->len, part->iov_base, len);
    b->len += (uint32_t)len;
    return len;
}

static ssize_t keep_all(struct box *b, const struct iovec *parts, size_t count)
{
    size_t kept = 0, sum = 0;

    for (size_t i = 0; i < count; i++) {
        sum += parts[i].iov_len;
        kept += keep(b, &parts[i]);
    }
    return kept || !sum ? (ssize_t)kept : OUTBOX_FULL;
}

/* What a handler sends in between passes by: in the middle of it there is no place for more. */
static ssize_t put(const struct ask *a, const struct iovec *parts, size_t count)
{
    ssize_t kept = OUTBOX_OVER;
    struct stay stay;

    if (!shim_enter(&stay))
        return OUTBOX_OVER;
    struct box *b = box_find(line_cookie(a->fd));
    if (b) {
        kept = keep_all(b, parts, count);
        lock_give(&b->busy);
    }
    shim_leave(&stay);
    return kept;
}

static ssize_t keep_file(struct box *b, int from, off_t *offset, size_t count)
{
    size_t space = OUTBOX_BYTES - b->len, len = count < space ? count : space;
    char *to = b->bytes + b->len;
    ssize_t got = !len && count ? OUTBOX_FULL
                  : offset      ? syscall(SYS_pread64, from, to, len, *offset)
                                : syscall(SYS_read, from, to, len);
    b->len += got > 0 ? (uint32_t)got : 0;
    if (offset && got > 0)
        *offset += got;
    return got;
}

static ssize_t pull(const struct ask *a, int from, off_t *offset, size_t count)
{
    ssize_t got = OUTBOX_OVER;
    struct stay stay;

    if (!shim_enter(&stay))
        return OUTBOX_OVER;
    struct box *b = box_find(line_cookie(a->fd));
    if (b) {
        got = keep_file(b, from, offset, count);
        stay.saved_errno = got == -1 ? errno : stay.saved_errno;
        lock_give(&b->busy);
    }
    shim_leave(&stay);
    return got;
}

/* As a blocking send waits for space: until the hole is over, its own time-out, or a signal.  Returns 0 or
 * the errno that ends the call. */
static int wait_for_space(const struct ask *a)
{
    uint64_t limit_ns = wait_limit_ns(a->call, a->fd), cookie = line_cookie(a->fd);
    bool is_full;

    if (wait_is_forbidden(a))
        return EAGAIN;
    for (;;) {
        uint32_t epoch = shim_epoch();
        uint64_t now_ns = shim_now_ns();
        if (!outbox_look(a->fd, cookie, &is_full) || !is_full)
            return 0;
        if (now_ns >= limit_ns)
            return EAGAIN;
        uint64_t look_ns = now_ns + LINE_SLICE_NS;
        if (wait_nap(a->call, look_ns < limit_ns ? look_ns : limit_ns, epoch) == EINTR)
            return EINTR;
    }
}

/* Returns false when the call ends with errno. */
static bool waits(const struct ask *a)
{
    struct stay stay;

    if (!shim_enter(&stay)) {
        errno = EAGAIN;
        return false;
    }
    int error = wait_for_space(a);
    stay.saved_errno = error ? error : stay.saved_errno;
    shim_leave(&stay);
    return !error;
}

ssize_t outbox_send(struct ask *a, const struct iovec *parts, size_t count)
{
    ssize_t kept;

    if (a->is_answered)
        return respond_swallow(a, parts, count);
    if (!a->is_boxed)
        return OUTBOX_OVER;
    while ((kept = put(a, parts, count)) == OUTBOX_FULL)
        if (!waits(a))
            return ask_done(a, -1);
    return kept < 0 ? kept : ask_done(a, kept);
}

ssize_t outbox_send_bytes(struct ask *a, const void *bytes, size_t len)
{
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = len};

    return outbox_send(a, &part, 1);
}

ssize_t outbox_pull(struct ask *a, int from, off_t *offset, size_t count)
{
    ssize_t kept;

    if (a->is_answered)
        return respond_pull(a, from, offset, count);
    if (!a->is_boxed)
        return OUTBOX_OVER;
    while ((kept = pull(a, from, offset, count)) == OUTBOX_FULL)
        if (!waits(a))
            return ask_done(a, -1);
    return kept == OUTBOX_OVER ? kept : ask_done(a, kept);
}

/* --- out --- */

/* Not libc's send: that is a cancellation point, and a thread that ends here leaves a lock behind. */
static ssize_t send_now(const struct box *b)
{
    return syscall(SYS_sendto, b->fd, b->bytes, (size_t)b->len, MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0);
}

/* What the kernel does not take now it takes at the next look. */
static void send_kept(struct box *b)
{
    ssize_t sent = b->len ? send_now(b) : 0;

    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (sent > 0 && (uint32_t)sent < b->len) {
        b->len -= (uint32_t)sent;
        memmove(b->bytes, b->bytes + sent, b->len);
        return;
    }
    if (b->shuts)
        real.shutdown(b->fd, SHUT_WR);
    box_end(b);
}

static void box_release(struct box *b)
{
    if (line_cookie(b->fd) == b->cookie)
        send_kept(b);
    else
        box_end(b);
}

bool outbox_look(int fd, uint64_t cookie, bool *ret_full)
{
    struct box *b = box_find(cookie);

    *ret_full = false;
    if (!b)
        return false;
    b->fd = fd;
    if (!is_open(b))
        box_release(b);
    bool is_kept = b->cookie == cookie;
    *ret_full = is_kept && b->len == OUTBOX_BYTES;
    lock_give(&b->busy);
    return is_kept;
}

void outbox_settle(void)
{
    bool is_full;

    for (int i = 0; boxes_used && i < OUTBOXES; i++)
        if (boxes[i].cookie && !is_open(&boxes[i]))
            outbox_look(boxes[i].fd, boxes[i].cookie, &is_full);
}

bool outbox_shuts(int fd, int how)
{
    struct stay stay;

    if (!boxes_used || how == SHUT_RD || !shim_enter(&stay))
        return false;
    struct box *b = box_find(line_cookie(fd));
    if (b) {
        b->shuts = true;
        lock_give(&b->busy);
    }
    if (b && how == SHUT_RDWR)
        real.shutdown(fd, SHUT_RD);
    shim_leave(&stay);
    return b;
}

void outbox_forget(unsigned first, unsigned last)
{
    if (!boxes_used || shim_is_guest())
        return;
    for (int i = 0; i < OUTBOXES; i++) {
        struct box *b = boxes[i].cookie ? box_locked(&boxes[i], boxes[i].cookie) : NULL;
        if (!b)
            continue;
        if ((unsigned)b->fd >= first && (unsigned)b->fd <= last)
            box_end(b);
        lock_give(&b->busy);
    }
}

void outbox_forked(void)
{
    for (int i = 0; boxes_used && i < OUTBOXES; i++) {
        if (!boxes[i].cookie)
            continue;
        boxes[i].cookie = 0;
        boxes_used--;
        shim_left--;
    }
}
