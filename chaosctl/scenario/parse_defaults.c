/* Timing and isolation: defaults, and what experiments override.  Floor 2. */
#include <string.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/scenario/parse.h"

#define LEASE_MIN_NS (1 * NS_PER_S)
#define LEASE_MAX_NS (60 * NS_PER_S)

static const struct field baseline_fields[] = {
    {"for", &shape_time, offsetof(struct timing, baseline_for_ns), 0,
     "the steady state must hold this long before the fault; 2s unless given"},
    {"within", &shape_time, offsetof(struct timing, baseline_within_ns), 0,
     "and must have begun to by then; 15s unless given"},
    {0},
};

static const struct field recovery_fields[] = {
    {"within", &shape_time, offsetof(struct timing, recovery_within_ns), 0,
     "after the lift the steady state must hold again by then; 30s unless given"},
    {"stable_for", &shape_time, offsetof(struct timing, stable_for_ns), 0,
     "and hold for this long; 2s unless given"},
    {0},
};

static bool take_baseline(struct reader *r, const struct node *node, void *ret_timing)
{
    return fields_read(r, node, "baseline", baseline_fields, ret_timing);
}

static bool take_recovery(struct reader *r, const struct node *node, void *ret_timing)
{
    return fields_read(r, node, "recovery", recovery_fields, ret_timing);
}

static bool take_isolation(struct reader *r, const struct node *node, void *ret_shared)
{
    const char *text = NULL;
    bool plain;

    if (!reader_text(r, node, shape_isolation.wanted, &text, &plain))
        return false;
    if (strcmp(text, "fresh") && strcmp(text, "shared")) {
        reader_error(r, node, "\"%s\" is not %s", text, shape_isolation.wanted);
        return false;
    }
    *(bool *)ret_shared = !strcmp(text, "shared");
    return true;
}

static bool take_lease(struct reader *r, const struct node *node, void *ret_ns)
{
    uint64_t ns = 0;

    if (!shape_time.take(r, node, &ns))
        return false;
    if (ns < LEASE_MIN_NS || ns > LEASE_MAX_NS)
        reader_error(r, node, "\"%s\" is out of range: 1s to 60s", node->text);
    *(uint64_t *)ret_ns = ns;
    return true;
}

const struct shape shape_baseline = {.name = "baseline",
                                     .wanted = "a map",
                                     .kind = SHAPE_MAP,
                                     .fields = baseline_fields,
                                     .take = take_baseline};
const struct shape shape_recovery = {.name = "recovery",
                                     .wanted = "a map",
                                     .kind = SHAPE_MAP,
                                     .fields = recovery_fields,
                                     .take = take_recovery};
const struct shape shape_isolation = {
    .name = "isolation",
    .wanted = "fresh (each cell starts its services) or shared (they are kept)",
    .schema = "{\"enum\":[\"fresh\",\"shared\"]}",
    .take = take_isolation,
};
static const struct shape shape_lease = {
    .name = "lease",
    .wanted = "a duration from 1s to 60s",
    .schema = "{\"type\":\"string\"}",
    .take = take_lease,
};

static const struct field fields[] = {
    {"baseline", &shape_baseline, offsetof(struct defaults, timing), 0,
     "how long the steady state must hold first"},
    {"hold", &shape_time, offsetof(struct defaults, timing.hold_ns), 0,
     "how long the fault lasts; 5s unless given"},
    {"recovery", &shape_recovery, offsetof(struct defaults, timing), 0, "when the steady state must be back"},
    {"isolation", &shape_isolation, offsetof(struct defaults, shared), 0,
     "fresh (unless given): each cell starts its services; shared: they are kept"},
    {"lease", &shape_lease, offsetof(struct defaults, lease_ns), 0,
     "no fault outlives this when chaosctl dies; 5s unless given"},
    {0},
};

void defaults_read(struct reader *r, const struct node *node, struct defaults *ret_defaults)
{
    *ret_defaults = (struct defaults){
        .timing = {.baseline_for_ns = 2 * NS_PER_S,
                   .baseline_within_ns = 15 * NS_PER_S,
                   .hold_ns = 5 * NS_PER_S,
                   .recovery_within_ns = 30 * NS_PER_S,
                   .stable_for_ns = 2 * NS_PER_S},
        .lease_ns = 5 * NS_PER_S,
    };
    if (node && !node_is_null(node))
        (void)fields_read(r, node, "defaults", fields, ret_defaults);
}

const struct shape shape_defaults = {
    .name = "defaults", .wanted = "a map", .kind = SHAPE_MAP, .fields = fields};

/* --- impossible numbers --- */

static void too_few(struct reader *r, const struct check *c, const struct load *load, const char *what,
                    uint64_t ns)
{
    const struct node at = {.at = c->at};
    char time[UNIT_TEXT_BYTES];

    if (load->rate_per_s * ((double)ns / 1e9) >= (double)c->min_samples)
        return;
    reader_error(r, &at,
                 "min_samples %llu cannot be reached: load %s sends %g/s, and %s is %s; lengthen %s, raise "
                 "the rate, or "
                 "lower min_samples",
                 (unsigned long long)c->min_samples, load->name, load->rate_per_s, what,
                 unit_format_duration(ns, time), what);
}

static void check_samples(struct reader *r, const struct check *checks, size_t count, const char *what,
                          uint64_t ns)
{
    for (size_t i = 0; i < count; i++)
        if (checks[i].load >= 0 && r->scenario->loads[checks[i].load].rate_per_s > 0)
            too_few(r, &checks[i], &r->scenario->loads[checks[i].load], what, ns);
}

void timing_check(struct reader *r, const struct cell *cell)
{
    const struct scenario *s = r->scenario;

    check_samples(r, s->steady, s->steady_count, "baseline.for", cell->timing.baseline_for_ns);
    check_samples(r, s->steady, s->steady_count, "recovery.stable_for", cell->timing.stable_for_ns);
    check_samples(r, cell->during, cell->during_count, "hold", cell->timing.hold_ns);
}
