/* Reading and making socket addresses.  Floor 1. */
#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "injectors/seccomp/remote.h"

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static bool is_mapped(const struct address *a)
{
    return IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr);
}

static uint32_t target_bound(const struct table *table)
{
    return table->target_count < TARGET_MAX ? table->target_count : TARGET_MAX;
}

bool address_is_wildcard(const struct address *a)
{
    if (a->any.sa_family == AF_INET)
        return a->in.sin_addr.s_addr == htonl(INADDR_ANY);
    return IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr) ||
           (is_mapped(a) && !memcmp(a->in6.sin6_addr.s6_addr + 12, "\0\0\0\0", 4));
}

static bool inet_endpoint(const struct address *a, struct endpoint *ret_end)
{
    if (!address_is_inet(a) || a->len < (a->any.sa_family == AF_INET ? sizeof(a->in) : sizeof(a->in6)))
        return false;
    /* To connect to no address in particular is to connect to this machine. */
    struct address there = address_is_wildcard(a) ? address_here(a) : *a;
    if (a->any.sa_family == AF_INET6) {
        memcpy(ret_end->address, &there.in6.sin6_addr, 16);
    } else {
        memcpy(ret_end->address, mapped, 12);
        memcpy(ret_end->address + 12, &there.in.sin_addr, 4);
    }
    ret_end->port = address_port(a);
    return true;
}

/* un: whose abstract path gets its '@'; the endpoint borrows it. */
static bool unix_endpoint(struct address *a, struct endpoint *ret_end)
{
    size_t head = offsetof(struct sockaddr_un, sun_path), len = a->len > head ? a->len - head : 0;

    if (!len || len > sizeof(a->un.sun_path))
        return false;
    ret_end->is_unix = true;
    ret_end->path = a->un.sun_path;
    ret_end->path_len = a->un.sun_path[0] ? strnlen(a->un.sun_path, len) : len;
    if (!a->un.sun_path[0])
        a->un.sun_path[0] = '@';
    return true;
}

/* A path as that process sees it; a relative one from its folder. */
static bool file_of(int pid, const char *path, size_t len, struct stat *ret_file)
{
    if (!len || path[0] == '@')
        return false;
    int fd = remote_path(pid, path, len);
    bool is_there = fd >= 0 && !fstat(fd, ret_file);
    if (fd >= 0)
        close(fd);
    return is_there;
}

static uint32_t same_file(const struct table *table, const struct endpoint *end, int pid)
{
    struct stat file, other;
    uint32_t mask = 0;

    if (!file_of(pid, end->path, end->path_len, &file))
        return 0;
    for (uint32_t i = 0; i < target_bound(table); i++) {
        const struct target *t = &table->targets[i];
        if (t->kind == TARGET_UNIX && file_of(pid, t->text, strnlen(t->text, sizeof(t->text)), &other) &&
            other.st_dev == file.st_dev && other.st_ino == file.st_ino)
            mask |= 1u << t->bit % DEPENDENCY_MAX;
    }
    return mask;
}

uint32_t address_targets(const struct table *table, const struct address *a, bool is_datagram, int pid)
{
    struct endpoint end = {.protocol = is_datagram ? PROTOCOL_UDP : PROTOCOL_TCP};
    struct address copy = *a;
    bool known = a->any.sa_family == AF_UNIX ? unix_endpoint(&copy, &end) : inet_endpoint(a, &end);

    if (!known)
        return 0;
    uint32_t mask = target_match(table->targets, target_bound(table), &end, 0);
    return mask || !end.is_unix ? mask : same_file(table, &end, pid);
}

/* An IPv6 socket that is given an IPv4 address is an IPv4 socket. */
struct address address_here(const struct address *there)
{
    struct address here = {.len = there->any.sa_family == AF_INET ? sizeof(here.in) : sizeof(here.in6)};

    here.any.sa_family = there->any.sa_family;
    if (here.any.sa_family == AF_INET) {
        here.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else if (is_mapped(there)) {
        memcpy(here.in6.sin6_addr.s6_addr, mapped, 12);
        memcpy(here.in6.sin6_addr.s6_addr + 12, (const uint8_t[]){127, 0, 0, 1}, 4);
    } else {
        here.in6.sin6_addr = in6addr_loopback;
    }
    return here;
}

/* At the same place in both. */
_Static_assert(offsetof(struct sockaddr_in, sin_port) == offsetof(struct sockaddr_in6, sin6_port), "ports");

uint16_t address_port(const struct address *a)
{
    return ntohs(a->in.sin_port);
}

void address_set_port(struct address *a, uint16_t port)
{
    a->in.sin_port = htons(port);
}

bool address_own(int fd, struct address *ret_own)
{
    ret_own->len = sizeof(ret_own->room);
    return !getsockname(fd, &ret_own->any, &ret_own->len) && address_is_inet(ret_own);
}
