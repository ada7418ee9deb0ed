/* What calls cost that no fault strikes: calls PORT CALLS
 *
 * A connection to the port is open meanwhile, so that a fault on it has something to be about.  Prints
 * nanoseconds, the least of REPETITIONS: a send and a recv of 64 bytes on a socket pair, the same on a
 * loopback connection, a read, and a poll. */
#include "bench/bench.h"

#define REPETITIONS 10
#define BYTES       64

struct pair {
    int near, far;
};

static struct pair sockets;
static int zero;

static void once_stream(void)
{
    char bytes[BYTES] = "";

    if (send(sockets.near, bytes, BYTES, 0) != BYTES || recv(sockets.far, bytes, BYTES, 0) != BYTES)
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

static double least_ns(void (*once)(void), unsigned calls)
{
    uint64_t least = UINT64_MAX;

    for (int r = 0; r < REPETITIONS; r++) {
        uint64_t start_ns = now_ns();
        for (unsigned i = 0; i < calls; i++)
            once();
        uint64_t span_ns = now_ns() - start_ns;
        least = span_ns < least ? span_ns : least;
    }
    return (double)least / calls;
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

    if (argc != 3)
        return 2;
    unsigned calls = number(argv[2]);
    connect_all(&dependency, 1, number(argv[1]));
    zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    sockets = local_pair();
    printf("%.1f ", least_ns(once_stream, calls));
    sockets = tcp_pair();
    printf("%.1f ", least_ns(once_stream, calls));
    printf("%.1f ", least_ns(once_read, calls));
    printf("%.1f\n", least_ns(once_poll, calls));
    return 0;
}
