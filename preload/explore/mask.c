/* SIGSYS is ours and stays unblocked: the kernel ends who is trapped while it is blocked.  Floor 1. */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>

#include "preload/explore/explore.h"

static bool is_trapped(void)
{
    return area && area->traps;
}

static const sigset_t *without(const sigset_t *set, sigset_t *room)
{
    if (!set || !is_trapped())
        return set;
    *room = *set;
    sigdelset(room, SIGSYS);
    return room;
}

int real_sigaction(int signal, const struct sigaction *action, struct sigaction *ret_old)
{
    static int (*real)(int, const struct sigaction *, struct sigaction *);

    if (!real)
        real = dlsym(RTLD_NEXT, "sigaction");
    return real(signal, action, ret_old);
}

EXPORT int sigaction(int signal, const struct sigaction *action, struct sigaction *ret_old)
{
    struct sigaction ours;

    if (signal == SIGSYS && is_trapped()) {
        if (ret_old)
            *ret_old = (struct sigaction){.sa_handler = SIG_DFL};
        return 0;
    }
    if (action && is_trapped()) {
        ours = *action;
        sigdelset(&ours.sa_mask, SIGSYS);
        action = &ours;
    }
    return real_sigaction(signal, action, ret_old);
}

EXPORT int sigprocmask(int how, const sigset_t *set, sigset_t *ret_old)
{
    static int (*real)(int, const sigset_t *, sigset_t *);
    sigset_t room;

    if (!real)
        real = dlsym(RTLD_NEXT, "sigprocmask");
    return real(how, without(set, &room), ret_old);
}

EXPORT int pthread_sigmask(int how, const sigset_t *set, sigset_t *ret_old)
{
    static int (*real)(int, const sigset_t *, sigset_t *);
    sigset_t room;

    if (!real)
        real = dlsym(RTLD_NEXT, "pthread_sigmask");
    return real(how, without(set, &room), ret_old);
}
