/* Turns of datagrams.  Floor 1, pure. */
#include "injectors/packet.h"

#define WAIT_LIMIT_NS (UINT64_C(3600) * 1000000000)

void packet_begin(struct packet *p, uint32_t len, uint64_t stamp_ns, uint64_t arrival_ns)
{
    *p = (struct packet){.is_known = true, .len = len, .stamp_ns = stamp_ns};
    p->mark = (struct mark){.first_ns = arrival_ns, .arrival_ns = arrival_ns, .due_ns = arrival_ns};
}

bool packet_is_lost_by(const struct rule *rule, const struct strike *s)
{
    return s->effect == EFFECT_LOSE || (s->effect == EFFECT_HOLD && rule->endless);
}

/* Nothing can be changed in what has no length, nor peeked at behind it; and a rate is one of bytes. */
bool packet_takes(const struct packet *p, const struct rule *rule, const struct strike *s)
{
    if (s->effect == EFFECT_CORRUPT || s->effect == EFFECT_REORDER)
        return p->len;
    return s->effect != EFFECT_HOLD || !rule->rate_per_s;
}

uint64_t packet_strike(struct packet *p, const struct rule *rule, const struct strike *s)
{
    uint64_t draw = rule_draw(rule->seed ^ 1, s->number);

    if (packet_is_lost_by(rule, s)) {
        p->is_lost = true;
    } else if (s->effect == EFFECT_HOLD) {
        return stream_hold_by(&p->mark, rule, s);
    } else if (s->effect == EFFECT_DUPLICATE) {
        p->copies++;
    } else if (s->effect == EFFECT_CORRUPT) {
        p->flip = (uint8_t)(draw | 1);
        p->flip_at = (uint32_t)((draw >> 8) % p->len);
    } else {
        p->waits_for = s->rule;
        p->waits_until_ns =
            p->mark.arrival_ns + (rule->delay_ns < WAIT_LIMIT_NS ? rule->delay_ns : WAIT_LIMIT_NS);
    }
    return 0;
}

void packet_reweigh(struct packet *p, const struct table *table)
{
    stream_mark_reweigh(&p->mark, table);
    if (!table_is_armed(table, p->waits_for))
        p->waits_until_ns = 0;
}

static enum packet_turn turn_of_first(const struct packet *first, uint64_t now_ns, uint64_t *ret_next_ns)
{
    *ret_next_ns = first->mark.due_ns;
    return first->mark.due_ns <= now_ns ? TURN_FIRST : TURN_NONE;
}

enum packet_turn packet_turn(struct packet *first, const struct packet *second, uint64_t now_ns,
                             uint64_t *ret_next_ns)
{
    if (second->is_known && second->is_lost)
        first->waits_until_ns = 0;
    if (!packet_waits(first, now_ns))
        return turn_of_first(first, now_ns, ret_next_ns);
    uint64_t look_ns = second->is_known ? second->mark.due_ns : now_ns + PACKET_LOOK_NS;
    *ret_next_ns = look_ns < first->waits_until_ns ? look_ns : first->waits_until_ns;
    return second->is_known && look_ns <= now_ns ? TURN_SECOND : TURN_NONE;
}

bool packet_leaves(const struct packet *p, enum packet_turn turn)
{
    return turn == TURN_FIRST && !p->copies;
}

void packet_told(struct packet *p, struct packet *first, enum packet_turn turn)
{
    if (p->copies) {
        p->copies--;
    } else if (turn == TURN_SECOND) {
        p->is_lost = true;
        first->waits_until_ns = 0;
    } else {
        p->is_known = false;
    }
}
