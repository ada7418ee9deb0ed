/* Connecting under latency and into a blackhole. */
#include "stream.h"

static uint16_t port;

static int fresh(int flags)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

    if (fd < 0)
        give_up("socket");
    return fd;
}

static int so_error(int fd)
{
    int error = -1;
    socklen_t len = sizeof(error);

    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
    return error;
}

static void drain(void)
{
    int fd;

    non_blocking(listening, true);
    while ((fd = accept(listening, NULL, NULL)) >= 0)
        close(fd);
    non_blocking(listening, false);
}

static void blocking_waits(void)
{
    int rule = arm_latency(100 * MS), fd = fresh(0);
    uint64_t start = now_ns();

    errno = FOREIGN;
    bool works = !dial(fd, port);
    fact("a blocking connect takes as long as the delay, and leaves errno alone",
         works && since(start) >= 100 * MS && since(start) < LONG && errno == FOREIGN);
    fact("one connect, one hit", hits(rule) == 1);
    lift(rule);
    close(fd);
    drain();
}

static void refused_late(void)
{
    int closed = bound(), fd = fresh(0);
    struct target t = {.kind = TARGET_ADDRESS, .bit = 2, .prefix = 128, .port = port_of(closed)};
    struct rule late = stream_rule(FAULT_latency);

    memcpy(t.address, table->targets[0].address, 16);
    target_add(t);
    late.targets = 1u << 2;
    late.delay_ns = 100 * MS;
    int rule = arm(late);
    uint64_t start = now_ns();
    bool right = dial(fd, t.port) == -1 && errno == ECONNREFUSED && since(start) >= 100 * MS;
    fact("a refusal is delayed too", right);
    close(fd);
    fd = fresh(SOCK_NONBLOCK);
    start = now_ns();
    right = dial(fd, t.port) == -1 && errno == EINPROGRESS && so_error(fd) == 0;
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    right = right && poll(&p, 1, 20) == 0 && poll(&p, 1, 5000) == 1 && since(start) >= 100 * MS;
    right = right && p.revents == (POLLOUT | POLLERR | POLLHUP) && so_error(fd) == ECONNREFUSED;
    fact("without blocking as well, and SO_ERROR says it when it is due", right);
    lift(rule);
    close(fd);
    close(closed);
}

static void in_progress(enum manner way, bool added_first)
{
    char sentence[150];
    int rule = arm_latency(150 * MS), fd = fresh(SOCK_NONBLOCK), set = added_first ? out_set_of(way, fd) : -1;
    struct sockaddr_in peer;
    socklen_t len = sizeof(peer);
    struct epoll_event e;

    if (added_first && way == EDGE)
        epoll_wait(set, &e, 1, 0);
    uint64_t start = now_ns();
    bool right = dial(fd, port) == -1 && errno == EINPROGRESS;
    if (!added_first)
        set = out_set_of(way, fd);
    right = right && out_ready(way, fd, set, 20) == 0 && so_error(fd) == 0;
    right = right && getpeername(fd, (void *)&peer, &len) == -1 && errno == ENOTCONN;
    right = right && dial(fd, port) == -1 && errno == EALREADY;
    right = right && send(fd, "x", 1, 0) == -1 && errno == EAGAIN;
    right = right && recv(fd, &peer, 1, 0) == -1 && errno == EAGAIN;
    bool early = since(start) > 140 * MS;
    right = right && out_ready(way, fd, set, 5000) == 1;
    uint64_t took = since(start);
    right = right && so_error(fd) == 0 && send(fd, "x", 1, 0) == 1 && !getpeername(fd, (void *)&peer, &len);
    snprintf(sentence, sizeof(sentence), "%s: a connect is in progress until it is due%s", way_names[way],
             added_first ? ", in a set that knew it before" : "");
    fact(sentence, (right && took >= 150 * MS && took < LONG) || early);
    lift(rule);
    close(fd);
    close(set);
    drain();
}

static void into_the_hole(enum manner way)
{
    char sentence[150];
    int rule = arm_blackhole(), fd = fresh(SOCK_NONBLOCK), set = out_set_of(way, fd);
    struct epoll_event e;

    if (way >= LEVEL)
        epoll_wait(set, &e, 1, 0); /* HUP of an unconnected socket */
    struct epoll_event again = {.events = EPOLLOUT | (way == EDGE ? EPOLLET : 0)};
    bool right = dial(fd, port) == -1 && errno == EINPROGRESS;
    epoll_ctl(set, EPOLL_CTL_MOD, fd, &again);
    right = right && out_ready(way, fd, set, 200) == 0 && so_error(fd) == 0;
    right = right && dial(fd, port) == -1 && errno == EALREADY;
    right = right && send(fd, "x", 1, 0) == -1 && errno == EAGAIN;
    snprintf(sentence, sizeof(sentence), "%s: a connect into a blackhole stays in progress", way_names[way]);
    fact(sentence, right && hits(rule) == 1);
    lift(rule);
    uint64_t lifted = now_ns();
    /* Who calls what is not followed while nothing is armed finds out by the kernel's next SYN. */
    right = out_ready(way, fd, set, 15000) == 1 && so_error(fd) == 0 && send(fd, "x", 1, 0) == 1;
    snprintf(sentence, sizeof(sentence), "%s: and is made after the lift", way_names[way]);
    fact(sentence, right);
    printf("# %lu ms\n", since(lifted) / MS);
    close(fd);
    close(set);
    drain();
}

static void *lift_later(void *rule)
{
    usleep(200000);
    lift(*(int *)rule);
    return NULL;
}

static void blocking_hole(void)
{
    int rule = arm_blackhole(), fd = fresh(0);
    struct timeval limit = {.tv_usec = 100000};
    uint64_t start = now_ns();
    pthread_t thread;

    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    bool right = dial(fd, port) == -1 && errno == EINPROGRESS && since(start) >= 100 * MS;
    fact("SO_SNDTIMEO ends a blocking connect into a blackhole", right && since(start) < LONG);
    close(fd);
    fd = fresh(0);
    start = now_ns();
    pthread_create(&thread, NULL, lift_later, &rule);
    right = !dial(fd, port) && since(start) >= 200 * MS;
    fact("a lift lets it through at once", right && since(start) < LONG);
    pthread_join(thread, NULL);
    close(fd);
    drain();
}

static void waits_over_the_lift(enum manner way)
{
    char sentence[150];
    int rule = arm_blackhole(), fd = fresh(SOCK_NONBLOCK), set;
    pthread_t thread;

    dial(fd, port);
    set = out_set_of(way, fd);
    pthread_create(&thread, NULL, lift_later, &rule);
    uint64_t start = now_ns();
    bool right = out_ready(way, fd, set, 15000) == 1 && so_error(fd) == 0;
    uint64_t took = since(start);
    pthread_join(thread, NULL);
    snprintf(sentence, sizeof(sentence), "%s: who waits for a connect wakes at the lift", way_names[way]);
    fact(sentence, right && took >= 150 * MS);
    printf("# %lu ms\n", took / MS);
    close(fd);
    close(set);
    drain();
}

int main(int argc, char **argv)
{
    (void)argc;
    stream_begin(argv, 4 + 5 + 3 + 2 * 5 + 2 + 5);
    port = port_of(listening);
    blocking_waits();
    refused_late();
    for (enum manner way = POLL; way < WAYS; way++) {
        in_progress(way, false);
        if (way >= LEVEL)
            in_progress(way, true);
        into_the_hole(way);
        waits_over_the_lift(way);
    }
    blocking_hole();
    return 0;
}
