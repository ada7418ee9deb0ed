/* What many connections do to one epoll loop: loop PORT CONNECTIONS
 *
 * A timer rings each millisecond; at each ring the next PER_RING connections ask for eight bytes.  Prints how
 * late the latest ring was served, in milliseconds, the processor time of each request in microseconds, and
 * the requests that were answered in the measured seconds: the same number whatever the answers' delay. */
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>

#include "bench/bench.h"

#define CONNECTIONS_MAX 4000
#define PER_RING        10
#define RING_NS         NS_PER_MS
#define WARM_NS         NS_PER_S
#define MEASURED_NS     (3 * NS_PER_S)

static int fds[CONNECTIONS_MAX];
static bool is_asked[CONNECTIONS_MAX];
static unsigned connections, next;
static uint64_t answered, latest_ns, last_ring_ns;

static double cpu_us(void)
{
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

static void ask_next(void)
{
    unsigned i = next++ % connections;

    if (is_asked[i])
        return;
    is_asked[i] = true;
    request(fds[i], sizeof(uint64_t));
}

static void ring(int timer, uint64_t at_ns)
{
    uint64_t rings = 0, gap_ns = at_ns - last_ring_ns;

    if (read(timer, &rings, sizeof(rings)) != sizeof(rings))
        return;
    if (gap_ns > RING_NS && gap_ns - RING_NS > latest_ns)
        latest_ns = gap_ns - RING_NS;
    last_ring_ns = at_ns;
    for (uint64_t i = 0; i < rings * PER_RING; i++)
        ask_next();
}

static void take(unsigned i)
{
    uint64_t answer;

    if (recv(fds[i], &answer, sizeof(answer), 0) != sizeof(answer)) {
        if (errno != EAGAIN)
            give_up("recv");
        return;
    }
    is_asked[i] = false;
    answered++;
}

static void run_until(int set, int timer, uint64_t end_ns)
{
    while (now_ns() < end_ns) {
        struct epoll_event events[64];
        int count = epoll_wait(set, events, 64, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.u32 == CONNECTIONS_MAX)
                ring(timer, now_ns());
            else
                take(events[i].data.u32);
        }
    }
}

static void watch(int set, int fd, unsigned data)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = data};

    if (epoll_ctl(set, EPOLL_CTL_ADD, fd, &event))
        give_up("epoll_ctl");
}

int main(int argc, char **argv)
{
    struct itimerspec each = {.it_value.tv_nsec = (long)RING_NS, .it_interval.tv_nsec = (long)RING_NS};
    int set = epoll_create1(EPOLL_CLOEXEC);
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

    if (argc != 3 || number(argv[2]) - 1 >= CONNECTIONS_MAX)
        return 2;
    connections = number(argv[2]);
    connect_all(fds, connections, number(argv[1]));
    for (unsigned i = 0; i < connections; i++)
        watch(set, fds[i], i);
    watch(set, timer, CONNECTIONS_MAX);
    timerfd_settime(timer, 0, &each, NULL);
    last_ring_ns = now_ns();
    run_until(set, timer, now_ns() + WARM_NS);

    double before_us = cpu_us();
    answered = latest_ns = 0;
    run_until(set, timer, now_ns() + MEASURED_NS);
    if (!answered)
        give_up("no answer");
    printf("%.3f %.2f %lu\n", (double)latest_ns / (double)NS_PER_MS,
           (cpu_us() - before_us) / (double)answered, (unsigned long)answered);
    return 0;
}
