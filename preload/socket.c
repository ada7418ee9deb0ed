/* Calls that open and end connections.  Floor 1. */
#include <errno.h>

#include "preload/ask.h"
#include "preload/descriptor.h"
#include "preload/observe.h"
#include "preload/endpoint.h"
#include "preload/fastopen.h"
#include "preload/inflight.h"
#include "preload/open.h"
#include "preload/outbox.h"
#include "preload/shim.h"
#include "preload/traffic.h"

/* A datagram socket that is connected to nowhere is as it was before. */
static uint64_t kind_of(const struct ask *a)
{
    bool is_inet = a->address && (a->address->sa_family == AF_INET || a->address->sa_family == AF_INET6);

    if (a->type == SOCK_STREAM)
        return KNOWN_STREAM;
    return a->type == SOCK_DGRAM && is_inet ? KNOWN_UDP : 0;
}

static bool is_dissolved(const struct ask *a)
{
    return a->type == SOCK_DGRAM && a->address && a->address->sa_family == AF_UNSPEC;
}

static bool is_under_way(int result, int error)
{
    return result && (error == EINPROGRESS || error == EINTR || error == EALREADY);
}

/* Note where the descriptor leads now, and hand the result on.  A datagram socket has nothing under way. */
static int connected(const struct ask *a, int result)
{
    bool under_way = is_under_way(result, errno);

    if (!a->was_asked)
        return result;
    observe_connected(a, result);
    if (result && !under_way)
        inflight_failed(a->fd);
    if ((result && !under_way) || is_dissolved(a))
        descriptor_forget(a->fd);
    else
        descriptor_set(a->fd, a->targets | KNOWN_OUTBOUND | KNOWN_FRESH | (under_way ? KNOWN_CONNECTING : 0) |
                                  kind_of(a));
    return result;
}

/* Over, well or badly: the next connect is an attempt of its own. */
static int asked_again(int fd, int result)
{
    if (is_under_way(result, errno))
        return result;
    if (result && errno != EISCONN)
        descriptor_forget(fd);
    else
        descriptor_set(fd, descriptor_peek(fd) & ~KNOWN_CONNECTING);
    return result;
}

/* An attempt that is under way is asked how it goes; a delayed one goes on for a while yet. */
static int continued(int fd, const struct sockaddr *address, socklen_t len)
{
    struct ask a = {.call = CALL_connect, .fd = fd, .known = descriptor_peek(fd)};
    struct stay stay;
    int error = 0;

    if (shim_enter(&stay)) {
        error = open_hinders(&a);
        shim_leave(&stay);
    }
    if (!error)
        return asked_again(fd, real.connect(fd, address, len));
    errno = error;
    return -1;
}

/* A second connect on an attempt that is under way asks how it goes, and is no attempt of its own. */
static int judged_connect(int fd, const struct sockaddr *address, socklen_t len)
{
    if (descriptor_peek(fd) & KNOWN_CONNECTING)
        return continued(fd, address, len);
    struct ask a = {.call = CALL_connect, .fd = fd, .address = address, .address_len = len};

    if (ask(&a))
        return connected(&a, ask_answer(&a));
    return connected(&a, open_connect(&a));
}

EXPORT int connect(int fd, __CONST_SOCKADDR_ARG address, socklen_t len)
{
    if (is_idle(CALL_connect))
        return real.connect(fd, address, len);
    return judged_connect(fd, address.__sockaddr__, len);
}

extern __typeof__(connect) __connect EXPORT __attribute__((alias("connect")));

bool fastopen_connects(int fd, int *flags, const struct sockaddr *address, socklen_t len)
{
    if (!(*flags & MSG_FASTOPEN) || !address || is_idle(CALL_connect) || endpoint_type(fd) != SOCK_STREAM)
        return true;
    *flags &= ~MSG_FASTOPEN;
    return !judged_connect(fd, address, len);
}

/* Whoever accepts is called at its own address, which is known only now. */
static int accepted(const struct ask *a, int fd)
{
    if (fd < 0 || !a->was_asked)
        return fd;
    int saved_errno = errno, type = endpoint_type(fd);
    observe_forget((unsigned)fd, (unsigned)fd);
    inflight_reused(fd);
    uint32_t targets = endpoint_own(fd, type);
    descriptor_set(fd, targets | KNOWN_INBOUND | KNOWN_ANSWERED | (type == SOCK_STREAM ? KNOWN_STREAM : 0));
    traffic_accepted(targets);
    errno = saved_errno;
    return fd;
}

EXPORT int accept(int fd, __SOCKADDR_ARG address, socklen_t *restrict len)
{
    if (is_idle(CALL_accept))
        return real.accept(fd, address, len);
    struct ask a = {.call = CALL_accept, .fd = fd};

    if (ask(&a))
        return ask_answer(&a);
    return accepted(&a, real.accept(fd, address, len));
}

EXPORT int accept4(int fd, __SOCKADDR_ARG address, socklen_t *restrict len, int flags)
{
    if (is_idle(CALL_accept4))
        return real.accept4(fd, address, len, flags);
    struct ask a = {.call = CALL_accept4, .fd = fd};

    if (ask(&a))
        return ask_answer(&a);
    return accepted(&a, real.accept4(fd, address, len, flags));
}

/* A socket that is made non-blocking must not be waited for either. */
static int wait_flag(int type)
{
    return type & SOCK_NONBLOCK ? MSG_DONTWAIT : 0;
}

EXPORT int socket(int domain, int type, int protocol)
{
    if (is_idle(CALL_socket))
        return real.socket(domain, type, protocol);
    struct ask a = {.call = CALL_socket, .fd = -1, .flags = wait_flag(type)};

    if (ask(&a))
        return ask_answer(&a);
    int fd = real.socket(domain, type, protocol);
    descriptor_forget(fd);
    if (fd >= 0) {
        observe_forget((unsigned)fd, (unsigned)fd);
        inflight_reused(fd);
    }
    return fd;
}

EXPORT int socketpair(int domain, int type, int protocol, int pair[2])
{
    if (is_idle(CALL_socketpair))
        return real.socketpair(domain, type, protocol, pair);
    struct ask a = {.call = CALL_socketpair, .fd = -1, .flags = wait_flag(type)};

    if (ask(&a))
        return ask_answer(&a);
    int result = real.socketpair(domain, type, protocol, pair);
    if (!result) {
        descriptor_forget(pair[0]);
        descriptor_forget(pair[1]);
    }
    return result;
}

EXPORT int shutdown(int fd, int how)
{
    if (is_idle(CALL_shutdown))
        return real.shutdown(fd, how);
    struct ask a = {.call = CALL_shutdown, .fd = fd};

    if (ask(&a))
        return ask_answer(&a);
    if (outbox_shuts(fd, how))
        return 0;
    return real.shutdown(fd, how);
}
