/* A scenario from its first cell to its last.  Floor 3. */
#include <errno.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/run/phase_check.h"
#include "chaosctl/run/relays.h"

#define TOLD_NS (10 * NS_PER_S) /* of a hold, in the live line */

const char *run_text(struct run *run, const char *format, ...)
{
    cleanup_free char *text = NULL;
    cleanup_buf struct buf masked = {0};
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    if (!text)
        return "";
    scenario_mask(run->scenario, text, &masked);
    const char *copy = arena_copy(run->result->arena, buf_text(&masked));
    return copy ? copy : "";
}

void run_note(struct run *run, const char *event, const char *who, const char *detail)
{
    if (run->hooks.note)
        run->hooks.note(run->hooks.arg, event, who, detail);
}

void run_judge(struct run *run, enum verdict_of_run verdict, const char *reason)
{
    struct course *c = &run->course;

    if (verdict_worse(c->verdict, verdict) == c->verdict)
        return;
    c->verdict = verdict;
    c->reason = reason;
}

void run_abort(struct run *run, const char *reason)
{
    run->aborted = run->result->stopped = true;
    run_note(run, "run.stopping", NULL, reason);
    run_judge(run, VERDICT_STOPPED, reason);
    stops_end(run);
    phase_stop(run);
}

/* --- the journal ring and the lease --- */

static void record(void *arg, const struct record *record)
{
    struct run *run = arg;
    const struct scenario *s = run->scenario;
    const char *service = record->service < s->services_count ? s->services[record->service].name : NULL;

    if (run->hooks.hit)
        run->hooks.hit(run->hooks.arg, record, inject_fault_of(run, record->rule), service);
}

static void renew(struct run *run)
{
    struct course *c = &run->course;

    if ((!c->injections || c->lifted) && !live_is_active(run))
        return;
    uint64_t lapsed_ns = control_renew(run->control, run->scenario->lease_ns);
    if (!lapsed_ns || (run->options.hold && !live_is_active(run)))
        return;
    char text[UNIT_TEXT_BYTES];
    run_judge(run, VERDICT_INCONCLUSIVE,
              run_text(run, "the faults were off for %s: this machine did not let chaosctl renew its lease",
                       unit_format_duration(lapsed_ns, text)));
}

/* --- ticking --- */

/* A hold lasts for hours, and its samples are sorted at each telling. */
static uint64_t told_from_ns(const struct run *run, uint64_t now_ns)
{
    uint64_t from_ns = run->course.started_ns;

    return run->options.hold && now_ns > from_ns + TOLD_NS ? now_ns - TOLD_NS : from_ns;
}

static void tell_status(struct run *run, uint64_t now_ns)
{
    const struct course *c = &run->course;
    struct run_status status = {
        .cell = c->cell,
        .number = c->number + 1,
        .cells = run->queue_count,
        .phase = c->phase,
        .left_ns = phase_left_ns(run, now_ns),
        .hits = inject_hits(run),
    };

    if (!run->hooks.tick)
        return;
    for (size_t i = 0; i < run->scenario->loads_count; i++) {
        struct observation seen = {0};
        if (!run->loads[i])
            continue;
        load_observe(run->loads[i], told_from_ns(run, now_ns), now_ns, &seen);
        status.samples += seen.samples;
        status.failures += (uint64_t)seen.number[METRIC_errors];
    }
    run->hooks.tick(run->hooks.arg, &status);
}

static bool next_cell(struct run *run);

static void course_end(struct run *run)
{
    struct course *c = &run->course;

    if (run->services && !run->services_up) {
        services_free(run->services);
        run->services = NULL;
    }
    tally_cell(run);
    marks_free(c->before);
    marks_free(c->at_lift);
    steps_free(c->steps);
    free(c->injections);
    live_free(c);
    *c = (struct course){.number = c->number};
}

static void tick(void *arg)
{
    struct run *run = arg;
    uint64_t now_ns = now_mono_ns();

    renew(run);
    calls_tick(run, now_ns);
    drill_heed_halt(run);
    phase_tick(run, now_ns);
    if (control_table(run->control))
        control_drain(run->control, record, run);
    if (!run->course.over && !run->course.stopping)
        stops_tick(run, now_ns);
    if (now_ns >= run->status_ns) {
        run->status_ns = now_ns + STATUS_NS;
        tell_status(run, now_ns);
        /* A service may start more processes than there are slots, one after the other. */
        if (control_table(run->control))
            control_sweep(run->control);
    }
    if (run->course.over) {
        course_end(run);
        if (!next_cell(run)) {
            loop_stop(run->loop);
            return;
        }
    }
    loop_set_timer(run->loop, &run->tick, now_mono_ns() + TICK_NS);
}

static void begin_cell(struct run *run, size_t number)
{
    run->course = (struct course){.cell = run->queue[number], .number = number, .verdict = VERDICT_PASS};
    phase_begin(run);
}

static bool next_cell(struct run *run)
{
    size_t next = run->course.number + 1;

    if (run->aborted || next >= run->queue_count)
        return false;
    begin_cell(run, next);
    return true;
}

/* A signal ends a hold as it is meant to end.  The first one stops in good order; a second one does not wait
 * for services that take their time. */
static void signalled(void *arg, int signal)
{
    struct run *run = arg;

    if (run->signal) {
        for (size_t i = 0; run->services && i < run->scenario->services_count; i++)
            services_kill(run->services, i, SIGKILL);
        return;
    }
    if (run->options.hold && !run->hold_is_over && run->course.phase == PHASE_DURING) {
        run->hold_is_over = true;
        return;
    }
    run->signal = signal;
    run_abort(run, run_text(run, "stopped by SIG%s", sigabbrev_np(signal)));
}

