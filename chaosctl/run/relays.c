/* Starting, asking and ending the process of the proxies.  Floor 3. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/run/relays.h"
#include "chaosctl/run/relays_process.h"

#define ANSWER_S 10 /* it is asked for nothing that takes time */

struct relays {
    struct loop *loop;
    struct control *control;
    pid_t pid;
    int socket, event_fd;
    relays_died_fn *died;
    void *arg;
};

static bool has_proxies(const struct scenario *s)
{
    for (size_t i = 0; i < s->dependencies_count; i++)
        if (s->dependencies[i].listen)
            return true;
    return false;
}

static void on_end(void *arg, pid_t pid, int status)
{
    struct relays *relays = arg;

    (void)pid, (void)status;
    relays->pid = 0;
    relays->died(relays->arg);
}

static int open_channels(struct relays *relays, int *ret_theirs)
{
    struct timeval patience = {.tv_sec = ANSWER_S};
    int pair[2];

    relays->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (relays->event_fd < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
        return -errno;
    setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    relays->socket = pair[0];
    *ret_theirs = pair[1];
    return 0;
}

static int start_process(struct relays *relays, const struct scenario *scenario)
{
    cleanup_fd int theirs = -1;
    int error = open_channels(relays, &theirs);

    if (error)
        return error;
    struct relays_process process = {
        .scenario = scenario,
        .table = control_table(relays->control),
        .socket = theirs,
        .event_fd = relays->event_fd,
        .parent = getpid(),
    };
    relays->pid = fork();
    if (relays->pid < 0)
        return -errno;
    if (!relays->pid)
        relays_process(&process);
    return loop_add_child(relays->loop, relays->pid, on_end, relays);
}

/* Its first word: empty when all listen, or why not. */
static int hear(struct relays *relays, struct buf *ret_why)
{
    char text[RELAYS_TEXT_BYTES];
    ssize_t got = recv(relays->socket, text, sizeof(text) - 1, 0);

    if (got <= 0) {
        buf_add(ret_why, "the process of the proxies does not answer");
        return -EIO;
    }
    text[got] = '\0';
    if (!strcmp(text, RELAYS_READY))
        return 0;
    buf_add(ret_why, text);
    return -EADDRINUSE;
}

int relays_start(struct loop *loop, struct control *control, const struct scenario *scenario,
                 relays_died_fn *died, void *arg, struct buf *ret_why, struct relays **ret_relays)
{
    struct relays *relays = has_proxies(scenario) ? calloc(1, sizeof(*relays)) : NULL;
    int error = relays || !has_proxies(scenario) ? 0 : -ENOMEM;

    *ret_relays = NULL;
    if (!relays)
        return error;
    *relays = (struct relays){
        .loop = loop, .control = control, .socket = -1, .event_fd = -1, .died = died, .arg = arg};
    error = start_process(relays, scenario);
    if (error)
        buf_printf(ret_why, "cannot start the process of the proxies: %s", strerror(-error));
    else
        error = hear(relays, ret_why);
    if (error) {
        relays_stop(relays);
        return error;
    }
    control_notify(control, relays->event_fd);
    *ret_relays = relays;
    return 0;
}

size_t relays_reset(struct relays *relays, uint32_t targets)
{
    uint64_t count = 0;

    if (!relays || !relays->pid)
        return 0;
    if (send(relays->socket, &targets, sizeof(targets), MSG_NOSIGNAL) != sizeof(targets) ||
        recv(relays->socket, &count, sizeof(count), 0) != sizeof(count))
        return 0;
    return (size_t)count;
}

void relays_stop(struct relays *relays)
{
    if (!relays)
        return;
    control_notify(relays->control, -1);
    if (relays->pid > 0) {
        loop_remove_child(relays->loop, relays->pid);
        kill(relays->pid, SIGKILL);
        waitpid(relays->pid, NULL, 0);
    }
    clean_fd(&relays->socket);
    clean_fd(&relays->event_fd);
    free(relays);
}
