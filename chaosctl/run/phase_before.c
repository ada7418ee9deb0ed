/* Before the fault: services, and the steady state.  Floor 3. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/run/phase_row.h"
#include "chaosctl/run/reach.h"
#include "chaosctl/run/relays.h"
#include "chaosctl/run/way_in.h"

/* --- START: services, in order, ready and entered --- */

static bool cell_keeps_services(const struct run *run)
{
    return run->course.cell->shared && run->services_up;
}

/* A process that has just been executed needs a moment until its constructors ran. */
#define ENTER_WITHIN_NS (2 * NS_PER_S)

/* A `kill` with a `for` of its own ends before the lift, and so may the restart. */
static void service_is_back(struct run *run)
{
    struct course *c = &run->course;

    if (c->pending_restarts && !--c->pending_restarts && c->phase == PHASE_LIFT && !c->entering)
        phase_done(run);
}

/* At the start nothing is known of it yet.  One that was there before, and does not come back after a `kill`,
 * is found wanting itself: the cell goes on, to see what becomes of the others, and the next begins afresh.
 */
static void service_failed(struct run *run, const char *who, const char *detail)
{
    bool starting = run->course.phase == PHASE_START;

    run_judge(run, starting ? VERDICT_INCONCLUSIVE : VERDICT_REFUTED,
              run_text(run, "service %s%s: %s", who, starting ? "" : " did not come back", detail));
    if (starting) {
        phase_stop(run);
        return;
    }
    run->services_up = false;
    service_is_back(run);
}

static bool is_about(const struct check *checks, size_t count, int service)
{
    for (size_t i = 0; i < count; i++)
        if (checks[i].kind == CHECK_SERVICE && checks[i].service == service)
            return true;
    return false;
}

/* Whether a service may die is said by a check of it.  Where none is, a death of its own is not passed over.
 */
static bool is_watched(const struct run *run, int service)
{
    const struct scenario *s = run->scenario;
    const struct cell *cell = run->course.cell;

    return is_about(s->steady, s->steady_count, service) ||
           is_about(s->stop_when, s->stop_when_count, service) ||
           is_about(cell->during, cell->during_count, service) ||
           is_about(cell->after, cell->after_count, service);
}

static void service_ended(struct run *run, int service, int status)
{
    enum phase phase = run->course.phase;

    if (!status || phase < PHASE_BASELINE || phase > PHASE_AFTER || is_watched(run, service))
        return;
    run_judge(run, phase == PHASE_BASELINE ? VERDICT_INCONCLUSIVE : VERDICT_REFUTED,
              run_text(run, "%s: service %s ended by itself: %s %d", phase_name(phase),
                       run->scenario->services[service].name, WIFSIGNALED(status) ? "signal" : "exit code",
                       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)));
}

static void service_event(void *arg, enum service_event event, int index, int status, const char *detail)
{
    struct run *run = arg;
    struct course *c = &run->course;
    const char *who = index >= 0 ? run->scenario->services[index].name : NULL;
    static const char *const names[] = {
        [SERVICE_STARTED] = "service.started",  [SERVICE_READY] = "service.ready",
        [SERVICE_ALL_READY] = "services.ready", [SERVICE_FAILED] = "service.failed",
        [SERVICE_ENDED] = "service.ended",      [SERVICE_ALL_STOPPED] = "services.stopped",
    };

    run_note(run, names[event], who, detail);
    switch (event) {
    case SERVICE_ALL_READY:
        run->services_up = c->was_ready = true;
        if (c->phase == PHASE_START)
            phase_done(run);
        break;
    case SERVICE_READY: service_is_back(run); break;
    case SERVICE_FAILED: service_failed(run, who ? who : "?", detail ? detail : "failed"); break;
    case SERVICE_ALL_STOPPED:
        run->services_up = false;
        if (c->phase == PHASE_STOP)
            phase_done(run);
        break;
    case SERVICE_ENDED: service_ended(run, index, status); break;
    case SERVICE_STARTED: break;
    }
}

/* A process that was started elsewhere came in once, by one area: the next cell has to use it too. */
static bool cell_keeps_area(const struct run *run)
{
    bool joined = false;

    for (size_t i = 0; i < run->scenario->services_count; i++)
        joined |= run->scenario->services[i].join;
    return joined && control_table(run->control);
}

static void supervisor_died(void *arg)
{
    struct run *run = arg;

    run_note(run, "supervisor.died", NULL, "another one is there");
    run_judge(
        run, VERDICT_INCONCLUSIVE,
        "the supervisor of services that are entered by seccomp was killed: connections were cut that no "
        "fault meant");
}

/* Whoever drills may inject anything. */
static int supervise(struct run *run)
{
    struct supervisor *supervisor;

    for (size_t i = 0; i < run->scenario->services_count; i++) {
        const struct service *s = &run->scenario->services[i];
        if (s->way_reason)
            run_note(run, "service.way", s->name,
                     run_text(run, "%s: %s", way_in_name(s->way), s->way_reason));
    }
    if (!way_in_is_supervised(run->scenario))
        return 0;
    control_relay(run->control, run->options.hold ? ~0u : way_in_relayed(run->scenario));
    return control_supervise(run->control, run->loop, supervisor_died, run, &supervisor);
}

