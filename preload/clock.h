/* CLOCK_MONOTONIC without libc: a preloaded libfaketime must not make a lease last for ever.  Floor 1.
 *
 * Asked of the vDSO, the kernel's own code in every process, which answers without a system call where the
 * machine's clock allows; where there is none, as under valgrind, of the kernel.  Source: vdso(7), elf(5). */
#ifndef PRELOAD_CLOCK_H
#define PRELOAD_CLOCK_H

#include <stdint.h>
#include <time.h>

#include "preload/real.h"

/* Look for the vDSO.  Once, at the start; before it the kernel is asked. */
void clock_find(void) HIDDEN;

uint64_t shim_now_ns(void) HIDDEN;

static inline struct timespec timespec_of(uint64_t ns)
{
    return (struct timespec){.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
}

#endif
