/* A library whose constructor notes the time; of two copies, the one whose constructor runs last prints the
 * microseconds since the other's.
 *
 * With the shim between them in LD_PRELOAD that is the shim's constructor: the loader runs the constructors
 * of preloaded libraries from the last of the list to the first.  Nothing here calls what the shim
 * intercepts, or the shim would start at that call. */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* Exported, so that both copies have the first one's. */
extern uint64_t bench_mark_ns;
uint64_t bench_mark_ns;

__attribute__((constructor)) static void note(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t now_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    if (bench_mark_ns)
        dprintf(STDERR_FILENO, "mark %.1f\n", (double)(now_ns - bench_mark_ns) / 1000);
    else
        bench_mark_ns = now_ns;
}