static void asked_to_halt(void *arg, int signal)
{
    (void)signal;
    drill_halt(arg);
}

/* --- setting up --- */

static bool is_wanted(const struct run *run, const struct cell *cell)
{
    cleanup_free char *full = NULL;

    if (!run->options.only || !fnmatch(run->options.only, cell->experiment, 0))
        return true;
    return asprintf(&full, "%s/%s", cell->experiment, cell->label) >= 0 &&
           !fnmatch(run->options.only, full, 0);
}

/* The timing is that of the scenario: of its first experiment. */
static void queue_hold(struct run *run)
{
    const struct scenario *s = run->scenario;

    run->held = (struct cell){.experiment = "hold", .label = "", .seed = s->seed};
    if (s->cells_count) {
        run->held.timing = s->cells[0].timing;
        run->held.at = s->cells[0].at;
    }
    run->queue[run->queue_count++] = &run->held;
}

static int queue_cells(struct run *run)
{
    const struct scenario *s = run->scenario;

    run->queue = calloc(s->cells_count + 1, sizeof(*run->queue));
    if (!run->queue)
        return -ENOMEM;
    if (run->options.hold)
        queue_hold(run);
    for (size_t i = 0; !run->options.hold && i < s->cells_count; i++)
        if (is_wanted(run, &s->cells[i]))
            run->queue[run->queue_count++] = &s->cells[i];
    run->result->cells_planned = run->queue_count;
    return run->queue_count ? 0 : -ENOENT;
}

static int make_room(struct run *run)
{
    const struct scenario *s = run->scenario;

    run->loads = calloc(s->loads_count + 1, sizeof(*run->loads));
    run->load_baseline = calloc(s->loads_count + 1, sizeof(*run->load_baseline));
    run->has_baseline = calloc(s->loads_count + 1, sizeof(*run->has_baseline));
    run->usage_baseline = calloc(s->services_count + 1, sizeof(*run->usage_baseline));
    run->calls_baseline = calls_baseline_new();
    run->stops = calloc(s->stop_when_count + 1, sizeof(*run->stops));
    return run->loads && run->load_baseline && run->has_baseline && run->usage_baseline &&
                   run->calls_baseline && run->stops
               ? 0
               : -ENOMEM;
}

static int prepare(struct run *run)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    int r = queue_cells(run);

    if (!r)
        r = make_room(run);
    if (!r)
        r = process_subreaper();
    if (!r)
        r = loop_new(&run->loop);
    for (size_t i = 0; !r && i < sizeof(signals) / sizeof(*signals); i++)
        r = loop_add_signal(run->loop, signals[i], signalled, run);
    if (!r)
        r = loop_add_signal(run->loop, SIGUSR1, asked_to_halt, run);
    if (!r)
        r = prober_new(run->loop, run->scenario->dir, &run->prober);
    if (!r)
        r = control_new(&run->control);
    return r ? r : drill_open(run);
}

/* What asks goes before the one that is asked. */
static void finish(struct run *run)
{
    drill_close(run);
    if (run->stops)
        stops_end(run);
    watches_end(run);
    steady_free(run->course.steady);
    marks_free(run->course.before);
    marks_free(run->course.at_lift);
    steps_free(run->course.steps);
    free(run->course.injections);
    live_free(&run->course);
    if (run->loads)
        loads_end(run);
    services_free(run->services);
    relays_stop(run->relays);
    prober_free(run->prober);
    control_free(run->control, run->options.keep);
    loop_free(run->loop);
    free(run->loads);
    free(run->load_baseline);
    free(run->has_baseline);
    free(run->usage_baseline);
    free(run->calls_baseline);
    free(run->stops);
    free(run->queue);
}

/* Of one that is preloaded, as most are, there is nothing to say. */
static const char *ways_of(struct run *run)
{
    cleanup_buf struct buf text = {0};

    for (size_t i = 0; i < run->scenario->services_count; i++) {
        const struct service *s = &run->scenario->services[i];
        if (s->way == INJECT_SECCOMP)
            buf_printf(&text, "%s%s (%s)", text.len ? "; " : "", s->name,
                       s->inject == INJECT_SECCOMP ? "as the scenario says"
                       : s->way_reason             ? s->way_reason
                                                   : "?");
    }
    return text.len ? run_text(run, "%s", buf_text(&text)) : NULL;
}

static void run_cells(struct run *run)
{
    struct run_result *result = run->result;
    uint64_t started_ns = now_mono_ns();

    result->run = arena_copy(result->arena, control_run(run->control));
    result->ways = ways_of(run);
    result->started_wall_ns = now_wall_ns();
    if (run->hooks.started)
        run->hooks.started(run->hooks.arg, result);
    begin_cell(run, 0);
    run->tick = (struct timer){.fn = tick, .arg = run};
    loop_set_timer(run->loop, &run->tick, now_mono_ns());
    int r = loop_run(run->loop);
    if (r) {
        result->verdict = VERDICT_TOOL_FAILED;
        result->reason = run_text(run, "cannot wait for events: %s", strerror(-r));
    }
    result->duration_ns = now_mono_ns() - started_ns;
    result->complete = true;
}

int run_scenario(struct scenario *scenario, const struct run_options *options, const struct run_hooks *hooks,
                 struct run_result *result)
{
    struct run run = {.scenario = scenario, .options = *options, .hooks = *hooks, .result = result};
    int r = prepare(&run);

    if (!r)
        run_cells(&run);
    finish(&run);
    return r;
}
