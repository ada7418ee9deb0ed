/* The policy that applies a control area's rules, as the shim does within a process.  Floor 1.
 *
 * What is received is RELAY_DOWN, what is sent RELAY_UP.  A connection that is refused has been accepted
 * already: it is reset.  Accepted limits: drop_response and respond are none of the relay's; of a request the
 * first bytes are looked at that were read together. */
#include <errno.h>
#include <unistd.h>

#include "injectors/relay/internal.h"

#define CONNECTS (1u << EFFECT_REFUSE | 1u << EFFECT_OUTAGE | 1u << EFFECT_FAIL)
#define RESETS   (1u << EFFECT_RESET | 1u << EFFECT_OUTAGE)
#define SENDS    (RESETS | 1u << EFFECT_SLICE)

struct cut {
    bool is_judged, is_set;
    uint64_t at;    /* position; 0: none */
    uint64_t at_ns; /* 0: none */
    struct strike strike;
};

struct own {
    uint32_t epoch;
    bool is_opening;   /* its mark is made */
    bool is_asked;     /* what is sent is looked at; */
    bool is_fresh;     /* the next that is sent begins a request, */
    bool was_answered; /* and so does it after an answer */
    uint32_t counted;  /* up to which serial its TLS was counted */
    struct mark opening;
    struct requests requests;
    struct cut end, severance;
    int place; /* of the call that waits for its answer, from 1; 0: none does */
    uint64_t rate_per_s;
    uint16_t rate_rule;
    uint64_t slice[RELAY_WAYS]; /* bytes at a time, */
    uint16_t slice_rule[RELAY_WAYS];
};

static uint32_t epoch_of(const struct relay_target *target)
{
    return atomic_load_explicit(&target->table->epoch, memory_order_acquire);
}

static bool has_lease(const struct relay_target *target, uint64_t now_ns)
{
    return now_ns < atomic_load_explicit(&target->table->lease_ns, memory_order_relaxed);
}

static const struct rule *rule_of(const struct relay_target *target, uint16_t place)
{
    return &target->table->rules[place % RULE_MAX];
}

static struct subject subject_of(const struct relay_target *target, enum call call, uint32_t effects)
{
    return (struct subject){
        .call = call,
        .targets = target->targets,
        .service = target->service,
        .direction = target->direction,
        .only = effects,
        .now_ns = relay_now_ns(),
    };
}

static enum call call_of(enum relay_way way)
{
    return way == RELAY_UP ? CALL_send : CALL_recv;
}

/* Is something armed that may be about it? */
static bool is_armed(const struct relay_target *target, enum call call)
{
    return atomic_load_explicit(&target->table->armed[call], memory_order_acquire) &
           (target->targets | TARGET_ANY);
}

/* --- counting --- */

static int service_of(const struct relay_target *target)
{
    return target->service ? __builtin_ctz(target->service) : SERVICE_MAX;
}

static void landed(const struct relay_target *target, enum call call, const struct strike *strike,
                   uint64_t delay_ns, int error)
{
    struct record record = {
        .time_ns = relay_now_ns(),
        .number = strike->number,
        .delay_ns = delay_ns,
        .pid = (uint32_t)getpid(),
        .tid = (uint32_t)getpid(),
        .fd = -1,
        .error = error,
        .rule = strike->rule,
        .call = (uint8_t)call,
        .kind = RECORD_HIT,
        .effect = strike->effect,
        .service = (uint8_t)service_of(target),
    };

    decide_landed(target->table, strike);
    ring_put(&target->table->ring, &record);
}

enum count { COUNT_CALL, COUNT_CONNECT };

static void count(const struct relay_target *target, enum count what)
{
    for (uint32_t rest = target->targets & target->table->watched & ~TARGET_ANY; rest; rest &= rest - 1) {
        struct traffic *traffic = &target->table->traffic[__builtin_ctz(rest)];
        atomic_fetch_add_explicit(&traffic->calls, 1, memory_order_relaxed);
        if (what == COUNT_CONNECT)
            atomic_fetch_add_explicit(&traffic->connects, 1, memory_order_relaxed);
    }
}

static void raise_to(_Atomic uint64_t *most, uint64_t value)
{
    uint64_t seen = atomic_load_explicit(most, memory_order_relaxed);

    while (seen < value && !atomic_compare_exchange_weak(most, &seen, value))
        continue;
}

static void call_ended(const struct relay_target *target, struct own *own)
{
    if (!own->place)
        return;
    struct inflight *place = &target->table->inflight[own->place - 1];
    uint64_t took_ns = inflight_end(place, (uint32_t)getpid(), relay_now_ns());
    own->place = 0;
    for (uint32_t t = target->targets & ~TARGET_ANY; took_ns != UINT64_MAX && t; t &= t - 1)
        raise_to(&target->table->traffic[__builtin_ctz(t)].longest_ns, took_ns);
}

