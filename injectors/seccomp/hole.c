/* Holes.  Floor 1. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include <linux/filter.h>

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

static int listen_deaf(int fd, int family)
{
    struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog program = {.len = 1, .filter = &nothing};
    struct address any = {.len = family == AF_INET ? sizeof(any.in) : sizeof(any.in6)};

    any.any.sa_family = (sa_family_t)family;
    if (set(fd, SO_ATTACH_FILTER, &program, sizeof(program)) || bind(fd, &any.any, any.len) || listen(fd, 1))
        return -errno;
    return 0;
}

static int dig(struct hole *hole, int family)
{
    struct address own;
    int fd = socket_shared(family, 0);

    if (fd < 0)
        return -errno;
    int error = listen_deaf(fd, family);
    if (!error && !address_own(fd, &own))
        error = -EIO;
    if (error) {
        close(fd);
        return error;
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
