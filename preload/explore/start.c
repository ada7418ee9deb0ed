/* Threads, processes, names: what is met at the PLT.  Floor 1. */
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "preload/explore/explore.h"

static const struct about together = {.fd = -1, .is_entangle = true};

/* What is started from here on shares the world with us. */
static void note_start(void)
{
    if (!area)
        return;
    if (is_branch)
        branch_escape(FAILING_fork);
    branch_entangled(FAILING_fork);
}

EXPORT int pthread_create(pthread_t *ret_thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *arg)
{
    static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

    if (!real)
        real = dlsym(RTLD_NEXT, "pthread_create");
    int error = place_decide(FAILING_pthread_create, &together);
    if (error)
        return error;
    bool was = place_enter();
    error = real(ret_thread, attributes, run, arg);
    place_leave(was);
    return error;
}

/* The child is somebody else. */
EXPORT pid_t fork(void)
{
    static pid_t (*real)(void);

    if (!real)
        real = dlsym(RTLD_NEXT, "fork");
    int error = place_decide(FAILING_fork, &together);
    if (error) {
        errno = error;
        return -1;
    }
    pid_t pid = real();
    if (!pid)
        area = NULL;
    return pid;
}

/* Ends in a jump: the child returns on our caller's stack. */
EXPORT pid_t vfork(void)
{
    static pid_t (*real)(void);

    if (!real)
        real = dlsym(RTLD_NEXT, "vfork");
    note_start();
    return real();
}

EXPORT int posix_spawn(pid_t *ret_pid, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
    static __typeof__(&posix_spawn) real;

    if (!real)
        real = dlsym(RTLD_NEXT, "posix_spawn");
    note_start();
    return real(ret_pid, path, actions, attributes, argv, envp);
}

EXPORT int posix_spawnp(pid_t *ret_pid, const char *file, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
    static __typeof__(&posix_spawnp) real;

    if (!real)
        real = dlsym(RTLD_NEXT, "posix_spawnp");
    note_start();
    return real(ret_pid, file, actions, attributes, argv, envp);
}

EXPORT int system(const char *command)
{
    static int (*real)(const char *);

    if (!real)
        real = dlsym(RTLD_NEXT, "system");
    note_start();
    return real(command);
}

EXPORT FILE *popen(const char *command, const char *mode)
{
    static FILE *(*real)(const char *, const char *);

    if (!real)
        real = dlsym(RTLD_NEXT, "popen");
    note_start();
    return real(command, mode);
}

EXPORT int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **ret_list)
{
    static __typeof__(&getaddrinfo) real;
    struct about about = {.fd = -1, .path = node, .is_entangle = true};

    if (!real)
        real = dlsym(RTLD_NEXT, "getaddrinfo");
    int error = place_decide(FAILING_getaddrinfo, &about);
    return error ? error : real(node, service, hints, ret_list);
}
