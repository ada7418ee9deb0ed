/* Failures by running anew: a run from the start for each point, in a copy of the folder.  Floor 3. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/explore/internal.h"

/* Plans to be run, in turn, and what to do when one has ended. */
struct pool {
    struct explore *x;
    size_t next, running;
    uint32_t wave;
    struct plan *(*take)(struct pool *pool);
    void (*ended)(struct explore *x, struct worker *w, struct plan *plan, struct ended *e);
    bool heeds_budget;
    uint64_t patience_ns; /* for who waits rather than works: it may be about to try again */
};

bool is_interrupted(const struct explore *x)
{
    return x->request.is_interrupted && *x->request.is_interrupted;
}

bool is_over(const struct explore *x)
{
    if (is_interrupted(x))
        return true;
    return x->request.budget_ns && now_mono_ns() - x->started_ns >= x->request.budget_ns;
}

/* --- a run --- */

/* Up to shortly before the clean run got there no stack need be looked at. */
static uint64_t skip_of(const struct worker *w, const struct plan *plan)
{
    uint64_t margin = plan->sequence / 8 + 64;

    return w->is_again || plan->sequence < margin ? 0 : plan->sequence - margin;
}

static int begin(struct pool *pool, struct worker *w, struct plan *plan)
{
    struct explore_area *a = w->area;

    area_reset(w, EXPLORE_FAIL);
    a->hash = plan->hash;
    a->occurrence = plan->point.occurrence;
    a->error = plan->point.error_number;
    a->is_persistent = plan->point.is_persistent;
    a->skip = skip_of(w, plan);
    a->call = plan->call;
    w->plan = plan;
    int error = run_start(pool->x, w, false);
    if (error)
        w->plan = NULL;
    else
        pool->running++;
    return error;
}

/* Not reached where the clean run reached it: once more, and looking from the start. */
static bool again(struct pool *pool, struct worker *w, struct plan *plan, const struct ended *e)
{
    if (e->end.fired || w->is_again || !skip_of(w, plan))
        return false;
    w->is_again = true;
    return !begin(pool, w, plan);
}

static void finish(struct pool *pool, struct worker *w, int status)
{
    struct plan *plan = w->plan;
    struct ended e;

    w->plan = NULL;
    pool->running--;
    if (run_collect(pool->x, w, status, true, &e)) {
        plan->is_failed = true;
        return;
    }
    if (!is_interrupted(pool->x) && !again(pool, w, plan, &e))
        pool->ended(pool->x, w, plan, &e);
    ended_free(&e);
}

static void fill(struct pool *pool)
{
    struct explore *x = pool->x;

    for (unsigned i = 0; i < x->request.jobs; i++) {
        struct worker *w = &x->workers[i];
        while (w->root && !w->plan && !(pool->heeds_budget && is_over(x))) {
            struct plan *plan = pool->take(pool);
            w->is_again = false;
            if (!plan)
                return;
            if (begin(pool, w, plan))
                plan->is_failed = true;
        }
    }
}

/* Has it worked for half of the time? */
static bool is_busy(pid_t pid, uint64_t elapsed_ns)
{
    char path[64], *text = NULL, *p;
    unsigned long user = 0, system = 0;
    size_t len;

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    if (read_from(path, 0, &text, &len))
        return false;
    p = strrchr(text, ')');
    if (p)
        sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
    free(text);
    return (user + system) * (NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK)) > elapsed_ns / 2;
}

static bool may_wait(const struct pool *pool, const struct worker *w, uint64_t now)
{
    uint64_t elapsed = now - w->started_ns;

    return elapsed < pool->patience_ns && !is_busy(w->pid, elapsed);
}

static void kill_late(struct pool *pool)
{
    uint64_t now = now_mono_ns();

    for (unsigned i = 0; i < pool->x->request.jobs; i++) {
        struct worker *w = &pool->x->workers[i];
        if (!w->plan || (now < w->deadline_ns && !is_interrupted(pool->x)))
            continue;
        if (!is_interrupted(pool->x) && may_wait(pool, w, now)) {
            w->deadline_ns = now + NS_PER_S;
            continue;
        }
        w->is_killed = true;
        w->deadline_ns = UINT64_MAX;
        kill(w->pid, SIGKILL);
    }
}

static void pool_run(struct pool *pool)
{
    int status;

    for (fill(pool); pool->running; fill(pool)) {
        pid_t pid = wait_child(now_mono_ns() + 50 * NS_PER_MS, &status);
        for (unsigned i = 0; i < pool->x->request.jobs && pid; i++)
            if (pool->x->workers[i].plan && pool->x->workers[i].pid == pid)
                finish(pool, &pool->x->workers[i], status);
        kill_late(pool);
    }
}

/* --- the workers' own references --- */

/* Where output depends on the folder's name, one folder must do. */
static int worker_learn(struct explore *x, struct worker *w)
{
    struct ended e;

    area_reset(w, EXPLORE_LEARN);
    int error = run_wait(x, w, false, &e);
    if (error)
        return error;
    bool is_same = x->clean.is_out_unstable ||
                   (e.out_len == x->clean.out_len && !memcmp(e.out, x->clean.out, e.out_len));
    w->reference = e.tree;
    e.tree = (struct tree){0};
    ended_free(&e);
    for (size_t i = 0; i < w->reference.count && is_same; i++) {
        struct tree_file *file = &w->reference.files[i];
        const struct tree *first = &x->workers[0].reference;
        if (i >= first->count || strcmp(first->files[i].path, file->path))
            return -EAGAIN;
        if (first->files[i].size == UINT64_MAX)
            file->size = UINT64_MAX;
    }
    return is_same ? 0 : -EAGAIN;
}