static void relays_died(void *arg)
{
    run_judge(arg, VERDICT_TOOL_FAILED, "the process of the proxies ended");
}

/* They read the rules of this cell's area.  false: the cell is over. */
static bool start_relays(struct run *run, bool keeps)
{
    cleanup_buf struct buf why = {0};

    if (keeps && run->relays)
        return true;
    relays_stop(run->relays);
    run->relays = NULL;
    if (!relays_start(run->loop, run->control, run->scenario, relays_died, run, &why, &run->relays))
        return true;
    phase_give_up_for(run, VERDICT_INCONCLUSIVE, run_text(run, "%s", buf_text(&why)));
    return false;
}

static void start_services(struct run *run)
{
    bool keeps = cell_keeps_area(run);
    int r = keeps ? 0 : control_fresh(run->control, run->scenario, watched_targets(run));

    if (!r)
        atomic_store(&control_table(run->control)->followed, followed_targets(run));
    if (!r && !start_relays(run, keeps))
        return;
    if (!r)
        r = supervise(run);
    if (!r)
        r = services_new(run->loop, run->control, run->prober, run->scenario, service_event, run,
                         &run->services);
    if (r)
        phase_give_up(run, VERDICT_TOOL_FAILED, "cannot prepare the services", r);
    else
        services_start(run->services);
}

void phase_enter_start(struct run *run)
{
    run->course.was_ready = cell_keeps_services(run);
    if (run->course.was_ready)
        phase_done(run);
    else
        start_services(run);
    const struct table *table = control_table(run->control);
    run->dropped_before = table ? atomic_load(&table->ring.dropped) : 0;
}

/* --- BASELINE: the steady state must hold before anything is broken --- */

void phase_enter_baseline(struct run *run)
{
    struct course *c = &run->course;
    int r = loads_start(run);
    calls_baseline_begin(run);
    c->steady = r ? NULL : steady_new(run, c->phase_ns);
    if (!c->steady || stops_start(run))
        phase_give_up(run, VERDICT_TOOL_FAILED, "cannot start the load", r ? r : -ENOMEM);
}

/* The baseline goes on until they are in; then it must still hold. */
static bool marks_are_wanted(struct run *run)
{
    struct course *c = &run->course;

    if (!c->before)
        c->before = marks_before(run);
    if (!c->before)
        phase_give_up(run, VERDICT_TOOL_FAILED, "cannot read the metrics", -ENOMEM);
    return !c->before || !marks_are_in(c->before);
}

/* They would tell of the time before last. */
static void forget_marks(struct course *c)
{
    marks_free(c->before);
    c->before = NULL;
}

static void baseline_held(struct run *run, uint64_t from_ns, uint64_t to_ns)
{
    struct course *c = &run->course;

    baseline_record(run, from_ns, to_ns);
    tally_loads(run, PHASE_BASELINE, from_ns, to_ns);
    steady_settle(c->steady, PHASE_BASELINE, OUTCOME_HELD, to_ns - from_ns, to_ns);
    phase_done(run);
}

/* `confirm`: the steady state goes on being watched, and what is judged is its last stretch. */
static bool wait_to_be_told(struct run *run)
{
    struct course *c = &run->course;

    if (!c->cell->waits || c->was_told)
        return false;
    if (!c->is_waiting)
        run_note(run, "experiment.waiting", NULL, c->cell->experiment);
    c->is_waiting = true;
    return true;
}

void phase_tick_baseline(struct run *run, uint64_t now_ns)
{
    struct course *c = &run->course;
    const struct timing *t = &c->cell->timing;
    uint64_t window_ns = run->scenario->steady_count ? t->baseline_for_ns : 0;
    uint64_t from_ns = now_ns;

    steady_tick(c->steady, now_ns);
    if (steady_holds(c->steady, window_ns, now_ns, &from_ns)) {
        if (wait_to_be_told(run))
            return;
        const char *why = reach_missing(run, false);
        if (!why && !marks_are_wanted(run))
            baseline_held(run, from_ns, from_ns + window_ns);
        else if (why && now_ns > c->phase_ns + ENTER_WITHIN_NS)
            phase_give_up_for(run, VERDICT_INCONCLUSIVE, why);
        return;
    }
    forget_marks(c);
    if (now_ns > c->phase_ns + t->baseline_within_ns + t->baseline_for_ns) {
        /* First: of reasons for one verdict the first is told. */
        run_judge(run, VERDICT_INCONCLUSIVE,
                  "the steady state was not met before the fault; nothing was injected");
        tally_loads(run, PHASE_BASELINE, c->phase_ns, now_ns);
        steady_settle(c->steady, PHASE_BASELINE, OUTCOME_FAILED, t->baseline_for_ns, now_ns);
        phase_stop(run);
    }
}
