/* Sets of loads and checks.  Floor 3. */
#include <errno.h>
#include <stdlib.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/run/phase_check.h"

/* How far back a stop condition on a load looks. */
#define STOP_WINDOW_NS (5 * NS_PER_S)

static uint32_t targets_of(const struct check *checks, size_t count)
{
    uint32_t targets = 0;

    for (size_t i = 0; i < count; i++)
        if (checks[i].kind == CHECK_CALLS)
            targets |= checks[i].targets;
    return targets;
}

static uint32_t targets_of_cell(const struct cell *cell)
{
    return targets_of(cell->during, cell->during_count) | targets_of(cell->after, cell->after_count);
}

uint32_t watched_targets(const struct run *run)
{
    const struct scenario *s = run->scenario;
    uint32_t targets = targets_of(s->steady, s->steady_count) | targets_of(s->stop_when, s->stop_when_count);

    if (run->hooks.next) /* it is told who was called */
        return (uint32_t)((UINT64_C(1) << s->dependencies_count) - 1);
    /* Shared services keep the control area of the first cell: it watches for all of them. */
    for (size_t i = 0; i < run->queue_count; i++)
        targets |= targets_of_cell(run->queue[i]);
    return targets;
}

/* --- loads --- */

int loads_start(struct run *run)
{
    const struct scenario *s = run->scenario;

    for (size_t i = 0; i < s->loads_count; i++) {
        const struct load *load = &s->loads[i];
        int r = load_new(run->loop, run->prober, &s->probes[load->probe], load, &run->loads[i]);
        if (r)
            return r;
        load_start(run->loads[i]);
    }
    return 0;
}

void loads_end(struct run *run)
{
    for (size_t i = 0; i < run->scenario->loads_count; i++) {
        load_free(run->loads[i]);
        run->loads[i] = NULL;
        run->has_baseline[i] = false;
    }
}

bool loads_unfinished(const struct run *run, uint64_t from_ns, uint64_t to_ns)
{
    for (size_t i = 0; i < run->scenario->loads_count; i++) {
        size_t open = 0;
        if (run->loads[i])
            load_count(run->loads[i], from_ns, to_ns, &open);
        if (open)
            return true;
    }
    return false;
}

enum judgement loads_judge(struct run *run, const struct check *check, uint64_t from_ns, uint64_t to_ns,
                           struct observation *ret_seen, struct buf *why)
{
    const struct observation *baseline =
        run->has_baseline[check->load] ? &run->load_baseline[check->load] : NULL;
    uint64_t wanted = check->min_samples ? check->min_samples : 1;

    load_observe(run->loads[check->load], from_ns, to_ns, ret_seen);
    if (ret_seen->samples < wanted) {
        buf_printf(why, "only %llu of %llu samples that it takes", (unsigned long long)ret_seen->samples,
                   (unsigned long long)wanted);
        return JUDGE_UNKNOWN;
    }
    enum judgement j = judge_all(check->expect, check->expect_count, ret_seen, baseline, why);
    if (j == JUDGE_FAILS && ret_seen->note)
        buf_printf(why, "; mostly: %s", ret_seen->note);
    return j;
}

void baseline_record(struct run *run, uint64_t from_ns, uint64_t to_ns)
{
    for (size_t i = 0; i < run->scenario->loads_count; i++) {
        run->load_baseline[i] = (struct observation){0};
        load_observe(run->loads[i], from_ns, to_ns, &run->load_baseline[i]);
        run->load_baseline[i].note = NULL; /* borrowed from a load that ends before we do */
        run->has_baseline[i] = run->load_baseline[i].samples > 0;
    }
    calls_baseline_end(run);
    for (size_t i = 0; i < run->scenario->services_count; i++) {
        pid_t pids[PIDS_MAX];
        size_t count = services_pids(run->services, i, pids, PIDS_MAX);
        process_usage(pids, count, &run->usage_baseline[i]);
    }
}

static uint64_t later(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns > b_ns ? a_ns : b_ns;
}

static uint64_t longest_of(const struct check *checks, size_t count)
{
    uint64_t longest_ns = 0;

    for (size_t i = 0; i < count; i++)
        if (checks[i].probe)
            longest_ns = later(longest_ns, checks[i].probe->timeout_ns);
    return longest_ns;
}

