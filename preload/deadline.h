/* When a wait for readiness ends, and how long that is.  Floor 1. */
#ifndef PRELOAD_DEADLINE_H
#define PRELOAD_DEADLINE_H

#include "injectors/stream.h"
#include "preload/clock.h"

/* STREAM_NEVER: it has no end.  The spans are sane: see poll(2), select(2) for what is not. */
static inline uint64_t deadline_in_ms(int ms)
{
    return ms < 0 ? STREAM_NEVER : shim_now_ns() + (uint64_t)ms * 1000000;
}

static inline uint64_t deadline_in(const struct timespec *span)
{
    if (!span)
        return STREAM_NEVER;
    return shim_now_ns() + (uint64_t)span->tv_sec * 1000000000 + (uint64_t)span->tv_nsec;
}

/* How long until then; STREAM_NEVER stays it. */
static inline uint64_t deadline_left(uint64_t end_ns, uint64_t now_ns)
{
    if (end_ns == STREAM_NEVER)
        return STREAM_NEVER;
    return end_ns > now_ns ? end_ns - now_ns : 0;
}

#endif
