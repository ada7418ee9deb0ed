/* Ending a service, and what it left behind.  Floor 3.
 *
 * The leader's group is asked first, so that a server can end its workers itself; then whatever is left is
 * asked, then made to. */
#include <signal.h>
#include <unistd.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/run/service_unit.h"

static void set_timer(struct unit *unit, void (*fn)(void *arg), uint64_t due_ns)
{
    unit->timer.fn = fn;
    unit->timer.arg = unit;
    loop_set_timer(unit->services->loop, &unit->timer, due_ns);
}

/* The strays' unit has no service of its own. */
static size_t rest_of(struct unit *unit, pid_t *pids)
{
    return unit->service ? unit_pids(unit, pids, TREE_MAX) : unit_stray_pids(unit->services, pids, TREE_MAX);
}

static size_t signal_rest(struct unit *unit, int signal)
{
    pid_t pids[TREE_MAX];
    size_t n = rest_of(unit, pids);

    for (size_t i = 0; i < n && signal; i++)
        kill(pids[i], signal);
    return n;
}

static void poll_rest(void *arg)
{
    struct unit *unit = arg;
    uint64_t now = now_mono_ns();

    if (!signal_rest(unit, now >= unit->deadline_ns ? SIGKILL : 0)) {
        unit_is_gone(unit);
        return;
    }
    set_timer(unit, poll_rest, now + STOP_POLL_NS);
}

static void clear_rest(void *arg)
{
    struct unit *unit = arg;

    if (signal_rest(unit, SIGTERM))
        signal_rest(unit, SIGCONT); /* a stopped one would not hear of it */
    unit->deadline_ns = now_mono_ns() + REST_GRACE_NS;
    poll_rest(unit);
}

/* From the loop, not from within our caller. */
void unit_leader_ended(struct unit *unit)
{
    set_timer(unit, clear_rest, now_mono_ns());
}

static void make_it_end(void *arg)
{
    struct unit *unit = arg;

    if (unit->leader)
        kill(-unit->leader, SIGKILL);
}

void unit_resume(struct unit *unit)
{
    pid_t pids[TREE_MAX];

    if (unit->pause_guard < 0)
        return;
    size_t n = unit_pids(unit, pids, TREE_MAX);
    pause_end(&unit->pause_guard);
    for (size_t i = 0; i < n; i++)
        kill(pids[i], SIGCONT);
}

void unit_stop(struct unit *unit, enum unit_state state)
{
    unit_cancel(unit);
    unit->state = state;
    if (unit->service)
        unit_resume(unit);
    if (!unit->leader) {
        unit_leader_ended(unit);
        return;
    }
    unit->killed = true;
    kill(-unit->leader, unit->service->stop_signal ? unit->service->stop_signal : SIGTERM);
    set_timer(unit, make_it_end, now_mono_ns() + unit->service->stop_within_ns);
}
