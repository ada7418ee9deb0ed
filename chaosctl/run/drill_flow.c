/* What a run tells of its dependencies, its loads, and what people did.  Floor 3. */
#include <jansson.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/run/drill_flow.h"
#include "chaosctl/run/flow.h"
#include "chaosctl/run/internal.h"

#define LOAD_NS   (5 * NS_PER_S) /* of a load's requests */
#define DEEDS_MAX 20             /* the last ones */

/* --- dependencies --- */

static void put_rates(json_t *json, const struct flow_rates *r, bool is_followed)
{
    json_object_set_new(json, "calls_per_s", json_real(r->calls_per_s));
    if (!is_followed)
        return;
    json_object_set_new(json, "failed_per_s", json_real(r->failed_per_s));
    if (r->latency_s >= 0)
        json_object_set_new(json, "latency_s", json_real(r->latency_s));
    if (r->longest_s > 0)
        json_object_set_new(json, "longest_s", json_real(r->longest_s));
}

static void put_flow(const struct run *run, json_t *json, size_t index)
{
    const struct table *table = control_table(run->control);
    struct flow_rates now = flow_now(run, index), before = flow_before(run, index);
    uint32_t bit = 1u << index;
    bool is_followed = atomic_load(&table->followed) & bit;

    if (now.is_known)
        put_rates(json, &now, is_followed);
    if (is_followed)
        json_object_set_new(json, "waiting", json_integer((json_int_t)inflight_count(table->inflight, bit)));
    if (!before.is_known)
        return;
    json_t *past = json_object();
    put_rates(past, &before, is_followed);
    json_object_set_new(json, "before", past);
}

json_t *drill_dependencies(const struct run *run)
{
    const struct scenario *s = run->scenario;
    const struct table *table = control_table(run->control);
    json_t *list = json_array();

    for (size_t i = 0; i < s->dependencies_count; i++) {
        bool is_counted = table && table->watched & 1u << i;
        json_t *json = json_pack("{s:s, s:s, s:b}", "name", s->dependencies[i].name, "at",
                                 s->dependencies[i].text, "counted", is_counted);
        if (json && is_counted)
            put_flow(run, json, i);
        json_array_append_new(list, json);
    }
    return list;
}

/* --- loads --- */

static json_t *measured(const struct observation *seen)
{
    json_t *json = json_pack("{s:I, s:f}", "samples", (json_int_t)seen->samples, "rate_per_s",
                             seen->number[METRIC_rate]);

    if (seen->has[METRIC_success])
        json_object_set_new(json, "success_percent", json_real(seen->number[METRIC_success]));
    if (seen->has[METRIC_p95])
        json_object_set_new(json, "p95_s", json_real(seen->number[METRIC_p95] / (double)NS_PER_S));
    return json;
}

json_t *drill_loads(const struct run *run)
{
    uint64_t now_ns = now_mono_ns();
    json_t *list = json_array();

    for (size_t i = 0; i < run->scenario->loads_count; i++) {
        struct observation seen = {0};
        if (!run->loads[i])
            continue;
        load_observe(run->loads[i], now_ns - LOAD_NS, now_ns, &seen);
        json_t *json = measured(&seen);
        json_object_set_new(json, "name", json_string(run->scenario->loads[i].name));
        if (run->has_baseline[i])
            json_object_set_new(json, "before", measured(&run->load_baseline[i]));
        json_array_append_new(list, json);
    }
    return list;
}

/* --- what people did --- */

static json_t *deed_json(const struct deed *deed, uint64_t now_ns)
{
    double ago_s = now_ns > deed->at_ns ? (double)(now_ns - deed->at_ns) / (double)NS_PER_S : 0;

    return json_pack("{s:s, s:s?, s:I, s:f, s:I, s:I, s:I, s:s?, s:s?}", "what", deed->what, "text",
                     deed->text, "fault", (json_int_t)deed->fault, "ago_s", ago_s, "for_ns",
                     (json_int_t)deed->for_ns, "uid", (json_int_t)deed->uid, "pid", (json_int_t)deed->pid,
                     "user", deed->user, "terminal", deed->terminal);
}

json_t *drill_deeds(const struct run *run)
{
    const struct course *c = &run->course;
    size_t first = c->deeds_count > DEEDS_MAX ? c->deeds_count - DEEDS_MAX : 0;
    uint64_t now_ns = now_mono_ns() - c->started_ns;
    json_t *list = json_array();

    for (size_t i = first; i < c->deeds_count; i++)
        json_array_append_new(list, deed_json(&c->deeds[i], now_ns));
    return list;
}
