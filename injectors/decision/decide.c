/* Rules applied to a call.  Floor 0. */
#include <errno.h>
#include <string.h>

#include "injectors/decision/decide.h"

static uint32_t rule_bound(const struct table *table)
{
    return table->rule_count < RULE_MAX ? table->rule_count : RULE_MAX;
}

static bool caller_fits(const struct rule *rule, const char *caller)
{
    if (!rule->caller[0])
        return true;
    for (size_t i = 0; caller && i < RULE_CALLER_MAX; i++) {
        if (rule->caller[i] != caller[i])
            return false;
        if (!caller[i])
            return true;
    }
    return false;
}

static bool memory_fits(const struct rule *rule, const struct subject *s)
{
    return s->size_bytes >= rule->size_min && s->size_bytes <= rule->size_max &&
           s->heap_bytes >= rule->heap_min && caller_fits(rule, s->caller);
}

/* What opens and carries a connection is refused and reset; a datagram that nobody would take is refused when
 * it is sent, as the ICMP message of a closed port would have it (RFC 1122, 4.1.3.3). */
static uint8_t effect_of_refusal(const struct rule *rule, const struct subject *s)
{
    enum role role = call_role(s->call);

    if (s->is_datagram)
        return role == ROLE_SEND ? EFFECT_FAIL : EFFECT_NONE;
    if (role == ROLE_OPEN)
        return EFFECT_REFUSE;
    return rule->effect == EFFECT_OUTAGE ? EFFECT_RESET : EFFECT_NONE;
}

static uint8_t effect_on(const struct rule *rule, const struct subject *s)
{
    if (rule->effect == EFFECT_OUTAGE || rule->effect == EFFECT_REFUSE)
        return effect_of_refusal(rule, s);
    if (rule->effect == EFFECT_RESET && s->is_datagram)
        return EFFECT_NONE;
    if (rule->effect >= EFFECT_COUNT || (DECIDE_DATAGRAM & 1u << rule->effect && !s->is_datagram))
        return EFFECT_NONE;
    return rule->effect;
}

static bool is_asked_about(const struct rule *rule, const struct subject *s)
{
    uint32_t effect = rule->effect < EFFECT_COUNT ? 1u << rule->effect : 0;

    return s->only ? s->only & effect : !(effect & DECIDE_STREAM);
}

static bool is_about(const struct rule *rule, const struct subject *s)
{
    if (rule->targets && !(rule->targets & s->targets))
        return false;
    if (rule->spared & s->targets)
        return false;
    if (rule->services && !(rule->services & s->service))
        return false;
    if (rule->direction != DIRECTION_ANY && s->direction != DIRECTION_ANY && rule->direction != s->direction)
        return false;
    return s->now_ns >= rule->from_ns && s->now_ns < rule->until_ns;
}

static bool request_fits(const struct rule *rule, const struct subject *s)
{
    bool found = false;

    if (!rule->has_request)
        return !s->of_request_alone;
    for (int i = 0; s->requests && rule->serial && i < VERDICT_STRIKES_MAX; i++)
        found = found || s->requests->serial[i] == rule->serial;
    return found;
}

/* A reset of half the requests is one of half the sends: the receives of a request would be draws of their
 * own, and so many that no connection lived.  Only a reset of everything strikes them too. */
static bool fits(const struct rule *rule, const struct subject *s)
{
    if (!rule_is_armed(rule) || !(rule->calls & call_bit(s->call)) || !is_asked_about(rule, s))
        return false;
    if (s->is_outgoing && rule->effect == EFFECT_HOLD && !rule->endless)
        return false;
    if (!is_about(rule, s) || !request_fits(rule, s))
        return false;
    uint8_t effect = effect_on(rule, s);
    if (effect == EFFECT_NONE || (s->is_late && effect != EFFECT_RESET))
        return false;
    if (effect == EFFECT_RESET && call_role(s->call) == ROLE_RECEIVE && !rule_is_certain(rule))
        return false;
    if (rule->kind == FAULT_dns && s->is_literal)
        return false;
    return call_role(s->call) != ROLE_ALLOCATE || memory_fits(rule, s);
}

static int error_of(const struct rule *rule)
{
    return rule->effect == EFFECT_FAIL ? rule->error : ECONNREFUSED;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a && a < b ? a : b;
}

/* What happens to a stream composes without end: the way in adds it up. */
static void compose(struct verdict *v, const struct rule *rule, struct strike strike)
{
    bool is_of_stream = DECIDE_STREAM & 1u << strike.effect;

    if (strike.effect == EFFECT_SLICE)
        v->limit = least(v->limit, rule->bytes ? rule->bytes : 1);
    else if (!is_of_stream)
        v->delay_ns += rule->delay_ns;
    if (!is_of_stream && strike.effect != EFFECT_SLICE && strike.effect != EFFECT_WAIT) {
        v->effect = strike.effect;
        v->error = error_of(rule);
    }
    v->strike[v->strikes++] = strike;
}

