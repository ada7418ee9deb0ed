/* Noticing seccomp.  Floor 1. */
#include <linux/seccomp.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "preload/sandbox.h"

static bool closes(long number, long a)
{
    return number == SYS_prctl ? a == PR_SET_SECCOMP
                               : a == SECCOMP_SET_MODE_STRICT || a == SECCOMP_SET_MODE_FILTER;
}

/* Programs try what their kernel can do by asking for a filter that is none: that fails, and closes nothing.
 */
static long closed(bool door, long result)
{
    if (door && result >= 0)
        shim_retire();
    return result;
}

long sandbox_by_number(long number, long a, long b, long c, long d, long e)
{
    return closed(closes(number, a), syscall(number, a, b, c, d, e));
}

EXPORT int prctl(int option, ...)
{
    va_list args;
    long a[4];

    va_start(args, option);
    for (int i = 0; i < 4; i++)
        a[i] = va_arg(args, long);
    va_end(args);
    if (!real.prctl)
        shim_wake();
    return (int)closed(closes(SYS_prctl, option), real.prctl(option, a[0], a[1], a[2], a[3]));
}