uint64_t longest_timeout_ns(const struct run *run)
{
    const struct cell *cell = run->course.cell;
    const struct scenario *s = run->scenario;
    uint64_t longest_ns = longest_of(s->steady, s->steady_count);

    for (size_t i = 0; i < s->probes_count; i++)
        longest_ns = later(longest_ns, s->probes[i].timeout_ns);
    longest_ns = later(longest_ns, longest_of(cell->during, cell->during_count));
    return later(longest_ns, longest_of(cell->after, cell->after_count));
}

/* --- watches --- */

static int watch_add(struct run *run, const struct check *check, enum quantifier quantifier, uint64_t from_ns)
{
    struct course *c = &run->course;
    struct watch **larger = realloc(c->watches, (c->watches_count + 1) * sizeof(*larger));

    if (!larger)
        return -ENOMEM;
    c->watches = larger;
    c->watches[c->watches_count] = watch_new(run, check, quantifier, from_ns);
    if (!c->watches[c->watches_count])
        return -ENOMEM;
    c->watches_count++;
    return 0;
}

int watches_start(struct run *run, const struct check *checks, size_t count, uint64_t from_ns)
{
    for (size_t i = 0; i < count; i++) {
        int r = watch_add(run, &checks[i], checks[i].quantifier, from_ns);
        if (r)
            return r;
    }
    return 0;
}

/* One answer at the end would say little of a steady state: a probe of it is asked all the time. */
static enum quantifier steady_quantifier(const struct check *check)
{
    return check->quantifier == AT_END && check->probe ? ALWAYS : check->quantifier;
}

int watches_start_during(struct run *run)
{
    const struct cell *cell = run->course.cell;
    const struct scenario *s = run->scenario;
    int r = 0;

    if (run->options.hold) /* people look, and break what they want to */
        return 0;
    if (cell->during_count)
        return watches_start(run, cell->during, cell->during_count, run->course.injected_ns);
    for (size_t i = 0; i < s->steady_count && !r; i++)
        r = watch_add(run, &s->steady[i], steady_quantifier(&s->steady[i]), run->course.injected_ns);
    return r;
}

void watches_settle(struct run *run, enum phase phase)
{
    for (size_t i = 0; i < run->course.watches_count; i++)
        watch_settle(run->course.watches[i], phase);
}

void watches_end(struct run *run)
{
    struct course *c = &run->course;

    for (size_t i = 0; i < c->watches_count; i++)
        watch_free(c->watches[i]);
    free(c->watches);
    c->watches = NULL;
    c->watches_count = 0;
}

uint64_t check_takes_ns(const struct cell *cell, const struct check *check)
{
    bool lasts = check->quantifier == ALWAYS || check->quantifier == NEVER;

    if (check->time_ns)
        return check->time_ns;
    return lasts ? later(cell->timing.stable_for_ns, NS_PER_S) : 0;
}

uint64_t after_takes_ns(const struct cell *cell)
{
    uint64_t longest_ns = 0;

    for (size_t i = 0; i < cell->after_count; i++)
        longest_ns = later(longest_ns, check_takes_ns(cell, &cell->after[i]));
    /* One that eventually holds ends its look by itself; the phase waits for the last instant plus one look.
     */
    return longest_ns ? longest_ns + LOOK_NS : 0;
}

/* --- stop conditions --- */

int stops_start(struct run *run)
{
    for (size_t i = 0; i < run->scenario->stop_when_count; i++) {
        run->stops[i] = watch_new(run, &run->scenario->stop_when[i], EVENTUALLY, now_mono_ns());
        if (!run->stops[i])
            return -ENOMEM;
    }
    return 0;
}

void stops_tick(struct run *run, uint64_t now_ns)
{
    for (size_t i = 0; i < run->scenario->stop_when_count; i++) {
        if (!run->stops[i])
            continue;
        watch_slide(run->stops[i], now_ns, STOP_WINDOW_NS);
        watch_tick(run->stops[i], now_ns);
        if (!watch_has_held(run->stops[i]))
            continue;
        run_stop(run, run_text(run, "stop_when: %s: %s", run->scenario->stop_when[i].text,
                               watch_finding(run->stops[i])));
        return;
    }
}

void stops_end(struct run *run)
{
    for (size_t i = 0; i < run->scenario->stop_when_count; i++) {
        watch_free(run->stops[i]);
        run->stops[i] = NULL;
    }
}
