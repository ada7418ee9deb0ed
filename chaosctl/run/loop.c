/* epoll, one signalfd, one timerfd.  Floor 3.
 *
 * Timers are a sorted list: a run has a few dozen (probes share libcurl's one), so a heap would not pay. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/run/loop.h"

#define BATCH_MAX 64

struct watch {
    int fd;
    bool removed; /* may still be named in the batch of events that is being handled */
    loop_fd_fn *fn;
    void *arg;
    struct watch *next;
};

struct child {
    pid_t pid;
    loop_child_fn *fn;
    void *arg;
    struct child *next;
};

struct loop {
    int epoll_fd, signal_fd, timer_fd;
    bool stopped;
    int error; /* what cannot be waited for any more */
    struct watch *watches;
    struct timer *timers;  /* by due_ns */
    struct timer *expired; /* taken off timers in this turn, still to be called */
    uint64_t armed_ns;     /* what timer_fd is set to; 0: nothing */
    struct child *children;
    sigset_t mask, before;
    struct {
        loop_signal_fn *fn;
        void *arg;
    } signals[_NSIG];
    bool signal_was_sent;
};

static void on_signal_fd(void *arg, int fd, uint32_t events);

/* What is ready and cannot be read would be ready for ever. */
static void give_up(struct loop *loop, int error)
{
    if (error == EAGAIN || error == EINTR)
        return;
    loop->error = error;
    loop->stopped = true;
}

/* Nothing to read: its firing wakes epoll, and it is set anew before the next wait. */
static void on_timer_fd(void *arg, int fd, uint32_t events)
{
    struct loop *loop = arg;
    uint64_t fired;

    (void)events;
    if (read(fd, &fired, sizeof(fired)) == sizeof(fired))
        loop->armed_ns = 0;
    else
        give_up(loop, errno);
}

static int open_all(struct loop *loop)
{
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0)
        return -errno;
    loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (loop->timer_fd < 0)
        return -errno;
    loop->signal_fd = signalfd(-1, &loop->mask, SFD_CLOEXEC | SFD_NONBLOCK);
    if (loop->signal_fd < 0)
        return -errno;
    int error = loop_add_fd(loop, loop->timer_fd, EPOLLIN, on_timer_fd, loop);
    return error ? error : loop_add_fd(loop, loop->signal_fd, EPOLLIN, on_signal_fd, loop);
}

int loop_new(struct loop **ret_loop)
{
    struct loop *loop = calloc(1, sizeof(*loop));

    if (!loop)
        return -ENOMEM;
    loop->epoll_fd = loop->signal_fd = loop->timer_fd = -1;
    sigemptyset(&loop->mask);
    sigaddset(&loop->mask, SIGCHLD);
    sigprocmask(SIG_BLOCK, &loop->mask, &loop->before);
    int error = open_all(loop);
    if (error) {
        loop_free(loop);
        return error;
    }
    *ret_loop = loop;
    return 0;
}

/* A second Ctrl-C that came during the end would kill us as soon as it is unblocked. */
static void discard_signals(int signal_fd)
{
    struct signalfd_siginfo info;

    while (signal_fd >= 0 && read(signal_fd, &info, sizeof(info)) == sizeof(info))
        continue;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    discard_signals(loop->signal_fd);
    sigprocmask(SIG_SETMASK, &loop->before, NULL);
    clean_fd(&loop->signal_fd);
    clean_fd(&loop->timer_fd);
    clean_fd(&loop->epoll_fd);
    for (struct watch *w = loop->watches, *next; w; w = next) {
        next = w->next;
        free(w);
    }
    for (struct child *c = loop->children, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    free(loop);
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
}

/* --- descriptors --- */

static struct watch *watch_of(struct loop *loop, int fd)
{
    for (struct watch *w = loop->watches; w; w = w->next)
        if (w->fd == fd && !w->removed)
            return w;
    return NULL;
}

int loop_add_fd(struct loop *loop, int fd, uint32_t events, loop_fd_fn *fn, void *arg)
{
    struct watch *w = calloc(1, sizeof(*w));

    if (!w)
        return -ENOMEM;
    *w = (struct watch){.fd = fd, .fn = fn, .arg = arg, .next = loop->watches};
    struct epoll_event event = {.events = events, .data.ptr = w};
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event)) {
        int error = -errno;
        free(w);
        return error;
    }
    loop->watches = w;
    return 0;
}

int loop_change_fd(struct loop *loop, int fd, uint32_t events)
{
    struct watch *w = watch_of(loop, fd);
    struct epoll_event event = {.events = events, .data.ptr = w};

    if (!w)
        return -ENOENT;
    return epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, fd, &event) ? -errno : 0;
}

void loop_remove_fd(struct loop *loop, int fd)
{
    struct watch *w = watch_of(loop, fd);

    if (!w)
        return;
    epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
    w->removed = true;
}

static void forget_removed(struct loop *loop)
{
    for (struct watch **at = &loop->watches; *at;) {
        struct watch *w = *at;
        if (!w->removed) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        free(w);
    }
}

/* --- timers --- */

static void timer_insert(struct timer **at, struct timer *timer)
{
    while (*at && (*at)->due_ns <= timer->due_ns)
        at = &(*at)->next;
    timer->next = *at;
    *at = timer;
}

static bool timer_take_out(struct timer **at, struct timer *timer)
{
    for (; *at; at = &(*at)->next) {
        if (*at != timer)
            continue;
        *at = timer->next;
        timer->next = NULL;
        return true;
    }
    return false;
}

