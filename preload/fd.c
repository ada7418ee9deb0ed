/* Calls that change the table of descriptors.  Floor 1.
 *
 * They are judged like any; and while something is armed, what is known of a number goes when the number
 * does.  A vfork child does this to its parent's words, which costs the parent a system call each
 * (descriptor.h). */
#include <errno.h>
#include <linux/close_range.h>
#include <stdarg.h>

#include "preload/ask.h"
#include "preload/descriptor.h"
#include "preload/inflight.h"
#include "preload/observe.h"
#include "preload/outbox.h"
#include "preload/canned.h"
#include "preload/shim.h"
#include "preload/watch.h"

/* What follows open files by their numbers; descriptor_copy says what a number is next.  A handler that
 * interrupts us leaves alone what we are at: that another file has the number is found out later. */
static void forget_files(unsigned first, unsigned last)
{
    struct stay stay;

    if (!shim_enter(&stay))
        return;
    watch_forget(first, last);
    outbox_forget(first, last);
    canned_forget(first, last);
    observe_forget(first, last);
    inflight_forget(first, last);
    shim_leave(&stay);
}

static void forget(unsigned first, unsigned last)
{
    descriptor_forget_range(first, last);
    forget_files(first, last);
}

/* Linux has let the number go by the time that close fails, whatever it says but EBADF; a failing close that
 * kept it would be a leak that no kernel makes. */
static int closed_failing(const struct ask *a)
{
    if (a->error != EBADF)
        real.close(a->fd);
    return ask_answer(a);
}

EXPORT int close(int fd)
{
    if (is_idle(CALL_close))
        return real.close(fd);
    struct ask a = {.call = CALL_close, .fd = fd};
    bool ends = ask(&a);

    forget((unsigned)fd, (unsigned)fd);
    if (ends)
        return closed_failing(&a);
    return real.close(fd);
}

extern __typeof__(close) __close EXPORT __attribute__((alias("close")));

EXPORT int close_range(unsigned first, unsigned last, int flags)
{
    if (is_idle(CALL_close_range))
        return real.close_range(first, last, flags);
    struct ask a = {.call = CALL_close_range, .fd = -1};

    if (ask(&a))
        return ask_answer(&a);
    if (!(flags & CLOSE_RANGE_CLOEXEC))
        forget(first, last);
    return real.close_range(first, last, flags);
}

/* It cannot fail, so whatever a rule says, it is made. */
EXPORT void closefrom(int first)
{
    if (is_idle(CALL_closefrom)) {
        real.closefrom(first);
        return;
    }
    struct ask a = {.call = CALL_closefrom, .fd = -1};

    ask(&a);
    forget(first < 0 ? 0 : (unsigned)first, ~0u);
    real.closefrom(first);
}

static int copied(int from, int to)
{
    if (to >= 0 && to != from)
        descriptor_copy(from, to);
    return to;
}

EXPORT int dup(int fd)
{
    if (is_idle(CALL_dup))
        return real.dup(fd);
    struct ask a = {.call = CALL_dup, .fd = fd};

    if (ask(&a))
        return ask_answer(&a);
    return copied(fd, real.dup(fd));
}

EXPORT int dup2(int from, int to)
{
    if (is_idle(CALL_dup2))
        return real.dup2(from, to);
    struct ask a = {.call = CALL_dup2, .fd = from};

    if (ask(&a))
        return ask_answer(&a);
    if (to >= 0 && from != to)
        forget_files((unsigned)to, (unsigned)to);
    return copied(from, real.dup2(from, to));
}

extern __typeof__(dup2) __dup2 __THROW EXPORT __attribute__((alias("dup2")));

EXPORT int dup3(int from, int to, int flags)
{
    if (is_idle(CALL_dup3))
        return real.dup3(from, to, flags);
    struct ask a = {.call = CALL_dup3, .fd = from};

    if (ask(&a))
        return ask_answer(&a);
    if (to >= 0 && from != to)
        forget_files((unsigned)to, (unsigned)to);
    return copied(from, real.dup3(from, to, flags));
}

/* Every command has one argument at most, and an int fits where a pointer is passed. */
EXPORT int fcntl(int fd, int command, ...)
{
    va_list args;

    va_start(args, command);
    void *argument = va_arg(args, void *);
    va_end(args);
    if (is_idle(CALL_fcntl))
        return real.fcntl(fd, command, argument);
    struct ask a = {.call = CALL_fcntl, .fd = fd};

    if (ask(&a))
        return ask_answer(&a);
    int result = real.fcntl(fd, command, argument);
    return command == F_DUPFD || command == F_DUPFD_CLOEXEC ? copied(fd, result) : result;
}

extern __typeof__(fcntl) __fcntl EXPORT __attribute__((alias("fcntl")));
extern __typeof__(fcntl64) fcntl64 EXPORT __attribute__((alias("fcntl")));
