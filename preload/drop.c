/* Dropped answers.  Floor 1. */
#include <errno.h>
#include <sys/syscall.h>

#include "preload/cut.h"
#include "preload/drop.h"
#include "preload/effect.h"

static const struct rule *rule_of(const struct line *l)
{
    return &control.table.rules[l->drop.rule % RULE_MAX];
}

static bool is_struck(const struct subject *subject, const struct requests *requests, struct verdict *v)
{
    struct subject s = *subject;

    s.only = 1u << EFFECT_DROP;
    s.requests = requests;
    return decide(&control.table, &s, v);
}

/* Dropped twice is dropped once. */
void drop_request(struct line *l, int fd, const struct subject *subject)
{
    struct verdict v;

    if (l->drop.is_on || l->is_cut)
        return;
    l->drop = (struct drop){0};
    if (!is_struck(subject, &l->requests, &v))
        return;
    l->drop = (struct drop){
        .is_awaited = true, .rule = v.strike[0].rule, .number = v.strike[0].number, .from = l->stream.seen};
    for (int i = 1; i < v.strikes; i++)
        effect_skipped(subject->call, fd, &v.strike[i]);
}

/* A rule without a regex cannot tell a request from the rest of the last one. */
void drop_pipelined(struct line *l, int fd, const struct subject *subject, const uint8_t *bytes, size_t len)
{
    struct requests requests;
    struct verdict v;

    if (l->drop.is_awaited || l->drop.is_on)
        return;
    decide_requests(&control.table, subject, bytes, len, UINT32_MAX, &requests);
    for (int i = 0; i < VERDICT_STRIKES_MAX; i++)
        for (uint32_t k = 0; k < RULE_MAX && requests.serial[i]; k++)
            if (control.table.rules[k].serial == requests.serial[i] && !control.table.rules[k].request.count)
                requests.serial[i] = 0;
    if (!is_struck(subject, &requests, &v))
        return;
    for (int i = 0; i < v.strikes; i++)
        effect_skipped(subject->call, fd, &v.strike[i]);
}

static bool has_come(const struct line *l)
{
    return l->stream.seen > l->drop.from || l->stream.ended;
}

static void begin(struct line *l, int fd)
{
    struct strike strike = {l->drop.rule, EFFECT_DROP, l->drop.number};

    effect_landed(CALL_recv, fd, &strike, 0);
    l->drop.is_awaited = false;
    if (rule_of(l)->error) {
        l->is_cut = true;
        l->error = ECONNRESET;
        effect_disconnect(fd);
        return;
    }
    l->drop.is_on = true;
    l->drop.fd = fd;
    shim_left++;
    syscall(SYS_shutdown, fd, SHUT_RD);
}

/* Shut in both directions, the kernel answers what still comes with a reset, and queues none of it. */
void drop_end(struct line *l, int fd)
{
    bool was_on = l->drop.is_on;

    l->drop = (struct drop){0};
    if (!was_on)
        return;
    shim_left--;
    l->is_cut = true;
    cut_discard(l, fd);
    syscall(SYS_shutdown, fd, SHUT_RDWR);
}

void drop_judge(struct line *l, int fd)
{
    struct drop *d = &l->drop;

    if (!d->is_awaited && !d->is_on)
        return;
    if (!rule_lasts(rule_of(l), shim_now_ns())) {
        drop_end(l, fd);
        return;
    }
    if (d->is_awaited && has_come(l) && l->stream.consumed >= d->from)
        begin(l, fd);
    if (d->is_on)
        cut_discard(l, fd);
}

void drop_limit(const struct line *l, struct line_view *v)
{
    uint64_t left = l->drop.from > v->position ? l->drop.from - v->position : 0;

    if (!l->drop.is_on && (!l->drop.is_awaited || !has_come(l)))
        return;
    v->due = v->due < left ? v->due : left;
    if (l->drop.is_on)
        v->pending = v->due = 0;
    v->is_dropped = l->drop.is_on;
    v->ended = true;
    v->end_is_due = false;
}
