/* Much at once.  bulk m PORT: prints how many milliseconds a megabyte takes.  bulk s PORT SECONDS: how many
 * bytes a second come, from the first byte on. */
#include "bench.h"

int main(int argc, char **argv)
{
    static char buf[65536];
    uint64_t bytes = 0, start_ns, first_ns = 0, end_ns;

    if (argc < 3)
        return fprintf(stderr, "usage: bulk m|s PORT [SECONDS]\n"), 2;
    int fd = dial(atoi(argv[2]));
    start_ns = now_ns();
    end_ns = argc > 3 ? start_ns + (uint64_t)atoi(argv[3]) * S : UINT64_MAX;
    if (send(fd, argv[1], 1, 0) != 1)
        give_up("send");
    for (ssize_t got; now_ns() < end_ns && (got = recv(fd, buf, sizeof(buf), 0)) > 0; bytes += (uint64_t)got)
        first_ns = first_ns ? first_ns : now_ns();
    uint64_t took_ns = now_ns() - (*argv[1] == 'm' ? start_ns : first_ns);
    if (*argv[1] == 'm')
        printf("%.1f\n", (double)took_ns / (double)MS);
    else
        printf("%.0f\n", (double)bytes / ((double)took_ns / (double)S));
    return 0;
}
