/* How far from the delay that was asked for a round trip takes: delay KIND PORT CONNECTIONS REQUESTS DELAY_MS
 *
 * Prints the median and the 99th percentile of the error in milliseconds.  The connections begin spread over
 * one delay, and each asks again when it was answered, so that they do not fall due together.  The kind
 * `sleep` waits by clock_nanosleep in as many threads instead: what the machine itself makes of a delay. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>

#include "bench/bench.h"

#define CONNECTIONS_MAX 200
#define REQUESTS_MAX    10000

enum kind { BLOCKING, POLL, EPOLL_LEVEL, EPOLL_EDGE, SLEEP, KIND_COUNT };
static const char *const kinds[KIND_COUNT] = {"blocking", "poll", "level", "edge", "sleep"};

static int fds[CONNECTIONS_MAX];
static _Atomic uint64_t asked_ns[CONNECTIONS_MAX];
static unsigned left[CONNECTIONS_MAX];
static unsigned connections, open_count;
static uint64_t delay_ns, start_ns;
static double errors_ms[REQUESTS_MAX];
static _Atomic unsigned errors_count;
static enum kind kind;

static void note(unsigned i, uint64_t at_ns)
{
    errors_ms[atomic_fetch_add(&errors_count, 1)] =
        ((double)at_ns - (double)asked_ns[i] - (double)delay_ns) / (double)NS_PER_MS;
}

static void ask(unsigned i)
{
    asked_ns[i] = now_ns();
    request(fds[i], sizeof(uint64_t));
}

static void wait_turn(unsigned i)
{
    sleep_until(start_ns + delay_ns / connections * i);
}

/* --- a thread for each connection --- */

static void *thread_run(void *argument)
{
    unsigned i = (unsigned)(uintptr_t)argument;
    uint64_t answer;

    wait_turn(i);
    for (; left[i]; left[i]--) {
        if (kind == SLEEP) {
            struct timespec span = {.tv_sec = 0, .tv_nsec = (long)delay_ns};
            asked_ns[i] = now_ns();
            clock_nanosleep(CLOCK_MONOTONIC, 0, &span, NULL);
        } else {
            ask(i);
            if (recv(fds[i], &answer, sizeof(answer), MSG_WAITALL) != sizeof(answer))
                give_up("recv");
        }
        note(i, now_ns());
    }
    return NULL;
}

static void threads_run(void)
{
    pthread_t threads[CONNECTIONS_MAX];

    for (unsigned i = 0; i < connections; i++)
        if (pthread_create(&threads[i], NULL, thread_run, (void *)(uintptr_t)i))
            give_up("pthread_create");
    for (unsigned i = 0; i < connections; i++)
        pthread_join(threads[i], NULL);
}

/* --- one loop for all --- */

static void *first_requests(void *argument)
{
    for (unsigned i = 0; i < connections; i++) {
        wait_turn(i);
        ask(i);
    }
    return argument;
}

/* To the last byte, as edge-triggered readiness demands. */
static void take(unsigned i)
{
    uint64_t answer;

    while (recv(fds[i], &answer, sizeof(answer), 0) == sizeof(answer)) {
        note(i, now_ns());
        if (--left[i])
            ask(i);
        else
            open_count--;
    }
    if (errno != EAGAIN)
        give_up("recv");
}

static void poll_run(void)
{
    struct pollfd waits[CONNECTIONS_MAX];

    for (unsigned i = 0; i < connections; i++)
        waits[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    while (open_count) {
        poll(waits, connections, -1);
        for (unsigned i = 0; i < connections; i++)
            if (waits[i].revents)
                take(i);
    }
}

static void epoll_run(void)
{
    int set = epoll_create1(EPOLL_CLOEXEC);

    for (unsigned i = 0; i < connections; i++) {
        struct epoll_event event = {.events = EPOLLIN | (kind == EPOLL_EDGE ? (uint32_t)EPOLLET : 0),
                                    .data.u32 = i};
        if (epoll_ctl(set, EPOLL_CTL_ADD, fds[i], &event))
            give_up("epoll_ctl");
    }
    while (open_count) {
        struct epoll_event events[64];
        int count = epoll_wait(set, events, 64, -1);
        for (int i = 0; i < count; i++)
            take(events[i].data.u32);
    }
}

static void loop_run(void)
{
    pthread_t helper;

    if (pthread_create(&helper, NULL, first_requests, NULL))
        give_up("pthread_create");
    if (kind == POLL)
        poll_run();
    else
        epoll_run();
    pthread_join(helper, NULL);
}

/* --- */

static int by_size(const void *a, const void *b)
{
    double left_ms = *(const double *)a, right_ms = *(const double *)b;

    return (left_ms > right_ms) - (left_ms < right_ms);
}

static enum kind kind_of(const char *name)
{
    for (int i = 0; i < KIND_COUNT; i++)
        if (!strcmp(name, kinds[i]))
            return (enum kind)i;
    errno = EINVAL;
    give_up(name);
    return KIND_COUNT;
}

int main(int argc, char **argv)
{
    if (argc != 6 || number(argv[3]) - 1 >= CONNECTIONS_MAX || number(argv[4]) > REQUESTS_MAX)
        return 2;
    kind = kind_of(argv[1]);
    connections = open_count = number(argv[3]);
    delay_ns = number(argv[5]) * NS_PER_MS;
    for (unsigned i = 0; i < connections; i++)
        left[i] = number(argv[4]) / connections;
    if (kind != SLEEP)
        connect_all(fds, connections, number(argv[2]));
    for (unsigned i = 0; i < connections && kind == BLOCKING; i++)
        set_blocking(fds[i]);
    start_ns = now_ns() + 20 * NS_PER_MS;
    if (kind == BLOCKING || kind == SLEEP)
        threads_run();
    else
        loop_run();
    qsort(errors_ms, errors_count, sizeof(*errors_ms), by_size);
    printf("%.3f %.3f\n", errors_ms[errors_count / 2], errors_ms[errors_count * 99 / 100]);
    return 0;
}
