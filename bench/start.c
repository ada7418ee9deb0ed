/* How long a command takes from its start to its end: start TIMES COMMAND [ARGUMENT]...
 *
 * Prints milliseconds: the median of so many, and the mean processor time of one with all its children, which
 * a busy machine does not change much. */
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "bench/bench.h"

#define TIMES_MAX 10000

extern char **environ;

static double once_ms(char **argv)
{
    uint64_t start_ns = now_ns();
    pid_t child;
    int status;

    errno = posix_spawnp(&child, argv[0], NULL, NULL, argv, environ);
    if (errno || waitpid(child, &status, 0) != child)
        give_up(argv[0]);
    if (status) {
        errno = ECHILD;
        give_up(argv[0]);
    }
    return (double)(now_ns() - start_ns) / (double)NS_PER_MS;
}

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

static double cpu_ms(void)
{
    struct rusage used;

    getrusage(RUSAGE_CHILDREN, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e3 +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e3;
}

int main(int argc, char **argv)
{
    static double spans_ms[TIMES_MAX];

    if (argc < 3 || number(argv[1]) - 1 >= TIMES_MAX)
        return 2;
    unsigned times = number(argv[1]);
    for (unsigned i = 0; i < times; i++)
        spans_ms[i] = once_ms(argv + 2);
    qsort(spans_ms, times, sizeof(*spans_ms), by_size);
    printf("%.3f %.3f\n", spans_ms[times / 2], cpu_ms() / times);
    return 0;
}
