/* The fault: injected, watched, lifted, recovered from.  Floor 3. */
#include <errno.h>
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/run/phase_row.h"
#include "chaosctl/run/reach.h"

/* --- INJECT, DURING, LIFT --- */

void phase_enter_inject(struct run *run)
{
    cleanup_buf struct buf why = {0};

    if (bounds_refuse_cell(run, &why)) {
        run_abort(run, run_text(run, "limits: %s", buf_text(&why)));
        return;
    }
    control_renew(run->control, run->scenario->lease_ns);
    run->course.injected_ns = now_mono_ns();
    int r = watches_start_during(run);
    if (!r)
        r = inject_begin(run);
    if (r)
        phase_give_up(run, VERDICT_TOOL_FAILED, "cannot arm the faults", r);
    else
        phase_done(run);
}

void phase_enter_during(struct run *run)
{
    struct course *c = &run->course;
    c->steps = steps_new(run, c->cell->steps, c->cell->steps_count, PHASE_DURING, false);
    if (!c->steps)
        phase_give_up(run, VERDICT_TOOL_FAILED, "cannot take the steps", -ENOMEM);
    else
        steps_start(c->steps);
}

/* What comes with the lift must not come before it is known what stood there. */
static void close_during(struct run *run, uint64_t now_ns)
{
    phase_close(run, now_ns);
    run->course.at_lift = marks_at_lift(run);
    if (!run->course.at_lift)
        phase_give_up(run, VERDICT_TOOL_FAILED, "cannot read the metrics", -ENOMEM);
}

static bool hold_is_over(const struct run *run, uint64_t now_ns)
{
    const struct course *c = &run->course;

    if (run->options.hold)
        return run->hold_is_over;
    return now_ns >= c->phase_ns + c->cell->timing.hold_ns && steps_are_done(c->steps);
}

void phase_tick_during(struct run *run, uint64_t now_ns)
{
    struct course *c = &run->course;

    for (size_t i = 0; i < c->watches_count; i++)
        watch_tick(c->watches[i], now_ns);
    if (!c->closing && hold_is_over(run, now_ns))
        close_during(run, now_ns);
    if (!c->closing || !phase_is_closed(run, now_ns) || !marks_are_in(c->at_lift))
        return;
    const char *missing = reach_missing(run, true);
    if (missing)
        run_judge(run, VERDICT_INCONCLUSIVE, missing);
    tally_loads(run, PHASE_DURING, c->injected_ns, c->held_ns);
    watches_settle(run, PHASE_DURING);
    phase_done(run);
}

void phase_enter_lift(struct run *run)
{
    struct course *c = &run->course;
    int r = c->stopping ? 0 : watches_start(run, c->cell->after, c->cell->after_count, now_mono_ns());

    inject_lift(run);
    if (r)
        phase_give_up(run, VERDICT_TOOL_FAILED, "cannot watch what comes after", r);
    if (!c->pending_restarts)
        phase_done(run);
}

/* --- RECOVERY: how long until the steady state holds again --- */

void phase_enter_recovery(struct run *run)
{
    struct course *c = &run->course;

    inject_settle(run);
    c->steady = steady_new(run, c->lifted_ns);
    if (!c->steady)
        phase_give_up(run, VERDICT_TOOL_FAILED, "cannot watch the recovery", -ENOMEM);
    else if (!run->scenario->steady_count)
        phase_done(run);
}

static void settle_recovery(struct run *run, bool held, uint64_t now_ns)
{
    struct course *c = &run->course;
    const struct timing *t = &c->cell->timing;
    char took[UNIT_TEXT_BYTES], within[UNIT_TEXT_BYTES];
    const char *observed =
        held ? run_text(run, "recovered %s after the lift", unit_format_duration(c->recovery_ns, took))
             : "the steady state did not hold again";

    steady_settle(c->steady, PHASE_RECOVERY, held ? OUTCOME_HELD : OUTCOME_FAILED, t->stable_for_ns, now_ns);
    tally_check(
        run, &(struct check_result){
                 .phase = PHASE_RECOVERY,
                 .text = "recovery",
                 .expected = run_text(run, "within %s", unit_format_duration(t->recovery_within_ns, within)),
                 .observed = observed,
                 .outcome = held && c->recovery_ns <= t->recovery_within_ns ? OUTCOME_HELD : OUTCOME_FAILED,
                 .samples = 1,
                 .at = c->cell->at,
             });
    tally_loads(run, PHASE_RECOVERY, c->lifted_ns, now_ns);
    phase_done(run);
}

void phase_tick_recovery(struct run *run, uint64_t now_ns)
{
    struct course *c = &run->course;
    const struct timing *t = &c->cell->timing;
    uint64_t from_ns = 0;

    steady_tick(c->steady, now_ns);
    if (steady_holds(c->steady, t->stable_for_ns, now_ns, &from_ns)) {
        c->recovery_measured = true;
        c->recovery_ns = from_ns - c->lifted_ns;
        settle_recovery(run, true, from_ns + t->stable_for_ns);
    } else if (now_ns > c->lifted_ns + t->recovery_within_ns + t->stable_for_ns + longest_timeout_ns(run)) {
        settle_recovery(run, false, now_ns);
    }
}
