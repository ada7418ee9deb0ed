/* What flows to each dependency now, and what did before the fault: for people who look on.  Floor 3.
 *
 * A rate is that of the last whole second: of less it would flicker.  "Before" is the time until the first
 * fault, ten seconds of it at most; when all faults are lifted it stays, until it was quiet for long enough
 * to see that things are as they were. */
#include <stdlib.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/run/flow.h"
#include "chaosctl/run/internal.h"

#define QUIET_MAX 11 /* marks, a second apart */
#define QUIET_NS  (3 * NS_PER_S)

struct mark {
    uint64_t at_ns, calls, failed, answered, took_ns;
};

struct marks_of_all {
    struct mark of[DEPENDENCY_MAX];
};

struct flow {
    bool has_begun, was_disturbed;
    struct marks_of_all second, quiet[QUIET_MAX];
    size_t quiet_count;
    uint64_t longest_ns[DEPENDENCY_MAX]; /* since the second began */
    struct flow_rates now[DEPENDENCY_MAX], before[DEPENDENCY_MAX];
};

struct flow *flow_new(void)
{
    return calloc(1, sizeof(struct flow));
}

static uint32_t all_of(const struct scenario *s)
{
    return s->dependencies_count < DEPENDENCY_MAX ? (1u << s->dependencies_count) - 1 : ~TARGET_ANY;
}

/* An experiment counts what its checks want to know, and no more: counting has its price. */
void flow_watch(struct run *run)
{
    struct table *table = control_table(run->control);
    uint32_t all = all_of(run->scenario);

    if (!run->options.hold || table->watched == all)
        return;
    atomic_store(&table->followed, all);
    table_watch(table, all);
}

void flow_begin(struct run *run)
{
    *run->flow = (struct flow){0};
    flow_watch(run);
}

static void mark_all(const struct run *run, uint64_t now_ns, struct marks_of_all *marks)
{
    for (unsigned bit = 0; bit < DEPENDENCY_MAX; bit++) {
        const struct traffic *row = &control_table(run->control)->traffic[bit];
        marks->of[bit] = (struct mark){.at_ns = now_ns,
                                       .calls = atomic_load(&row->calls),
                                       .failed = atomic_load(&row->failed),
                                       .answered = atomic_load(&row->answered),
                                       .took_ns = atomic_load(&row->took_ns)};
    }
}

static struct flow_rates rates_between(const struct mark *from, const struct mark *to)
{
    double seconds = (double)(to->at_ns - from->at_ns) / (double)NS_PER_S;
    uint64_t answered = to->answered - from->answered;
    double took_s = (double)(to->took_ns - from->took_ns) / (double)NS_PER_S;

    return (struct flow_rates){.is_known = true,
                               .calls_per_s = (double)(to->calls - from->calls) / seconds,
                               .failed_per_s = (double)(to->failed - from->failed) / seconds,
                               .latency_s = answered ? took_s / (double)answered : -1};
}

static void tell_before(struct flow *flow)
{
    const struct marks_of_all *oldest = &flow->quiet[0], *newest = &flow->quiet[flow->quiet_count - 1];
    uint64_t least_ns = flow->before[0].is_known ? QUIET_NS : 1;

    if (newest->of[0].at_ns < oldest->of[0].at_ns + least_ns)
        return;
    for (unsigned bit = 0; bit < DEPENDENCY_MAX; bit++)
        flow->before[bit] = rates_between(&oldest->of[bit], &newest->of[bit]);
}

static void keep_quiet(struct flow *flow, const struct marks_of_all *marks)
{
    if (flow->quiet_count == QUIET_MAX)
        for (size_t i = 1; i < QUIET_MAX; i++)
            flow->quiet[i - 1] = flow->quiet[i];
    flow->quiet_count -= flow->quiet_count == QUIET_MAX;
    flow->quiet[flow->quiet_count++] = *marks;
    tell_before(flow);
}

static bool is_disturbed(const struct run *run)
{
    const struct course *c = &run->course;

    return (c->injections && c->cell->faults_count && !c->lifted) || live_is_active(run);
}

static void second_is_over(struct run *run, uint64_t now_ns)
{
    struct flow *flow = run->flow;
    struct marks_of_all marks;

    mark_all(run, now_ns, &marks);
    for (unsigned bit = 0; flow->has_begun && bit < DEPENDENCY_MAX; bit++) {
        flow->now[bit] = rates_between(&flow->second.of[bit], &marks.of[bit]);
        flow->now[bit].longest_s = (double)flow->longest_ns[bit] / (double)NS_PER_S;
        flow->longest_ns[bit] = 0;
    }
    if (flow->was_disturbed)
        flow->quiet_count = 0;
    if (!is_disturbed(run))
        keep_quiet(flow, &marks);
    flow->second = marks;
    flow->has_begun = true;
    flow->was_disturbed = false;
}

bool flow_is_due(const struct run *run, uint64_t now_ns)
{
    const struct flow *flow = run->flow;

    return !flow->has_begun || now_ns >= flow->second.of[0].at_ns + NS_PER_S;
}

void flow_tick(struct run *run, uint64_t now_ns)
{
    struct flow *flow = run->flow;

    if (!control_table(run->control))
        return;
    flow->was_disturbed |= is_disturbed(run);
    for (unsigned bit = 0; bit < DEPENDENCY_MAX; bit++)
        if (run->calls_peak.longest_ns[bit] > flow->longest_ns[bit])
            flow->longest_ns[bit] = run->calls_peak.longest_ns[bit];
    if (flow_is_due(run, now_ns))
        second_is_over(run, now_ns);
}

struct flow_rates flow_now(const struct run *run, size_t dependency)
{
    return run->flow->now[dependency];
}

struct flow_rates flow_before(const struct run *run, size_t dependency)
{
    return run->flow->before[dependency];
}
