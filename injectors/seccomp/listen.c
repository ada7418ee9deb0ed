/* A thread for each listener: it takes questions, lets those pass that are no dependency's, and hands the
 * others to the supervisor's loop.  Floor 1.
 *
 * Whoever waits in the call that takes them, not in a poll before it, is woken on the program's own
 * processor, which then waits for no other to wake up: a tenth of the time.  A thread touches nothing but its
 * own listener, the table, and the pipe to the loop. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "injectors/seccomp/internal.h"

#define STACK_BYTES (128 * 1024)
#define REST_MS     1
#define PIPE_MOST   4096 /* bytes that wait in it */
/* Behind the last one that its predecessor is known to have taken, so many more are let go: one at most was
 * taken and not noted. */
#define UNKNOWN_MAX 4
#define TAKEN_MAX   100000 /* that it may have left unanswered */

static void ignore(int signal)
{
    (void)signal;
}

/* To end the call of a thread whose programs are gone, where the kernel does not (before Linux 6.11). */
void listeners_prepare(void)
{
    struct sigaction action = {.sa_handler = ignore};

    sigaction(SIGUSR1, &action, NULL);
}

static struct seccomp_place *place_of(const struct listener *l)
{
    return &l->server->supervision->progress->places[l->rank];
}

/* The loop answers them in their order. */
static void hand_over(struct listener *l, const struct question *q)
{
    struct seccomp_place *place = place_of(l);

    if (!atomic_load(&place->waiting))
        atomic_store(&place->oldest, q->notice.id);
    atomic_fetch_add(&place->waiting, 1);
    if (write(l->server->questions[1], q, sizeof(*q)) != sizeof(*q)) {
        atomic_fetch_sub(&place->waiting, 1);
        notice_pass(l->fd, q->notice.id);
    }
}

void listener_answered(struct listener *l, uint64_t id)
{
    atomic_store(&place_of(l)->oldest, id);
    atomic_fetch_sub(&place_of(l)->waiting, 1);
}

static void take_one(struct listener *l)
{
    struct question q = {.listener = l};

    if (!notice_take(l->fd, &q.notice)) {
        /* Nobody is left to ask, or somebody has gone in between. */
        poll(NULL, 0, errno == EINTR ? 0 : REST_MS);
        return;
    }
    atomic_store(&place_of(l)->last, q.notice.id);
    if (l->server->supervision->passes || !question_concerns(l->server, &q))
        notice_pass(l->fd, q.notice.id);
    else
        hand_over(l, &q);
}

/* It closes the listener itself: nobody else knows when it has done with the number. */
static void *run(void *arg)
{
    struct listener *l = arg;

    while (!atomic_load(&l->is_over))
        take_one(l);
    close(l->fd);
    return NULL;
}

static int start(struct listener *l)
{
    pthread_attr_t attributes;
    int error = -pthread_attr_init(&attributes);

    if (error)
        return error;
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    error = -pthread_create(&l->thread, &attributes, run, l);
    pthread_attr_destroy(&attributes);
    return error;
}

/* Where no thread is to be had (RLIMIT_NPROC, pids.max) the loop asks itself: slower, but nobody waits in
 * vain.  Not into a pipe that only it empties, unless there is room. */
static void on_notice(void *arg, int fd)
{
    struct listener *l = arg;
    int queued = 0;

    (void)fd;
    if (!ioctl(l->server->questions[0], FIONREAD, &queued) && queued < PIPE_MOST)
        take_one(l);
}

/* Those that a predecessor took and did not live to answer: whoever waits for them is let go. */
static void release_taken(const struct listener *l)
{
    const struct seccomp_place *place = place_of(l);
    uint64_t last = atomic_load(&place->last),
             from = atomic_load(&place->waiting) ? atomic_load(&place->oldest) : last;

    if (last - from > TAKEN_MAX)
        from = last;
    for (uint64_t id = from; id != last + UNKNOWN_MAX; id++)
        notice_pass(l->fd, id);
    atomic_store(&place_of(l)->waiting, 0);
}

/* Watched for nothing but its end, which is always told. */
int listener_begin(struct server *server, int fd, uint32_t service)
{
    struct listener *l = server->ranks < SECCOMP_LISTENER_MAX ? calloc(1, sizeof(*l)) : NULL;
    struct epoll_event event = {.events = 0, .data.ptr = l};

    if (!l)
        return -ENOMEM;
    *l = (struct listener){.server = server, .fd = fd, .service = service, .rank = server->ranks++};
    int error = epoll_ctl(server->ends_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
    if (!error) {
        notice_hurry(fd);
        release_taken(l);
        l->has_thread = !start(l);
        error = l->has_thread ? 0 : relay_watch(server->relay, fd, on_notice, l);
    }
    if (error) {
        epoll_ctl(server->ends_fd, EPOLL_CTL_DEL, fd, NULL);
        free(l);
        return error;
    }
    server->listeners_count++;
    return 0;
}

/* All that it was put over are gone.  What it is made of stays, for its thread may still look at it. */
void listeners_look(struct server *server)
{
    struct epoll_event event;

    while (epoll_wait(server->ends_fd, &event, 1, 0) == 1) {
        struct listener *l = event.data.ptr;
        epoll_ctl(server->ends_fd, EPOLL_CTL_DEL, l->fd, NULL);
        atomic_store(&l->is_over, true);
        if (l->has_thread) {
            pthread_kill(l->thread, SIGUSR1);
        } else {
            relay_unwatch(server->relay, l->fd);
            close(l->fd);
        }
        server->listeners_count--;
    }
}
