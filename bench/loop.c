/* Many connections in one epoll loop: loop PORT CONNECTIONS SECONDS.  Each asks, and again half a second
 * after its answer.  Prints the loop's longest stall (how late a 1 ms timer was served) in microseconds, the
 * processor time that it took in milliseconds, and how many answers came. */
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>

#include "bench.h"

#define PAUSE (500 * MS)

struct connection {
    int fd;
    uint64_t due_ns; /* when it asks next; 0: it waits for its answer */
};

static struct connection *connections;
static int count, set, timer;
static uint64_t answers, stall_ns, next_ns;

static void ask(struct connection *c)
{
    char byte = 'e';

    c->due_ns = 0;
    if (send(c->fd, &byte, 1, 0) != 1)
        give_up("send");
}

static void beat(void)
{
    uint64_t beats, now = now_ns();

    if (read(timer, &beats, sizeof(beats)) != sizeof(beats))
        give_up("timer");
    if (now > next_ns && now - next_ns > stall_ns)
        stall_ns = now - next_ns;
    next_ns += beats * MS;
    for (int i = 0; i < count; i++)
        if (connections[i].due_ns && connections[i].due_ns <= now)
            ask(&connections[i]);
}

static void answered(struct connection *c)
{
    char byte;

    if (recv(c->fd, &byte, 1, MSG_DONTWAIT) != 1)
        return;
    answers++;
    c->due_ns = now_ns() + PAUSE;
}

static void watch(int fd, void *whose)
{
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = whose};

    if (epoll_ctl(set, EPOLL_CTL_ADD, fd, &e))
        give_up("epoll_ctl");
}

static void arrange(int port)
{
    struct itimerspec every = {.it_interval.tv_nsec = (long)MS};

    set = epoll_create1(EPOLL_CLOEXEC);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    connections = calloc((size_t)count, sizeof(*connections));
    for (int i = 0; connections && i < count; i++) {
        connections[i].fd = dial(port);
        connections[i].due_ns = now_ns() + (uint64_t)i * PAUSE / (uint64_t)count;
        watch(connections[i].fd, &connections[i]);
    }
    next_ns = now_ns() + MS;
    every.it_value.tv_sec = (time_t)(next_ns / S);
    every.it_value.tv_nsec = (long)(next_ns % S);
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &every, NULL);
    watch(timer, NULL);
}

static uint64_t cpu_us(void)
{
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    return (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 +
           (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return fprintf(stderr, "usage: loop PORT CONNECTIONS SECONDS\n"), 2;
    count = atoi(argv[2]);
    arrange(atoi(argv[1]));
    uint64_t before_us = cpu_us(), end_ns = now_ns() + (uint64_t)atoi(argv[3]) * S;
    while (now_ns() < end_ns) {
        struct epoll_event told[256];
        int events = epoll_wait(set, told, 256, -1);
        for (int i = 0; i < events; i++)
            told[i].data.ptr ? answered(told[i].data.ptr) : beat();
    }
    printf("%.0f %.0f %lu\n", (double)stall_ns / 1000, (double)(cpu_us() - before_us) / 1000, answers);
    return 0;
}
