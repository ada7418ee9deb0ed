/* How the process ended: where it crashed, what was still open.  Floor 1. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload/explore/explore.h"

#define DESCRIPTORS 256 /* those above are not counted */

static char stack_of_handler[64 * 1024]; /* the program's own may be what has run out */

/* Seen by the explorer first, then by whoever would have seen it without us. */
static void on_crash(int signal, siginfo_t *info, void *context)
{
    struct sigaction action = {.sa_handler = SIG_DFL};

    (void)info;
    if (own_end && !own_end->signal) {
        own_end->signal = signal;
        bool was = place_enter();
        stack_take(context, false, &own_end->crash);
        place_leave(was);
    }
    real_sigaction(signal, &action, NULL);
    raw(SYS_tgkill, raw(SYS_getpid, 0, 0, 0, 0, 0, 0), raw(SYS_gettid, 0, 0, 0, 0, 0, 0), signal, 0, 0, 0);
}

static void watch_one(int signal)
{
    struct sigaction old, action = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};

    if (!real_sigaction(signal, NULL, &old) && old.sa_handler == SIG_DFL)
        real_sigaction(signal, &action, NULL);
}

/* Not before a call has failed: until then the program is on its own.  One that handles these signals itself
 * keeps its handlers. */
void crash_watch(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
    static bool is_watched;
    stack_t stack = {.ss_sp = stack_of_handler, .ss_size = sizeof(stack_of_handler)}, old;

    if (is_watched)
        return;
    is_watched = true;
    if (!raw(SYS_sigaltstack, 0, (long)&old, 0, 0, 0, 0) && old.ss_flags & SS_DISABLE)
        raw(SYS_sigaltstack, (long)&stack, 0, 0, 0, 0, 0);
    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
        watch_one(signals[i]);
}

/* The last that runs of a program that ends by itself. */
void end_note(void)
{
    if (!area || !own_end || own_end->is_noted)
        return;
    uint32_t open = 0;
    for (long fd = 3; fd < DESCRIPTORS; fd++) /* the standard ones may be closed or not */
        open += raw(SYS_fcntl, fd, F_GETFD, 0, 0, 0, 0) >= 0;
    own_end->fds = open;
    own_end->is_noted = 1;
}

__attribute__((destructor)) static void leave(void)
{
    end_note();
}

EXPORT __attribute__((noreturn)) void _exit(int status)
{
    end_note();
    for (;;)
        raw(SYS_exit_group, status, 0, 0, 0, 0, 0);
}

EXPORT __attribute__((noreturn)) void _Exit(int status)
{
    _exit(status);
}
