/* Holes.  Floor 1. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "injectors/seccomp/hole.h"

#define ARRIVE_MS 1000 /* on one machine it takes some microseconds */

static int set(int fd, int option, const void *value, socklen_t len)
{
    return setsockopt(fd, SOL_SOCKET, option, value, len);
}

/* Whoever is to come from the same port says so, and so does the listener. */
static int socket_shared(int family, int more)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | more, 0), one = 1;

    if (fd >= 0 && set(fd, SO_REUSEPORT, &one, sizeof(one))) {
        close(fd);
        return -1;
    }
    return fd;
}

/* A connection that nobody takes fills a queue that has room for none, and what comes then is dropped.  (A
 * filter of the socket's would do, but not everybody may attach one.) */
static int fill(const struct address *own)
{
    struct address there = address_here(own);
    int fd = socket(own->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address_set_port(&there, address_port(own));
    if (fd < 0 || !connect(fd, &there.any, there.len))
        return fd < 0 ? -errno : fd;
    int error = -errno;
    close(fd);
    return error;
}

static int listen_deaf(int fd, int family, struct address *ret_own)
{
    struct address any = {.len = family == AF_INET ? sizeof(any.in) : sizeof(any.in6)};

    any.any.sa_family = (sa_family_t)family;
    if (bind(fd, &any.any, any.len) || listen(fd, 0))
        return -errno;
    return address_own(fd, ret_own) ? fill(ret_own) : -EIO;
}

/* Both descriptors stay as long as this process. */
static int dig(struct hole *hole, int family)
{
    struct address own;
    int fd = socket_shared(family, 0);

    if (fd < 0)
        return -errno;
    int filler = listen_deaf(fd, family, &own);
    if (filler < 0) {
        close(fd);
        return filler;
    }
    *hole = (struct hole){fd, address_port(&own)};
    return 0;
}

/* From an address that the socket is bound to, only that one can be reached for sure. */
int hole_address(struct hole *hole, int fd, const struct address *there, struct address *ret_address)
{
    struct address own;
    int error = hole->fd < 0 ? dig(hole, there->any.sa_family) : 0;

    if (error)
        return error;
    bool is_bound = address_own(fd, &own) && !address_is_wildcard(&own);
    *ret_address = is_bound ? own : address_here(there);
    address_set_port(ret_address, hole->port);
    return 0;
}

/* Its answer is here before the kernel returns to us, or nearly so. */
static int finish(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int error = 0;
    socklen_t len = sizeof(error);

    if (poll(&p, 1, ARRIVE_MS) <= 0)
        return -ETIMEDOUT;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) ? -errno : -error;
}

int hole_arrive(const struct address *own, const struct address *at)
{
    int fd = socket_shared(own->any.sa_family, SOCK_NONBLOCK), error = 0;

    if (fd < 0)
        return -errno;
    if (bind(fd, &at->any, at->len) || (connect(fd, &own->any, own->len) && errno != EINPROGRESS))
        error = -errno;
    if (!error)
        error = finish(fd);
    if (!error)
        return fd;
    close(fd);
    return error;
}
