/* Starting the supervisor, and starting it again.  Floor 3. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/run/supervisor.h"
#include "injectors/seccomp.h"

#define NAME       "chaosctl-watch"
#define DEATHS_MAX 3 /* then the next one lets everything pass: what it is asked may be what kills it */
#define RETRY_NS   UINT64_C(100000000)
#define END_MS     500 /* that we wait for one that has nobody left to serve */

struct supervisor {
    struct loop *loop;
    struct table *table;
    const char *control_path;
    supervisor_died_fn *died;
    void *arg;
    pid_t pid;
    int orders_fd;
    struct seccomp_progress *progress;
    /* Kept, so that no call fails for want of a listener while there is no supervisor. */
    int listeners[SECCOMP_LISTENER_MAX];
    uint32_t services[SECCOMP_LISTENER_MAX];
    size_t listeners_count;
    unsigned deaths;
    struct timer retry; /* no process is to be had: whoever connects waits meanwhile */
};

/* --- its process --- */

static void close_above(unsigned first)
{
    syscall(SYS_close_range, first, ~0u, 0);
}

/* Each connection that it relays has two. */
static void raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit))
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* It is nobody's reader or writer, hears no terminal, and holds open what it works with. */
static int settle(int orders_fd)
{
    sigset_t none;
    int null_fd = open("/dev/null", O_RDWR);

    raise_limit();
    setsid();
    prctl(PR_SET_NAME, NAME);
    for (int s = 1; s < _NSIG; s++)
        signal(s, s == SIGPIPE ? SIG_IGN : SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    int moved = fcntl(orders_fd, F_DUPFD_CLOEXEC, 4);
    for (int fd = 0; fd < 3; fd++)
        dup2(null_fd, fd);
    dup2(moved, 3);
    fcntl(3, F_SETFD, FD_CLOEXEC);
    close_above(4);
    return chdir("/") ? -errno : 3;
}

static void __attribute__((noreturn)) serve(const struct supervisor *s, int orders_fd)
{
    struct seccomp_supervision supervision = {
        .table = s->table,
        .control_path = s->control_path,
        .orders_fd = settle(orders_fd),
        .progress = s->progress,
        .passes = s->deaths > DEATHS_MAX,
    };

    _exit(supervision.orders_fd < 0 || seccomp_serve(&supervision) ? 1 : 0);
}

static void ended(void *arg, pid_t pid, int status);

static int spawn(struct supervisor *s)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
        return -errno;
    cleanup_fd int ours = ends[0], theirs = ends[1];
    pid_t pid = fork();
    if (pid == 0)
        serve(s, theirs);
    if (pid < 0)
        return -errno;
    int error = loop_add_child(s->loop, pid, ended, s);
    if (error) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        return error;
    }
    s->pid = pid;
    s->orders_fd = steal_fd(&ours);
    return 0;
}

/* --- orders --- */

union room {
    struct cmsghdr head; /* for its alignment */
    char bytes[CMSG_SPACE(sizeof(int))];
};

static int order(struct supervisor *s, int listener, uint32_t service)
{
    struct seccomp_order text = {.has_listener = listener >= 0, .service = service};
    union room room = {.bytes = {0}};
    struct iovec part = {&text, sizeof(text)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    if (listener >= 0) {
        message.msg_control = &room;
        message.msg_controllen = sizeof(room);
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        *head = (struct cmsghdr){
            .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
        memcpy(CMSG_DATA(head), &listener, sizeof(listener));
    }
    return sendmsg(s->orders_fd, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

void supervisor_nudge(struct supervisor *s)
{
    struct seccomp_order text = {.service = SERVICE_MAX};

    /* One that is so busy that its socket is full looks by itself before long. */
    if (s)
        send(s->orders_fd, &text, sizeof(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

int supervisor_take(struct supervisor *s, pid_t pid, int fd, uint32_t service)
{
    cleanup_fd int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    cleanup_fd int listener = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);

    if (listener < 0)
        return -errno;
    if (s->listeners_count == SECCOMP_LISTENER_MAX)
        return -ENOSPC;
    int error = order(s, listener, service);
    if (error)
        return error;
    s->services[s->listeners_count] = service;
    s->listeners[s->listeners_count++] = steal_fd(&listener);
    return 0;
}

/* --- its end --- */

static void replace(void *arg);

static void ended(void *arg, pid_t pid, int status)
{
    struct supervisor *s = arg;

    (void)pid;
    (void)status;
    s->pid = 0;
    s->deaths++;
    close(steal_fd(&s->orders_fd));
    replace(s);
}

static void replace(void *arg)
{
    struct supervisor *s = arg;

    if (spawn(s)) {
        loop_set_timer(s->loop, &s->retry, now_mono_ns() + RETRY_NS);
        return;
    }
    for (size_t i = 0; i < s->listeners_count; i++)
        order(s, s->listeners[i], s->services[i]);
    if (s->died)
        s->died(s->arg);
}

static bool ends_soon(pid_t pid)
{
    struct pollfd p = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
    bool over = p.fd >= 0 && poll(&p, 1, END_MS) > 0;

    clean_fd(&p.fd);
    return over;
}

void supervisor_free(struct supervisor *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->listeners_count; i++)
        close(s->listeners[i]);
    clean_fd(&s->orders_fd);
    loop_unset_timer(s->loop, &s->retry);
    if (s->pid)
        loop_remove_child(s->loop, s->pid);
    if (s->pid && ends_soon(s->pid))
        waitpid(s->pid, NULL, WNOHANG);
    munmap(s->progress, sizeof(*s->progress));
    free(s);
}

pid_t supervisor_pid(const struct supervisor *s)
{
    return s ? s->pid : 0;
}

int supervisor_new(struct loop *loop, struct table *table, const char *control_path, supervisor_died_fn *died,
                   void *arg, struct supervisor **ret_supervisor)
{
    struct seccomp_progress *progress =
        mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct supervisor *s = calloc(1, sizeof(*s));
    int error = s && progress != MAP_FAILED ? 0 : -ENOMEM;

    if (!error) {
        *s = (struct supervisor){.loop = loop,
                                 .table = table,
                                 .control_path = control_path,
                                 .died = died,
                                 .arg = arg,
                                 .orders_fd = -1,
                                 .progress = progress};
        s->retry = (struct timer){.fn = replace, .arg = s};
        error = spawn(s);
    }
    if (!error) {
        *ret_supervisor = s;
        return 0;
    }
    free(s);
    if (progress != MAP_FAILED)
        munmap(progress, sizeof(*progress));
    return error;
}
