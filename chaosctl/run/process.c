/* fork, a little arrangement, exec.  Floor 3.
 *
 * All that may fail or allocate is done before the fork, so that the child runs a handful of system calls. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chaosctl/base/buf.h"
#include "chaosctl/base/clean.h"
#include "chaosctl/run/handover.h"
#include "chaosctl/run/process.h"
#include "chaosctl/run/uring.h"

extern char **environ;

/* --- the child's environment: ours, with the spawn's pairs in place of or behind it --- */

static bool is_replaced(const struct spawn *spawn, const char *entry)
{
    for (size_t i = 0; i < spawn->env_count; i++) {
        size_t len = strlen(spawn->env[i].name);
        if (!strncmp(entry, spawn->env[i].name, len) && entry[len] == '=')
            return true;
    }
    return false;
}

/* A later pair of the same name wins. */
static bool is_last_of_name(const struct spawn *spawn, size_t index)
{
    for (size_t i = index + 1; i < spawn->env_count; i++)
        if (!strcmp(spawn->env[i].name, spawn->env[index].name))
            return false;
    return true;
}

/* The vector and the texts of its new entries in one block, to be freed; NULL when memory is out. */
static char **environment_of(const struct spawn *spawn)
{
    size_t entries = spawn->env_count + 1, bytes = 0, n = 0;

    for (char **e = environ; e && *e; e++)
        entries++;
    for (size_t i = 0; i < spawn->env_count; i++)
        bytes += strlen(spawn->env[i].name) + strlen(spawn->env[i].value) + 2;
    char **vector = malloc(entries * sizeof(*vector) + bytes);
    if (!vector)
        return NULL;
    char *text = (char *)(vector + entries);
    for (char **e = environ; e && *e; e++)
        if (!is_replaced(spawn, *e))
            vector[n++] = *e;
    for (size_t i = 0; i < spawn->env_count; i++) {
        if (!is_last_of_name(spawn, i))
            continue;
        vector[n++] = text;
        text = stpcpy(stpcpy(stpcpy(text, spawn->env[i].name), "="), spawn->env[i].value) + 1;
    }
    vector[n] = NULL;
    return vector;
}

/* --- in the child --- */

static void reset_signals(const struct spawn *spawn)
{
    sigset_t none;

    for (int s = 1; s < _NSIG && !spawn->foreground; s++)
        signal(s, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, spawn->mask ? spawn->mask : &none, NULL);
}

static int join_group(const struct spawn *spawn)
{
    if (spawn->foreground)
        return 0;
    return spawn->new_session ? (setsid() < 0 ? -1 : 0) : setpgid(0, 0);
}

/* Asking too late would be asking our parent's heir, hence the look at who the parent is. */
static int bind_to_parent(const struct spawn *spawn, pid_t parent)
{
    if (!spawn->dies_with_us && !spawn->continues_with_us_gone)
        return 0;
    if (prctl(PR_SET_PDEATHSIG, spawn->dies_with_us ? SIGKILL : SIGCONT))
        return -1;
    if (spawn->dies_with_us && getppid() != parent)
        _exit(127);
    return 0;
}

/* from may be one of 0, 1, 2 itself; then only its close-on-exec mark has to go.  place_streams has moved all
 * that could be overwritten out of the way. */
static int place(int from, int to)
{
    if (from == to)
        return fcntl(from, F_SETFD, 0);
    return dup2(from, to) < 0 ? -1 : 0;
}

static int place_streams(const struct spawn *spawn, int null_fd)
{
    int from[3] = {spawn->stdin_fd, spawn->stdout_fd, spawn->stderr_fd};

    for (int to = 0; to < 3; to++) {
        if (from[to] < 0)
            from[to] = null_fd;
        if (from[to] < 3 && from[to] != to)
            from[to] = fcntl(from[to], F_DUPFD_CLOEXEC, 3);
        if (from[to] < 0)
            return -1;
    }
    for (int to = 0; to < 3; to++)
        if (place(from[to], to))
            return -1;
    return 0;
}

/* What is asked of the kernel before exec, made ready before the fork. */
struct filters {
    struct sock_fprog uring;
    struct handover handover;
};

static int arrange(const struct spawn *spawn, const struct filters *filters, pid_t parent, int null_fd)
{
    if (join_group(spawn) || bind_to_parent(spawn, parent))
        return -1;
    if (!spawn->foreground && place_streams(spawn, null_fd))
        return -1;
    if (spawn->dir && chdir(spawn->dir))
        return -1;
    reset_signals(spawn);
    return uring_refuse(&filters->uring) ? -1 : handover_give(&filters->handover);
}

