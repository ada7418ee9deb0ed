/* What dependencies were seen being asked, from the control area's rows of traffic.  Floor 3. */
#include <stdlib.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/run/internal.h"

static struct calls_mark mark_of(const struct run *run, unsigned bit)
{
    const struct traffic *row = &control_table(run->control)->traffic[bit];

    return (struct calls_mark){atomic_load(&row->calls), atomic_load(&row->connects)};
}

static struct calls_mark mark_now(const struct run *run, uint32_t targets)
{
    struct calls_mark sum = {0};

    for (unsigned bit = 0; bit < DEPENDENCY_MAX; bit++)
        if (targets & (1u << bit)) {
            struct calls_mark one = mark_of(run, bit);
            sum.calls += one.calls;
            sum.connects += one.connects;
        }
    return sum;
}

static void set(struct observation *o, enum metric metric, double value)
{
    o->has[metric] = true;
    o->number[metric] = value;
}

static double rate_of(uint64_t calls, uint64_t ns)
{
    return (double)calls * (double)NS_PER_S / (double)ns;
}

/* --- one check --- */

void calls_begin(const struct run *run, const struct check *check, uint64_t from_ns,
                 struct calls_track *track)
{
    struct calls_mark now = mark_now(run, check->targets);

    *track = (struct calls_track){
        .from_ns = from_ns, .mark = now, .second = now, .second_ns = from_ns, .rate_per_s = -1};
}

/* At the end of a phase the rate is that of the phase.  Looked at while it goes on, it is that of the last
 * whole second: of the first instants it would be nothing, and of the phase so far a burst at its start would
 * never leave it. */
static void observe_rate(struct calls_track *t, struct calls_mark now, bool at_end, uint64_t now_ns,
                         struct observation *seen)
{
    if (at_end) {
        if (now_ns > t->from_ns)
            set(seen, METRIC_rate, rate_of(now.calls - t->mark.calls, now_ns - t->from_ns));
        return;
    }
    if (now_ns >= t->second_ns + NS_PER_S) {
        t->rate_per_s = rate_of(now.calls - t->second.calls, now_ns - t->second_ns);
        t->second = now;
        t->second_ns = now_ns;
    }
    if (t->rate_per_s >= 0)
        set(seen, METRIC_rate, t->rate_per_s);
}

/* Those that wait for their answers have made calls too.  Until now, not until the end of the phase, as the
 * calls are counted now. */
static void observe_requests(const struct run *run, const struct check *check, uint64_t calls,
                             uint64_t from_ns, struct observation *seen)
{
    size_t unfinished = 0;
    size_t requests = load_count(run->loads[check->load], from_ns, now_mono_ns(), &unfinished);

    seen->samples = requests;
    if (requests && requests >= check->min_samples)
        set(seen, METRIC_per_request, (double)calls / (double)requests);
}

void calls_observe(const struct run *run, const struct check *check, struct calls_track *track, bool at_end,
                   uint64_t now_ns, struct observation *seen)
{
    struct calls_mark now = mark_now(run, check->targets);

    seen->samples = 1;
    set(seen, METRIC_count, (double)(now.calls - track->mark.calls));
    set(seen, METRIC_connects, (double)(now.connects - track->mark.connects));
    observe_rate(track, now, at_end, now_ns, seen);
    if (check->load >= 0 && run->loads[check->load])
        observe_requests(run, check, now.calls - track->mark.calls, track->from_ns, seen);
}

/* --- the baseline --- */

struct calls_baseline {
    uint64_t from_ns, to_ns; /* to_ns 0: it is not over */
    struct calls_mark from[DEPENDENCY_MAX], to[DEPENDENCY_MAX];
};

struct calls_baseline *calls_baseline_new(void)
{
    return calloc(1, sizeof(struct calls_baseline));
}

void calls_baseline_begin(struct run *run)
{
    struct calls_baseline *b = run->calls_baseline;

    *b = (struct calls_baseline){.from_ns = now_mono_ns()};
    for (unsigned bit = 0; bit < DEPENDENCY_MAX; bit++)
        b->from[bit] = mark_of(run, bit);
}

void calls_baseline_end(struct run *run)
{
    struct calls_baseline *b = run->calls_baseline;

    b->to_ns = now_mono_ns();
    for (unsigned bit = 0; bit < DEPENDENCY_MAX; bit++)
        b->to[bit] = mark_of(run, bit);
}

void calls_baseline_of(const struct run *run, const struct check *check, struct observation *seen)
{
    const struct calls_baseline *b = run->calls_baseline;
    uint64_t calls = 0;
    size_t unfinished = 0, requests = 0;

    if (b->to_ns <= b->from_ns)
        return;
    for (unsigned bit = 0; bit < DEPENDENCY_MAX; bit++)
        if (check->targets & (1u << bit))
            calls += b->to[bit].calls - b->from[bit].calls;
    set(seen, METRIC_rate, rate_of(calls, b->to_ns - b->from_ns));
    if (check->load >= 0 && run->loads[check->load])
        requests = load_count(run->loads[check->load], b->from_ns, b->to_ns, &unfinished);
    if (requests)
        set(seen, METRIC_per_request, (double)calls / (double)requests);
}
