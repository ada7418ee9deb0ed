/* What toxics make of a link.  Floor 1. */
#include <string.h>

#include "injectors/relay/internal.h"
#include "injectors/relay/toxics.h"

#define MS UINT64_C(1000000)
#define US UINT64_C(1000)

static const struct {
    const char *name;
    const char *attributes[TOXIC_ATTRIBUTES + 1];
} kinds[TOXIC_COUNT] = {
    [TOXIC_LATENCY] = {"latency", {"latency", "jitter"}},
    [TOXIC_BANDWIDTH] = {"bandwidth", {"rate"}},
    [TOXIC_SLOW_CLOSE] = {"slow_close", {"delay"}},
    [TOXIC_TIMEOUT] = {"timeout", {"timeout"}},
    [TOXIC_RESET_PEER] = {"reset_peer", {"timeout"}},
    [TOXIC_SLICER] = {"slicer", {"average_size", "size_variation", "delay"}},
    [TOXIC_LIMIT_DATA] = {"limit_data", {"bytes"}},
};

enum toxic_kind toxic_find(const char *name)
{
    for (int k = TOXIC_NONE + 1; k < TOXIC_COUNT; k++)
        if (!strcmp(kinds[k].name, name))
            return (enum toxic_kind)k;
    return TOXIC_NONE;
}

const char *toxic_name(enum toxic_kind kind)
{
    return kind < TOXIC_COUNT ? kinds[kind].name : NULL;
}

const char *const *toxic_attributes(enum toxic_kind kind)
{
    return kinds[kind < TOXIC_COUNT ? kind : TOXIC_NONE].attributes;
}

/* --- of a link --- */

struct own {
    uint64_t number;           /* of the link, from 1 */
    uint64_t draws;            /* of jitter */
    uint32_t judged, struck;   /* by place */
    uint32_t begun;            /* reset_peer: data came */
    uint64_t from[TOXICS_MAX]; /* when, or at which position, it began to count */
};

static uint64_t value_of(const struct toxic *t, int i)
{
    return t->value[i] > 0 ? (uint64_t)t->value[i] : 0;
}

static uint64_t times(uint64_t value, uint64_t unit)
{
    uint64_t most = UINT64_C(1) << 60; /* thirty years: what is added to it does not wrap */

    return value > most / unit ? most : value * unit;
}

static bool is_drawn(const struct toxic *t, uint64_t number)
{
    double draw = (double)(rule_draw(t->seed, number) >> 11) / (double)(UINT64_C(1) << 53);

    return draw < t->toxicity;
}

static void judge(struct own *own, const struct toxic *t, uint32_t place, uint64_t from)
{
    uint32_t bit = 1u << place;

    if (own->judged & bit)
        return;
    own->judged |= bit;
    own->begun &= ~bit;
    own->from[place] = from;
    own->struck = is_drawn(t, own->number) ? own->struck | bit : own->struck & ~bit;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return !a || (b && b < a) ? b : a;
}

static void shape_timeout(const struct toxic *t, uint64_t from_ns, struct relay_shape *shape)
{
    uint64_t timeout_ns = times(value_of(t, 0), MS);

    shape->drops = true;
    if (timeout_ns)
        shape->end_ns = least(shape->end_ns, from_ns + timeout_ns);
}

/* The end and the severance by position count from 1, by time there is no moment 0 either. */
static void shape_limit(const struct toxic *t, uint64_t from, struct relay_shape *shape, uint64_t now_ns)
{
    uint64_t bytes = value_of(t, 0);

    if (from + bytes)
        shape->end_at = least(shape->end_at, from + bytes);
    else
        shape->end_ns = now_ns;
}

static void shape_slices(const struct toxic *t, struct relay_shape *shape)
{
    if (!value_of(t, 0))
        return;
    shape->slice = least(shape->slice, value_of(t, 0));
    shape->slice_spread = value_of(t, 1);
    shape->slice_gap_ns = times(value_of(t, 2), US);
}

static void shape_by(const struct toxic *t, const struct own *own, uint32_t place, uint64_t now_ns,
                     struct relay_shape *shape)
{
    switch ((enum toxic_kind)t->kind) {
    case TOXIC_LATENCY: shape->is_asked = true; break;
    case TOXIC_BANDWIDTH: shape->rate_per_s = least(shape->rate_per_s, times(value_of(t, 0), 1000)); break;
    case TOXIC_TIMEOUT: shape_timeout(t, own->from[place], shape); break;
    case TOXIC_RESET_PEER:
        shape->is_asked = true;
        if (own->begun & 1u << place)
            shape->sever_ns = least(shape->sever_ns, own->from[place] + times(value_of(t, 0), MS));
        break;
    case TOXIC_SLICER: shape_slices(t, shape); break;
    case TOXIC_LIMIT_DATA: shape_limit(t, own->from[place], shape, now_ns); break;
    case TOXIC_SLOW_CLOSE:
    case TOXIC_NONE:
    case TOXIC_COUNT: break;
    }
}

/* Does it still hold what it held? */
struct holder {
    const struct toxics *toxics;
    uint8_t way;
};

static bool still_holds(const void *arg, uint16_t place)
{
    const struct holder *h = arg;
    const struct toxic *t = &h->toxics->toxic[place % TOXICS_MAX];

    return (t->kind == TOXIC_LATENCY || t->kind == TOXIC_SLOW_CLOSE || t->kind == TOXIC_RESET_PEER) &&
           t->way == h->way;
}

