/* Cleaning up after a run that could not.  Floor 3. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "chaosctl/base/arena.h"
#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/run/control.h"
#include "chaosctl/run/leftover.h"
#include "chaosctl/run/process.h"
#include "chaosctl/run/rundir.h"
#include "chaosctl/run/state.h"

#define TERM_NS  (5 * NS_PER_S)
#define KILL_NS  (2 * NS_PER_S)
#define LOOK_NS  (20 * NS_PER_MS)
#define PIDS_MAX 1024

/* A process and those below it, as they were when we began: later they may have other parents. */
struct family {
    pid_t pids[PIDS_MAX + 1];
    uint64_t births[PIDS_MAX + 1];
    size_t count;
};

static void family_read(const struct state_service *service, struct family *family)
{
    family->pids[0] = service->pid;
    family->births[0] = service->birth;
    family->count = 1 + process_descendants(service->pid, family->pids + 1, PIDS_MAX);
    for (size_t i = 1; i < family->count; i++)
        family->births[i] = process_birth(family->pids[i]);
}

static bool is_running(pid_t pid, uint64_t birth)
{
    return birth && process_birth(pid) == birth;
}

/* Between the look and the signal the pid could become another's only if it wrapped around: accepted. */
static size_t family_signal(const struct family *family, int signal)
{
    size_t living = 0;

    for (size_t i = 0; i < family->count; i++) {
        if (!is_running(family->pids[i], family->births[i]))
            continue;
        living++;
        if (signal)
            kill(family->pids[i], signal);
    }
    return living;
}

static bool family_ends(const struct family *family, int signal, uint64_t within_ns)
{
    uint64_t until = now_mono_ns() + within_ns;

    family_signal(family, signal);
    family_signal(family, SIGCONT); /* a paused one cannot hear SIGTERM */
    while (family_signal(family, 0) > 0) {
        if (now_mono_ns() >= until)
            return false;
        nanosleep(&(struct timespec){.tv_nsec = LOOK_NS}, NULL);
    }
    return true;
}

static int service_end(const struct state_service *service)
{
    struct family *family = calloc(1, sizeof(*family));

    if (!family)
        return -ENOMEM;
    family_read(service, family);
    bool ended = family_ends(family, SIGTERM, TERM_NS) || family_ends(family, SIGKILL, KILL_NS);
    free(family);
    return ended ? 0 : -EBUSY;
}

static int folder_remove(int base_fd, const char *run)
{
    cleanup_fd int fd = openat(base_fd, run, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    rundir_empty(fd);
    return unlinkat(base_fd, run, AT_REMOVEDIR) ? -errno : 0;
}

static int run_clean(int base_fd, const struct state *state, leftover_fn *fn, void *arg)
{
    int error = 0;

    for (size_t i = 0; i < state->services_count; i++) {
        const struct state_service *service = &state->services[i];
        if (service->join || service->pid <= 1 || !is_running(service->pid, service->birth))
            continue;
        int status = service_end(service);
        fn(arg, &(struct leftover){state->run, service->name, service->pid, status});
        error = error ? error : status;
    }
    /* The folder is how the next attempt would know of what still runs. */
    if (error)
        return error;
    error = folder_remove(base_fd, state->run);
    fn(arg, &(struct leftover){.run = state->run, .error = error});
    return error;
}

int leftover_count(size_t *ret_count)
{
    cleanup_free char *base = NULL;
    struct state *states = NULL;
    size_t count = 0, dead = 0;
    int error = control_base(&base);

    if (error)
        return error;
    struct arena *arena = arena_new();
    error = arena ? state_list(base, arena, &states, &count) : -ENOMEM;
    for (size_t i = 0; i < count && !error; i++)
        dead += !state_is_alive(&states[i]);
    arena_free(arena);
    if (!error)
        *ret_count = dead;
    return error;
}

int leftover_clean(leftover_fn *fn, void *arg)
{
    cleanup_free char *base = NULL;
    struct state *states = NULL;
    size_t count = 0;
    int error = control_base(&base);

    if (error)
        return error;
    cleanup_fd int base_fd = rundir_open_base(base);
    if (base_fd < 0)
        return base_fd;
    struct arena *arena = arena_new();
    error = arena ? state_list(base, arena, &states, &count) : -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        int status = state_is_alive(&states[i]) ? 0 : run_clean(base_fd, &states[i], fn, arg);
        error = error ? error : status;
    }
    arena_free(arena);
    return error;
}
