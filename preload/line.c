/* Lines: finding, locking, looking.  Floor 1. */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#include "preload/cut.h"
#include "preload/datagram.h"
#include "preload/drop.h"
#include "preload/line.h"
#include "preload/lock.h"
#include "preload/open.h"
#include "preload/outbox.h"
#include "preload/canned.h"
#include "preload/respond.h"
#include "preload/sample.h"

#define LINE_MAX_  4096 /* connections that are held at a time; a power of two */
#define LINE_PROBE 8
#define CLAIMS     64

static struct line lines[LINE_MAX_];
static _Atomic uint32_t shorts;

uint64_t line_cookie(int fd)
{
    uint64_t cookie = 0;
    socklen_t len = sizeof(cookie);

    return real.getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) ? 0 : cookie;
}

static void denial_begin(struct line *l, int fd)
{
    shim_left += !l->denial.is_on;
    l->denial = (struct denial){true, fd};
}

static void denial_end(struct line *l)
{
    shim_left -= l->denial.is_on;
    l->denial.is_on = false;
}

/* The marks need no clearing: none is counted. */
static void line_reset(struct line *l)
{
    l->epoch = shim_epoch();
    l->is_fresh = true;
    l->is_wide = false;
    l->is_tcp = true;
    l->is_loud = l->is_cut = false;
    l->error = 0;
    l->queued = 0;
    l->taken = 0;
    l->shorts = 0;
    l->born_ns = shim_now_ns();
    l->end = l->severance = (struct cut){.at = STREAM_NEVER, .at_ns = STREAM_NEVER};
    l->requests = (struct requests){0};
    denial_end(l);
    if (l->drop.is_on)
        shim_left--;
    l->drop = (struct drop){0};
    canned_reset(l);
    l->is_requested = l->was_asked = false;
    l->unseen = 0;
    if (l->opening.is_pending && l->opening.is_dropped)
        shim_left--;
    l->opening.is_pending = l->opening.is_dropped = false;
    memset(&l->stream, 0, offsetof(struct stream, marks));
}

static struct line *line_locked(struct line *l, uint64_t cookie)
{
    lock_take(&l->busy);
    if (l->cookie == cookie)
        return l;
    lock_give(&l->busy);
    return NULL;
}

static struct line *line_claim(struct line *l, uint64_t old, uint64_t cookie)
{
    lock_take(&l->busy);
    if (!atomic_compare_exchange_strong(&l->cookie, &old, cookie)) {
        lock_give(&l->busy);
        return NULL;
    }
    line_reset(l);
    return l;
}

/* Where its line is, or would be: the place of the one that was longest not looked at.  Cookies count up, so
 * neighbours spread by themselves. */
static struct line *line_place(uint64_t cookie)
{
    uint64_t oldest_ns = UINT64_MAX;
    struct line *oldest = NULL;

    for (uint64_t i = 0; i < LINE_PROBE; i++) {
        struct line *l = &lines[(cookie + i * 37) % LINE_MAX_];
        uint64_t touched_ns = l->cookie ? l->touched_ns : 0;
        if (l->cookie == cookie)
            return l;
        if (touched_ns < oldest_ns || !oldest) {
            oldest_ns = touched_ns;
            oldest = l;
        }
    }
    return oldest;
}

/* Whoever comes second, of two threads that make the line of one socket, finds the first one's.  A place that
 * is taken from us again and again is not worth more than CLAIMS attempts: every socket of the process wants
 * it. */
static struct line *line_of(uint64_t cookie, bool may_make)
{
    for (int claims = CLAIMS; cookie && claims > 0; claims--) {
        struct line *l = line_place(cookie);
        uint64_t old = l->cookie;
        if (old != cookie && !may_make)
            return NULL;
        l = old == cookie ? line_locked(l, cookie) : line_claim(l, old, cookie);
        if (l)
            return l;
    }
    return NULL;
}

static struct line *line_take(int fd, bool may_make)
{
    return line_of(line_cookie(fd), may_make);
}

static void view_fill(struct line *l, uint64_t now_ns, struct line_view *v)
{
    struct stream *s = &l->stream;

    v->pending = s->seen > s->consumed ? s->seen - s->consumed : 0;
    v->due = stream_due(s, now_ns);
    v->position = s->consumed;
    v->ended = s->ended || l->is_cut;
    v->end_is_due = l->is_cut || stream_end_is_due(s, now_ns);
    v->is_loud = l->is_loud && !l->is_cut;
    v->is_cut = l->is_cut;
    v->next_ns = stream_next_ns(s, now_ns);
    v->shorts = l->shorts;
    v->is_denied = l->denial.is_on;
    cut_limit(l, v);
    drop_limit(l, v);
}

/* A rate lasts as long as its rule. */
static void review_rate(struct line *l, uint64_t now_ns)
{
    const struct rule *rule = &control.table.rules[l->rate_rule % RULE_MAX];

    if (l->stream.bucket.rate_per_s && !rule_lasts(rule, now_ns))
        stream_rate(&l->stream, 0, now_ns);
}