void loop_set_timer(struct loop *loop, struct timer *timer, uint64_t due_ns)
{
    loop_unset_timer(loop, timer);
    timer->due_ns = due_ns;
    timer->set = true;
    timer_insert(&loop->timers, timer);
}

void loop_unset_timer(struct loop *loop, struct timer *timer)
{
    if (timer->set && !timer_take_out(&loop->timers, timer))
        timer_take_out(&loop->expired, timer);
    timer->set = false;
}

/* First all that are due are taken off, then they are called: one that sets itself again, already due, has
 * its turn after the descriptors had theirs. */
static void run_timers(struct loop *loop)
{
    uint64_t now = now_mono_ns();
    struct timer **end = &loop->timers;

    while (*end && (*end)->due_ns <= now)
        end = &(*end)->next;
    loop->expired = end == &loop->timers ? NULL : loop->timers;
    struct timer *rest = *end;
    *end = NULL;
    loop->timers = rest;
    for (struct timer *t; (t = loop->expired) && !loop->stopped;) {
        loop->expired = t->next;
        t->next = NULL;
        t->set = false;
        t->fn(t->arg);
    }
    for (struct timer *t; (t = loop->expired);) { /* stopped in between: still due at the next loop_run */
        loop->expired = t->next;
        timer_insert(&loop->timers, t);
    }
}

static void arm_timer_fd(struct loop *loop)
{
    uint64_t due = loop->timers ? loop->timers->due_ns : 0;
    struct itimerspec at = {.it_value = {(time_t)(due / NS_PER_S), (long)(due % NS_PER_S)}};

    if (loop->timers && !due)
        at.it_value.tv_nsec = due = 1; /* zero would mean: never */
    if (due == loop->armed_ns)
        return;
    timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
    loop->armed_ns = due;
}

/* --- children and signals --- */

int loop_add_child(struct loop *loop, pid_t pid, loop_child_fn *fn, void *arg)
{
    struct child *c = calloc(1, sizeof(*c));

    if (!c)
        return -ENOMEM;
    *c = (struct child){.pid = pid, .fn = fn, .arg = arg, .next = loop->children};
    loop->children = c;
    return 0;
}

/* The child's entry, taken out of the list; NULL when it is not there. */
static struct child *child_take(struct loop *loop, pid_t pid)
{
    for (struct child **at = &loop->children; *at; at = &(*at)->next) {
        struct child *c = *at;
        if (c->pid != pid)
            continue;
        *at = c->next;
        return c;
    }
    return NULL;
}

void loop_remove_child(struct loop *loop, pid_t pid)
{
    free(child_take(loop, pid));
}

bool loop_has_child(const struct loop *loop, pid_t pid)
{
    for (const struct child *c = loop->children; c; c = c->next)
        if (c->pid == pid)
            return true;
    return false;
}

static void reap(struct loop *loop)
{
    int status;

    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        struct child *c = child_take(loop, pid);
        if (c)
            c->fn(c->arg, pid, status);
        free(c);
    }
}

int loop_add_signal(struct loop *loop, int signal, loop_signal_fn *fn, void *arg)
{
    if (signal <= 0 || signal >= _NSIG || signal == SIGCHLD)
        return -EINVAL;
    loop->signals[signal].fn = fn;
    loop->signals[signal].arg = arg;
    sigaddset(&loop->mask, signal);
    if (signalfd(loop->signal_fd, &loop->mask, SFD_CLOEXEC | SFD_NONBLOCK) < 0)
        return -errno;
    sigprocmask(SIG_BLOCK, &loop->mask, NULL);
    return 0;
}

bool loop_signal_was_sent(const struct loop *loop)
{
    return loop->signal_was_sent;
}

static void on_signal_fd(void *arg, int fd, uint32_t events)
{
    struct loop *loop = arg;
    struct signalfd_siginfo info;

    (void)events;
    while (read(fd, &info, sizeof(info)) == sizeof(info)) {
        if (info.ssi_signo == SIGCHLD) {
            reap(loop);
        } else if (info.ssi_signo < _NSIG && loop->signals[info.ssi_signo].fn) {
            loop->signal_was_sent = info.ssi_code <= 0; /* SI_USER, SI_QUEUE, SI_TKILL; above: the kernel */
            loop->signals[info.ssi_signo].fn(loop->signals[info.ssi_signo].arg, (int)info.ssi_signo);
        }
        errno = EAGAIN; /* unless the next read says otherwise */
    }
    give_up(loop, errno);
}

/* --- the loop --- */

/* Returns how many events came; -errno. */
static int wait_once(struct loop *loop, struct epoll_event events[static BATCH_MAX])
{
    arm_timer_fd(loop);
    int n = epoll_wait(loop->epoll_fd, events, BATCH_MAX, -1);
    if (n < 0)
        return errno == EINTR ? 0 : -errno;
    return n;
}

int loop_run(struct loop *loop)
{
    struct epoll_event events[BATCH_MAX];

    loop->stopped = false;
    loop->error = 0;
    reap(loop); /* a child that ended before there was a loop has sent its signal to nobody */
    while (!loop->stopped) {
        int n = wait_once(loop, events);
        if (n < 0)
            return n;
        for (int i = 0; i < n && !loop->stopped; i++) {
            struct watch *w = events[i].data.ptr;
            if (!w->removed)
                w->fn(w->arg, w->fd, events[i].events);
        }
        forget_removed(loop);
        if (!loop->stopped)
            run_timers(loop);
    }
    return -loop->error;
}
