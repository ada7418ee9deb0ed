/* Failures by branching off: the program runs once, and at each point that is asked for, a process leaves it
 * in which the call fails.  Floor 3. */
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/explore/internal.h"

#define LOOK_NS  (50 * NS_PER_MS)
#define STILL_NS (60 * NS_PER_S) /* without a branch that begins or ends: the program itself hangs */

struct pass {
    struct explore *x;
    struct worker *w;
    uint32_t *plan_of; /* by place, error, persistence: 1 + index; 0: none */
    size_t asked;
    bool is_gone; /* the program itself */
    int status;
    uint64_t turn, turned_ns; /* when something last happened */
};

static size_t key_of(uint32_t place, uint32_t error, bool is_persistent)
{
    return (place * (size_t)EXPLORE_ERRORS + error) * 2 + is_persistent;
}

static void area_prepare(struct explore *x, struct explore_area *a)
{
    for (size_t i = 0; i < EXPLORE_PLACES; i++)
        if (a->places[i].hash) {
            a->places[i].seen = 0;
            a->places[i].todo = 0;
        }
    memset(a->modules, 0, sizeof(a->modules));
    memset(a->ends, 0, sizeof(a->ends));
    a->modules_count = 0;
    a->sequence = 0;
    a->entered = a->entangled = a->running = a->budget_over = 0;
    a->mode = EXPLORE_BRANCH;
    a->jobs = x->request.jobs;
}

static void ask(struct pass *p, uint32_t first, uint32_t last)
{
    for (size_t i = 0; i < p->x->plans_count; i++) {
        struct plan *plan = &p->x->plans[i];
        if (plan->wave < first || plan->wave > last || plan->is_done || plan->is_unstable)
            continue;
        p->w->area->places[plan->place].todo |= UINT32_C(1) << (plan->error + 16 * plan->point.is_persistent);
        p->plan_of[key_of(plan->place, plan->error, plan->point.is_persistent)] = i + 1;
        p->asked++;
    }
    p->w->area->asked = p->asked;
}

/* --- a branch that ended --- */

static void read_output(const struct worker *w, unsigned index, struct ended *e)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/out.%u", w->root, index);
    read_from(path, e->end.stdout_offset, &e->out, &e->out_len);
    snprintf(path, sizeof(path), "%s/err.%u", w->root, index);
    read_from(path, e->end.stderr_offset, &e->err, &e->err_len);
}

static void judge_branch(struct pass *p, struct explore_end *end, int status, bool is_hung)
{
    struct ended e = {.status = status, .is_hung = is_hung, .end = *end};
    const char *detail;
    uint32_t found = end->place < EXPLORE_PLACES && end->error < EXPLORE_ERRORS
                         ? p->plan_of[key_of(end->place, end->error, end->is_persistent)]
                         : 0;

    read_output(p->w, end - p->w->area->ends, &e);
    p->x->forks++;
    if (found && end->fired && !end->escape) {
        struct plan *plan = &p->x->plans[found - 1];
        enum ending outcome = judge(p->x, p->w, plan, &e, &detail);
        take_outcome(p->x, plan, outcome, &e, p->w->area, detail);
    }
    ended_free(&e);
}

static void give_turn(struct explore_area *a, struct explore_end *end)
{
    atomic_store(&end->pid, 0);
    atomic_store(&end->taken, 0);
    atomic_fetch_sub(&a->running, 1);
    syscall(SYS_futex, &a->running, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void child_ended(struct pass *p, pid_t pid, int status, const bool *is_killed)
{
    struct explore_area *a = p->w->area;

    if (pid == p->w->pid) {
        p->is_gone = true;
        p->status = status;
        return;
    }
    for (unsigned i = 1; i < EXPLORE_ENDS; i++)
        if (a->ends[i].taken && a->ends[i].pid == pid) {
            judge_branch(p, &a->ends[i], status, is_killed[i]);
            give_turn(a, &a->ends[i]);
            return;
        }
}

/* --- the pass --- */

static void kill_late(struct pass *p, bool *is_killed)
{
    struct explore_area *a = p->w->area;
    uint64_t now = now_mono_ns();

    for (unsigned i = 1; i < EXPLORE_ENDS; i++)
        if (a->ends[i].taken && a->ends[i].pid > 0 && a->ends[i].started_ns &&
            now > a->ends[i].started_ns + p->x->hang_ns) {
            is_killed[i] = true;
            kill(a->ends[i].pid, SIGKILL);
        }
}

/* True when nothing is left to wait for. */
static bool stands_still(struct pass *p)
{
    uint64_t now = now_mono_ns();
    uint64_t turn = p->x->forks + atomic_load(&p->w->area->running);

    if (turn != p->turn) {
        p->turn = turn;
        p->turned_ns = now;
    }
    if (now - p->turned_ns <= STILL_NS)
        return false;
    if (!p->is_gone)
        kill(p->w->pid, SIGKILL);
    return p->is_gone;
}

static void pass_run(struct pass *p)
{
    struct explore_area *a = p->w->area;
    bool is_killed[EXPLORE_ENDS] = {false};
    int status;

    while (!p->is_gone || atomic_load(&a->running)) {
        pid_t pid = wait_child(now_mono_ns() + LOOK_NS, &status);
        if (pid > 0) {
            child_ended(p, pid, status, is_killed);
            if (!atomic_load(&a->running))
                memset(is_killed, 0, sizeof(is_killed));
        }
        kill_late(p, is_killed);
        if (stands_still(p))
            break;
        if (is_over(p->x) && !a->budget_over) {
            a->budget_over = 1;
            kill(p->w->pid, SIGKILL);
        }
    }
}

int branch_pass(struct explore *x, uint32_t first, uint32_t last)
{
    struct pass p = {.x = x, .w = &x->workers[0], .turned_ns = now_mono_ns()};
    struct ended e;

    p.plan_of = calloc((size_t)EXPLORE_PLACES * EXPLORE_ERRORS * 2, sizeof(*p.plan_of));
    if (!p.plan_of)
        return -1;
    area_prepare(x, p.w->area);
    ask(&p, first, last);
    int error = p.asked ? run_start(x, p.w, false) : 0;
    if (p.asked && !error) {
        pass_run(&p);
        uint32_t entangled = p.w->area->entangled;
        if (entangled && entangled <= FAILING_COUNT && !x->is_entangled)
            note(x,
                 "from its first %s on it was run anew for each point, as branches would share what that "
                 "leads to",
                 failing_rows[entangled - 1].name);
        x->is_entangled = x->is_entangled || entangled;
        error = run_collect(x, p.w, p.status, true, &e);
        if (!error)
            ended_free(&e);
    }
    free(p.plan_of);
    return error;
}