static void call_began(const struct relay_target *target, struct own *own)
{
    struct table *table = target->table;
    uint32_t targets =
        target->targets & atomic_load_explicit(&table->followed, memory_order_relaxed) & ~TARGET_ANY;

    call_ended(target, own);
    if (!targets)
        return;
    own->place = inflight_begin(table->inflight, (uint32_t)getpid(), targets, relay_now_ns()) + 1;
    if (!own->place)
        atomic_fetch_add(&table->untold, 1);
    for (uint32_t t = targets; own->place && t; t &= t - 1)
        raise_to(&table->traffic[__builtin_ctz(t)].most, inflight_count(table->inflight, t & -t));
}

/* --- opening --- */

static void judge_opening(const struct relay_target *target, struct own *own)
{
    struct subject s = subject_of(target, CALL_connect, 1u << EFFECT_HOLD);
    struct verdict v;

    own->opening = (struct mark){.first_ns = s.now_ns, .arrival_ns = s.now_ns};
    own->is_opening = true;
    if (!decide(target->table, &s, &v))
        return;
    for (int i = 0; i < v.strikes; i++) {
        uint64_t delay_ns = stream_hold_by(&own->opening, rule_of(target, v.strike[i].rule), &v.strike[i]);
        landed(target, CALL_connect, &v.strike[i], delay_ns, 0);
    }
}

/* Returns the errno with which it is refused, or 0. */
static int judge_refusal(const struct relay_target *target)
{
    struct subject s = subject_of(target, CALL_connect, CONNECTS);
    struct verdict v;

    if (!decide(target->table, &s, &v))
        return 0;
    int error = v.error > 0 ? v.error : ECONNREFUSED;
    for (int i = 0; i < v.strikes; i++)
        landed(target, CALL_connect, &v.strike[i], 0, error);
    return error;
}

/* A lease that ran out, or a rule that was lifted, holds nothing. */
static void reweigh_opening(const struct relay_target *target, struct own *own, uint64_t now_ns)
{
    if (!has_lease(target, now_ns))
        own->opening.holds = 0;
    stream_mark_reweigh(&own->opening, target->table);
}

static uint64_t rules_open(void *arg, struct relay_link *link, uint64_t now_ns, int *ret_error)
{
    const struct relay_target *target = arg;
    struct own *own = relay_link_state(link);

    if (!own->is_opening) {
        count(target, COUNT_CONNECT);
        call_began(target, own);
        *ret_error = judge_refusal(target);
        if (*ret_error)
            return 0;
        judge_opening(target, own);
    }
    reweigh_opening(target, own, now_ns);
    return own->opening.due_ns;
}

/* --- ends --- */

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Bytes count from `from`; a position or a time of 0 would say none. */
static void cut_set(const struct relay_target *target, const struct relay_link *link, struct cut *cut,
                    const struct strike *strike, uint64_t from)
{
    const struct rule *rule = rule_of(target, strike->rule);
    bool has_age = strike->effect == EFFECT_SEVER && rule->age_ns;

    if (cut->is_set)
        return;
    *cut = (struct cut){.is_judged = true, .is_set = true, .strike = *strike};
    if (has_age)
        cut->at_ns = later(relay_link_born_ns(link), rule->from_ns) + rule->age_ns;
    else if (from + rule->bytes)
        cut->at = from + rule->bytes;
    else
        cut->at_ns = 1;
}

/* requests: only what is about the request; NULL: what is about the connection. */
static void cut_decide(const struct relay_target *target, const struct relay_link *link, struct cut *cut,
                       enum effect effect, const struct requests *requests, uint64_t from)
{
    struct subject s = subject_of(target, CALL_recv, 1u << effect);
    struct verdict v;

    s.requests = requests;
    s.of_request_alone = requests != NULL;
    if (!decide(target->table, &s, &v))
        return;
    for (int i = 0; i < v.strikes; i++)
        cut_set(target, link, cut, &v.strike[i], from);
}

/* Once for each connection, and again when the rule that struck it is lifted, or another may. */
static void cut_judge(const struct relay_target *target, const struct relay_link *link, struct cut *cut,
                      enum effect effect, uint64_t from)
{
    if (cut->is_judged && cut->is_set && table_is_armed(target->table, cut->strike.rule))
        return;
    *cut = (struct cut){.is_judged = true};
    cut_decide(target, link, cut, effect, NULL, from);
}