static void __attribute__((noreturn))
become(const struct spawn *spawn, char **env, const struct filters *filters, pid_t parent, int null_fd,
       int error_fd)
{
    if (!arrange(spawn, filters, parent, null_fd))
        execvpe(spawn->argv[0], spawn->argv, env);
    int error = errno;
    while (write(error_fd, &error, sizeof(error)) < 0 && errno == EINTR)
        continue;
    _exit(127);
}

/* --- in the parent --- */

/* Ends when exec has closed the pipe's other end.  0, or the child's errno. */
static int read_error(int fd)
{
    int error = 0;
    ssize_t got;

    do
        got = read(fd, &error, sizeof(error));
    while (got < 0 && errno == EINTR);
    return got == sizeof(error) ? error : 0;
}

/* No signal may be handled in the child before its dispositions are reset; hence blocked from before the
 * fork. */
static pid_t fork_blocked(sigset_t *before)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, before);
    return fork();
}

/* The pipe's ends must not be 0, 1 or 2: a caller that has closed those would see them overwritten. */
static int pipe_above(int ret_ends[2])
{
    int low[2];

    if (pipe2(low, O_CLOEXEC))
        return -errno;
    for (int i = 0; i < 2; i++)
        ret_ends[i] = low[i] > 2 ? low[i] : fcntl(low[i], F_DUPFD_CLOEXEC, 3);
    int error = ret_ends[0] < 0 || ret_ends[1] < 0 ? -errno : 0;
    for (int i = 0; i < 2; i++)
        if (low[i] <= 2)
            close(low[i]);
    return error;
}

static void filters_free(struct filters *filters)
{
    free(filters->uring.filter);
    handover_end(&filters->handover);
}
#define cleanup_filters __attribute__((cleanup(filters_free)))

static int filters_make(const struct spawn *spawn, struct filters *filters)
{
    int error = spawn->refuses_uring ? uring_filter(&filters->uring) : 0;

    return error ? error : handover_begin(&filters->handover, spawn->supervisor, spawn->service);
}

pid_t process_start(const struct spawn *spawn)
{
    cleanup_free char **env = environment_of(spawn);
    cleanup_fd int null_fd = spawn->foreground ? -1 : open("/dev/null", O_RDWR | O_CLOEXEC);
    int ends[2] = {-1, -1};
    sigset_t before;
    pid_t parent = getpid();

    if (!env)
        return -ENOMEM;
    if (!spawn->foreground && null_fd < 0)
        return -errno;
    cleanup_filters struct filters filters = {.handover.ends = {-1, -1}};
    int error = filters_make(spawn, &filters);
    if (error)
        return error;
    error = pipe_above(ends);
    cleanup_fd int read_fd = ends[0], write_fd = ends[1];
    if (error)
        return error;
    pid_t pid = fork_blocked(&before);
    if (pid == 0)
        become(spawn, env, &filters, parent, null_fd, write_fd);
    error = pid < 0 ? errno : 0;
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (error)
        return -error;
    close(steal_fd(&write_fd));
    handover_take(&filters.handover, pid);
    error = read_error(read_fd);
    if (!error)
        return pid;
    waitpid(pid, NULL, 0);
    return -error;
}

const char *process_error(int error)
{
    return error == -EBUSY
               ? "another supervisor (a container's, another chaosctl's) is over it already, and seccomp "
                 "allows but one"
               : strerror(-error);
}

/* --- what would be executed --- */

static int executable(const char *path)
{
    struct stat st;

    if (stat(path, &st))
        return -errno;
    if (!S_ISREG(st.st_mode) || access(path, X_OK))
        return -EACCES;
    return 0;
}

static int found(const char *path, const char *dir, char **ret_path)
{
    cleanup_buf struct buf whole = {0};

    if (path[0] != '/' && dir)
        buf_printf(&whole, "%s/", dir);
    buf_add(&whole, path);
    if (whole.failed)
        return -ENOMEM;
    int error = executable(buf_text(&whole));
    if (error)
        return error;
    *ret_path = path[0] != '/' && !dir ? realpath(path, NULL) : buf_steal(&whole);
    return *ret_path ? 0 : -errno;
}

/* As execvp: a file that may not be executed is remembered while the search goes on. */
int process_find(const char *program, const char *dir, char **ret_path)
{
    const char *path = getenv("PATH");
    int error = -ENOENT;

    if (strchr(program, '/'))
        return found(program, dir, ret_path);
    for (const char *p = path ? path : "/bin:/usr/bin"; *program; p++) {
        cleanup_buf struct buf candidate = {0};
        size_t len = strcspn(p, ":");
        buf_add_n(&candidate, p, len);
        buf_printf(&candidate, "%s%s", len ? "/" : "./", program);
        int e = found(buf_text(&candidate), dir, ret_path);
        if (!e)
            return 0;
        if (e == -EACCES)
            error = e;
        p += len;
        if (!*p)
            break;
    }
    return error;
}

int process_subreaper(void)
{
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) ? -errno : 0;
}
