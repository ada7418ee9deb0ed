/* What calls cost that no fault is about: calls.  Prints nanoseconds for a byte sent and received on a
 * connection, a poll of it, a read of /dev/zero, and malloc(64) with free; the least of 15 tries each. */
#include <fcntl.h>
#include <poll.h>

#include "bench.h"

enum { TRIES = 15, ROUNDS = 40000 };

static int ends[2], zero;

static void send_and_receive(void)
{
    char byte = 'x';

    if (send(ends[0], &byte, 1, 0) != 1 || recv(ends[1], &byte, 1, 0) != 1)
        give_up("send");
}

static void poll_one(void)
{
    struct pollfd p = {.fd = ends[1], .events = POLLIN};

    if (poll(&p, 1, 0) < 0)
        give_up("poll");
}

static void read_zero(void)
{
    char byte;

    if (read(zero, &byte, 1) != 1)
        give_up("read");
}

static void allocate(void)
{
    void *volatile p = malloc(64);

    free(p);
}

static double cost(void (*call)(void))
{
    uint64_t least_ns = UINT64_MAX;

    for (int try = 0; try < TRIES; try++) {
        uint64_t start_ns = now_ns();
        for (int i = 0; i < ROUNDS; i++)
            call();
        uint64_t took_ns = now_ns() - start_ns;
        least_ns = took_ns < least_ns ? took_ns : least_ns;
    }
    return (double)least_ns / ROUNDS;
}

int main(void)
{
    zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    if (zero < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        give_up("socketpair");
    printf("%.1f %.1f %.1f %.1f\n", cost(send_and_receive), cost(poll_one), cost(read_zero), cost(allocate));
    return 0;
}
