/* Which faults go with streams, and which with datagrams.  Floor 2. */
#include "chaosctl/scenario/fault_keys.h"
#include "chaosctl/scenario/parse.h"

static bool is_of_streams_alone(const struct fault *f)
{
    enum effect effect = fault_effect(f->kind);

    return f->kind == FAULT_bandwidth || effect == EFFECT_TRUNCATE || effect == EFFECT_SLICE ||
           effect == EFFECT_DROP || effect == EFFECT_RESPOND;
}

static bool is_of_datagrams_alone(const struct fault *f)
{
    return f->kind == FAULT_loss || f->kind == FAULT_duplicate || f->kind == FAULT_reorder;
}

/* A socket in the file system may be of either sort, but only what is sent on one is struck as datagrams. */
static bool is_udp(const struct dependency *d)
{
    return d->targets_count && d->targets[0].kind != TARGET_UNIX && d->targets[0].protocol == PROTOCOL_UDP;
}

static bool is_unix(const struct dependency *d)
{
    return d->targets_count && d->targets[0].kind == TARGET_UNIX;
}

/* What is received belongs to no request: only what is sent can be matched. */
static void check_request(struct reader *r, const struct fault_nodes *n, const struct fault *f,
                          const struct dependency *d)
{
    if (n->request && (f->kind == FAULT_latency || f->kind == FAULT_reorder || f->kind == FAULT_corrupt))
        reader_error(
            r, n->request,
            "request: \"%s\" is %s, and a datagram that is received belongs to no request; there loss, "
            "duplicate and blackhole take it",
            d->name, d->text);
}

static void check_target(struct reader *r, const struct fault_nodes *n, const struct fault *f,
                         const struct dependency *d)
{
    if (is_udp(d) && is_of_streams_alone(f))
        reader_error(r, n->target,
                     "target: \"%s\" is %s; %s works on streams alone: of datagrams there are loss, latency, "
                     "duplicate, reorder, corrupt and blackhole",
                     d->name, d->text, fault_name(f->kind));
    if (!is_udp(d) && !is_unix(d) && is_of_datagrams_alone(f))
        reader_error(r, n->target, "target: \"%s\" is %s; %s works on datagrams alone", d->name, d->text,
                     fault_name(f->kind));
    if (is_unix(d) && f->kind == FAULT_reorder)
        reader_error(r, n->target, "target: \"%s\" is %s; reorder works on udp alone", d->name, d->text);
    if (is_unix(d) && is_of_datagrams_alone(f) && f->direction == DIRECTION_INBOUND)
        reader_error(r, n->direction, "direction: \"%s\" is %s, where %s strikes datagrams that are sent",
                     d->name, d->text, fault_name(f->kind));
    if (is_udp(d))
        check_request(r, n, f, d);
}

/* What the relay carries out: the faults of connections and of what flows through them, but for those that
 * take a request and its answer apart. */
static bool is_of_proxies(const struct fault *f)
{
    static const enum fault_kind kinds[] = {
        FAULT_refuse,  FAULT_unreachable, FAULT_outage, FAULT_reset,    FAULT_blackhole,
        FAULT_latency, FAULT_bandwidth,   FAULT_slice,  FAULT_truncate, FAULT_corrupt,
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (kinds[i] == f->kind)
            return true;
    return false;
}

static void check_proxy(struct reader *r, const struct fault_nodes *n, const struct fault *f,
                        const struct dependency *d)
{
    if (!is_of_proxies(f))
        reader_error(
            r, n->target,
            "target: \"%s\" is a proxy, which cannot carry out %s; it can refuse, unreachable, outage, "
            "reset, blackhole, latency, bandwidth, slice, truncate and corrupt",
            d->name, fault_name(f->kind));
    if (n->in)
        reader_error(r, n->in, "in: \"%s\" is a proxy, which cannot tell whose connection it is", d->name);
    if (f->direction == DIRECTION_INBOUND)
        reader_error(r, n->direction, "direction: \"%s\" is a proxy; what goes through it is outbound",
                     d->name);
}

void fault_check_flow(struct reader *r, const struct fault_nodes *n, const struct fault *f)
{
    const struct scenario *s = r->scenario;

    for (size_t i = 0; n->target && i < s->dependencies_count && i < DEPENDENCY_MAX; i++)
        if (f->targets & (1u << i) && s->dependencies[i].listen)
            check_proxy(r, n, f, &s->dependencies[i]);
        else if (f->targets & (1u << i) && s->dependencies[i].targets_count)
            check_target(r, n, f, &s->dependencies[i]);
}