static int workers_open(struct explore *x)
{
    for (unsigned i = 1; i < x->request.jobs; i++) {
        if (x->workers[i].root)
            continue;
        int error = worker_open(x, i);
        if (!error)
            error = worker_learn(x, &x->workers[i]);
        if (error == -EAGAIN) {
            note(x, "it runs in one copy of the folder at a time: in another its output is another");
            x->request.jobs = i;
        } else if (error)
            return error;
    }
    return 0;
}

/* --- exploring --- */

static struct plan *take_open(struct pool *pool)
{
    while (pool->next < pool->x->plans_count) {
        struct plan *plan = &pool->x->plans[pool->next++];
        if (plan->wave == pool->wave && !plan->is_done && !plan->is_unstable && !plan->is_failed)
            return plan;
    }
    return NULL;
}

static void explored(struct explore *x, struct worker *w, struct plan *plan, struct ended *e)
{
    const char *detail = NULL;
    enum ending outcome = e->end.fired ? judge(x, w, plan, e, &detail) : ENDING_NOT_REACHED;

    take_outcome(x, plan, outcome, e, w->area, detail);
}

int rerun_all(struct explore *x, uint32_t wave)
{
    struct pool pool = {.x = x, .wave = wave, .take = take_open, .ended = explored, .heeds_budget = true};

    if (!take_open(&pool))
        return 0;
    pool.next = 0;
    int error = is_over(x) ? 0 : workers_open(x);
    if (!error)
        pool_run(&pool);
    return error;
}

/* --- confirming --- */

#define TRIES       3 /* findings of one cause that are run anew; when each is confirmed, so are the others */
#define PATIENCE_NS (20 * NS_PER_S) /* the longest that common programs back off for */

struct cause {
    uint64_t id;
    unsigned tried, failed;
};

static struct cause *cause_find(struct explore *x, uint64_t id)
{
    for (size_t i = 0; i < x->causes_count; i++)
        if (x->causes[i].id == id)
            return &x->causes[i];
    struct cause *new = arena_push(x->arena, &x->causes, &x->causes_count, sizeof(*x->causes));
    if (new)
        new->id = id;
    return new;
}

/* In the second round, wave 1: the rest of each cause of which one was not confirmed. */
static bool needs_run(struct pool *pool, const struct plan *plan)
{
    struct cause *cause = cause_find(pool->x, plan->finding.cause);

    if (!cause || plan->is_tried)
        return !cause;
    return pool->wave ? cause->failed : cause->tried < (plan->outcome == ENDING_HANG ? 1 : TRIES);
}

static struct plan *take_finding(struct pool *pool)
{
    while (pool->next < pool->x->plans_count && !is_interrupted(pool->x)) {
        struct plan *plan = &pool->x->plans[pool->next++];
        if (!plan->is_finding || plan->is_failed || !needs_run(pool, plan))
            continue;
        plan->is_tried = true;
        cause_find(pool->x, plan->finding.cause)->tried++;
        return plan;
    }
    return NULL;
}

/* Memory that was freed, or never written, holds one thing now and another then: how it crashes may differ.
 */
static bool is_as_bad(enum ending a, enum ending b)
{
    bool is_memory = (a == ENDING_SEGV || a == ENDING_HEAP) && (b == ENDING_SEGV || b == ENDING_HEAP);

    return a == b || is_memory;
}

/* What the run from the start says is what holds. */
static void confirmed(struct explore *x, struct worker *w, struct plan *plan, struct ended *e)
{
    enum ending before = plan->outcome;
    const char *detail = NULL, *old = plan->finding.detail;
    struct finding finding = plan->finding;
    enum ending outcome = e->end.fired ? judge(x, w, plan, e, &detail) : ENDING_NOT_REACHED;

    x->found--;
    take_outcome(x, plan, outcome, e, w->area, detail ? detail : old);
    plan->finding.is_confirmed = plan->is_finding && is_as_bad(outcome, before);
    if (plan->finding.is_confirmed || (before == ENDING_HANG && !plan->is_finding)) /* it was but slow */
        return;
    plan->is_finding = true;
    plan->outcome = ENDING_UNSTABLE;
    plan->finding = finding;
    cause_find(x, finding.cause)->failed++;
}

static bool anything(struct explore *x)
{
    for (size_t i = 0; i < x->plans_count; i++)
        if (x->plans[i].is_finding)
            return true;
    return false;
}

static uint64_t patience_of(const struct explore *x)
{
    uint64_t budget = x->request.budget_ns;

    return budget && budget / 2 < PATIENCE_NS ? budget / 2 : PATIENCE_NS;
}

int confirm_all(struct explore *x)
{
    int error = anything(x) ? workers_open(x) : 0;

    x->hang_ns = 4 * x->first_hang_ns;
    for (uint32_t round = 0; round < 2 && !error; round++) {
        struct pool pool = {
            .x = x, .wave = round, .take = take_finding, .ended = confirmed, .patience_ns = patience_of(x)};
        pool_run(&pool);
    }
    for (size_t i = 0; i < x->plans_count && !error; i++) {
        struct plan *plan = &x->plans[i];
        if (plan->is_finding && !plan->is_tried && !is_interrupted(x))
            plan->finding.is_confirmed = true;
    }
    return error;
}
