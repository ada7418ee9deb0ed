/* The faults of a cell: armed, lifted, and their hits judged.  Floor 3. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/run/internal.h"
#include "chaosctl/run/relays.h"

static size_t reset_in(struct run *run, const struct fault *f, size_t service)
{
    pid_t pids[PIDS_MAX];
    size_t count = services_pids(run->services, service, pids, PIDS_MAX);

    return control_reset(run->control, run->scenario, f->targets, control_direction(f), pids, count);
}

static void reset_established(struct injection *in)
{
    const struct fault *f = in->fault;

    for (size_t i = 0; i < in->run->scenario->services_count; i++)
        if ((f->service < 0 || (size_t)f->service == i) &&
            in->run->scenario->services[i].inject != INJECT_NONE)
            in->done += reset_in(in->run, f, i);
    in->done += relays_reset(in->run->relays, f->targets);
}

static void strike_process(struct injection *in)
{
    const struct fault *f = in->fault;
    size_t service = (size_t)f->service;
    int r = f->kind == FAULT_pause ? services_pause(in->run->services, service, true)
                                   : services_kill(in->run->services, service, f->signal);

    if (r)
        return;
    in->active = true;
    in->done++;
    run_note(in->run, "fault.struck", in->run->scenario->services[service].name, f->text);
}

static void relieve_process(struct injection *in)
{
    size_t service = (size_t)in->fault->service;

    if (!in->active)
        return;
    in->active = false;
    if (in->fault->kind == FAULT_pause)
        services_pause(in->run->services, service, false);
    else if (!services_restart(in->run->services, service))
        in->run->course.pending_restarts++;
}

static void begin(void *arg)
{
    struct injection *in = arg;

    if (fault_way(in->fault->kind) == WAY_PROCESS)
        strike_process(in);
    else if (control_resets(in->fault))
        reset_established(in);
}

static void end(void *arg)
{
    relieve_process(arg);
}

static int arm(struct injection *in, uint32_t ordinal, uint64_t seed, uint64_t now_ns)
{
    struct rule rule;

    if (fault_way(in->fault->kind) != WAY_SHIM)
        return 0;
    control_rule(in->fault, ordinal, seed, now_ns, &rule);
    in->rule = control_arm(in->run->control, &rule, in->fault->reply);
    return in->rule < 0 ? in->rule : 0;
}

static void schedule(struct injection *in, uint64_t now_ns)
{
    const struct fault *f = in->fault;

    in->begin = (struct timer){.fn = begin, .arg = in};
    in->end = (struct timer){.fn = end, .arg = in};
    if (!f->start_ns)
        begin(in);
    else
        loop_set_timer(in->run->loop, &in->begin, now_ns + f->start_ns);
    if (f->for_ns != RULE_ENDLESS && fault_way(f->kind) == WAY_PROCESS)
        loop_set_timer(in->run->loop, &in->end, now_ns + f->start_ns + f->for_ns);
}

int injection_arm(struct injection *in, uint32_t ordinal, uint64_t seed, uint64_t now_ns)
{
    int r = arm(in, ordinal, seed, now_ns);

    if (r)
        return r;
    schedule(in, now_ns);
    run_note(in->run, "fault.armed", NULL, in->fault->text);
    return 0;
}

struct injection *inject_at(const struct run *run, size_t index)
{
    const struct course *c = &run->course;
    size_t planned = c->injections ? c->cell->faults_count : 0;

    if (index < planned)
        return &c->injections[index];
    return index - planned < c->live_count ? c->live[index - planned] : NULL;
}

int inject_begin(struct run *run)
{
    struct course *c = &run->course;
    uint64_t now_ns = c->injected_ns;

    c->injections = calloc(c->cell->faults_count + 1, sizeof(*c->injections));
    if (!c->injections)
        return -ENOMEM;
    for (size_t i = 0; i < c->cell->faults_count; i++)
        c->injections[i] =
            (struct injection){.run = run, .fault = &c->cell->faults[i], .rule = -1, .id = ++run->injected};
    for (size_t i = 0; i < c->cell->faults_count; i++) {
        int r = injection_arm(&c->injections[i], (uint32_t)i, c->cell->seed, now_ns);
        if (r)
            return r;
    }
    return 0;
}

void injection_count(struct injection *in)
{
    if (in->lifted)
        return;
    in->matches = in->hits = in->done;
    if (in->rule < 0)
        return;
    const struct rule *rule = &control_table(in->run->control)->rules[in->rule];
    in->matches += atomic_load(&rule->matches);
    in->hits += atomic_load(&rule->hits);
    in->skipped = atomic_load(&rule->skipped);
    in->unseen = atomic_load(&rule->unseen);
}

void injection_lift(struct injection *in)
{
    struct loop *loop = in->run->loop;

    if (in->lifted)
        return;
    if (in->rule >= 0)
        control_lift(in->run->control, (uint32_t)in->rule);
    loop_unset_timer(loop, &in->begin);
    loop_unset_timer(loop, &in->end);
    loop_unset_timer(loop, &in->over);
    relieve_process(in);
    injection_count(in);
    in->lifted = true;
    run_note(in->run, "fault.lifted", NULL, in->fault->text);
}

/* The rules of all of them first: what is counted and told afterwards takes its time. */
static void lift_rules(struct run *run)
{
    struct injection *in;

    for (size_t i = 0; (in = inject_at(run, i)); i++)
        if (in->rule >= 0 && !in->lifted)
            control_lift(run->control, (uint32_t)in->rule);
}

