/* Launching a service and waiting until it is ready.  Floor 3. */
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
#include "chaosctl/base/unit.h"
#include "chaosctl/check/judge.h"
#include "chaosctl/run/service_unit.h"

#define LOOK_TIMEOUT_NS NS_PER_S
#define LAST_WORDS_MAX  1200 /* bytes of the log that a failure quotes */
#define LAST_LINES_MAX  5

/* --- asking: a question may outlive its unit, which then is NULL --- */

struct ask {
    struct unit *unit;
    struct probe probe; /* the ready probe with a time-out of ours */
    void (*fn)(struct unit *unit, const struct answer *answer);
};

static void answered(void *arg, const struct answer *answer)
{
    struct ask *ask = arg;
    struct unit *unit = ask->unit;

    if (unit) {
        unit->ask = NULL;
        ask->fn(unit, answer);
    }
    free(ask);
}

static int ask_ready(struct unit *unit, uint64_t timeout_ns,
                     void (*fn)(struct unit *unit, const struct answer *answer))
{
    struct ask *ask = calloc(1, sizeof(*ask));

    if (!ask)
        return -ENOMEM;
    *ask = (struct ask){.unit = unit, .probe = *unit->service->ready, .fn = fn};
    if (!ask->probe.timeout_ns || ask->probe.timeout_ns > timeout_ns)
        ask->probe.timeout_ns = timeout_ns;
    int error = prober_ask(unit->services->prober, &ask->probe, answered, ask);
    if (error)
        free(ask);
    else
        unit->ask = ask;
    return error;
}

void unit_cancel(struct unit *unit)
{
    loop_unset_timer(unit->services->loop, &unit->timer);
    if (unit->ask)
        unit->ask->unit = NULL;
    unit->ask = NULL;
}

/* --- words for people --- */

static void describe_status(int status, char text[static 64])
{
    if (WIFSIGNALED(status))
        snprintf(text, 64, "killed by SIG%s", sigabbrev_np(WTERMSIG(status)));
    else
        snprintf(text, 64, "exit code %d", WEXITSTATUS(status));
}

/* The last lines of what it wrote, or "". */
static void add_last_words(const struct unit *unit, struct buf *text)
{
    char tail[LAST_WORDS_MAX + 1];
    cleanup_fd int fd = open(unit->log, O_RDONLY | O_CLOEXEC);
    off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    ssize_t len =
        end <= 0 ? 0 : pread(fd, tail, LAST_WORDS_MAX, end > LAST_WORDS_MAX ? end - LAST_WORDS_MAX : 0);

    while (len > 0 && tail[len - 1] == '\n')
        len--;
    if (len <= 0)
        return;
    tail[len] = '\0';
    const char *from = tail + len;
    for (int lines = 0; from > tail && (from[-1] != '\n' || ++lines < LAST_LINES_MAX); from--)
        continue;
    buf_printf(text, "; its last words:\n%s", from);
}

static void fail_with_words(struct unit *unit, const char *what)
{
    cleanup_buf struct buf detail = {0};

    buf_add(&detail, what);
    add_last_words(unit, &detail);
    unit_failed(unit, buf_text(&detail));
}

static void fail_late(struct unit *unit)
{
    char time[UNIT_TEXT_BYTES], what[400];

    unit_format_duration(unit->service->ready_within_ns, time);
    snprintf(what, sizeof(what), "not ready within %s%s%s", time, unit->finding[0] ? ": " : "",
             unit->finding);
    fail_with_words(unit, what);
}

/* --- ready? --- */

static void set_poll(struct unit *unit, void (*fn)(void *arg))
{
    unit->timer.fn = fn;
    unit->timer.arg = unit;
    loop_set_timer(unit->services->loop, &unit->timer, now_mono_ns() + READY_POLL_NS);
}

/* An HTTP answer says "ready" when it is no error, unless the probe says what to expect. */
static bool is_ready(const struct probe *probe, const struct answer *answer, struct buf *finding)
{
    struct observation seen;

    if (!answer->ok) {
        buf_add(finding, answer->error ? answer->error : "no");
        return false;
    }
    if (probe->expect_count) {
        observation_of_answer(probe, answer, &seen);
        return judge_all(probe->expect, probe->expect_count, &seen, NULL, finding) == JUDGE_HOLDS;
    }
    buf_printf(finding, "status is %ld", answer->status);
    return probe->kind != PROBE_HTTP || (answer->status >= 200 && answer->status < 400);
}

static void poll_ready(void *arg);

static void on_ready_answer(struct unit *unit, const struct answer *answer)
{
    cleanup_buf struct buf finding = {0};

    if (is_ready(unit->service->ready, answer, &finding)) {
        unit_is_ready(unit);
        return;
    }
    snprintf(unit->finding, sizeof(unit->finding), "%s", buf_text(&finding));
    if (now_mono_ns() >= unit->deadline_ns)
        fail_late(unit);
    else
        set_poll(unit, poll_ready);
}

/* A service started elsewhere has come when some process took the control area in with its index. */
static bool has_come(struct unit *unit)
{
    pid_t pid;

    if (!unit->service->join || control_members(unit->services->control, (int)unit->index, &pid, 1))
        return true;
    snprintf(unit->finding, sizeof(unit->finding),
             "no process has joined (see `chaosctl env %s --service %s`)",
             control_run(unit->services->control), unit->service->name);
    return false;
}

static void poll_ready(void *arg)
{
    struct unit *unit = arg;
    uint64_t now = now_mono_ns();

    if (now >= unit->deadline_ns) {
        fail_late(unit);
    } else if (!has_come(unit)) {
        set_poll(unit, poll_ready);
    } else if (!unit->service->ready) {
        unit_is_ready(unit);
    } else if (ask_ready(unit, unit->deadline_ns - now, on_ready_answer)) {
        fail_with_words(unit, "its readiness could not be asked for: out of memory or descriptors");
    }
}

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

/* The service's pairs, then ours, which win; -errno, or how many. */
static int fill_env(struct unit *unit, struct pair *env, char **ret_owned)
{
    size_t n = unit->service->env_count;

    if (n)
        memcpy(env, unit->service->env, n * sizeof(*env));
    env[n++] = (struct pair){UNIT_MARK, unit->mark};
    if (unit->service->inject == INJECT_NONE)
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
        snprintf(what, sizeof(what), "cannot start %s: %s", unit->service->argv[0], strerror(-error));
        unit_failed(unit, what);
        return;
    }
    unit->state = UNIT_WAITING;
    unit->deadline_ns = now_mono_ns() + unit->service->ready_within_ns;
    if (!unit->service->join)
        control_note_service(unit->services->control, unit->index, unit->leader);
    unit_tell(unit, SERVICE_STARTED, NULL);
    if (unit->state == UNIT_WAITING) /* unless that made somebody stop us */
        poll_ready(unit);
}

/* --- does something answer before we start? --- */

static void describe_squatter(const struct unit *unit, char what[static 512])
{
    const struct probe *ready = unit->service->ready;

    if (ready->kind == PROBE_TCP)
        snprintf(what, 512, "%s:%u answers already: another process listens there", ready->host, ready->port);
    else
        snprintf(what, 512, "%s answers already: another process listens there", ready->url);
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
    else if (ask_ready(unit, LOOK_TIMEOUT_NS, on_look_answer))
        unit_failed(unit, "cannot look at its port: out of memory or descriptors");
}

/* --- its end --- */

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
    fail_with_words(unit, what);
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
