/* Which processes belong to a service.  Floor 3.
 *
 * The leader's descendants; and orphans that the kernel gave to us as their subreaper, told apart by their
 * session or by the mark in their environment. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/run/service_unit.h"

struct pids {
    pid_t *list;
    size_t count, max;
};

static void pids_add(struct pids *pids, pid_t pid)
{
    for (size_t i = 0; i < pids->count; i++)
        if (pids->list[i] == pid)
            return;
    if (pids->count < pids->max)
        pids->list[pids->count++] = pid;
}

static void pids_add_tree(struct pids *pids, pid_t root)
{
    pid_t below[TREE_MAX];
    size_t n = process_descendants(root, below, TREE_MAX);

    pids_add(pids, root);
    for (size_t i = 0; i < n; i++)
        pids_add(pids, below[i]);
}

/* A child of ours that nobody here waits for. */
static bool is_orphan(const struct services *services, pid_t pid)
{
    return process_parent(pid) == getpid() && !loop_has_child(services->loop, pid);
}

static bool came_from(const struct unit *unit, pid_t pid)
{
    return unit->session &&
           (getsid(pid) == unit->session || process_has_variable(pid, UNIT_MARK, unit->mark));
}

static bool is_from_here(const struct services *services, pid_t pid)
{
    for (size_t i = 0; i < services->count; i++)
        if (came_from(&services->units[i], pid))
            return true;
    return services->sole;
}

static void add_orphans(const struct services *services, const struct unit *unit, struct pids *pids)
{
    pid_t ours[TREE_MAX];
    size_t n = process_descendants(getpid(), ours, TREE_MAX);

    for (size_t i = 0; i < n; i++)
        if (is_orphan(services, ours[i]) &&
            (unit ? came_from(unit, ours[i]) : is_from_here(services, ours[i])))
            pids_add_tree(pids, ours[i]);
}

/* Members say themselves that they are; those that a fault is to strike are checked with the kernel. */
static void add_members(struct unit *unit, struct pids *pids)
{
    pid_t members[SLOT_MAX];
    struct control *control = unit->services->control;
    size_t n = control_members(control, (int)unit->index, members, SLOT_MAX);

    for (size_t i = 0; i < n; i++)
        if (process_birth(members[i]) && control_is_mapped_by(control, members[i]))
            pids_add(pids, members[i]);
}

size_t unit_pids(struct unit *unit, pid_t *ret_pids, size_t max)
{
    struct pids pids = {.list = ret_pids, .max = max};

    if (unit->service->join) {
        add_members(unit, &pids);
        return pids.count;
    }
    if (unit->leader && process_birth(unit->leader))
        pids_add_tree(&pids, unit->leader);
    if (unit->session)
        add_orphans(unit->services, unit, &pids);
    return pids.count;
}

/* Not when we are process 1 of a container, or took the place of a shell that had children (exec). */
bool unit_is_sole_parent(struct loop *loop)
{
    pid_t ours[TREE_MAX];
    size_t n = process_descendants(getpid(), ours, TREE_MAX);

    for (size_t i = 0; i < n; i++)
        if (process_parent(ours[i]) == getpid() && !loop_has_child(loop, ours[i]))
            return false;
    return getpid() != 1;
}

size_t unit_stray_pids(struct services *services, pid_t *ret_pids, size_t max)
{
    struct pids pids = {.list = ret_pids, .max = max};

    add_orphans(services, NULL, &pids);
    return pids.count;
}