void inject_lift(struct run *run)
{
    struct course *c = &run->course;
    struct injection *in;

    lift_rules(run);
    if (c->injections && !c->lifted)
        c->lifted_ns = now_mono_ns();
    c->lifted = c->lifted || c->injections;
    for (size_t i = 0; (in = inject_at(run, i)); i++)
        injection_lift(in);
}

static const char *why_skipped(const struct fault *f)
{
    return fault_effect(f->kind) == EFFECT_WAIT || f->kind == FAULT_dns
               ? "on non-blocking descriptors, which never sleep"
               : "where it cannot work";
}

static const char *unhit_reason(struct run *run, const struct injection *in)
{
    const struct fault *f = in->fault;

    if (in->skipped && !in->hits)
        return run_text(run, "`%s` could not land: all %llu calls that it struck were %s", f->text,
                        (unsigned long long)in->skipped, why_skipped(f));
    if (in->unseen && !in->matches)
        return run_text(run, "`%s` hit nothing: request cannot be matched: %llu connection%s TLS", f->text,
                        (unsigned long long)in->unseen, in->unseen == 1 ? " is" : "s are");
    if (!in->matches && f->request)
        return run_text(run, "`%s` hit nothing: no such request was made", f->text);
    if (!in->matches)
        return run_text(run, "`%s` hit nothing: no such call was made", f->text);
    return run_text(run, "`%s` hit %llu times of %llu, expected %s", f->text, (unsigned long long)in->hits,
                    (unsigned long long)in->matches, f->hits_text);
}

bool inject_landed(const struct injection *in)
{
    return in->hits >= in->fault->hits_min && in->hits <= in->fault->hits_max;
}

void inject_settle(struct run *run)
{
    struct injection *in;

    for (size_t i = 0; (in = inject_at(run, i)); i++)
        if (!inject_landed(in))
            run_judge(run, VERDICT_INCONCLUSIVE, unhit_reason(run, in));
}

uint64_t inject_hits(const struct run *run)
{
    struct injection *in;
    uint64_t hits = 0;

    for (size_t i = 0; (in = inject_at(run, i)); i++) {
        injection_count(in);
        hits += in->hits;
    }
    return hits;
}

/* The latest first: a place in the table may be used again. */
const char *inject_fault_of(const struct run *run, uint32_t rule)
{
    const char *text = "?";
    struct injection *in;

    for (size_t i = 0; (in = inject_at(run, i)); i++)
        if (in->rule == (int)rule)
            text = in->fault->text;
    return text;
}
