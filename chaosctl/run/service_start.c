/* Launching a service, and hearing of its end.  Floor 3. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/run/leftover.h"
#include "chaosctl/run/service_unit.h"

#define LOOK_TIMEOUT_NS NS_PER_S

/* --- launching --- */

static int open_log(const struct unit *unit)
{
    int fd = open(unit->log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    return fd < 0 ? -errno : fd;
}

/* The service's own LD_PRELOAD keeps its place, ours comes behind. */
static int add_preload(const struct unit *unit, struct pair *preload, char **ret_owned)
{
    cleanup_free char *shim = NULL;
    const char *theirs = NULL;

    for (size_t i = 0; i < unit->service->env_count; i++)
        if (!strcmp(unit->service->env[i].name, "LD_PRELOAD"))
            theirs = unit->service->env[i].value;
    int error = theirs ? control_shim(&shim) : 0;
    if (error || !theirs)
        return error;
    *ret_owned = control_preload(theirs, shim);
    preload->value = *ret_owned;
    return *ret_owned ? 0 : -ENOMEM;
}

static bool is_supervised(const struct unit *unit)
{
    return unit->service->way == INJECT_SECCOMP || unit->service->inject == INJECT_SECCOMP;
}

/* The service's pairs, then ours, which win; -errno, or how many. */
static int fill_env(struct unit *unit, struct pair *env, char **ret_owned)
{
    size_t n = unit->service->env_count;

    if (n)
        memcpy(env, unit->service->env, n * sizeof(*env));
    env[n++] = (struct pair){UNIT_MARK, unit->mark};
    if (unit->service->inject == INJECT_NONE || (is_supervised(unit) && !unit->service->preloads))
        return (int)n;
    int error = control_env(unit->services->control, (int)unit->index, env + n);
    if (!error)
        error = add_preload(unit, env + n, ret_owned);
    return error ? error : (int)n + CONTROL_ENV;
}

static pid_t launch_in(struct unit *unit, struct pair *env)
{
    cleanup_free char *owned = NULL;
    cleanup_fd int log_fd = open_log(unit);
    int env_count = log_fd < 0 ? log_fd : fill_env(unit, env, &owned);

    if (env_count < 0)
        return env_count;
    struct services *s = unit->services;
    struct supervisor *supervisor = NULL;
    int error = is_supervised(unit) ? control_supervise(s->control, s->loop, NULL, NULL, &supervisor) : 0;
    if (error)
        return error;
    struct spawn spawn = {
        .argv = unit->service->argv,
        .dir = unit->service->dir,
        .env = env,
        .env_count = (size_t)env_count,
        .stdin_fd = -1,
        .stdout_fd = log_fd,
        .stderr_fd = log_fd,
        .continues_with_us_gone = true,
        .new_session = true,
        .refuses_uring = unit->service->inject != INJECT_NONE && !unit->service->allows_uring,
        .supervisor = supervisor,
        .service = (uint32_t)unit->index,
    };
    return process_start(&spawn);
}

static pid_t launch(struct unit *unit)
{
    cleanup_free struct pair *env = calloc(unit->service->env_count + 1 + CONTROL_ENV, sizeof(*env));
    pid_t pid = env ? launch_in(unit, env) : -ENOMEM;

    if (pid < 0)
        return pid;
    unit->leader = unit->session = pid;
    unit->status = -1;
    unit->killed = false;
    int error = loop_add_child(unit->services->loop, pid, unit_child_ended, unit);
    if (error) {
        kill(-pid, SIGKILL); /* its end would never be heard of */
        unit->leader = 0;
    }
    return error;
}

static void start_now(struct unit *unit)
{
    char what[512];
    int error = unit->service->join ? 0 : launch(unit);

    if (error < 0) {
        snprintf(what, sizeof(what), "cannot start %s: %s", unit->service->argv[0], process_error(error));
        unit_failed(unit, what);
        return;
    }
    if (!unit->service->join)
        control_note_service(unit->services->control, unit->index, unit->leader);
    unit_await(unit);
}

/* --- does something answer before we start? --- */

static void describe_squatter(const struct unit *unit, char what[static 512])
{
    const struct probe *ready = unit->service->ready;
    size_t dead = 0;
    const char *hint = !leftover_count(&dead) && dead
                           ? " (a run that was killed may have left it: chaosctl doctor --clean)"
                           : "";

    if (ready->kind == PROBE_TCP)
        snprintf(what, 512, "%s:%u answers already: another process listens there%s", ready->host,
                 ready->port, hint);
    else
        snprintf(what, 512, "%.300s answers already: another process listens there%s", ready->url, hint);
}

/* Any answer counts, an error too: the port is taken, and what it says later would prove nothing. */
static void on_look_answer(struct unit *unit, const struct answer *answer)
{
    char what[512];

    if (!answer->ok && !answer->status) {
        start_now(unit);
        return;
    }
    describe_squatter(unit, what);
    unit_failed(unit, what);
}

static bool can_be_squatted(const struct service *service)
{
    return !service->join && service->ready && service->ready->kind != PROBE_EXEC;
}

void unit_start(struct unit *unit)
{
    unit->finding[0] = '\0';
    unit->state = UNIT_LOOKING;
    if (!can_be_squatted(unit->service) || unit->restarted)
        start_now(unit);
    else if (unit_ask(unit, LOOK_TIMEOUT_NS, on_look_answer))
        unit_failed(unit, "cannot look at its port: out of memory or descriptors");
}

/* --- its end --- */

static void describe_status(int status, char text[static 64])
{
    if (WIFSIGNALED(status))
        snprintf(text, 64, "killed by SIG%s", sigabbrev_np(WTERMSIG(status)));
    else
        snprintf(text, 64, "exit code %d", WEXITSTATUS(status));
}

static void fail_early(struct unit *unit)
{
    char status[64], what[128];
    pid_t left[TREE_MAX];
    size_t n = WIFEXITED(unit->status) && !WEXITSTATUS(unit->status) ? unit_pids(unit, left, TREE_MAX) : 0;

    describe_status(unit->status, status);
    if (n)
        snprintf(what, sizeof(what),
                 "it went into the background (%zu processes left): run it in the foreground", n);
    else
        snprintf(what, sizeof(what), "ended before it was ready: %s", status);
    unit_failed_with_words(unit, what);
}

void unit_child_ended(void *arg, pid_t pid, int status)
{
    struct unit *unit = arg;

    (void)pid;
    unit->leader = 0;
    unit->status = status;
    control_note_service(unit->services->control, unit->index, 0);
    switch (unit->state) {
    case UNIT_WAITING: fail_early(unit); break;
    case UNIT_READY:
        unit->state = UNIT_ENDED;
        if (!unit->killed)
            unit_tell(unit, SERVICE_ENDED, NULL);
        break;
    case UNIT_STOPPING:
    case UNIT_RESTARTING: unit_leader_ended(unit); break;
    case UNIT_IDLE:
    case UNIT_LOOKING:
    case UNIT_ENDED: break;
    }
}
