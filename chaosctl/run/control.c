/* The control area, seen from the orchestrator.  Floor 3. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/run/control.h"
#include "chaosctl/run/control_area.h"
#include "chaosctl/run/process.h"
#include "chaosctl/run/rundir.h"
#include "chaosctl/run/supervisor.h"
#include "chaosctl/scenario/limits.h"

#define SPARED_BIT (DEPENDENCY_MAX - 1) /* of all that limits forbid */

/* --- the run's folder --- */

int control_base(char **ret_path)
{
    cleanup_free char *base = rundir_base();
    if (!base)
        return -ENOMEM;
    cleanup_fd int fd = rundir_open_base(base);
    if (fd < 0)
        return fd;
    *ret_path = steal(&base);
    return 0;
}

static int make_folder(struct control *control)
{
    control->base = rundir_base();
    if (!control->base)
        return -ENOMEM;
    cleanup_fd int base_fd = rundir_open_base(control->base);
    if (base_fd < 0)
        return base_fd;
    control->folder_fd = rundir_make(base_fd, &control->run);
    if (control->folder_fd < 0)
        return control->folder_fd;
    return asprintf(&control->folder, "%s/%s", control->base, control->run) < 0 ? -ENOMEM : 0;
}

static int begin_state(struct control *control)
{
    struct state *state = &control->state;

    state->run = control->run;
    state->folder = control->folder;
    state->started = clock_text(now_wall_ns(), control->started);
    state->pid = getpid();
    state->birth = process_birth(state->pid);
    return state_write(control->folder_fd, state);
}

int control_new(struct control **ret_control)
{
    struct control *control = calloc(1, sizeof(*control));

    if (!control)
        return -ENOMEM;
    control->folder_fd = control->notify_fd = -1;
    int error = make_folder(control);
    if (!error)
        error = begin_state(control);
    if (error)
        control_free(control, false);
    else
        *ret_control = control;
    return error;
}

/* What an earlier cell armed ends with it, whoever still maps it. */
static void retire(struct control *control)
{
    if (!control->table)
        return;
    control_expire(control);
    supervisor_free(steal(&control->supervisor));
    munmap(control->table, sizeof(*control->table));
    control->table = NULL;
    unlink(control->path);
}

void control_free(struct control *control, bool keep)
{
    if (!control)
        return;
    retire(control);
    if (control->folder_fd >= 0 && !keep) {
        rundir_empty_close(steal_fd(&control->folder_fd));
        if (control->folder)
            rmdir(control->folder);
    }
    clean_fd(&control->folder_fd);
    arena_free(control->services);
    free(control->preload);
    free(control->path);
    free(control->folder);
    free(control->run);
    free(control->base);
    free(control);
}

const char *control_run(const struct control *control)
{
    return control->run;
}

const char *control_folder(const struct control *control)
{
    return control->folder;
}

int control_folder_fd(const struct control *control)
{
    return control->folder_fd;
}

struct table *control_table(struct control *control)
{
    return control->table;
}

const char *control_path(const struct control *control)
{
    return control->path;
}

/* --- the control file --- */

/* Those that are there already stay where they are.  A reader sees the count grow behind what it counts, and
 * believes nothing of a target that it learned before a rule about it is armed: that begins another epoch. */
static int copy_target(struct table *table, const struct target *target, uint32_t *at)
{
    if (*at == TARGET_MAX)
        return -E2BIG;
    if (*at >= table->target_count) {
        table->targets[*at] = *target;
        atomic_thread_fence(memory_order_release);
        table->target_count = *at + 1;
    }
    ++*at;
    return 0;
}

/* What a limit forbids is spared even where nobody could know that a fault would meet it: a name that
 * resolves to an address, an address that was somebody's name. */
static int copy_forbidden(struct table *table, const struct forbidden *forbidden, uint32_t *at)
{
    int error = 0;

    for (size_t i = 0; i < forbidden->targets_count && !error; i++) {
        struct target target = forbidden->targets[i];
        target.bit = SPARED_BIT;
        error = copy_target(table, &target, at);
        target.protocol = PROTOCOL_UDP;
        if (!error && forbidden->any_protocol && target.kind != TARGET_UNIX)
            error = copy_target(table, &target, at);
    }
    return error;
}

/* A dependency of that name, under whatever other name a fault may meet it. */
static int copy_named(struct table *table, const struct scenario *scenario, const char *name, uint32_t *at)
{
    int error = 0;

    for (size_t d = 0; name && d < scenario->dependencies_count; d++)
        for (size_t t = 0; !strcmp(name, scenario->dependencies[d].name) && !error &&
                           t < scenario->dependencies[d].targets_count;
             t++) {
            struct target target = scenario->dependencies[d].targets[t];
            target.bit = SPARED_BIT;
            error = copy_target(table, &target, at);
        }
    return error;
}

static int copy_limits(struct control *control, const struct scenario *scenario, const struct limits *limits,
                       uint32_t *at)
{
    int error = 0;

    for (size_t i = 0; i < limits->forbidden_count && !error; i++) {
        control->spared = 1u << SPARED_BIT;
        error = copy_forbidden(control->table, &limits->forbidden[i], at);
        if (!error)
            error = copy_named(control->table, scenario, limits->forbidden[i].name, at);
    }
    return error;
}