struct subject line_subject(enum call call, uint64_t known, uint32_t effects, uint64_t now_ns)
{
    return (struct subject){
        .call = call,
        .targets = known_targets(known),
        .service = shim_service_bit(),
        .direction = (uint8_t)known_direction(known),
        .only = effects,
        .now_ns = now_ns,
    };
}

static bool is_in_hole(uint64_t known, uint64_t now_ns)
{
    struct subject s = line_subject(CALL_recv, known, 1u << EFFECT_HOLD, now_ns);

    return decide_is_hole(&control.table, &s);
}

/* What the kernel has to tell of it is of no interest any more. */
static void look_canned(struct line *l, int fd, uint64_t known, uint64_t now_ns, struct line_view *v)
{
    canned_look(l, fd, now_ns);
    if (cut_judge(l, fd, known, false)) {
        *v = (struct line_view){.next_ns = STREAM_NEVER};
        return;
    }
    view_fill(l, now_ns, v);
    canned_view(l, fd, now_ns, v);
}

/* Reweighing comes before sampling: what a lifted rule held is due, whatever comes after. */
static void look(struct line *l, int fd, uint64_t known, uint64_t now_ns, struct line_view *v)
{
    uint32_t epoch = shim_epoch();
    bool changed = l->epoch != epoch, is_full, keeps = outbox_look(fd, l->cookie, &is_full);

    l->epoch = epoch;
    l->touched_ns = now_ns;
    if (changed)
        stream_reweigh(&l->stream, &control.table);
    review_rate(l, now_ns);
    if (l->canned.is_on) {
        look_canned(l, fd, known, now_ns, v);
        return;
    }
    if (l->opening.is_pending && open_look(l, fd, now_ns, changed, v))
        return;
    sample(l, fd, known, now_ns);
    drop_judge(l, fd);
    if (cut_judge(l, fd, known, changed))
        *v = (struct line_view){.next_ns = STREAM_NEVER};
    else
        view_fill(l, now_ns, v);
    v->cookie = l->cookie;
    v->is_full = keeps && is_full;
    v->is_restless = v->is_restless || keeps;
    v->is_in_hole = keeps || is_in_hole(known, now_ns);
}

/* No rule is about it any more. */
static void end_left(int fd, uint64_t known, uint64_t now_ns, struct line_view *v)
{
    struct line *l = line_take(fd, false);

    if (!l)
        return;
    v->is_tracked = l->canned.is_counted;
    if (v->is_tracked)
        look(l, fd, known, now_ns, v);
    if (known & KNOWN_CONNECTING && l->opening.is_pending)
        open_end(l, fd);
    if (l->drop.is_on)
        drop_end(l, fd);
    lock_give(&l->busy);
}

/* Setting SO_RCVLOWAT makes TCP tell of what may be read, as if it had come now (tcp_set_rcvlowat), in
 * whatever sets it is.  Accepted limit: a unix socket has no such way, but in a set that is followed. */
static void denial_settle(struct line *l)
{
    int own = 0;
    socklen_t len = sizeof(own);

    if (l->denial.is_on && line_cookie(l->denial.fd) == l->cookie &&
        !real.getsockopt(l->denial.fd, SOL_SOCKET, SO_RCVLOWAT, &own, &len))
        syscall(SYS_setsockopt, l->denial.fd, SOL_SOCKET, SO_RCVLOWAT, &own, (socklen_t)sizeof(own));
    denial_end(l);
}

/* A number that leads to another connection by now says that ours is closed. */
static void settle(struct line *l)
{
    lock_take(&l->busy);
    if (l->opening.is_pending && l->opening.is_dropped) {
        if (line_cookie(l->opening.fd) == l->cookie) {
            open_end(l, l->opening.fd);
        } else {
            l->opening.is_pending = l->opening.is_dropped = false;
            shim_left--;
        }
    }
    if (l->drop.is_on && line_cookie(l->drop.fd) == l->cookie) {
        drop_end(l, l->drop.fd);
    } else if (l->drop.is_on) {
        l->drop = (struct drop){0};
        shim_left--;
    }
    if (l->canned.is_counted)
        canned_settle(l);
    denial_settle(l);
    lock_give(&l->busy);
}

void line_settle(void)
{
    for (int i = 0; i < LINE_MAX_ && shim_left; i++)
        if (lines[i].opening.is_pending || lines[i].drop.is_on || lines[i].canned.is_counted ||
            lines[i].denial.is_on)
            settle(&lines[i]);
}

struct line *line_borrow(int fd)
{
    return line_take(fd, false);
}

void line_return(struct line *l)
{
    lock_give(&l->busy);
}

struct line *line_canned(int *place)
{
    while (*place < LINE_MAX_) {
        struct line *l = &lines[(*place)++];
        if (!l->canned.is_counted)
            continue;
        lock_take(&l->busy);
        if (l->canned.is_counted)
            return l;
        lock_give(&l->busy);
    }
    return NULL;
}