static void toxics_shape(void *arg, struct relay_link *link, enum relay_way way, uint64_t now_ns,
                         struct stream *line, struct relay_shape *shape)
{
    struct toxics *toxics = arg;
    struct own *own = relay_link_state(link);
    struct holder holder = {toxics, (uint8_t)way};

    if (!own->number)
        own->number = ++toxics->links;
    for (uint32_t i = 0; i < TOXICS_MAX; i++) {
        const struct toxic *t = &toxics->toxic[i];
        if (t->kind == TOXIC_NONE || t->way != way)
            continue;
        judge(own, t, i, t->kind == TOXIC_LIMIT_DATA ? line->consumed : now_ns);
        if (own->struck & 1u << i)
            shape_by(t, own, i, now_ns, shape);
    }
    stream_reweigh_by(line, still_holds, &holder);
}

static uint64_t latency_ns(const struct toxic *t, struct own *own)
{
    uint64_t delay_ns = times(value_of(t, 0), MS), jitter_ns = times(value_of(t, 1), MS);

    if (!jitter_ns)
        return delay_ns;
    uint64_t draw = rule_draw(t->seed + own->number, own->draws++) % (2 * jitter_ns + 1);
    return delay_ns + draw > jitter_ns ? delay_ns + draw - jitter_ns : 0;
}

/* The first that comes, data or their end, starts its clock. */
static bool starts_reset(struct relay_link *link, struct own *own, uint32_t place)
{
    if (!(own->begun & 1u << place)) {
        own->begun |= 1u << place;
        own->from[place] = relay_now_ns();
        relay_review(link);
    }
    return true;
}

static enum relay_fate toxics_arrive(void *arg, struct relay_link *link, enum relay_way way,
                                     uint64_t position, const uint8_t *bytes, size_t len, struct mark *mark)
{
    const struct toxics *toxics = arg;
    struct own *own = relay_link_state(link);
    enum relay_fate fate = RELAY_PASS;

    (void)position, (void)bytes, (void)len;
    for (uint32_t i = 0; i < TOXICS_MAX; i++) {
        const struct toxic *t = &toxics->toxic[i];
        if (t->way != way || !(own->struck & 1u << i))
            continue;
        if (t->kind == TOXIC_LATENCY)
            stream_hold(mark, (uint16_t)i, latency_ns(t, own));
        else if (t->kind == TOXIC_RESET_PEER && starts_reset(link, own, i))
            fate = RELAY_DROP;
    }
    return fate;
}

/* An end that is to be a reset, or that a timeout holds, is none until then. */
static void toxics_end(void *arg, struct relay_link *link, enum relay_way way, struct mark *mark)
{
    const struct toxics *toxics = arg;
    struct own *own = relay_link_state(link);

    for (uint32_t i = 0; i < TOXICS_MAX; i++) {
        const struct toxic *t = &toxics->toxic[i];
        if (t->way != way || !(own->struck & 1u << i))
            continue;
        if (t->kind == TOXIC_SLOW_CLOSE)
            stream_hold(mark, (uint16_t)i, times(value_of(t, 0), MS));
        else if (t->kind == TOXIC_RESET_PEER && starts_reset(link, own, i))
            stream_hold(mark, (uint16_t)i, times(value_of(t, 0) + 1000, MS));
    }
}

const struct relay_policy relay_toxics = {
    .link_bytes = sizeof(struct own),
    .shape = toxics_shape,
    .arrive = toxics_arrive,
    .end = toxics_end,
};

/* --- changes --- */

uint32_t toxics_free_place(const struct toxics *toxics)
{
    uint32_t i = 0;

    while (i < TOXICS_MAX && toxics->toxic[i].kind != TOXIC_NONE)
        i++;
    return i;
}

static void forget(struct relay *relay, const struct toxics *toxics, uint32_t place)
{
    for (struct relay_link *l = relay->links; l; l = l->after)
        if (l->arg == toxics)
            ((struct own *)relay_link_state(l))->judged &= ~(1u << place);
}

void toxics_put(struct relay *relay, struct toxics *toxics, uint32_t place, const struct toxic *toxic)
{
    toxics->toxic[place] = *toxic;
    forget(relay, toxics, place);
    relay_review_all(relay, toxics);
}

/* What was counted so far counts on; whom it strikes is drawn anew only when the odds are others. */
void toxics_change(struct relay *relay, struct toxics *toxics, uint32_t place, const struct toxic *toxic)
{
    bool redraws =
        toxics->toxic[place].toxicity < toxic->toxicity || toxics->toxic[place].toxicity > toxic->toxicity;

    toxics->toxic[place] = *toxic;
    if (redraws)
        forget(relay, toxics, place);
    relay_review_all(relay, toxics);
}

/* A link whose data were dropped has a hole: it cannot go on. */
static void end_dropped(struct relay *relay, const struct toxics *toxics, uint32_t place)
{
    for (struct relay_link *l = relay->links, *after; l; l = after) {
        after = l->after;
        if (l->arg == toxics && l->state == LINK_OPEN &&
            ((struct own *)relay_link_state(l))->struck & 1u << place)
            link_end(l);
    }
}

void toxics_remove(struct relay *relay, struct toxics *toxics, uint32_t place)
{
    if (toxics->toxic[place].kind == TOXIC_TIMEOUT)
        end_dropped(relay, toxics, place);
    toxics->toxic[place] = (struct toxic){.kind = TOXIC_NONE};
    for (struct relay_link *l = relay->links; l; l = l->after)
        if (l->arg == toxics)
            ((struct own *)relay_link_state(l))->struck &= ~(1u << place);
    forget(relay, toxics, place);
    relay_review_all(relay, toxics);
}