/* The cut of a former request's answer is none of this one's. */
static void cut_request(const struct relay_target *target, const struct relay_link *link, struct cut *cut,
                        enum effect effect, const struct requests *requests)
{
    if (cut->is_set && rule_of(target, cut->strike.rule)->has_request)
        *cut = (struct cut){.is_judged = true};
    cut_decide(target, link, cut, effect, requests, relay_link_seen(link, RELAY_DOWN));
}

/* --- what holds now --- */

static uint64_t soonest(uint64_t a, uint64_t b)
{
    return !a || (b && b < a) ? b : a;
}

/* Rules that are about it come and go by the clock, too; and so does the lease. */
static uint64_t next_change(const struct relay_target *target, uint64_t now_ns)
{
    const struct table *table = target->table;
    uint64_t lease_ns = atomic_load_explicit(&table->lease_ns, memory_order_relaxed);
    uint64_t next_ns = lease_ns > now_ns ? lease_ns : 0;

    for (uint32_t i = 0; i < table->rule_count && i < RULE_MAX; i++) {
        const struct rule *r = &table->rules[i];
        if (!rule_is_armed(r) || (r->targets && !(r->targets & target->targets)))
            continue;
        if (r->from_ns > now_ns)
            next_ns = soonest(next_ns, r->from_ns);
        else if (r->until_ns > now_ns && r->until_ns != UINT64_MAX)
            next_ns = soonest(next_ns, r->until_ns);
    }
    return next_ns;
}

struct holder {
    const struct relay_target *target;
    uint64_t now_ns;
};

static bool still_holds(const void *arg, uint16_t place)
{
    const struct holder *h = arg;

    return has_lease(h->target, h->now_ns) && place < RULE_MAX &&
           rule_lasts(rule_of(h->target, place), h->now_ns);
}

static bool lasts(const struct relay_target *target, uint16_t place, uint64_t now_ns)
{
    struct holder h = {target, now_ns};

    return still_holds(&h, place);
}

static void shape_down(const struct relay_target *target, struct relay_link *link, struct own *own,
                       uint64_t now_ns, struct relay_shape *shape)
{
    uint64_t from = relay_link_sent(link, RELAY_DOWN);

    cut_judge(target, link, &own->end, EFFECT_TRUNCATE, from);
    cut_judge(target, link, &own->severance, EFFECT_SEVER, from);
    if (own->end.is_set && lasts(target, own->end.strike.rule, now_ns)) {
        shape->end_at = own->end.at;
        shape->end_ns = own->end.at_ns;
    }
    if (own->severance.is_set && lasts(target, own->severance.strike.rule, now_ns)) {
        shape->sever_at = own->severance.at;
        shape->sever_ns = own->severance.at_ns;
    }
    if (own->rate_per_s && lasts(target, own->rate_rule, now_ns))
        shape->rate_per_s = own->rate_per_s;
    else
        own->rate_per_s = 0;
}

static void rules_shape(void *arg, struct relay_link *link, enum relay_way way, uint64_t now_ns,
                        struct stream *line, struct relay_shape *shape)
{
    const struct relay_target *target = arg;
    struct own *own = relay_link_state(link);
    struct holder holder = {target, now_ns};

    own->epoch = epoch_of(target);
    stream_reweigh_by(line, still_holds, &holder);
    shape->is_asked = is_armed(target, call_of(way));
    if (way == RELAY_UP) {
        own->is_fresh |= shape->is_asked && !own->is_asked;
        own->is_asked = shape->is_asked;
    }
    if (!shape->is_asked)
        return;
    shape->until_ns = next_change(target, now_ns);
    if (way == RELAY_DOWN)
        shape_down(target, link, own, now_ns, shape);
    if (own->slice[way] && lasts(target, own->slice_rule[way], now_ns))
        shape->slice = own->slice[way];
    else
        own->slice[way] = 0;
}

/* --- bytes --- */

static void take_rate(struct own *own, const struct rule *rule, uint16_t place, bool *changed)
{
    if (own->rate_per_s && own->rate_per_s <= rule->rate_per_s)
        return;
    own->rate_per_s = rule->rate_per_s;
    own->rate_rule = place;
    *changed = true;
}

static void corrupt(const struct rule *rule, const struct strike *strike, size_t len, struct mark *mark)
{
    uint64_t draw = rule_draw(rule->seed ^ 1, strike->number);

    mark->flip = (uint8_t)(draw | 1);
    mark->flip_at = (uint32_t)((draw >> 8) % len);
}

/* Returns true when the shape is another now.  len 0: the end. */
static bool judge_hold(const struct relay_target *target, struct own *own, enum relay_way way, size_t len,
                       struct mark *mark)
{
    struct subject s = subject_of(target, call_of(way), 1u << EFFECT_HOLD);
    struct verdict v;
    bool changed = false;

