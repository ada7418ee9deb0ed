/* Ending streams.  Floor 1. */
#include <sys/syscall.h>

#include "preload/cut.h"
#include "preload/effect.h"

static bool is_armed(uint16_t rule)
{
    return rule < RULE_MAX &&
           atomic_load_explicit(&control.table.rules[rule].state, memory_order_acquire) == RULE_ARMED;
}

static void decide_cut(struct line *l, uint64_t known, uint64_t from, const struct requests *requests)
{
    uint32_t service = shim_service();
    struct verdict v;
    struct subject s = {
        .call = CALL_recv,
        .targets = known_targets(known),
        .service = service < SERVICE_MAX ? 1u << service : 0,
        .direction = known & KNOWN_OUTBOUND ? DIRECTION_OUTBOUND : DIRECTION_INBOUND,
        .only = 1u << EFFECT_TRUNCATE,
        .now_ns = shim_now_ns(),
        .requests = requests,
        .of_request_alone = requests != NULL,
    };

    if (!decide(&control.table, &s, &v))
        return;
    for (int i = 0; i < v.strikes; i++) {
        uint64_t at = from + control.table.rules[v.strike[i].rule % RULE_MAX].bytes;
        if (at >= l->cut_at)
            continue;
        l->cut_at = at;
        l->cut_rule = v.strike[i].rule;
        l->cut_number = v.strike[i].number;
    }
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

static void judge_connection(struct line *l, uint64_t known)
{
    l->cut_at = STREAM_NEVER;
    decide_cut(l, known, l->stream.consumed, NULL);
}

/* The cut of a former request's answer, which was shorter, is none of this one's.  Accepted limit: where it
 * came before one of the whole connection, that is forgotten too. */
void cut_request(struct line *l, uint64_t known)
{
    if (l->is_cut || !line_concerns(known))
        return;
    if (l->cut_at != STREAM_NEVER && control.table.rules[l->cut_rule % RULE_MAX].has_request)
        l->cut_at = STREAM_NEVER;
    decide_cut(l, known, l->stream.seen, &l->requests);
}

void cut_judge(struct line *l, int fd, uint64_t known, bool changed)
{
    if (!l->is_cut && (!l->cut_is_judged || changed)) {
        if (!l->cut_is_judged || l->cut_at == STREAM_NEVER || !is_armed(l->cut_rule))
            judge_connection(l, known);
        l->cut_is_judged = true;
    }
    if (!l->is_cut && l->stream.consumed >= l->cut_at) {
        struct strike strike = {l->cut_rule, EFFECT_TRUNCATE, l->cut_number};
        l->is_cut = true;
        syscall(SYS_shutdown, fd, SHUT_RD);
        effect_landed(CALL_recv, fd, &strike, 0);
    }
    if (l->is_cut)
        cut_discard(l, fd);
}

void cut_limit(const struct line *l, struct line_view *v)
{
    uint64_t left = l->cut_at > v->position ? l->cut_at - v->position : 0;

    if (l->is_cut)
        v->pending = v->due = 0;
    else if (v->due > left)
        v->due = left;
}
