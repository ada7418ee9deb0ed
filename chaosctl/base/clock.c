/* Clocks.  Floor 1. */
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "chaosctl/base/clock.h"

/* By number: under a preloaded libfaketime libc's function says another time than the targets' kernel does,
 * and a lease would be over, or last for ever. */
static uint64_t read_clock(clockid_t id)
{
    struct timespec ts;

    syscall(SYS_clock_gettime, id, &ts);
    return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t now_mono_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t now_wall_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

const char *clock_text(uint64_t wall_ns, char text[static CLOCK_TEXT_BYTES])
{
    time_t seconds = (time_t)(wall_ns / NS_PER_S);
    struct tm tm;
    char date[24];

    gmtime_r(&seconds, &tm);
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text, CLOCK_TEXT_BYTES, "%s.%03uZ", date, (unsigned)(wall_ns / NS_PER_MS % 1000));
    return text;
}
