/* What dependencies were seen being asked, from the control area's rows of traffic.  Floor 3. */
#include <stdlib.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/run/flow.h"
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

    *track = (struct calls_track){.from_ns = from_ns,
                                  .mark = now,
                                  .second = now,
                                  .second_ns = from_ns,
                                  .rate_per_s = -1,
                                  .untold = atomic_load(&control_table(run->control)->untold)};
}

/* --- calls that wait --- */

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void take_peak(struct run *run, unsigned bit)
{
    struct table *table = control_table(run->control);

    run->calls_peak.most[bit] =
        larger(atomic_exchange(&table->traffic[bit].most, 0), inflight_count(table->inflight, 1u << bit));
    run->calls_peak.longest_ns[bit] = atomic_exchange(&table->traffic[bit].longest_ns, 0);
}

/* Which processes live, each asked once: a thousand calls may be those of a few. */
struct census {
    struct {
        uint32_t pid;
        bool lives;
    } of[256];
};

static bool lives(struct census *census, uint32_t pid)
{
    size_t i = pid % (sizeof(census->of) / sizeof(*census->of));

    if (census->of[i].pid != pid) {
        census->of[i].pid = pid;
        census->of[i].lives = process_birth((pid_t)pid);
    }
    return census->of[i].lives;
}

/* One that waits has waited at least this long; one whose process is gone waits no more.  census NULL: that
 * is not asked this time. */
static void look_at(struct run *run, struct inflight *place, struct census *census, uint64_t now_ns)
{
    uint32_t pid = atomic_load(&place->pid), targets = atomic_load(&place->targets);
    uint64_t since_ns = atomic_load(&place->since_ns);

    if (!pid || !since_ns || now_ns <= since_ns)
        return;
    if (census && !lives(census, pid)) {
        inflight_end(place, pid, now_ns);
        return;
    }
    for (unsigned bit = 0; bit < DEPENDENCY_MAX; bit++)
        if (targets & (1u << bit))
            run->calls_peak.longest_ns[bit] = larger(run->calls_peak.longest_ns[bit], now_ns - since_ns);
}

void calls_tick(struct run *run, uint64_t now_ns)
{
    struct table *table = control_table(run->control);

    uint32_t followed = table ? atomic_load(&table->followed) : 0;
    struct census census = {0};

    /* Asking /proc about hundreds of processes costs milliseconds.  A hold has no check that a second more of
     * one that is gone would mislead. */
    bool asks = !run->options.hold || flow_is_due(run, now_ns);

    if (!followed)
        return;
    for (unsigned bit = 0; bit < DEPENDENCY_MAX; bit++)
        if (followed & 1u << bit)
            take_peak(run, bit);
    for (int i = 0; i < INFLIGHT_MAX; i++)
        look_at(run, &table->inflight[i], asks ? &census : NULL, now_ns);
}

/* Of several dependencies the sum of what each had within a tick: no less than there were at a time. */
void calls_sample(const struct run *run, const struct check *check, struct calls_track *track)
{
    uint64_t most = 0;

    for (unsigned bit = 0; bit < DEPENDENCY_MAX; bit++) {
        if (!(check->targets & (1u << bit)))
            continue;
        most += run->calls_peak.most[bit];
        track->longest_ns = larger(track->longest_ns, run->calls_peak.longest_ns[bit]);
    }
    track->most = larger(track->most, most);
}

/* Where one found no place, nobody knows how long it took. */
static void observe_waiting(const struct run *run, const struct check *check, struct calls_track *track,
                            uint64_t calls, struct observation *seen)
{
    calls_sample(run, check, track);
    if (atomic_load(&control_table(run->control)->untold) != track->untold)
        return;
    set(seen, METRIC_concurrent, (double)track->most);
    if (calls || track->longest_ns)
        set(seen, METRIC_longest, (double)track->longest_ns);
}

static bool follows(const struct check *check)
{
    for (size_t i = 0; check->kind == CHECK_CALLS && i < check->expect_count; i++)
        if (check->expect[i].metric == METRIC_concurrent || check->expect[i].metric == METRIC_longest)
            return true;
    return false;
}

static uint32_t followed_of(const struct check *checks, size_t count)
{
    uint32_t targets = 0;

    for (size_t i = 0; i < count; i++)
        targets |= follows(&checks[i]) ? checks[i].targets : 0;
    return targets;
}

uint32_t followed_targets(const struct run *run)
{
    const struct scenario *s = run->scenario;
    uint32_t targets =
        followed_of(s->steady, s->steady_count) | followed_of(s->stop_when, s->stop_when_count);

    for (size_t i = 0; i < run->queue_count; i++)
        targets |= followed_of(run->queue[i]->during, run->queue[i]->during_count) |
                   followed_of(run->queue[i]->after, run->queue[i]->after_count);
    return targets;
}

/* --- what was counted --- */

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

/* A dependency may be called several times for good reasons: those of the baseline are no retries. */
static void observe_retries(const struct run *run, const struct check *check, struct observation *seen)
{
    struct observation before = {0};

    calls_baseline_of(run, check, &before);
    if (!seen->has[METRIC_per_request] || !before.has[METRIC_per_request])
        return;
    double more = seen->number[METRIC_per_request] - before.number[METRIC_per_request];
    set(seen, METRIC_retries, more > 0 ? more : 0);
}

void calls_observe(const struct run *run, const struct check *check, struct calls_track *track, bool at_end,
                   uint64_t now_ns, struct observation *seen)
{
    struct calls_mark now = mark_now(run, check->targets);

    seen->samples = 1;
    set(seen, METRIC_count, (double)(now.calls - track->mark.calls));
    set(seen, METRIC_connects, (double)(now.connects - track->mark.connects));
    observe_rate(track, now, at_end, now_ns, seen);
    if (follows(check))
        observe_waiting(run, check, track, now.calls - track->mark.calls, seen);
    if (check->load >= 0 && run->loads[check->load])
        observe_requests(run, check, now.calls - track->mark.calls, track->from_ns, seen);
    if (check->load >= 0)
        observe_retries(run, check, seen);
}

uint32_t calls_seen(const struct run *run)
{
    uint32_t seen = 0;

    for (unsigned bit = 0; control_table(run->control) && bit < DEPENDENCY_MAX; bit++) {
        struct calls_mark mark = mark_of(run, bit);
        seen |= mark.calls || mark.connects ? 1u << bit : 0;
    }
    return seen;
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
