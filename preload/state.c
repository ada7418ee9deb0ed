/* Calls that ask in what state a connection is.  Floor 1. */
#include <errno.h>
#include <stdarg.h>

#include "preload/ask.h"
#include "preload/line.h"

static void look(const struct ask *a, struct line_view *v)
{
    struct stay stay;

    *v = (struct line_view){0};
    if (!a->was_asked || !shim_enter(&stay))
        return;
    line_look(a->fd, a->known, v);
    shim_leave(&stay);
}

static int error_kept(int fd)
{
    struct stay stay;
    int error = 0;

    if (shim_enter(&stay)) {
        error = line_take_error(fd);
        shim_leave(&stay);
    }
    return error;
}

/* An error that is not due is none yet; asking the kernel would clear it. */
static bool error_of(const struct ask *a, int *ret_error)
{
    struct line_view v;

    look(a, &v);
    *ret_error = 0;
    if (!v.is_tracked)
        return false;
    if (v.is_connecting || v.is_canned || view_hides_end(&v))
        return true;
    *ret_error = error_kept(a->fd);
    return *ret_error;
}

EXPORT int getsockopt(int fd, int level, int option, void *restrict value, socklen_t *restrict len)
{
    int error;

    if (ready_passes(CALL_getsockopt, fd))
        return real.getsockopt(fd, level, option, value, len);
    struct ask a = {.call = CALL_getsockopt, .fd = fd};

    if (ask(&a))
        return ask_answer(&a);
    if (level == SOL_SOCKET && option == SO_ERROR && value && len && *len >= sizeof(error) &&
        error_of(&a, &error)) {
        *(int *)value = error;
        *len = sizeof(error);
        return 0;
    }
    return real.getsockopt(fd, level, option, value, len);
}

EXPORT int getpeername(int fd, __SOCKADDR_ARG address, socklen_t *restrict len)
{
    struct line_view v;

    if (ready_passes(CALL_getpeername, fd))
        return real.getpeername(fd, address, len);
    struct ask a = {.call = CALL_getpeername, .fd = fd};

    if (ask(&a))
        return ask_answer(&a);
    look(&a, &v);
    if (v.is_tracked && v.is_connecting) {
        errno = ENOTCONN;
        return -1;
    }
    return real.getpeername(fd, address, len);
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
    struct line_view v;
    va_list args;

    va_start(args, request);
    void *argument = va_arg(args, void *);
    va_end(args);
    if (ready_passes(CALL_ioctl, fd))
        return real.ioctl(fd, request, argument);
    struct ask a = {.call = CALL_ioctl, .fd = fd};

    if (ask(&a))
        return ask_answer(&a);
    if (request != FIONREAD || !argument)
        return real.ioctl(fd, request, argument);
    look(&a, &v);
    int result = real.ioctl(fd, request, argument);
    if (!result && v.is_datagram)
        *(int *)argument = (int)v.size;
    else if (!result && v.is_tracked && (v.pending > v.due || v.is_canned))
        *(int *)argument = (int)v.due;
    return result;
}
