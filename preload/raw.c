/* syscall(): what a program asks of the kernel by number.  Floor 1.
 *
 * No fault is decided here: node closes by it, redis and libseccomp use it for what libc has no function for.
 * What it does to the table of descriptors has to be known, though, or a number would be taken for what it
 * was before.  A number that is made is learned when it is needed, and one that is reused is found out before
 * a strike (descriptor_holds), so only what ends a number is looked at.
 *
 * All arguments are handed on by a jump, whatever the number: so the kernel finds the stack and the return
 * address as the caller left them, which clone depends on. */
#include <linux/close_range.h>
#include <sys/syscall.h>

#include "preload/descriptor.h"
#include "preload/number.h"
#include "preload/outbox.h"
#include "preload/sandbox.h"
#include "preload/shim.h"
#include "preload/watch.h"

typedef long by_number(long number, long a, long b, long c, NUMBER_REST);

/* syscall's prototype has dots, for which there is no jump. */
by_number raw_syscall __asm__("syscall") EXPORT;

static void ended(unsigned first, unsigned last)
{
    descriptor_forget_range(first, last);
    watch_forget(first, last);
    outbox_forget(first, last);
}

static __attribute__((noinline)) void look(long number, long a, long b, long c)
{
    struct stay stay;

    if (!shim_enter(&stay))
        return;
    if (number == SYS_close)
        ended((unsigned)a, (unsigned)a);
    else if (number == SYS_close_range && !(c & CLOSE_RANGE_CLOEXEC))
        ended((unsigned)a, (unsigned)b);
    else if ((number == SYS_dup3 || number == NUMBER_dup2) && a != b)
        ended((unsigned)b, (unsigned)b);
    shim_leave(&stay);
}

long raw_syscall(long number, long a, long b, long c, NUMBER_REST)
{
    if (!is_idle(CALL_close))
        look(number, a, b, c);
    if (number == SYS_seccomp || number == SYS_prctl)
        return sandbox_by_number(number, a, b, c, d, e);
    return ((by_number *)(void *)real.syscall)(number, a, b, c, NUMBER_REST_GIVEN);
}

/* Runs no handlers of pthread_atfork: what they do for us is done here. */
EXPORT pid_t _Fork(void)
{
    if (!real._Fork)
        shim_wake();
    pid_t pid = real._Fork();
    if (!pid)
        shim_wake();
    return pid;
}
