/* Faults that somebody injects while a run runs.  Floor 3.
 *
 * Each has an end of its own, and none outlives the cell in which it was injected. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/run/flow.h"
#include "chaosctl/run/internal.h"
#include "chaosctl/run/way_in.h"

#define FOR_NS   (60 * NS_PER_S) /* unless said */
#define LIVE_MAX 1000            /* in one cell, lifted ones too: each stays in the report */

const char *live_obstacle(const struct run *run)
{
    const struct course *c = &run->course;

    if (run->halted)
        return "a halt is in force: nothing is injected until `chaosctl resume`";
    if (c->over || c->stopping || c->closing || c->phase > PHASE_DURING || run->hold_is_over)
        return "its faults are lifted and it is about to end";
    if (c->phase < PHASE_BASELINE || !control_table(run->control))
        return "its services are not ready yet";
    if (c->live_count >= LIVE_MAX)
        return "a thousand faults were injected into it already";
    return NULL;
}

/* All of it in one line: there is but one SPEC. */
static void explain(const struct diag *diag, struct buf *ret_why)
{
    struct position at;
    const char *message;

    for (size_t i = 0; (message = diag_message(diag, i, &at)); i++) {
        buf_add(ret_why, i ? "; " : "");
        if (at.line)
            buf_printf(ret_why, "at %d: ", at.column);
        buf_add(ret_why, message);
    }
}

/* A fault that ends by itself, by its own `for`, needs no other end. */
static uint64_t lasts_ns(const struct fault *fault, uint64_t for_ns)
{
    if (for_ns)
        return for_ns;
    return fault->for_ns == RULE_ENDLESS ? FOR_NS : fault->start_ns + fault->for_ns;
}

/* A refused one leaves no dependency behind. */
static int read_spec(struct run *run, const char *spec, uint64_t for_ns, struct buf *ret_why,
                     struct fault *ret_fault)
{
    size_t dependencies = run->scenario->dependencies_count;
    struct diag *diag = diag_new(spec);
    int error = diag ? scenario_add_fault(run->scenario, spec, diag, ret_fault) : -ENOMEM;

    if (error == -EINVAL)
        explain(diag, ret_why);
    diag_free(diag);
    if (error || !bounds_refuse_live(run, ret_fault, lasts_ns(ret_fault, for_ns), ret_why))
        return error;
    run->scenario->dependencies_count = dependencies;
    return -EINVAL;
}

static void time_is_over(void *arg)
{
    struct injection *in = arg;

    injection_lift(in);
    deed_note(in->run, &(struct deed){.what = "end", .fault = in->id, .text = in->fault->text});
}

/* In the rule as well: it is over on time though this process should hang. */
static void bound(struct fault *fault, uint64_t for_ns)
{
    uint64_t left_ns = for_ns > fault->start_ns ? for_ns - fault->start_ns : 0;

    fault->for_ns = fault->for_ns < left_ns ? fault->for_ns : left_ns;
}

static int keep(struct course *c, struct injection *in)
{
    struct injection **larger = realloc(c->live, (c->live_count + 1) * sizeof(*larger));

    if (!larger)
        return -ENOMEM;
    c->live = larger;
    c->live[c->live_count++] = in;
    return 0;
}

/* A lease that nobody renewed, for there was no fault, did not lapse. */
static int begin(struct run *run, struct injection *in, uint64_t seed)
{
    uint64_t now_ns = now_mono_ns();
    int error = control_add_targets(run->control, run->scenario);

    if (error)
        return error;
    flow_watch(run);
    if (!live_is_active(run) && !run->course.injections)
        control_renew(run->control, run->scenario->lease_ns);
    return injection_arm(in, 0, seed, now_ns);
}

/* What it does to streams, it does to connections that are made from now on, unless they are relayed anyway.
 */
static int heed_ways(struct run *run, const struct injection *in, struct buf *ret_why)
{
    const struct service *service;
    const char *why = way_in_obstacle(run->scenario, in->fault, &service);

    if (control_needs_relay(in->fault))
        control_relay(run->control, in->fault->targets);
    if (!why)
        return 0;
    buf_printf(ret_why, "%s cannot be had in service %s, which is entered by seccomp: %s",
               fault_name(in->fault->kind), service->name, why);
    return -EINVAL;
}

int live_inject(struct run *run, const struct wish *wish, struct buf *ret_why,
                struct injection **ret_injection)
{
    struct course *c = &run->course;
    cleanup_free struct injection *in = calloc(1, sizeof(*in));
    int error = in ? read_spec(run, wish->spec, wish->for_ns, ret_why, &in->own) : -ENOMEM;

    if (error)
        return error;
    in->run = run;
    in->fault = &in->own;
    in->rule = -1;
    in->live = true;
    in->id = run->injected + 1;
    in->dry = wish->dry;
    if (in->dry)
        in->own.text = run_text(run, "dry run of %s", in->own.text);
    in->for_ns = lasts_ns(&in->own, wish->for_ns);
    bound(&in->own, in->for_ns);
    in->until_ns = now_mono_ns() + in->for_ns;
    in->over = (struct timer){.fn = time_is_over, .arg = in};
    error = heed_ways(run, in, ret_why);
    if (!error)
        error = begin(run, in, wish->seed);
    if (!error)
        error = keep(c, in);
    if (error) {
        injection_lift(in);
        return error;
    }
    run->injected++;
    loop_set_timer(run->loop, &in->over, in->until_ns);
    *ret_injection = steal(&in);
    return 0;
}

bool live_is_active(const struct run *run)
{
    for (size_t i = 0; i < run->course.live_count; i++)
        if (!run->course.live[i]->lifted)
            return true;
    return false;
}

void live_free(struct course *course)
{
    for (size_t i = 0; i < course->live_count; i++)
        free(course->live[i]);
    free(course->live);
    course->live = NULL;
    course->live_count = 0;
}

void live_lift_all(struct run *run)
{
    struct course *c = &run->course;

    for (size_t i = 0; i < c->live_count; i++)
        if (c->live[i]->rule >= 0 && !c->live[i]->lifted)
            control_lift(run->control, (uint32_t)c->live[i]->rule);
    for (size_t i = 0; i < c->live_count; i++)
        injection_lift(c->live[i]);
}
