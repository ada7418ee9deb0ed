/* What calls cost that no fault is about: calls PORT
 *
 * A connection to the port is open meanwhile, so that a fault on it has something to be about.  Prints
 * nanoseconds a call, the least of REPETITIONS: send and recv of a byte on a socket pair, on a loopback
 * connection, read, poll, and malloc(64) with its free. */
#include "bench/bench.h"

#define REPETITIONS 20
#define CALLS       10000

struct pair {
    int near, far;
};

static struct pair sockets;
static int zero;

static void once_stream(void)
{
    char byte = 0;

    if (send(sockets.near, &byte, 1, 0) != 1 || recv(sockets.far, &byte, 1, 0) != 1)
        give_up("send or recv");
}

static void once_read(void)
{
    char byte;

    if (read(zero, &byte, 1) != 1)
        give_up("read");
}

static void once_poll(void)
{
    struct pollfd wait = {.fd = sockets.far, .events = POLLIN};

    if (poll(&wait, 1, 0) < 0)
        give_up("poll");
}

/* The compiler may not see that nobody uses it. */
static void once_malloc(void)
{
    void *volatile memory = malloc(64);

    free(memory);
}

static double least_ns(void (*once)(void), unsigned calls_in_it)
{
    uint64_t least = UINT64_MAX;

    for (int r = 0; r < REPETITIONS; r++) {
        uint64_t start_ns = now_ns();
        for (int i = 0; i < CALLS; i++)
            once();
        uint64_t span_ns = now_ns() - start_ns;
        least = span_ns < least ? span_ns : least;
    }
    return (double)least / CALLS / calls_in_it;
}

static struct pair local_pair(void)
{
    int both[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, both))
        give_up("socketpair");
    return (struct pair){both[0], both[1]};
}

static struct pair tcp_pair(void)
{
    int listening = listener(), near;

    connect_all(&near, 1, port_of(listening));
    set_blocking(near);
    return (struct pair){near, accept(listening, NULL, NULL)};
}

int main(int argc, char **argv)
{
    int dependency;

    if (argc != 2)
        return 2;
    connect_all(&dependency, 1, number(argv[1]));
    zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    sockets = local_pair();
    printf("%.1f ", least_ns(once_stream, 2));
    sockets = tcp_pair();
    printf("%.1f ", least_ns(once_stream, 2));
    printf("%.1f ", least_ns(once_read, 1));
    printf("%.1f ", least_ns(once_poll, 1));
    printf("%.1f\n", least_ns(once_malloc, 1));
    return 0;
}
