/* The blast radius while a run runs: what only the moment tells.  Floor 3. */
#include <time.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/run/internal.h"
#include "chaosctl/scenario/limits.h"

#define SLACK_NS NS_PER_S /* a lift that is late by a tick exceeds nothing */

static size_t processes_in(const struct run *run, uint32_t services)
{
    pid_t pids[PIDS_MAX];
    size_t count = 0;

    for (size_t i = 0; run->services && i < run->scenario->services_count; i++)
        if (services & 1u << i)
            count += services_pids(run->services, i, pids, PIDS_MAX);
    return count;
}

static bool refuse_moment(const struct run *run, uint32_t services, struct buf *why)
{
    return limits_refuse_time(run->scenario, time(NULL), why) ||
           limits_refuse_services(run->scenario, services, why) ||
           limits_refuse_processes(run->scenario, processes_in(run, services), why);
}

static uint32_t struck_services(const struct run *run)
{
    uint32_t services = 0;
    struct injection *in;

    for (size_t i = 0; (in = inject_at(run, i)); i++)
        if (!in->lifted)
            services |= limits_services_of(run->scenario, in->fault);
    return services;
}

bool bounds_refuse_cell(const struct run *run, struct buf *why)
{
    const struct cell *cell = run->course.cell;
    uint32_t services = struck_services(run);

    if (!run->scenario->limits_count || !cell->faults_count || run->options.dry)
        return false;
    for (size_t i = 0; i < cell->faults_count; i++)
        services |= limits_services_of(run->scenario, &cell->faults[i]);
    return refuse_moment(run, services, why);
}

bool bounds_refuse_live(const struct run *run, const struct fault *fault, uint64_t for_ns, struct buf *why)
{
    const struct scenario *s = run->scenario;

    if (!s->limits_count)
        return false;
    buf_add(why, "limits: ");
    if (limits_refuse_fault(s, fault, for_ns, why) ||
        refuse_moment(run, struck_services(run) | limits_services_of(s, fault), why))
        return true;
    buf_clear(why);
    return false;
}

/* Steps may draw the hold out; live faults end by their own clocks. */
static uint64_t held_ns(const struct run *run, uint64_t now_ns)
{
    const struct course *c = &run->course;

    return c->injections && !c->lifted && now_ns > c->injected_ns + SLACK_NS
               ? now_ns - c->injected_ns - SLACK_NS
               : 0;
}

static void lift_live(struct run *run, const char *reason)
{
    live_lift_all(run);
    deed_note(run, &(struct deed){.what = "limit", .text = reason});
}

void bounds_tick(struct run *run, uint64_t now_ns)
{
    cleanup_buf struct buf why = {0};
    bool is_struck = struck_services(run);

    if (!run->scenario->limits_count || !is_struck || run->course.stopping || run->options.dry)
        return;
    if (!limits_refuse_duration(run->scenario, held_ns(run, now_ns), &why) &&
        !refuse_moment(run, struck_services(run), &why))
        return;
    const char *reason = run_text(run, "limits: %s", buf_text(&why));
    if (run->options.hold)
        lift_live(run, reason);
    else
        run_abort(run, reason);
}