/* The rules that delay, or those that end the call. */
static void apply(struct table *table, const struct subject *subject, bool waits, struct verdict *v)
{
    for (uint32_t i = 0; i < rule_bound(table); i++) {
        struct rule *rule = &table->rules[i];
        if (v->effect != EFFECT_NONE || v->strikes == VERDICT_STRIKES_MAX)
            return;
        if ((rule->effect == EFFECT_WAIT) != waits || !fits(rule, subject))
            continue;
        uint64_t number = atomic_fetch_add_explicit(&rule->matches, 1, memory_order_relaxed);
        if (!rule_strikes(rule, number))
            continue;
        if (rule->is_dry)
            atomic_fetch_add_explicit(&rule->hits, 1, memory_order_relaxed);
        else
            compose(v, rule, (struct strike){(uint16_t)i, effect_on(rule, subject), number});
    }
}

/* Delays first, in whatever order the rules were armed: what ends a call would hide them. */
bool decide(struct table *table, const struct subject *subject, struct verdict *ret_verdict)
{
    struct verdict v = {.effect = EFFECT_NONE};

    if (subject->now_ns < atomic_load_explicit(&table->lease_ns, memory_order_relaxed)) {
        apply(table, subject, true, &v);
        apply(table, subject, false, &v);
    }
    *ret_verdict = v;
    return v.strikes > 0;
}

/* A record of a handshake or of application data, of any version since SSL 3 (RFC 8446, 5.1). */
static bool is_tls(const uint8_t *bytes, size_t len)
{
    return len >= 2 && (bytes[0] == 0x16 || bytes[0] == 0x17) && bytes[1] == 3;
}

bool decide_requests(struct table *table, const struct subject *subject, const uint8_t *bytes, size_t len,
                     uint32_t counted, struct requests *ret_requests)
{
    bool unseen = is_tls(bytes, len);
    int found = 0;

    *ret_requests = (struct requests){0};
    for (uint32_t i = 0; i < rule_bound(table) && found < VERDICT_STRIKES_MAX; i++) {
        struct rule *rule = &table->rules[i];
        if (!rule_is_armed(rule) || !rule->has_request || !is_about(rule, subject))
            continue;
        bool is_blind = unseen && (rule->request.count || rule->effect == EFFECT_RESPOND);
        if (is_blind && rule->serial > counted)
            atomic_fetch_add_explicit(&rule->unseen, 1, memory_order_relaxed);
        if (!is_blind && expression_matches(&rule->request, bytes, len))
            ret_requests->serial[found++] = rule->serial;
    }
    return !unseen;
}

void decide_landed(struct table *table, const struct strike *strike)
{
    if (strike->rule < RULE_MAX)
        atomic_fetch_add_explicit(&table->rules[strike->rule].hits, 1, memory_order_relaxed);
}

void decide_taken_back(struct table *table, const struct strike *strike)
{
    if (strike->rule < RULE_MAX)
        atomic_fetch_sub_explicit(&table->rules[strike->rule].matches, 1, memory_order_relaxed);
}

void decide_skipped(struct table *table, const struct strike *strike)
{
    if (strike->rule < RULE_MAX)
        atomic_fetch_add_explicit(&table->rules[strike->rule].skipped, 1, memory_order_relaxed);
}

bool decide_is_hole(const struct table *table, const struct subject *subject)
{
    for (uint32_t i = 0; i < rule_bound(table); i++) {
        const struct rule *rule = &table->rules[i];
        if (rule_is_armed(rule) && rule->endless && rule_is_certain(rule) && is_about(rule, subject) &&
            request_fits(rule, subject))
            return true;
    }
    return false;
}

uint32_t decide_answers(const struct table *table, const struct subject *subject)
{
    uint32_t oldest = 0;

    for (uint32_t i = 0; i < rule_bound(table); i++) {
        const struct rule *rule = &table->rules[i];
        if (rule_is_armed(rule) && rule->effect == EFFECT_RESPOND && is_about(rule, subject) &&
            (!oldest || rule->serial < oldest))
            oldest = rule->serial;
    }
    return oldest;
}

bool decide_needs_outbox(const struct table *table)
{
    for (uint32_t i = 0; i < rule_bound(table); i++)
        if (rule_is_armed(&table->rules[i]) && table->rules[i].endless)
            return true;
    return false;
}

bool decide_needs_heap(const struct table *table)
{
    for (uint32_t i = 0; i < rule_bound(table); i++)
        if (rule_is_armed(&table->rules[i]) && table->rules[i].heap_min)
            return true;
    return false;
}

bool decide_needs_caller(const struct table *table)
{
    for (uint32_t i = 0; i < rule_bound(table); i++)
        if (rule_is_armed(&table->rules[i]) && table->rules[i].caller[0])
            return true;
    return false;
}

bool decide_needs_time(const struct table *table)
{
    for (uint32_t i = 0; i < rule_bound(table); i++)
        if (rule_is_armed(&table->rules[i]) && table->rules[i].effect == EFFECT_SEVER &&
            table->rules[i].age_ns)
            return true;
    return false;
}
