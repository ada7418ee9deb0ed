/* The engine: one epoll set, one timer, links that have something to do.  Floor 1. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "injectors/relay/internal.h"

#define BATCH_MAX 256
#define SECOND_NS UINT64_C(1000000000)

uint64_t relay_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

/* --- making --- */

static int open_all(struct relay *relay)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = &relay->timer};

    relay->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (relay->epoll_fd < 0)
        return -errno;
    relay->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (relay->timer_fd < 0)
        return -errno;
    relay->timer = (struct source){.kind = SOURCE_TIMER, .fd = relay->timer_fd};
    return epoll_ctl(relay->epoll_fd, EPOLL_CTL_ADD, relay->timer_fd, &event) ? -errno : 0;
}

int relay_open(struct relay **ret_relay)
{
    struct relay *relay = calloc(1, sizeof(*relay));

    if (!relay)
        return -ENOMEM;
    relay->epoll_fd = relay->timer_fd = -1;
    relay->ready_end = &relay->ready;
    int error = open_all(relay);
    if (error)
        relay_close(relay);
    else
        *ret_relay = relay;
    return error;
}

/* One that somebody ended while it was in the ready list is still there until the next turn. */
static void free_dead(struct relay *relay, bool all)
{
    for (struct relay_link **at = &relay->dead; *at;) {
        struct relay_link *l = *at;
        if (l->is_ready && !all) {
            at = &l->after;
            continue;
        }
        *at = l->after;
        link_free(l);
    }
}

static void free_watches(struct relay *relay, bool all)
{
    for (struct source **at = &relay->watches; *at;) {
        struct source *s = *at;
        if (!all && !s->is_removed) {
            at = &s->next;
            continue;
        }
        *at = s->next;
        free(s);
    }
}

void relay_close(struct relay *relay)
{
    if (!relay)
        return;
    relay->is_turning = true; /* nobody is told to look once more */
    relay_drop_all(relay, NULL);
    free_dead(relay, true);
    free_watches(relay, true);
    chunk_free_spare(relay);
    free(relay->heap);
    if (relay->timer_fd >= 0)
        close(relay->timer_fd);
    if (relay->epoll_fd >= 0)
        close(relay->epoll_fd);
    free(relay);
}

int relay_fd(const struct relay *relay)
{
    return relay->epoll_fd;
}

/* --- descriptors of others --- */

int relay_watch(struct relay *relay, int fd, relay_fd_fn *fn, void *arg)
{
    struct source *s = calloc(1, sizeof(*s));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = s};

    if (!s)
        return -ENOMEM;
    *s = (struct source){.kind = SOURCE_WATCH, .fd = fd, .fn = fn, .arg = arg, .next = relay->watches};
    if (epoll_ctl(relay->epoll_fd, EPOLL_CTL_ADD, fd, &event)) {
        int error = -errno;
        free(s);
        return error;
    }
    relay->watches = s;
    return 0;
}

void relay_unwatch(struct relay *relay, int fd)
{
    for (struct source *s = relay->watches; s; s = s->next) {
        if (s->fd != fd || s->is_removed)
            continue;
        epoll_ctl(relay->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
        s->is_removed = true;
        return;
    }
}

/* --- turns --- */

/* due_ns 0: at once. */
static void arm(struct relay *relay, uint64_t due_ns)
{
    uint64_t at_ns = due_ns == STREAM_NEVER ? 0 : due_ns ? due_ns : 1;
    struct itimerspec at = {.it_value = {(time_t)(at_ns / SECOND_NS), (long)(at_ns % SECOND_NS)}};

    if (due_ns == relay->armed_ns && due_ns)
        return;
    timerfd_settime(relay->timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
    relay->armed_ns = due_ns;
}

static void arm_first(struct relay *relay)
{
    const struct relay_link *first = heap_first(relay);

    arm(relay, first ? first->wake_ns : STREAM_NEVER);
}

void relay_make_ready(struct relay_link *link)
{
    struct relay *relay = link->relay;

    if (!relay->is_turning)
        arm(relay, 0);
    if (link->is_ready || link->state == LINK_DEAD)
        return;
    link->is_ready = true;
    link->ready_next = NULL;
    *relay->ready_end = link;
    relay->ready_end = &link->ready_next;
}

static void handle(struct relay *relay, const struct epoll_event *event)
{
    struct source *s = event->data.ptr;

    if (s->kind == SOURCE_TIMER) {
        relay->armed_ns = STREAM_NEVER;
    } else if (s->kind == SOURCE_WATCH && !s->is_removed) {
        s->fn(s->arg, s->fd);
    } else if (s->kind == SOURCE_LINK) {
        struct relay_link *link = s->arg;
        if (link->state == LINK_DEAD)
            return;
        link_event(link, event->events, s->end);
        relay_make_ready(link);
    }
}

static void take_due(struct relay *relay)
{
    uint64_t now_ns = heap_first(relay) ? relay_now_ns() : 0;

    for (struct relay_link *l; (l = heap_first(relay)) && l->wake_ns <= now_ns;) {
        heap_set(relay, l, STREAM_NEVER);
        relay_make_ready(l);
    }
}

/* Those that were ready when it began: one that makes itself ready again has its turn after the others. */
static void run_ready(struct relay *relay)
{
    struct relay_link *ready = relay->ready;

    relay->ready = NULL;
    relay->ready_end = &relay->ready;
    for (struct relay_link *l; (l = ready);) {
        ready = l->ready_next;
        l->is_ready = false;
        if (l->state != LINK_DEAD)
            link_run(l);
    }
}

int relay_turn(struct relay *relay, int timeout_ms)
{
    struct epoll_event events[BATCH_MAX];
    int n = epoll_wait(relay->epoll_fd, events, BATCH_MAX, relay->ready ? 0 : timeout_ms);

    if (n < 0)
        return errno == EINTR ? 0 : -errno;
    relay->is_turning = true;
    for (int i = 0; i < n; i++)
        handle(relay, &events[i]);
    take_due(relay);
    run_ready(relay);
    free_dead(relay, false);
    free_watches(relay, false);
    relay->is_turning = false;
    if (relay->ready)
        arm(relay, 0);
    else
        arm_first(relay);
    return 0;
}

int relay_run(struct relay *relay)
{
    int error = 0;

    relay->is_stopped = false;
    while (!relay->is_stopped && !error)
        error = relay_turn(relay, -1);
    return error;
}

void relay_stop(struct relay *relay)
{
    relay->is_stopped = true;
}

bool relay_is_stopped(const struct relay *relay)
{
    return relay->is_stopped;
}
