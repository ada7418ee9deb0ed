/* What the processes of a run wrote into the control area: records and slots.  Floor 3.
 *
 * Any of them may write nonsense; nothing here follows an index or believes a pid. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/run/control_area.h"
#include "chaosctl/run/process.h"

#define STUCK_NS NS_PER_S

/* --- records --- */

/* A writer that claimed a place publishes it within microseconds, unless it died or was stopped in between.
 */
static bool skip_stuck(struct control *control)
{
    struct ring *ring = &control->table->ring;
    uint64_t now = now_mono_ns();

    if (!ring_is_stuck(ring)) {
        control->stuck_since_ns = 0;
        return false;
    }
    if (!control->stuck_since_ns || control->stuck_at != ring->tail) {
        control->stuck_since_ns = now;
        control->stuck_at = ring->tail;
    }
    if (now - control->stuck_since_ns < STUCK_NS)
        return false;
    ring_skip(ring);
    /* The next place of the same dead writers waits no second of its own. */
    control->stuck_at = ring->tail;
    return true;
}

/* Bounded, for writers may be faster than fn. */
size_t control_drain(struct control *control, control_record_fn *fn, void *arg)
{
    struct record record;
    size_t count = 0;

    for (int places = 0; places < 2 * RING_SIZE; places++) {
        if (ring_take(&control->table->ring, &record)) {
            control->stuck_since_ns = 0;
            fn(arg, &record);
            count++;
        } else if (!skip_stuck(control)) {
            break;
        }
    }
    return count;
}

/* --- slots --- */

static pid_t slot_pid(const struct slot *slot)
{
    return (pid_t)atomic_load(&slot->pid);
}

/* A slot is written pid first: without its time it is not whole yet. */
static bool slot_is_whole(const struct slot *slot)
{
    return slot_pid(slot) > 0 && slot->joined_ns;
}

int control_member(const struct control *control, pid_t pid, uint32_t *ret_service)
{
    for (int i = 0; i < SLOT_MAX; i++) {
        const struct slot *slot = &control->table->slots[i];
        if (slot_pid(slot) != pid || !slot_is_whole(slot))
            continue;
        *ret_service = slot->service;
        return 0;
    }
    return -ENOENT;
}

size_t control_members(const struct control *control, int service, pid_t *ret_pids, size_t max)
{
    size_t count = 0;

    for (int i = 0; i < SLOT_MAX && count < max; i++) {
        const struct slot *slot = &control->table->slots[i];
        if (slot_is_whole(slot) && (service < 0 || slot->service == (uint32_t)service))
            ret_pids[count++] = slot_pid(slot);
    }
    return count;
}

size_t control_sweep(struct control *control)
{
    size_t left = 0;

    for (int i = 0; i < SLOT_MAX; i++) {
        struct slot *slot = &control->table->slots[i];
        uint32_t pid = (uint32_t)slot_pid(slot);
        if (!pid)
            continue;
        if (process_birth((pid_t)pid)) {
            left++;
            continue;
        }
        slot->joined_ns = 0;
        atomic_compare_exchange_strong(&slot->pid, &pid, 0);
    }
    return left;
}

bool control_is_retired(const struct control *control, pid_t pid)
{
    for (int i = 0; i < SLOT_MAX; i++)
        if (slot_pid(&control->table->slots[i]) == pid)
            return control->table->slots[i].joined_ns == SLOT_RETIRED;
    return false;
}

bool control_is_mapped_by(const struct control *control, pid_t pid)
{
    char path[64], line[2 * PATH_MAX];
    bool found = false;

    snprintf(path, sizeof(path), "/proc/%d/maps", pid);
    cleanup_file FILE *maps = fopen(path, "re");
    while (maps && !found && fgets(line, sizeof(line), maps)) {
        line[strcspn(line, "\n")] = '\0';
        const char *file = strchr(line, '/');
        found = file && !strcmp(file, control->path);
    }
    return found;
}