    if (way == RELAY_DOWN && len)
        s.only |= 1u << EFFECT_CORRUPT;
    s.is_outgoing = way == RELAY_UP;
    s.requests = &own->requests;
    if (!decide(target->table, &s, &v))
        return false;
    for (int i = 0; i < v.strikes; i++) {
        const struct rule *rule = rule_of(target, v.strike[i].rule);
        uint64_t delay_ns = 0;
        if (v.strike[i].effect == EFFECT_CORRUPT)
            corrupt(rule, &v.strike[i], len, mark);
        else if (rule->rate_per_s)
            take_rate(own, rule, v.strike[i].rule, &changed);
        else
            delay_ns = stream_hold_by(mark, rule, &v.strike[i]);
        landed(target, call_of(way), &v.strike[i], delay_ns, 0);
    }
    return changed;
}

/* Returns true when the link is reset; *ret_changed when it is cut otherwise. */
static bool judge_call(const struct relay_target *target, struct own *own, enum relay_way way,
                       bool *ret_changed)
{
    struct subject s = subject_of(target, call_of(way), SENDS);
    struct verdict v;

    s.requests = &own->requests;
    if (!decide(target->table, &s, &v))
        return false;
    for (int i = 0; i < v.strikes; i++) {
        landed(target, call_of(way), &v.strike[i], 0, v.effect == EFFECT_RESET ? ECONNRESET : 0);
        if (v.strike[i].effect != EFFECT_SLICE)
            continue;
        *ret_changed = *ret_changed || own->slice[way] != v.limit;
        own->slice[way] = v.limit;
        own->slice_rule[way] = v.strike[i].rule;
    }
    return v.effect == EFFECT_RESET;
}

/* The first bytes that are sent after bytes were received. */
static bool begin_request(const struct relay_target *target, struct relay_link *link, struct own *own,
                          const uint8_t *bytes, size_t len)
{
    struct subject s = subject_of(target, CALL_send, 0);

    if (own->was_answered) {
        count(target, COUNT_CALL);
        call_began(target, own);
    }
    own->was_answered = own->is_fresh = false;
    own->requests = (struct requests){0};
    if (!(atomic_load_explicit(&target->table->requests, memory_order_acquire) & target->targets) ||
        !has_lease(target, s.now_ns))
        return false;
    decide_requests(target->table, &s, bytes, len < REQUEST_BYTES ? len : REQUEST_BYTES, own->counted,
                    &own->requests);
    own->counted = epoch_of(target);
    cut_request(target, link, &own->end, EFFECT_TRUNCATE, &own->requests);
    cut_request(target, link, &own->severance, EFFECT_SEVER, &own->requests);
    return own->end.is_set || own->severance.is_set;
}

static enum relay_fate rules_arrive(void *arg, struct relay_link *link, enum relay_way way, uint64_t position,
                                    const uint8_t *bytes, size_t len, struct mark *mark)
{
    const struct relay_target *target = arg;
    struct own *own = relay_link_state(link);
    bool changed = own->epoch != epoch_of(target);

    (void)position;
    if (way == RELAY_UP && (own->was_answered || own->is_fresh))
        changed |= begin_request(target, link, own, bytes, len);
    if (way == RELAY_DOWN) {
        own->was_answered = true;
        call_ended(target, own);
    }
    changed |= judge_hold(target, own, way, len, mark);
    if (judge_call(target, own, way, &changed))
        return RELAY_RESET;
    if (changed)
        relay_review(link);
    return RELAY_PASS;
}

static void rules_end(void *arg, struct relay_link *link, enum relay_way way, struct mark *mark)
{
    const struct relay_target *target = arg;

    if (is_armed(target, call_of(way)))
        judge_hold(target, relay_link_state(link), way, 0, mark);
}

static void rules_event(void *arg, struct relay_link *link, enum relay_way way, enum relay_event event,
                        int error)
{
    const struct relay_target *target = arg;
    struct own *own = relay_link_state(link);

    (void)way, (void)error;
    if (event == RELAY_GONE)
        call_ended(target, own);
    if (event == RELAY_ENDED)
        landed(target, CALL_recv, &own->end.strike, 0, 0);
    else if (event == RELAY_SEVERED)
        landed(target, CALL_recv, &own->severance.strike, 0, ECONNRESET);
}

const struct relay_policy relay_rules = {
    .link_bytes = sizeof(struct own),
    .open = rules_open,
    .shape = rules_shape,
    .arrive = rules_arrive,
    .end = rules_end,
    .event = rules_event,
};
