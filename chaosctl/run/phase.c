/* The phases of a cell as a state x event table.  Floor 3.
 *
 * Each phase has an entry (what it starts), a tick (is it done?), and a row that says what follows when it is
 * done, when the cell is to be given up, and when it is done while the cell is being given up.  Lifting and
 * cleaning up are never skipped once they are due. */
#include <string.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/run/phase_row.h"

/* Answers of requests that left in time may come this much later than any probe's own time-out. */
#define GRACE_NS NS_PER_S

enum { OVER = PHASE_COUNT };

struct row {
    void (*enter)(struct run *run);
    void (*tick)(struct run *run, uint64_t now_ns);
    int done, given_up, done_giving_up;
};

static void idle(struct run *run, uint64_t now_ns)
{
    (void)run;
    (void)now_ns;
}

static const struct row rows[PHASE_COUNT] = {
    /*                   enter           tick           done            given up       done, giving up */
    [PHASE_START] = {phase_enter_start, idle, PHASE_BASELINE, PHASE_CLEANUP, PHASE_CLEANUP},
    [PHASE_BASELINE] = {phase_enter_baseline, phase_tick_baseline, PHASE_INJECT, PHASE_CLEANUP,
                        PHASE_CLEANUP},
    [PHASE_INJECT] = {phase_enter_inject, idle, PHASE_DURING, PHASE_LIFT, PHASE_LIFT},
    [PHASE_DURING] = {phase_enter_during, phase_tick_during, PHASE_LIFT, PHASE_LIFT, PHASE_LIFT},
    [PHASE_LIFT] = {phase_enter_lift, idle, PHASE_RECOVERY, PHASE_LIFT, PHASE_CLEANUP},
    [PHASE_RECOVERY] = {phase_enter_recovery, phase_tick_recovery, PHASE_AFTER, PHASE_CLEANUP, PHASE_CLEANUP},
    [PHASE_AFTER] = {phase_enter_after, phase_tick_after, PHASE_CLEANUP, PHASE_CLEANUP, PHASE_CLEANUP},
    [PHASE_CLEANUP] = {phase_enter_cleanup, phase_tick_cleanup, PHASE_STOP, PHASE_CLEANUP, PHASE_STOP},
    [PHASE_STOP] = {phase_enter_stop, idle, OVER, PHASE_STOP, OVER},
};

/* Watches begin before what they are to see: those of DURING with the injection, those of AFTER with the
 * lift. */
static void leave(struct run *run)
{
    struct course *c = &run->course;

    c->phase_took_ns[c->phase] += now_mono_ns() - c->phase_ns;
    if (c->stopping || c->phase == PHASE_DURING || c->phase == PHASE_AFTER)
        watches_end(run);
    steady_free(c->steady);
    c->steady = NULL;
    c->closing = false;
}

static void go(struct run *run, int phase)
{
    struct course *c = &run->course;

    leave(run);
    c->entering = true;
    if (phase == OVER) {
        c->over = true;
        return;
    }
    c->phase = (enum phase)phase;
    c->phase_ns = now_mono_ns();
    if (run->hooks.phase)
        run->hooks.phase(run->hooks.arg, c->cell, c->phase);
}

/* Phases follow each other from the tick, never from within one another: an entry may end its phase at once,
 * and a callback of a service may end the phase that is just being entered. */
void phase_done(struct run *run)
{
    struct course *c = &run->course;
    const struct row *row = &rows[c->phase];

    go(run, c->stopping ? row->done_giving_up : row->done);
}

void phase_stop(struct run *run)
{
    struct course *c = &run->course;
    int next = rows[c->phase].given_up;

    c->stopping = true;
    if (next != (int)c->phase)
        go(run, next);
}

void phase_give_up_for(struct run *run, enum verdict_of_run verdict, const char *reason)
{
    run_judge(run, verdict, reason);
    phase_stop(run);
}

void phase_give_up(struct run *run, enum verdict_of_run verdict, const char *what, int r)
{
    phase_give_up_for(run, verdict, run_text(run, "%s: %s", what, strerror(-r)));
}

void phase_close(struct run *run, uint64_t now_ns)
{
    struct course *c = &run->course;

    c->closing = true;
    c->held_ns = now_ns;
    c->closing_until_ns = now_ns + longest_timeout_ns(run) + GRACE_NS;
    for (size_t i = 0; i < c->watches_count; i++)
        watch_close(c->watches[i], now_ns);
}

bool phase_is_closed(struct run *run, uint64_t now_ns)
{
    const struct course *c = &run->course;

    if (now_ns > c->closing_until_ns)
        return true;
    for (size_t i = 0; i < c->watches_count; i++)
        if (watch_is_busy(c->watches[i]))
            return false;
    return !loads_unfinished(run, c->phase_ns, c->held_ns);
}

void phase_begin(struct run *run)
{
    struct course *c = &run->course;

    c->entering = true;
    c->phase = PHASE_START;
    c->phase_ns = c->started_ns = now_mono_ns();
    c->started_wall_ns = now_wall_ns();
    if (run->hooks.phase)
        run->hooks.phase(run->hooks.arg, c->cell, c->phase);
}

void phase_tick(struct run *run, uint64_t now_ns)
{
    struct course *c = &run->course;

    while (c->entering && !c->over) {
        c->entering = false;
        rows[c->phase].enter(run);
    }
    if (!c->over)
        rows[c->phase].tick(run, now_ns);
    while (c->entering && !c->over) {
        c->entering = false;
        rows[c->phase].enter(run);
    }
}

uint64_t phase_left_ns(const struct run *run, uint64_t now_ns)
{
    const struct course *c = &run->course;
    const struct timing *t = &c->cell->timing;
    uint64_t hold_ns = run->options.hold ? 0 : t->hold_ns;
    uint64_t takes_ns = c->phase == PHASE_BASELINE   ? t->baseline_for_ns
                        : c->phase == PHASE_DURING   ? hold_ns
                        : c->phase == PHASE_RECOVERY ? t->stable_for_ns
                                                     : 0;

    return c->phase_ns + takes_ns > now_ns ? c->phase_ns + takes_ns - now_ns : 0;
}
