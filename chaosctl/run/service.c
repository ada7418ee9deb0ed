/* The services of a cell, in order and in reverse.  Floor 3. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/run/service_unit.h"

#define KILL_ROUNDS                                                                                          \
    10 /* a process that forks while it is killed has its children found in the next round                   \
        */

/* --- life --- */

static int unit_init(struct services *services, size_t index)
{
    struct unit *unit = &services->units[index];

    unit->services = services;
    unit->service = &services->scenario->services[index];
    unit->index = index;
    unit->status = -1;
    unit->pause_guard = -1;
    snprintf(unit->mark, sizeof(unit->mark), "%s/%zu", control_run(services->control), index);
    if (asprintf(&unit->log, "%s/logs/%s.log", control_folder(services->control), unit->service->name) >= 0)
        return 0;
    unit->log = NULL;
    return -ENOMEM;
}

int services_new(struct loop *loop, struct control *control, struct prober *prober,
                 const struct scenario *scenario, service_fn *fn, void *arg, struct services **ret_services)
{
    struct services *services = calloc(1, sizeof(*services));

    if (!services)
        return -ENOMEM;
    *services = (struct services){.loop = loop,
                                  .control = control,
                                  .prober = prober,
                                  .scenario = scenario,
                                  .fn = fn,
                                  .arg = arg,
                                  .count = scenario->services_count};
    services->strays = (struct unit){.services = services, .pause_guard = -1};
    services->sole = unit_is_sole_parent(loop);
    services->units = calloc(services->count + 1, sizeof(*services->units));
    int error = services->units ? process_subreaper() : -ENOMEM;
    for (size_t i = 0; services->units && i < services->count && !error; i++)
        error = unit_init(services, i);
    if (error)
        services_free(services);
    else
        *ret_services = services;
    return error;
}

/* Whoever frees without having stopped is in a hurry. */
static void unit_end_now(struct unit *unit)
{
    pid_t pids[TREE_MAX];

    unit_cancel(unit);
    if (unit->leader) {
        size_t n = unit_pids(unit, pids, TREE_MAX);
        for (size_t i = 0; i < n; i++)
            kill(pids[i], SIGKILL);
        loop_remove_child(unit->services->loop, unit->leader);
    }
    pause_end(&unit->pause_guard);
    free(unit->log);
}

void services_free(struct services *services)
{
    if (!services)
        return;
    loop_unset_timer(services->loop, &services->strays.timer);
    for (size_t i = 0; services->units && i < services->count; i++)
        if (services->units[i].services)
            unit_end_now(&services->units[i]);
    free(services->units);
    free(services);
}

/* --- starting, in order --- */

void unit_tell(struct unit *unit, enum service_event event, const char *detail)
{
    struct services *s = unit->services;

    s->fn(s->arg, event, (int)unit->index, unit->status, detail);
}

/* The last thing that its callers do: fn may stop or free everything. */
static void all_ready(struct services *services)
{
    services->fn(services->arg, SERVICE_ALL_READY, -1, -1, NULL);
}

static void start_first(void *arg)
{
    struct services *services = arg;

    if (services->count)
        unit_start(&services->units[0]);
    else
        all_ready(services);
}

/* From the loop: what happens never arrives within this call. */
void services_start(struct services *services)
{
    services->strays.timer = (struct timer){.fn = start_first, .arg = services};
    loop_set_timer(services->loop, &services->strays.timer, now_mono_ns());
}

void unit_is_ready(struct unit *unit)
{
    struct services *services = unit->services;
    bool restarted = unit->restarted;

    unit->state = UNIT_READY;
    unit->restarted = false;
    unit_tell(unit, SERVICE_READY, NULL);
    if (restarted || services->stopping || services->failed)
        return;
    if (unit->index + 1 < services->count)
        unit_start(unit + 1);
    else
        all_ready(services);
}

/* Whatever it was about to become, it is to end now, and that is no news. */
static void be_quiet(struct unit *unit)
{
    unit_cancel(unit);
    unit->state = unit->leader ? UNIT_READY : UNIT_ENDED;
    unit->killed = true;
}

void unit_failed(struct unit *unit, const char *detail)
{
    be_quiet(unit);
    unit->services->failed = true;
    unit_tell(unit, SERVICE_FAILED, detail);
}

