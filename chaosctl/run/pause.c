/* The guard of stopped processes.  Floor 3.
 *
 * A process of its own, because PR_SET_PDEATHSIG reaches children alone, and a pause stops their children
 * too. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/run/pause.h"
#include "chaosctl/run/process.h"

struct stopped {
    pid_t pid;
    uint64_t birth; /* so that a number that was used again is left alone */
};

static void go_on(const struct stopped *stopped, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (stopped[i].birth && process_birth(stopped[i].pid) == stopped[i].birth)
            kill(stopped[i].pid, SIGCONT);
}

/* Whole milliseconds, rounded up. */
static int left_ms(uint64_t lease_ns)
{
    uint64_t now = now_mono_ns();
    uint64_t ms = lease_ns > now ? (lease_ns - now) / NS_PER_MS + 1 : 0;

    return ms > INT_MAX ? INT_MAX : (int)ms;
}

static void await_end(int fd, const _Atomic uint64_t *lease_ns)
{
    struct pollfd closed = {.fd = fd, .events = POLLIN};

    for (int ms; (ms = left_ms(atomic_load(lease_ns))) > 0;)
        if (poll(&closed, 1, ms) > 0)
            return;
}

/* Nobody's Ctrl-C and no stray signal may end it before its time; it holds no descriptor but its own. */
static void __attribute__((noreturn))
guard(int fd, const struct stopped *stopped, size_t count, const _Atomic uint64_t *lease_ns)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    setsid();
    prctl(PR_SET_NAME, "chaosctl-guard");
    if (dup2(fd, 0) == 0)
        syscall(SYS_close_range, 1, UINT_MAX, 0);
    await_end(0, lease_ns);
    go_on(stopped, count);
    _exit(0);
}

static void guard_ended(void *arg, pid_t pid, int status)
{
    (void)arg;
    (void)pid;
    (void)status;
}

static int start_guard(struct loop *loop, const struct stopped *stopped, size_t count,
                       const _Atomic uint64_t *lease_ns, int *ret_guard)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC))
        return -errno;
    cleanup_fd int read_fd = ends[0], write_fd = ends[1];
    pid_t pid = fork();
    if (pid < 0)
        return -errno;
    if (pid == 0)
        guard(read_fd, stopped, count, lease_ns);
    *ret_guard = steal_fd(&write_fd);
    return loop_add_child(loop, pid, guard_ended, NULL);
}

/* The guard first: there is no moment at which something is stopped that nobody would continue. */
int pause_begin(struct loop *loop, const pid_t *pids, size_t count, const _Atomic uint64_t *lease_ns,
                int *ret_guard)
{
    struct stopped stopped[PAUSE_MAX];
    size_t n = count < PAUSE_MAX ? count : PAUSE_MAX;

    for (size_t i = 0; i < n; i++)
        stopped[i] = (struct stopped){pids[i], process_birth(pids[i])};
    int error = start_guard(loop, stopped, n, lease_ns, ret_guard);
    if (error)
        return error;
    for (size_t i = 0; i < n; i++)
        if (stopped[i].birth)
            kill(stopped[i].pid, SIGSTOP);
    return 0;
}

void pause_end(int *guard)
{
    clean_fd(guard);
    *guard = -1;
}
