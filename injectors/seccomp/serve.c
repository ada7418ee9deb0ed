/* The supervisor's loop.  Floor 1. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "injectors/seccomp/internal.h"

#define NS_PER_S UINT64_C(1000000000)
/* A lease further off than this is no lease but damage. */
#define LEASE_LIMIT_NS (3600 * NS_PER_S)
/* What programs sent before they ended is still delivered, as the kernel would: so long at most. */
#define DELIVER_NS (60 * NS_PER_S)
#define DELIVER_MS 20
#define SETTLE_NS  (NS_PER_S / 10) /* by then it was read, as far as there was room */

uint64_t server_now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

bool server_has_lease(const struct server *server, uint64_t now_ns)
{
    uint64_t lease_ns = atomic_load(&server->table->lease_ns);

    return now_ns < lease_ns && lease_ns - now_ns <= LEASE_LIMIT_NS;
}

/* --- time --- */

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Nobody says that the lease ends. */
static void look(struct server *server)
{
    uint64_t now_ns = server_now_ns(), next_ns = attempts_look(server, now_ns);
    struct itimerspec at = {0};

    next_ns = least(next_ns, resets_look(server, now_ns));
    if (server->attempts && server_has_lease(server, now_ns))
        next_ns = least(next_ns, atomic_load(&server->table->lease_ns));
    if (next_ns != STREAM_NEVER)
        at.it_value = (struct timespec){(time_t)(next_ns / NS_PER_S), (long)(next_ns % NS_PER_S) + 1};
    timerfd_settime(server->timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

static void on_time(void *arg, int fd)
{
    uint64_t count;

    if (read(fd, &count, sizeof(count)) == sizeof(count))
        look(arg);
}

static void on_upstream(void *arg, int fd)
{
    (void)fd;
    upstreams_look(arg);
    look(arg);
}

/* --- questions --- */

static bool has_links(const struct server *server, bool on_its_way)
{
    for (size_t i = 0; i < server->clients_count; i++) {
        const struct relay_count *c = &server->clients[i].count;
        if (c->open && (!on_its_way || c->received[RELAY_UP] != c->sent[RELAY_UP]))
            return true;
    }
    return false;
}

static void stop_when_done(struct server *server)
{
    if (server->listeners_count || server->has_orders)
        return;
    uint64_t now_ns = server_now_ns();
    if (!server->end_ns)
        server->end_ns = now_ns + DELIVER_NS;
    if (!has_links(server, now_ns >= server->end_ns - DELIVER_NS + SETTLE_NS) || now_ns >= server->end_ns)
        relay_stop(server->relay);
}

static int serve(struct server *server)
{
    int error = 0;

    while (!relay_is_stopped(server->relay) && !error) {
        error = relay_turn(server->relay, server->end_ns ? DELIVER_MS : -1);
        stop_when_done(server);
    }
    return error;
}

/* (Connections of programs that are gone may live on in others' hands: so the relay does as long as there are
 * orders.) */
static void on_end(void *arg, int fd)
{
    (void)fd;
    listeners_look(arg);
    stop_when_done(arg);
}

static void on_question(void *arg, int fd)
{
    struct server *server = arg;
    struct question question;

    if (read(fd, &question, sizeof(question)) != sizeof(question))
        return;
    question_answer(server, &question);
    if (server->attempts)
        look(server);
}

/* --- orders --- */

union room {
    struct cmsghdr head; /* for its alignment */
    char bytes[CMSG_SPACE(sizeof(int))];
};

static int descriptor_in(struct msghdr *message)
{
    struct cmsghdr *head = CMSG_FIRSTHDR(message);
    int fd = -1;

    if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(head), sizeof(fd));
    return fd;
}

static void orders_end(struct server *server, int fd)
{
    relay_unwatch(server->relay, fd);
    close(fd);
    server->has_orders = false;
    stop_when_done(server);
}

static void on_order(void *arg, int fd)
{
    struct server *server = arg;
    struct seccomp_order order = {0};
    union room room;
    struct iovec part = {&order, sizeof(order)};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &room, .msg_controllen = sizeof(room)};
    ssize_t got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got != sizeof(order)) {
        orders_end(server, fd);
        return;
    }
    int listener = descriptor_in(&message);
    if (listener >= 0 && listener_begin(server, listener, order.service))
        close(listener);
    relay_review_all(server->relay, NULL);
    look(server);
}

/* --- from start to end --- */

static int server_open(struct server *server)
{
    int error = relay_open(&server->relay);

    if (error)
        return error;
    server->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    server->upstreams_fd = epoll_create1(EPOLL_CLOEXEC);
    server->ends_fd = epoll_create1(EPOLL_CLOEXEC);
    if (server->timer_fd < 0 || server->upstreams_fd < 0 || server->ends_fd < 0 ||
        pipe2(server->questions, O_CLOEXEC))
        return -errno;
    error = relay_watch(server->relay, server->timer_fd, on_time, server);
    if (!error)
        error = relay_watch(server->relay, server->ends_fd, on_end, server);
    if (!error)
        error = relay_watch(server->relay, server->questions[0], on_question, server);
    if (!error)
        error = relay_watch(server->relay, server->upstreams_fd, on_upstream, server);
    if (!error)
        error = relay_watch(server->relay, server->supervision->orders_fd, on_order, server);
    return error;
}

/* What it leaves open ends with its process. */
int seccomp_serve(const struct seccomp_supervision *supervision)
{
    struct server *server = calloc(1, sizeof(*server));

    if (!server)
        return -ENOMEM;
    server->supervision = supervision;
    server->table = supervision->table;
    server->has_orders = true;
    server->holes[0].fd = server->holes[1].fd = server->door_fd = -1;
    listeners_prepare();
    int error = server_open(server);
    return error ? error : serve(server);
}
