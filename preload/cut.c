/* Ending streams.  Floor 1. */
#include <sys/syscall.h>

#include "preload/cut.h"
#include "preload/effect.h"

/* A rule that has a later place than another of its kind says nothing.  from: what its bytes are counted
 * from. */
static void take(const struct line *l, struct cut *cut, const struct strike *strike, uint64_t from)
{
    const struct rule *rule = &control.table.rules[strike->rule % RULE_MAX];
    bool has_age = strike->effect == EFFECT_SEVER && rule->age_ns;
    uint64_t at = has_age ? STREAM_NEVER : from + rule->bytes;
    uint64_t born_ns = l->born_ns > rule->from_ns ? l->born_ns : rule->from_ns;
    uint64_t at_ns = has_age && rule->age_ns < STREAM_NEVER - born_ns ? born_ns + rule->age_ns : STREAM_NEVER;

    if (at >= cut->at && at_ns >= cut->at_ns)
        return;
    *cut = (struct cut){.at = at, .at_ns = at_ns, .strike = *strike, .is_judged = true};
}

/* requests: only what is about the request; NULL: what is about the connection. */
static void decide_cut(const struct line *l, struct cut *cut, uint64_t known, enum effect effect,
                       const struct requests *requests)
{
    struct subject s = line_subject(CALL_recv, known, 1u << effect, shim_now_ns());
    struct verdict v;

    s.requests = requests;
    s.of_request_alone = requests != NULL;
    if (!decide(&control.table, &s, &v))
        return;
    for (int i = 0; i < v.strikes; i++)
        take(l, cut, &v.strike[i], requests ? l->stream.seen : l->stream.consumed);
}

static void forget(struct cut *cut)
{
    *cut = (struct cut){.at = STREAM_NEVER, .at_ns = STREAM_NEVER, .is_judged = true};
}

static bool is_set(const struct cut *cut)
{
    return cut->at != STREAM_NEVER || cut->at_ns != STREAM_NEVER;
}

static void judge(struct line *l, struct cut *cut, uint64_t known, enum effect effect, bool changed)
{
    if (cut->is_judged && (!changed || (is_set(cut) && table_is_armed(&control.table, cut->strike.rule))))
        return;
    forget(cut);
    decide_cut(l, cut, known, effect, NULL);
}

/* The cut of a former request's answer, which was shorter, is none of this one's.  Accepted limit: where it
 * came before one of the whole connection, that is forgotten too. */
static void judge_request(struct line *l, struct cut *cut, uint64_t known, enum effect effect)
{
    if (is_set(cut) && control.table.rules[cut->strike.rule % RULE_MAX].has_request)
        forget(cut);
    decide_cut(l, cut, known, effect, &l->requests);
}

void cut_request(struct line *l, uint64_t known)
{
    if (l->is_cut || !line_concerns(known))
        return;
    judge_request(l, &l->end, known, EFFECT_TRUNCATE);
    judge_request(l, &l->severance, known, EFFECT_SEVER);
}

/* TCP throws away without a copy; a unix socket needs somewhere to put it. */
void cut_discard(const struct line *l, int fd)
{
    char waste[256];

    for (int i = 0; i < 1024; i++) {
        ssize_t got =
            l->is_tcp ? syscall(SYS_recvfrom, fd, NULL, (size_t)1 << 30, MSG_TRUNC | MSG_DONTWAIT, NULL, NULL)
                      : syscall(SYS_recvfrom, fd, waste, sizeof(waste), MSG_DONTWAIT, NULL, NULL);
        if (got <= 0)
            return;
    }
}

static void truncate_now(struct line *l, int fd)
{
    l->is_cut = true;
    syscall(SYS_shutdown, fd, SHUT_RD);
    effect_landed(CALL_recv, fd, &l->end.strike, 0);
}

static bool sever(struct line *l, int fd)
{
    effect_disconnect(fd);
    descriptor_set(fd, KNOWN_STREAM | KNOWN_RESET);
    effect_landed(CALL_recv, fd, &l->severance.strike, 0);
    forget(&l->severance);
    return true;
}

bool cut_judge(struct line *l, int fd, uint64_t known, bool changed)
{
    judge(l, &l->severance, known, EFFECT_SEVER, changed);
    if (!l->is_cut)
        judge(l, &l->end, known, EFFECT_TRUNCATE, changed);
    if (l->stream.consumed >= l->severance.at ||
        (l->severance.at_ns != STREAM_NEVER && shim_now_ns() >= l->severance.at_ns))
        return sever(l, fd);
    if (!l->is_cut && l->stream.consumed >= l->end.at)
        truncate_now(l, fd);
    if (l->is_cut)
        cut_discard(l, fd);
    return false;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void cut_limit(const struct line *l, struct line_view *v)
{
    uint64_t at = least(l->end.at, l->severance.at), left = at > v->position ? at - v->position : 0;

    if (l->is_cut)
        v->pending = v->due = 0;
    else if (v->due > left)
        v->due = left;
    v->is_restless = v->is_restless || l->severance.at_ns != STREAM_NEVER;
    v->next_ns = least(v->next_ns, l->severance.at_ns);
}
