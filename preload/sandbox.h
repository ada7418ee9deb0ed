/* A program that gives up system calls by seccomp.  Floor 1.
 *
 * Its filter knows what the program itself calls; what we call beside would be refused, or kill it.  So from
 * then on the whole process passes through, for good, and so do its children.  The orchestrator is told, and
 * a run that counts on the process is inconclusive.  A filter that was there before the program started
 * (systemd, containers, our own against io_uring) is the business of whoever set it. */
#ifndef PRELOAD_SANDBOX_H
#define PRELOAD_SANDBOX_H

#include <stdbool.h>

#include "preload/shim.h"

/* Make that system call, SYS_seccomp or SYS_prctl, and take note when it closes the door. */
long sandbox_by_number(long number, long a, long b, long c, long d, long e) HIDDEN;

#endif
