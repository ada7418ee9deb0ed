/* What malloc(64) with its free costs in so many threads at once: malloc THREADS CALLS
 *
 * Prints nanoseconds a pair, the least of REPETITIONS; each of them ends when the last thread has made its
 * calls. */
#include <pthread.h>
#include <stdatomic.h>

#include "bench/bench.h"

#define REPETITIONS 20
#define THREADS_MAX 8

static unsigned calls;
static pthread_barrier_t together;

static void pairs(void)
{
    for (unsigned i = 0; i < calls; i++) {
        /* The compiler may not see that nobody uses it. */
        void *volatile memory = malloc(64);
        free(memory);
    }
}

static void *helper(void *argument)
{
    for (int r = 0; r < REPETITIONS; r++) {
        pthread_barrier_wait(&together);
        pairs();
        pthread_barrier_wait(&together);
    }
    return argument;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS_MAX];
    uint64_t least = UINT64_MAX;

    if (argc != 3 || number(argv[1]) - 1 >= THREADS_MAX)
        return 2;
    unsigned helpers = number(argv[1]) - 1;
    calls = number(argv[2]);
    pthread_barrier_init(&together, NULL, helpers + 1);
    for (unsigned i = 0; i < helpers; i++)
        if (pthread_create(&threads[i], NULL, helper, NULL))
            give_up("pthread_create");
    for (int r = 0; r < REPETITIONS; r++) {
        pthread_barrier_wait(&together);
        uint64_t start_ns = now_ns();
        pairs();
        pthread_barrier_wait(&together);
        uint64_t span_ns = now_ns() - start_ns;
        least = span_ns < least ? span_ns : least;
    }
    for (unsigned i = 0; i < helpers; i++)
        pthread_join(threads[i], NULL);
    printf("%.2f\n", (double)least / calls);
    return 0;
}
