/* Refusing.  Floor 1. */
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "preload/refuse.h"

union inet {
    struct sockaddr sa;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

/* The address that the socket is bound to, if it is to one: from there only that one can be reached for sure.
 */
static bool bound(int fd, union inet *ret_own)
{
    socklen_t len = sizeof(*ret_own);

    if (getsockname(fd, &ret_own->sa, &len))
        return false;
    if (ret_own->sa.sa_family == AF_INET)
        return ret_own->in.sin_addr.s_addr != htonl(INADDR_ANY);
    return ret_own->sa.sa_family == AF_INET6 && !IN6_IS_ADDR_UNSPECIFIED(&ret_own->in6.sin6_addr);
}

/* An IPv6 socket that is given an IPv4 address is an IPv4 socket. */
static void loopback(const struct sockaddr *address, union inet *ret_there)
{
    static const struct in6_addr mapped = {{{[10] = 0xff, 0xff, 127, 0, 0, 1}}};
    const struct sockaddr_in6 *in6 = (const void *)address;

    memset(ret_there, 0, sizeof(*ret_there));
    ret_there->sa.sa_family = address->sa_family;
    if (address->sa_family == AF_INET)
        ret_there->in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else
        ret_there->in6.sin6_addr = IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr) ? mapped : in6addr_loopback;
}

static socklen_t size_of(const union inet *address)
{
    return address->sa.sa_family == AF_INET ? sizeof(address->in) : sizeof(address->in6);
}

static void set_no_port(union inet *address)
{
    if (address->sa.sa_family == AF_INET)
        address->in.sin_port = 0;
    else
        address->in6.sin6_port = 0;
}

static bool is_natural(int error)
{
    return error == ECONNREFUSED || error == EINPROGRESS || error == EINTR || error == EALREADY ||
           error == EISCONN;
}

static int refused_by_us(int fd)
{
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};

    real.connect(fd, &nowhere, sizeof(nowhere));
    return ECONNREFUSED;
}

int refuse_connect(int fd, const struct sockaddr *address)
{
    union inet there;

    if (address->sa_family != AF_INET && address->sa_family != AF_INET6)
        return ECONNREFUSED;
    if (!bound(fd, &there))
        loopback(address, &there);
    set_no_port(&there);
    int failed = real.connect(fd, &there.sa, size_of(&there));
    return failed && is_natural(errno) ? errno : refused_by_us(fd);
}
