/* After the fault: the last checks, the clean-up, the services.  Floor 3. */
#include <errno.h>
#include <string.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/run/phase_row.h"

/* --- AFTER, CLEANUP, STOP --- */

/* What they count began with the lift; how long they may take, begins now. */
void phase_enter_after(struct run *run)
{
    const struct course *c = &run->course;

    for (size_t i = 0; i < c->watches_count; i++)
        watch_begin(c->watches[i], c->phase_ns);
}

/* A check of the end needs no waiting, and one that was to hold eventually no more once it did. */
static bool nothing_to_wait_for(const struct course *c)
{
    for (size_t i = 0; i < c->watches_count; i++)
        if (check_takes_ns(c->cell, &c->cell->after[i]) && !watch_is_decided(c->watches[i]))
            return false;
    return true;
}

/* One that is to hold for a time may have begun to a little late: its first answer took a while. */
static bool is_holding(const struct course *c)
{
    for (size_t i = 0; i < c->watches_count; i++)
        if (watch_is_holding(c->watches[i]))
            return true;
    return false;
}

void phase_tick_after(struct run *run, uint64_t now_ns)
{
    struct course *c = &run->course;

    for (size_t i = 0; i < c->watches_count; i++)
        watch_tick(c->watches[i], now_ns);
    bool over = now_ns >= c->phase_ns + after_takes_ns(c->cell) && !is_holding(c);
    if (!c->closing && (over || nothing_to_wait_for(c)))
        phase_close(run, now_ns);
    if (!c->closing || !phase_is_closed(run, now_ns))
        return;
    watches_settle(run, PHASE_AFTER);
    phase_done(run);
}

void phase_enter_cleanup(struct run *run)
{
    struct course *c = &run->course;
    size_t count = run->services ? c->cell->cleanup_count : 0;

    inject_lift(run); /* done already, if anything was armed; nothing may live through the clean-up */
    stops_end(run);
    loads_end(run);
    steps_free(c->steps);
    c->steps = steps_new(run, c->cell->cleanup, count, PHASE_CLEANUP, true);
    if (!c->steps) {
        run_judge(run, VERDICT_TOOL_FAILED, "out of memory before the clean-up");
        phase_done(run);
        return;
    }
    steps_start(c->steps);
}

void phase_tick_cleanup(struct run *run, uint64_t now_ns)
{
    (void)now_ns;
    if (steps_are_done(run->course.steps))
        phase_done(run);
}

static bool next_cell_shares(const struct run *run)
{
    const struct course *c = &run->course;
    const struct cell *queued = c->number + 1 < run->queue_count ? run->queue[c->number + 1] : NULL;
    const struct cell *next = run->hooks.next ? run->chosen : queued;

    return !run->aborted && run->services_up && c->cell->shared && next && next->shared && !run->chosen_fresh;
}

void phase_enter_stop(struct run *run)
{
    run_choose(run);
    if (!run->services || next_cell_shares(run))
        phase_done(run);
    else
        services_stop(run->services);
}
