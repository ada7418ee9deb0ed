/* Requests that are answered.  Floor 1. */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>

#include "preload/canned.h"
#include "preload/descriptor.h"
#include "preload/dialogue.h"
#include "preload/effect.h"
#include "preload/endpoint.h"
#include "preload/outbox.h"
#include "preload/respond.h"
#include "preload/watch.h"

static const struct rule *rule_at(const struct strike *strike)
{
    return &control.table.rules[strike->rule % RULE_MAX];
}

static const struct reply *reply_at(uint8_t place)
{
    return &control.table.replies[(unsigned)(place - 1) % REPLY_MAX];
}

static uint32_t bounded(uint32_t len)
{
    return len < REPLY_BYTES ? len : REPLY_BYTES;
}

/* --- is it to be answered? --- */

static bool is_struck(const struct subject *subject, const struct requests *requests, struct verdict *v)
{
    struct subject s = *subject;

    s.only = 1u << EFFECT_RESPOND;
    s.requests = requests;
    return decide(&control.table, &s, v);
}

static bool looks_like_http(const uint8_t *bytes, size_t len)
{
    struct http h;

    http_begin(&h, HTTP_REQUEST, false);
    http_feed(&h, bytes, len);
    return len && !http_is_broken(&h);
}

static bool can_answer(const struct line *l, int fd, const struct strike *strike, const uint8_t *bytes,
                       size_t len)
{
    uint8_t place = rule_at(strike)->reply;
    bool is_full;

    if (!place || place > REPLY_MAX || !dialogue_is_settled(&l->dialogue) || !canned_is_read(l))
        return false;
    if (outbox_look(fd, l->cookie, &is_full))
        return false;
    return reply_at(place)->is_raw || looks_like_http(bytes, len);
}

static void judge(struct line *l, int fd, const struct subject *subject, const struct requests *requests,
                  const uint8_t *bytes, size_t len)
{
    struct canned *c = &l->canned;
    struct verdict v;

    if (!is_struck(subject, requests, &v))
        return;
    c->is_struck = can_answer(l, fd, &v.strike[0], bytes, len);
    c->strike = v.strike[0];
    c->serial = rule_at(&c->strike)->serial;
    for (int i = c->is_struck ? 1 : 0; i < v.strikes; i++)
        effect_skipped(subject->call, fd, &v.strike[i]);
}

void respond_request(struct line *l, int fd, const struct subject *subject, const struct requests *requests,
                     const uint8_t *bytes, size_t len, bool is_first)
{
    struct dialogue *d = &l->dialogue;

    if (l->canned.is_on || l->canned.is_struck || l->is_cut || d->is_tunnel || l->unseen)
        return;
    uint32_t oldest = decide_answers(&control.table, subject);
    /* What went over it while no rule was armed nobody has seen. */
    d->is_followed = d->is_followed && oldest && oldest <= d->epoch;
    if (!oldest || (d->is_followed ? !dialogue_is_between(d) : !is_first))
        return;
    if (!d->is_followed)
        dialogue_start(d);
    d->epoch = shim_epoch();
    judge(l, fd, subject, requests, bytes, len);
}

void respond_pipelined(struct line *l, int fd, const struct subject *subject, const uint8_t *bytes,
                       size_t len)
{
    struct requests requests;

    if (!l->dialogue.is_followed || !dialogue_is_between(&l->dialogue))
        return;
    decide_requests(&control.table, subject, bytes, len, UINT32_MAX, &requests);
    respond_request(l, fd, subject, &requests, bytes, len, false);
}

void respond_heard(struct line *l, const struct iovec *parts, size_t count, uint64_t len)
{
    if (!l->dialogue.is_followed)
        return;
    l->dialogue.is_followed = parts != NULL;
    for (size_t i = 0; i < count && len; i++) {
        uint64_t here = parts[i].iov_len < len ? parts[i].iov_len : len;
        if (parts[i].iov_base)
            dialogue_heard(&l->dialogue, parts[i].iov_base, here);
        else
            l->dialogue.is_followed = false;
        len -= here;
    }
}

/* --- sends that are made --- */

static void follow(struct line *l, const struct ask *a, const struct subject *s, const uint8_t *bytes,
                   size_t len)
{
    struct dialogue *d = &l->dialogue;

    while (len && d->is_followed) {
        size_t taken = dialogue_sent(d, bytes, len);
        bytes += taken;
        len -= taken;
        if (len && taken)
            respond_pipelined(l, a->fd, s, bytes, len < REQUEST_BYTES ? len : REQUEST_BYTES);
        /* It went out with the rest. */
        l->canned.is_struck = false;
    }
}