void line_look(int fd, uint64_t known, struct line_view *ret_view)
{
    uint64_t now_ns = shim_now_ns();

    if (datagram_concerns(known)) {
        datagram_look(fd, known, ret_view);
        return;
    }
    *ret_view = (struct line_view){.next_ns = STREAM_NEVER};
    if (!line_concerns(known) || !shim_has_lease(now_ns)) {
        if (known & KNOWN_STREAM && shim_left)
            end_left(fd, known, now_ns, ret_view);
        outbox_settle();
        return;
    }
    struct line *l = line_take(fd, true);
    if (!l)
        return;
    ret_view->is_tracked = true;
    look(l, fd, known, now_ns, ret_view);
    lock_give(&l->busy);
}

void line_look_fd(int fd, struct line_view *ret_view)
{
    line_look(fd, fd < 0 ? 0 : descriptor_find(fd), ret_view);
}

static void corrupt(const struct line *l, const struct iovec *parts, size_t count, uint64_t position,
                    uint64_t len)
{
    for (size_t i = 0; i < count && len; i++) {
        uint64_t here = parts[i].iov_len < len ? parts[i].iov_len : len;
        if (parts[i].iov_base)
            stream_corrupt(&l->stream, position, parts[i].iov_base, here);
        position += here;
        len -= here;
    }
}

void line_took(int fd, uint64_t known, const struct line_view *view, const struct iovec *parts, size_t count,
               uint64_t len, bool peeked, bool left_some)
{
    struct line *l = line_of(view->cookie, false);

    if (!l)
        return;
    corrupt(l, parts, count, view->position, len);
    if (!peeked)
        respond_heard(l, parts, count, len);
    if (!peeked && !l->is_tcp)
        l->taken += len;
    else if (!peeked)
        stream_consume(&l->stream, view->position + len, shim_now_ns());
    if (left_some) {
        l->shorts++;
        shorts++;
        denial_begin(l, fd);
    } else if (!peeked) {
        denial_end(l);
    }
    if (!peeked && view->position + len >= (l->end.at < l->severance.at ? l->end.at : l->severance.at)) {
        sample(l, fd, known, shim_now_ns());
        cut_judge(l, fd, known, false);
    }
    lock_give(&l->busy);
}

void line_denied(int fd, const struct line_view *view)
{
    struct line *l = line_of(view->cookie, false);

    if (!l)
        return;
    denial_begin(l, fd);
    lock_give(&l->busy);
}

/* What has arrived by now is no answer to it.  Nothing does while it connects. */
static void look_before(struct line *l, int fd, uint64_t known)
{
    struct line_view before = {0};

    if (line_concerns(known) && !(known & KNOWN_CONNECTING))
        look(l, fd, known, shim_now_ns(), &before);
}

void line_request(int fd, uint64_t known, const struct subject *subject, const uint8_t *bytes, size_t len,
                  struct requests *ret_requests)
{
    struct line *l = line_take(fd, true);

    *ret_requests = (struct requests){0};
    if (!l)
        return;
    l->touched_ns = subject->now_ns;
    look_before(l, fd, known);
    if (!decide_requests(&control.table, subject, bytes, len, l->unseen, ret_requests))
        l->unseen = shim_epoch();
    if (memcmp(&l->requests, ret_requests, sizeof(l->requests)))
        l->is_requested = true;
    l->requests = *ret_requests;
    l->was_asked = true;
    cut_request(l, known);
    respond_request(l, fd, subject, ret_requests, bytes, len, true);
    if (!l->canned.is_struck && !l->canned.is_on)
        drop_request(l, fd, subject);
    lock_give(&l->busy);
}

void line_pipelined(int fd, const struct subject *subject, const uint8_t *bytes, size_t len)
{
    struct line *l = line_take(fd, false);

    if (!l)
        return;
    respond_pipelined(l, fd, subject, bytes, len);
    if (!l->canned.is_struck && !l->canned.is_on)
        drop_pipelined(l, fd, subject, bytes, len);
    lock_give(&l->busy);
}

bool line_requests(int fd, struct requests *ret_requests)
{
    struct line *l = line_take(fd, false);

    *ret_requests = (struct requests){0};
    if (!l)
        return false;
    bool was_asked = l->was_asked;
    *ret_requests = l->requests;
    lock_give(&l->busy);
    return was_asked;
}

uint32_t line_shorts(void)
{
    return shorts;
}

void line_keep_error(int fd, int error)
{
    struct line *l = line_take(fd, false);

    if (!l)
        return;
    l->error = error;
    lock_give(&l->busy);
}

int line_take_error(int fd)
{
    struct line *l = line_take(fd, false);

    if (!l)
        return 0;
    int error = l->error;
    l->error = 0;
    lock_give(&l->busy);
    return error;
}

void line_open(int fd, const struct opening *opening)
{
    struct line *l = line_take(fd, true);

    if (!l)
        return;
    line_reset(l);
    l->touched_ns = shim_now_ns();
    l->opening = *opening;
    l->opening.is_pending = true;
    lock_give(&l->busy);
}

bool line_is_opening(int fd)
{
    struct line *l = line_take(fd, false);

    if (!l)
        return false;
    bool is_pending = l->opening.is_pending;
    lock_give(&l->busy);
    return is_pending;
}