/* --- stopping, in reverse order --- */

static void all_stopped(void *arg)
{
    struct services *services = arg;

    services->fn(services->arg, SERVICE_ALL_STOPPED, -1, -1, NULL);
}

static void stop_next(struct services *services)
{
    if (!services->stop_left) {
        unit_stop(&services->strays, UNIT_STOPPING);
        return;
    }
    struct unit *unit = &services->units[--services->stop_left];
    if (!unit->service->join) {
        unit_stop(unit, UNIT_STOPPING);
        return;
    }
    unit_cancel(unit);
    unit_resume(unit);
    unit->state = UNIT_ENDED;
    stop_next(services);
}

void unit_is_gone(struct unit *unit)
{
    bool restart = unit->state == UNIT_RESTARTING;

    unit->state = UNIT_ENDED;
    if (restart)
        unit_start(unit);
    else if (unit == &unit->services->strays)
        all_stopped(unit->services);
    else
        stop_next(unit->services);
}

void services_stop(struct services *services)
{
    if (services->stopping)
        return;
    services->stopping = true;
    services->stop_left = services->count;
    for (size_t i = 0; i < services->count; i++)
        be_quiet(&services->units[i]);
    stop_next(services);
}

/* --- faults ---
 *
 * Accepted limit: what a paused service forks between being listed and being stopped runs on. */

static bool is_in(const pid_t *pids, size_t count, pid_t pid)
{
    for (size_t i = 0; i < count; i++)
        if (pids[i] == pid)
            return true;
    return false;
}

/* Signal everything that was not signalled yet; returns how many are in done now. */
static size_t signal_new(struct unit *unit, int signal, pid_t *done, size_t count)
{
    pid_t pids[TREE_MAX];
    size_t n = unit_pids(unit, pids, TREE_MAX);

    for (size_t i = 0; i < n && count < TREE_MAX; i++)
        if (!is_in(done, count, pids[i]) && !kill(pids[i], signal))
            done[count++] = pids[i];
    return count;
}

int services_kill(struct services *services, size_t index, int signal)
{
    struct unit *unit = &services->units[index];
    pid_t done[TREE_MAX];
    size_t count = 0, before;
    int rounds = 0;

    unit->killed = true;
    do {
        before = count;
        count = signal_new(unit, signal, done, count);
    } while (count > before && ++rounds < KILL_ROUNDS);
    return count ? 0 : -ESRCH;
}

int services_pause(struct services *services, size_t index, bool paused)
{
    struct unit *unit = &services->units[index];
    pid_t pids[TREE_MAX];

    if (!paused) {
        unit_resume(unit);
        return 0;
    }
    if (unit->pause_guard >= 0)
        return -EALREADY;
    size_t n = unit_pids(unit, pids, TREE_MAX);
    if (!n)
        return -ESRCH;
    return pause_begin(services->loop, pids, n, &control_table(services->control)->lease_ns,
                       &unit->pause_guard);
}

int services_restart(struct services *services, size_t index)
{
    struct unit *unit = &services->units[index];

    if (unit->service->join)
        return -ENOTSUP;
    if (services->stopping)
        return -ECANCELED;
    if (unit->restarted)
        return -EALREADY; /* two faults of one service end together: one restart, one SERVICE_READY */
    unit->restarts++;
    unit->restarted = true;
    unit_stop(unit, UNIT_RESTARTING);
    return 0;
}

/* --- what others ask --- */

size_t services_pids(struct services *services, size_t index, pid_t *ret_pids, size_t max)
{
    return unit_pids(&services->units[index], ret_pids, max);
}

void services_state(struct services *services, size_t index, struct service_state *ret_state)
{
    struct unit *unit = &services->units[index];
    pid_t members[SLOT_MAX];
    size_t n = control_members(services->control, (int)index, members, SLOT_MAX);
    bool alive = unit->leader && process_birth(unit->leader);

    for (size_t i = 0; i < n && unit->service->join; i++)
        alive |= process_birth(members[i]) != 0;
    *ret_state = (struct service_state){
        .alive = alive,
        .status = unit->status,
        .restarts = unit->restarts,
        .entered = n > 0 || unit->service->way == INJECT_SECCOMP,
    };
}

const char *services_log(struct services *services, size_t index)
{
    return services->units[index].log;
}
