/* One long answer: bulk PORT BYTES [SECONDS]
 *
 * Prints the milliseconds from the request to the last byte; with SECONDS, the bytes per second that had come
 * by then. */
#include "bench/bench.h"

int main(int argc, char **argv)
{
    static char block[65536];
    int fd;

    if (argc < 3)
        return 2;
    uint64_t wanted = strtoull(argv[2], NULL, 10), got = 0, span_ns = 0;
    uint64_t limit_ns = argc > 3 ? number(argv[3]) * NS_PER_S : UINT64_MAX;
    connect_all(&fd, 1, number(argv[1]));
    set_blocking(fd);
    uint64_t start_ns = now_ns();
    request(fd, wanted);
    while (got < wanted && span_ns < limit_ns) {
        ssize_t here = recv(fd, block, sizeof(block), 0);
        if (here <= 0)
            give_up("recv");
        got += (uint64_t)here;
        span_ns = now_ns() - start_ns;
    }
    if (argc > 3)
        printf("%.0f\n", (double)got * (double)NS_PER_S / (double)span_ns);
    else
        printf("%.3f\n", (double)span_ns / (double)NS_PER_MS);
    return 0;
}
