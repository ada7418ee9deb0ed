/* Reading, resolving and listening on addresses.  Floor 3. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <arpa/inet.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/proxy/address.h"

#define UNIX_PREFIX "unix:"

static bool is_unix(const char *text)
{
    return !strncmp(text, UNIX_PREFIX, strlen(UNIX_PREFIX));
}

/* Whatever stands before the last colon, without the brackets of IPv6. */
static bool split(const char *text, char host[static ADDRESS_HOST_BYTES], const char **ret_port)
{
    const char *colon = strrchr(text, ':');
    size_t len = colon ? (size_t)(colon - text) : 0;

    if (!colon || !colon[1])
        return false;
    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    } else if (memchr(text, ':', len)) {
        return false;
    }
    if (len >= ADDRESS_HOST_BYTES)
        return false;
    memcpy(host, text, len);
    host[len] = '\0';
    *ret_port = colon + 1;
    return true;
}

static bool is_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits && digits <= 5 && !text[digits] && strtoul(text, NULL, 10) <= 65535;
}

bool address_is_valid(const char *text)
{
    char host[ADDRESS_HOST_BYTES];
    const char *port, *path = text + strlen(UNIX_PREFIX);

    if (is_unix(text))
        return *path && strlen(path) < sizeof(((struct sockaddr_un *)0)->sun_path);
    return split(text, host, &port) && is_port(port);
}

static void add(struct addresses *all, const void *address, socklen_t len)
{
    if (all->count == RELAY_ADDRESSES || len > sizeof(struct sockaddr_storage))
        return;
    memcpy(&all->list[all->count].address, address, len);
    all->list[all->count++].len = len;
}

static void add_family(struct addresses *all, const struct addrinfo *found, bool is_ipv4)
{
    for (const struct addrinfo *a = found; a; a = a->ai_next)
        if ((a->ai_family == AF_INET) == is_ipv4)
            add(all, a->ai_addr, a->ai_addrlen);
}

static void add_unix(struct addresses *all, const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
    add(all, &at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(at.sun_path) + 1));
}

int address_resolve(const char *text, bool is_numeric, bool is_passive, struct addresses *ret)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    char host[ADDRESS_HOST_BYTES];
    const char *port;

    *ret = (struct addresses){0};
    if (!address_is_valid(text))
        return EAI_NONAME;
    if (is_unix(text)) {
        add_unix(ret, text + strlen(UNIX_PREFIX));
        return 0;
    }
    split(text, host, &port);
    hints.ai_flags = AI_NUMERICSERV | (is_numeric ? AI_NUMERICHOST : 0) | (is_passive ? AI_PASSIVE : 0);
    int error = getaddrinfo(*host ? host : NULL, port, &hints, &found);
    if (error)
        return error;
    /* Of every interface: IPv6's takes IPv4 in, as far as the kernel has it. */
    add_family(ret, found, *host != '\0');
    add_family(ret, found, *host == '\0');
    freeaddrinfo(found);
    return ret->count ? 0 : EAI_NONAME;
}

void address_text(const struct relay_address *address, char text[static ADDRESS_TEXT_BYTES])
{
    const struct sockaddr *at = (const struct sockaddr *)&address->address;
    char host[INET6_ADDRSTRLEN + 32] = "", port[8] = "";

    if (at->sa_family == AF_UNIX) {
        snprintf(text, ADDRESS_TEXT_BYTES, UNIX_PREFIX "%s", ((const struct sockaddr_un *)at)->sun_path);
        return;
    }
    getnameinfo(at, address->len, host, sizeof(host), port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(text, ADDRESS_TEXT_BYTES, at->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

bool address_is_same(const char *a, const char *b)
{
    struct addresses left, right;
    char left_text[ADDRESS_TEXT_BYTES], right_text[ADDRESS_TEXT_BYTES];

    if (!strcmp(a, b))
        return true;
    if (address_resolve(a, false, true, &left) || address_resolve(b, false, true, &right))
        return false;
    address_text(&left.list[0], left_text);
    address_text(&right.list[0], right_text);
    return !strcmp(left_text, right_text);
}

/* What a process left that was killed is in the way of its successor; what somebody listens on is not taken
 * from him. */
static void remove_stale(const struct relay_address *at)
{
    const struct sockaddr *address = (const struct sockaddr *)&at->address;

    if (address->sa_family != AF_UNIX)
        return;
    cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, address, at->len) && errno == ECONNREFUSED)
        unlink(((const struct sockaddr_un *)address)->sun_path);
}

static int listen_on(const struct relay_address *at, int *ret_fd)
{
    const struct sockaddr *address = (const struct sockaddr *)&at->address;
    cleanup_fd int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1, zero = 0;

    if (fd < 0)
        return -errno;
    if (address->sa_family != AF_UNIX)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (address->sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
    remove_stale(at);
    if (bind(fd, address, at->len) || listen(fd, SOMAXCONN))
        return -errno;
    *ret_fd = steal_fd(&fd);
    return 0;
}

int address_listen(const char *text, int *ret_fd, char ret_text[static ADDRESS_TEXT_BYTES])
{
    struct addresses all;
    struct relay_address actual = {.len = sizeof(actual.address)};
    int error = -EADDRNOTAVAIL;

    if (!address_is_valid(text))
        return -EINVAL;
    if (address_resolve(text, false, true, &all))
        return error;
    /* A host without IPv6 knows its addresses all the same. */
    for (uint32_t i = 0; i < all.count && (error == -EADDRNOTAVAIL || error == -EAFNOSUPPORT); i++)
        error = listen_on(&all.list[i], ret_fd);
    if (error)
        return error;
    getsockname(*ret_fd, (struct sockaddr *)&actual.address, &actual.len);
    address_text(&actual, ret_text);
    return 0;
}