static void follow_parts(struct line *l, const struct ask *a, size_t sent)
{
    struct subject s = ask_subject(a);

    if (!l->dialogue.is_followed)
        return;
    if (a->call == CALL_sendmmsg)
        l->dialogue.is_followed = false;
    if (!a->bytes && !a->parts)
        dialogue_sent_unseen(&l->dialogue, sent);
    else if (a->bytes)
        follow(l, a, &s, a->bytes, sent);
    for (size_t i = 0; !a->bytes && i < a->part_count && sent; i++) {
        size_t here = a->parts[i].iov_len < sent ? a->parts[i].iov_len : sent;
        follow(l, a, &s, a->parts[i].iov_base, here);
        sent -= here;
    }
}

void respond_sent(const struct ask *a, ssize_t result)
{
    struct stay stay;

    if (result <= 0 || a->is_answered || call_role(a->call) != ROLE_SEND ||
        !(a->targets & atomic_load_explicit(&control.table.requests, memory_order_acquire)) ||
        !shim_enter(&stay))
        return;
    struct line *l = line_borrow(a->fd);
    if (l) {
        follow_parts(l, a, (size_t)result);
        line_return(l);
    }
    shim_leave(&stay);
}

/* --- sends that are not --- */

static void begin(struct line *l, const struct ask *a)
{
    struct canned *c = &l->canned;

    c->is_struck = false;
    if (!canned_lasts(c, shim_now_ns())) {
        effect_skipped(a->call, a->fd, &c->strike);
        return;
    }
    c->is_on = true;
    c->fd = a->fd;
    c->front = l->stream.seen;
    l->error = 0;
    canned_count(c);
    effect_landed(a->call, a->fd, &c->strike, rule_at(&c->strike)->delay_ns);
}

bool respond_takes(struct ask *a)
{
    bool is_concerned = a->targets & atomic_load_explicit(&control.table.requests, memory_order_acquire);

    if (call_role(a->call) != ROLE_SEND || !(a->known & KNOWN_STREAM) ||
        (!is_concerned && !canned_are_left()))
        return false;
    struct line *l = line_borrow(a->fd);
    if (!l)
        return false;
    /* Whoever is connecting still cannot send, and is told so by the kernel. */
    if (l->canned.is_struck && !(a->flags & MSG_OOB) && endpoint_is_connected(a->fd))
        begin(l, a);
    if (l->canned.is_on)
        canned_look(l, a->fd, shim_now_ns());
    a->is_answered = l->canned.is_on && (is_concerned || !l->canned.is_over);
    line_return(l);
    return a->is_answered;
}

/* The first was decided when it began; on a connection that is kept each further one is now. */
static bool strikes_again(struct line *l, const struct ask *a)
{
    struct canned *c = &l->canned;
    struct requests requests = {{c->serial}};
    struct subject s = ask_subject(a);
    struct verdict v;

    if (!c->answers++)
        return true;
    if (!is_struck(&s, &requests, &v) || rule_at(&v.strike[0])->serial != c->serial)
        return false;
    c->strike = v.strike[0];
    effect_landed(a->call, a->fd, &c->strike, rule_at(&c->strike)->delay_ns);
    return true;
}

static bool closes_after(const struct line *l, const struct reply *reply)
{
    const struct http *h = &l->dialogue.request;

    if (l->canned.is_opaque)
        return reply->closes || !reply->is_raw;
    return reply->closes || reply->is_raw || http_closes(h) || h->is_connect || !http_is_complete(h) ||
           l->canned.parts == CANNED_MAX;
}

/* As if it had come over the wire. */
static void arrive(struct line *l, const struct ask *a, uint32_t len, struct mark *mark, uint64_t now_ns)
{
    struct rate rate;

    *mark = (struct mark){.first_ns = now_ns, .arrival_ns = now_ns};
    line_decide(a->fd, a->known, CALL_recv, len, &l->requests, mark, &rate);
    if (rule_at(&l->canned.strike)->delay_ns)
        stream_hold(mark, l->canned.strike.rule, stream_delay(rule_at(&l->canned.strike), 0));
    stream_rate(&l->stream, rate.per_s, now_ns);
    l->rate_rule = rate.rule;
    stream_arrive(&l->stream, l->stream.seen + len, mark);
}

