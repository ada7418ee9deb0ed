/* What was explored, as plain data.  Floor 3. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/explore/internal.h"

static void count_outcome(struct explore_result *r, const struct plan *plan)
{
    if (plan->is_done) {
        r->explored_count++;
        r->outcomes[plan->outcome]++;
    } else if (plan->is_unstable)
        r->unexplored[UNEXPLORED_UNSTABLE]++;
    else if (plan->is_failed)
        r->unexplored[UNEXPLORED_ENGINE]++;
    else
        r->unexplored[r->was_interrupted ? UNEXPLORED_INTERRUPTED : UNEXPLORED_BUDGET]++;
}

/* The confirmed first, the gravest first, those of one cause together. */
static int by_gravity(const void *a, const void *b)
{
    const struct finding *f = a, *g = b;

    if (f->is_confirmed != g->is_confirmed)
        return f->is_confirmed ? -1 : 1;
    if (f->outcome != g->outcome)
        return f->outcome < g->outcome ? -1 : 1;
    if (f->cause != g->cause)
        return f->cause < g->cause ? -1 : 1;
    return f->point < g->point ? -1 : f->point > g->point;
}

static bool is_wanted(const struct plan *plan, bool is_done)
{
    return plan->is_done == is_done;
}

int result_make(struct explore *x)
{
    if (x->in_libc)
        note(x,
             "%zu points at which libc itself crashes, in what it failed to allocate, are left out (--libc)",
             x->in_libc);
    struct explore_result *r = &x->result;
    struct point *points = arena_take(x->arena, (x->plans_count + 1) * sizeof(*points));
    struct finding *findings = arena_take(x->arena, (x->plans_count + 1) * sizeof(*findings));

    if (!points || !findings)
        return -ENOMEM;
    r->was_interrupted = is_interrupted(x);
    for (int done = 1; done >= 0; done--)
        for (size_t i = 0; i < x->plans_count; i++) {
            struct plan *plan = &x->plans[i];
            if (!is_wanted(plan, done))
                continue;
            count_outcome(r, plan);
            struct point *point = &points[r->points_count++];
            *point = plan->point;
            plan->finding.point = point;
            if (plan->is_done && plan->is_finding)
                findings[r->findings_count++] = plan->finding;
        }
    if (r->findings_count)
        qsort(findings, r->findings_count, sizeof(*findings), by_gravity);
    r->points = points;
    r->findings = findings;
    r->argv = x->request.argv;
    r->program = x->request.program;
    r->folder = x->folder;
    r->clean_ns = x->clean.took_ns;
    r->took_ns = now_mono_ns() - x->started_ns;
    r->runs = x->runs;
    r->forks = x->forks;
    r->unexplored[UNEXPLORED_LIMIT] = x->lost;
    r->notes = x->notes;
    r->notes_count = x->notes_count;
    return 0;
}