static int copy_targets(struct control *control, const struct scenario *scenario)
{
    int error = 0;
    uint32_t at = 0;

    control->spared = 0;
    for (size_t i = 0; i < scenario->limits_count && !error; i++)
        error = copy_limits(control, scenario, &scenario->limits[i], &at);
    if (control->spared && scenario->dependencies_count > SPARED_BIT)
        return -E2BIG;
    for (size_t d = 0; d < scenario->dependencies_count; d++)
        for (size_t t = 0; t < scenario->dependencies[d].targets_count && !error; t++)
            error = copy_target(control->table, &scenario->dependencies[d].targets[t], &at);
    return error;
}

int control_add_targets(struct control *control, const struct scenario *scenario)
{
    return copy_targets(control, scenario);
}

/* Room is taken now: a write through a map finds no room by dying of SIGBUS. */
static int map_file(int fd, struct table **ret_table)
{
    struct table *table;

    if (fchmod(fd, 0600))
        return -errno;
    int error = posix_fallocate(fd, 0, sizeof(*table));
    if (error)
        return -error;
    table = mmap(NULL, sizeof(*table), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (table == MAP_FAILED)
        return -errno;
    *ret_table = table;
    return 0;
}

static int make_area(struct control *control, const struct scenario *scenario, uint32_t watched)
{
    cleanup_fd int fd = open(control->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return -errno;
    int error = map_file(fd, &control->table);
    if (!error)
        error = copy_targets(control, scenario);
    if (error)
        return error;
    table_init(control->table);
    table_watch(control->table, watched);
    return 0;
}

static int note_scenario(struct control *control, const struct scenario *scenario)
{
    struct state *state = &control->state;

    arena_free(control->services);
    control->services = arena_new();
    state->services = NULL;
    state->services_count = 0;
    state->control = control->path;
    for (size_t i = 0; control->services && i < scenario->services_count; i++) {
        struct state_service *s =
            arena_push(control->services, &state->services, &state->services_count, sizeof(*s));
        if (!s)
            return -ENOMEM;
        s->name = arena_copy(control->services, scenario->services[i].name);
        s->join = scenario->services[i].join;
        if (!s->name)
            return -ENOMEM;
    }
    return control->services ? state_write(control->folder_fd, state) : -ENOMEM;
}

int control_fresh(struct control *control, const struct scenario *scenario, uint32_t watched)
{
    char *path = NULL;

    retire(control);
    control->stuck_since_ns = 0;
    if (asprintf(&path, "%s/control.%u", control->folder, ++control->number) < 0)
        return -ENOMEM;
    free(control->path);
    control->path = path;
    int error = make_area(control, scenario, watched);
    if (!error)
        error = note_scenario(control, scenario);
    if (error)
        retire(control);
    return error;
}

void control_note_service(struct control *control, size_t index, pid_t pid)
{
    if (index >= control->state.services_count)
        return;
    control->state.services[index].pid = pid;
    control->state.services[index].birth = process_birth(pid);
    /* A full disk costs other commands their view of the run, not the run. */
    state_write(control->folder_fd, &control->state);
}

/* --- lease and rules --- */

static void wake(struct control *control)
{
    syscall(SYS_futex, &control->table->epoch, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
    supervisor_nudge(control->supervisor);
    if (control->notify_fd >= 0)
        eventfd_write(control->notify_fd, 1);
}

void control_notify(struct control *control, int event_fd)
{
    control->notify_fd = event_fd;
}

uint64_t control_renew(struct control *control, uint64_t lease_ns)
{
    uint64_t now = now_mono_ns();
    uint64_t until = lease_ns > UINT64_MAX - now ? UINT64_MAX : now + lease_ns;
    uint64_t before = atomic_exchange(&control->table->lease_ns, until);

    table_tidy(control->table);
    return before && before < now ? now - before : 0;
}

void control_expire(struct control *control)
{
    atomic_store(&control->table->lease_ns, 0);
    atomic_fetch_add(&control->table->epoch, 1);
    wake(control);
}

int control_arm(struct control *control, const struct rule *rule, const struct reply *reply)
{
    struct rule armed = *rule;

    armed.spared = control->spared;
    if (reply)
        armed.reply = table_reply(control->table, reply);
    int index = reply && !armed.reply ? -1 : table_arm(control->table, &armed);

    if (index < 0)
        return -ENOSPC;
    wake(control);
    return index;
}

void control_lift(struct control *control, uint32_t index)
{
    table_lift(control->table, index);
    wake(control);
}

void control_count(struct control *control, uint32_t index, uint64_t strikes)
{
    if (index >= RULE_MAX)
        return;
    atomic_fetch_add(&control->table->rules[index].matches, strikes);
    atomic_fetch_add(&control->table->rules[index].hits, strikes);
}

/* --- programs that are entered by seccomp --- */

int control_supervise(struct control *control, struct loop *loop, void (*died)(void *arg), void *arg,
                      struct supervisor **ret_supervisor)
{
    int error = control->supervisor
                    ? 0
                    : supervisor_new(loop, control->table, control->path, died, arg, &control->supervisor);

    if (!error)
        *ret_supervisor = control->supervisor;
    return error;
}

void control_relay(struct control *control, uint32_t targets)
{
    atomic_fetch_or(&control->table->relayed, targets & ~TARGET_ANY);
}