static void answer_request(struct line *l, const struct ask *a)
{
    struct canned *c = &l->canned;
    uint64_t now_ns = shim_now_ns();
    struct mark mark = {.first_ns = now_ns, .arrival_ns = now_ns};

    if (!strikes_again(l, a)) {
        canned_close(l, &mark);
        return;
    }
    uint8_t place = rule_at(&c->strike)->reply;
    const struct reply *reply = reply_at(place);
    bool is_head = l->dialogue.request.is_head && !reply->is_raw;
    uint32_t len = bounded(is_head ? reply->head_len : reply->len);
    c->part[c->parts++] = (struct canned_part){len, place};
    arrive(l, a, len, &mark, now_ns);
    if (closes_after(l, reply))
        canned_close(l, &mark);
}

/* Without frames each send is a request, unless it comes before the answer to the last was read. */
static void hear_opaque(struct line *l, const struct ask *a)
{
    l->canned.is_opaque = true;
    if (canned_is_read(l))
        answer_request(l, a);
}

/* Whoever is asked to go on with its body is told the end of it at once. */
static void hear(struct line *l, const struct ask *a, const uint8_t *bytes, size_t len)
{
    struct http *h = &l->dialogue.request;

    while (len && !l->canned.closes && !l->canned.is_opaque) {
        size_t taken = http_feed(h, bytes, len);
        bytes += taken;
        len -= taken;
        if (http_is_broken(h))
            hear_opaque(l, a);
        else if (http_is_complete(h) || (h->expects && http_has_head(h)))
            answer_request(l, a);
        if (http_is_complete(h))
            http_begin(h, HTTP_REQUEST, false);
    }
}

/* Readers in the kernel wake by the shut side, those in our naps by the epoch's futex, and edges by a new
 * look. */
static void tell(int fd)
{
    watch_stir(fd);
    syscall(SYS_futex, &control.table.epoch, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

struct swallow {
    struct stay stay;
    struct line *line;
    uint32_t answers;
};

static bool swallow_begin(struct swallow *w, const struct ask *a)
{
    if (!shim_enter(&w->stay))
        return false;
    w->line = line_borrow(a->fd);
    if (!w->line)
        return true;
    w->answers = w->line->canned.answers;
    if (w->line->canned.is_opaque && !w->line->canned.closes)
        hear_opaque(w->line, a);
    return true;
}

static void swallow_end(struct swallow *w, const struct ask *a)
{
    struct canned *c = w->line ? &w->line->canned : NULL;
    bool answered = c && c->answers != w->answers;

    if (answered && !c->is_shut)
        canned_shut(c, a->fd, SHUT_RD);
    if (c)
        line_return(w->line);
    if (answered)
        tell(a->fd);
    shim_leave(&w->stay);
}

ssize_t respond_swallow(struct ask *a, const struct iovec *parts, size_t count)
{
    struct swallow w;
    size_t sum = 0;

    if (!swallow_begin(&w, a))
        return ask_done(a, 0);
    for (size_t i = 0; i < count; i++) {
        size_t here = a->limit ? a->limit - sum : SIZE_MAX;
        here = parts[i].iov_len < here ? parts[i].iov_len : here;
        if (w.line && here)
            hear(w.line, a, parts[i].iov_base, here);
        sum += here;
    }
    swallow_end(&w, a);
    return ask_done(a, (ssize_t)sum);
}

/* A file's bytes come by here once, to be looked at. */
ssize_t respond_pull(struct ask *a, int from, off_t *offset, size_t count)
{
    uint8_t some[256];
    struct swallow w;
    ssize_t sum = 0, got = 1;

    if (!swallow_begin(&w, a))
        return ask_done(a, 0);
    for (size_t left = ask_cut(a, count); left && got > 0; left -= (size_t)got) {
        size_t here = left < sizeof(some) ? left : sizeof(some);
        got = offset ? syscall(SYS_pread64, from, some, here, *offset) : syscall(SYS_read, from, some, here);
        if (got <= 0)
            break;
        if (offset)
            *offset += got;
        if (w.line)
            hear(w.line, a, some, (size_t)got);
        sum += got;
        if ((size_t)got < here)
            break;
    }
    if (got < 0 && !sum) {
        w.stay.saved_errno = errno;
        sum = -1;
    }
    swallow_end(&w, a);
    return ask_done(a, sum);
}
