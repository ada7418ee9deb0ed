/* Calls that execute a program: its way into the run is restored when the environment that it is given has
 * lost it. Floor 1.
 *
 * Nothing is decided, and what is not lost goes on unchanged.  A program that would not take the shim is
 * given none (image.h): it runs, and the missing handshake is reported.  These may run in a vfork child: all
 * that is written is on the stack.  Accepted limit: that is three kilobytes, when something was lost. */
#include <alloca.h>
#include <errno.h>
#include <spawn.h>
#include <stdarg.h>

#include "preload/environment.h"
#include "preload/image.h"
#include "preload/shim.h"

static bool is_lost(char *const *list)
{
    if (!real.execve)
        shim_wake();
    return environment_is_lost(list);
}

/* The list to execute with.  errno is kept. */
static char *const *restored(struct environment *room, char *const *list, bool takes_us, int saved_errno)
{
    char *const *whole = takes_us ? environment_restore(room, list) : NULL;

    errno = saved_errno;
    return whole ? whole : list;
}

static char *const *restored_for(struct environment *room, int directory, const char *path, char *const *list)
{
    int saved_errno = errno;

    return restored(room, list, path && image_takes_us(directory, path), saved_errno);
}

/* The caller's own PATH is the one that is searched, not the new program's. */
static char *const *restored_found(struct environment *room, const char *name, char *const *list)
{
    int saved_errno = errno;
    const char *path_list = environment_find(environ, "PATH");

    return restored(room, list, name && image_found_takes_us(name, path_list ? path_list : "/bin:/usr/bin"),
                    saved_errno);
}

EXPORT int execve(const char *path, char *const argv[], char *const list[])
{
    struct environment room;

    if (!is_lost(list))
        return real.execve(path, argv, list);
    return real.execve(path, argv, restored_for(&room, AT_FDCWD, path, list));
}

EXPORT int execv(const char *path, char *const argv[])
{
    struct environment room;

    if (!is_lost(environ))
        return real.execv(path, argv);
    return real.execve(path, argv, restored_for(&room, AT_FDCWD, path, environ));
}

EXPORT int execvpe(const char *name, char *const argv[], char *const list[])
{
    struct environment room;

    if (!is_lost(list))
        return real.execvpe(name, argv, list);
    return real.execvpe(name, argv, restored_found(&room, name, list));
}

EXPORT int execvp(const char *name, char *const argv[])
{
    struct environment room;

    if (!is_lost(environ))
        return real.execvp(name, argv);
    return real.execvpe(name, argv, restored_found(&room, name, environ));
}

EXPORT int execveat(int directory, const char *path, char *const argv[], char *const list[], int flags)
{
    struct environment room;

    if (!is_lost(list))
        return real.execveat(directory, path, argv, list, flags);
    return real.execveat(directory, path, argv, restored_for(&room, directory, path, list), flags);
}

EXPORT int fexecve(int fd, char *const argv[], char *const list[])
{
    struct environment room;

    if (!is_lost(list))
        return real.fexecve(fd, argv, list);
    return real.fexecve(fd, argv, restored_for(&room, fd, "", list));
}

EXPORT int posix_spawn(pid_t *restrict pid, const char *restrict path,
                       const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *restrict attributes, char *const argv[restrict],
                       char *const list[restrict])
{
    struct environment room;

    if (!is_lost(list))
        return real.posix_spawn(pid, path, actions, attributes, argv, list);
    return real.posix_spawn(pid, path, actions, attributes, argv, restored_for(&room, AT_FDCWD, path, list));
}

EXPORT int posix_spawnp(pid_t *restrict pid, const char *restrict name,
                        const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *restrict attributes, char *const argv[restrict],
                        char *const list[restrict])
{
    struct environment room;

    if (!is_lost(list))
        return real.posix_spawnp(pid, name, actions, attributes, argv, list);
    return real.posix_spawnp(pid, name, actions, attributes, argv, restored_found(&room, name, list));
}

/* --- arguments one by one, as libc takes them: on the stack --- */

static size_t count_rest(va_list rest)
{
    size_t count = 0;

    while (va_arg(rest, char *))
        count++;
    return count;
}

/* argv has room for them, the first and the end. */
static void collect(char **argv, const char *first, va_list *rest)
{
    *argv = (char *)first;
    while (*argv)
        *++argv = va_arg(*rest, char *);
}

EXPORT int execl(const char *path, const char *first, ...)
{
    va_list rest;

    va_start(rest, first);
    char **argv = alloca((2 + count_rest(rest)) * sizeof(*argv));
    va_end(rest);
    va_start(rest, first);
    collect(argv, first, &rest);
    va_end(rest);
    if (!is_lost(environ))
        return real.execv(path, argv);
    struct environment room;
    return real.execve(path, argv, restored_for(&room, AT_FDCWD, path, environ));
}

EXPORT int execlp(const char *name, const char *first, ...)
{
    va_list rest;

    va_start(rest, first);
    char **argv = alloca((2 + count_rest(rest)) * sizeof(*argv));
    va_end(rest);
    va_start(rest, first);
    collect(argv, first, &rest);
    va_end(rest);
    if (!is_lost(environ))
        return real.execvp(name, argv);
    struct environment room;
    return real.execvpe(name, argv, restored_found(&room, name, environ));
}

/* The list stands behind the end of the arguments. */
EXPORT int execle(const char *path, const char *first, ...)
{
    va_list rest;

    va_start(rest, first);
    char **argv = alloca((2 + count_rest(rest)) * sizeof(*argv));
    va_end(rest);
    va_start(rest, first);
    collect(argv, first, &rest);
    char *const *list = va_arg(rest, char *const *);
    va_end(rest);
    if (!is_lost(list))
        return real.execve(path, argv, list);
    struct environment room;
    return real.execve(path, argv, restored_for(&room, AT_FDCWD, path, list));
}
