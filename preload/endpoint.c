/* Reading socket addresses.  Floor 1. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "preload/endpoint.h"
#include "preload/name.h"
#include "preload/shim.h"

#define NO_OPTION  0x7fff /* of SOL_SOCKET */
#define PAGE_LEAST 4096

/* Room for the longest address that is read here, and aligned for each. */
union any {
    struct sockaddr sa;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
};

bool endpoint_read_host(const void *raw, int len, int family, uint8_t ret_address[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    if (family == AF_INET6 && len == 16) {
        memcpy(ret_address, raw, 16);
        return true;
    }
    if (family != AF_INET || len != 4)
        return false;
    memcpy(ret_address, mapped, 12);
    memcpy(ret_address + 12, raw, 4);
    return true;
}

/* An abstract path starts with a zero, which targets write as '@': the caller's copy is changed, so it must
 * be one. */
static bool read_unix(struct sockaddr_un *un, socklen_t len, struct endpoint *ret_end)
{
    if (len <= offsetof(struct sockaddr_un, sun_path) || len > sizeof(*un))
        return false;
    size_t path_len = len - offsetof(struct sockaddr_un, sun_path);
    ret_end->is_unix = true;
    ret_end->path = un->sun_path;
    if (un->sun_path[0])
        path_len = strnlen(un->sun_path, path_len);
    else
        un->sun_path[0] = '@';
    ret_end->path_len = path_len;
    return true;
}

static bool read_any(union any *any, socklen_t len, int type, struct endpoint *ret_end)
{
    *ret_end = (struct endpoint){.protocol = type == SOCK_DGRAM ? PROTOCOL_UDP : PROTOCOL_TCP};
    if (any->sa.sa_family == AF_UNIX)
        return read_unix(&any->un, len, ret_end);
    if (any->sa.sa_family == AF_INET && len >= sizeof(any->in)) {
        ret_end->port = ntohs(any->in.sin_port);
        return endpoint_read_host(&any->in.sin_addr, 4, AF_INET, ret_end->address);
    }
    if (any->sa.sa_family != AF_INET6 || len < sizeof(any->in6))
        return false;
    ret_end->port = ntohs(any->in6.sin6_port);
    return endpoint_read_host(&any->in6.sin6_addr, 16, AF_INET6, ret_end->address);
}

static bool copy(union any *to, const struct sockaddr *address, socklen_t len)
{
    /* The kernel takes any length up to a sockaddr_storage's, and many programs give just that. */
    if (!address || len < sizeof(sa_family_t) || len > sizeof(struct sockaddr_storage))
        return false;
    memcpy(to, address, len < sizeof(*to) ? len : sizeof(*to));
    return true;
}

bool endpoint_read(const struct sockaddr *address, socklen_t len, int type, struct endpoint *ret_end)
{
    union any any;

    if (!copy(&any, address, len) || any.sa.sa_family == AF_UNIX)
        return false;
    return read_any(&any, len, type, ret_end);
}

static uint32_t target_bound(void)
{
    uint32_t count = control.table.target_count;

    return count < TARGET_MAX ? count : TARGET_MAX;
}

static uint32_t named(const struct endpoint *end)
{
    return !end->is_unix && name_is_wanted() ? name_find(end->address) : 0;
}

/* Looked at from here, where the program would: in its own root and folder. */
static bool file_of(const char *path, size_t len, struct stat *ret_st)
{
    char terminated[sizeof(((struct sockaddr_un *)0)->sun_path) + 1];

    if (!len || len >= sizeof(terminated) || path[0] == '@')
        return false;
    memcpy(terminated, path, len);
    terminated[len] = '\0';
    return !stat(terminated, ret_st);
}

static bool is_same_file(const struct target *t, const struct stat *file)
{
    struct stat st;

    return t->kind == TARGET_UNIX && file_of(t->text, strnlen(t->text, sizeof(t->text)), &st) &&
           st.st_dev == file->st_dev && st.st_ino == file->st_ino;
}

static bool some_are_files(void)
{
    for (uint32_t i = 0; i < target_bound(); i++)
        if (control.table.targets[i].kind == TARGET_UNIX)
            return true;
    return false;
}

static uint32_t match_file(const struct endpoint *end)
{
    struct stat file;
    uint32_t mask = 0;

    if (!some_are_files() || !file_of(end->path, end->path_len, &file))
        return 0;
    for (uint32_t i = 0; i < target_bound(); i++)
        if (is_same_file(&control.table.targets[i], &file))
            mask |= 1u << control.table.targets[i].bit % DEPENDENCY_MAX;
    return mask;
}

uint32_t endpoint_targets(const struct endpoint *end)
{
    uint32_t mask = target_match(control.table.targets, target_bound(), end, named(end));

    return mask || !end->is_unix ? mask : match_file(end);
}

static bool is_wildcard(const struct endpoint *end)
{
    static const uint8_t any4[16] = {[10] = 0xff, [11] = 0xff}, any6[16];

    return !end->is_unix && (!memcmp(end->address, any4, 16) || !memcmp(end->address, any6, 16));
}

/* Each target on its own, looked at from where it would match. */
static uint32_t match_each(const struct endpoint *end, bool any_address, bool any_port)
{
    uint32_t mask = 0, names = named(end);

    for (uint32_t i = 0; i < target_bound(); i++) {
        const struct target *t = &control.table.targets[i];
        struct endpoint there = *end;
        if (any_address)
            memcpy(there.address, t->address, sizeof(there.address));
        if (any_port) {
            there.port = t->port;
            there.protocol = t->protocol;
        }
        mask |= target_match(t, 1, &there, names);
    }
    return mask;
}

uint32_t endpoint_own_targets(const struct endpoint *end)
{
    if (!end->is_unix && !end->port)
        return 0;
    return is_wildcard(end) ? match_each(end, true, false) : endpoint_targets(end);
}

uint32_t endpoint_host_targets(const uint8_t address[16])
{
    struct endpoint end = {0};

    memcpy(end.address, address, sizeof(end.address));
    return match_each(&end, false, true);
}

int endpoint_type(int fd)
{
    int type = -1;
    socklen_t len = sizeof(type);

    return real.getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) ? -1 : type;
}

/* To connect to no address in particular is to connect to this machine. */
static void unset_wildcard(struct endpoint *end)
{
    static const uint8_t any6[16];

    if (!is_wildcard(end))
        return;
    if (!memcmp(end->address, any6, 16))
        memcpy(end->address, &in6addr_loopback, 16);
    else
        memcpy(end->address + 12, (const uint8_t[]){127, 0, 0, 1}, 4);
}

/* The kernel reads an option before it looks which one that is, so one that there is not tells whether a word
 * can be read. */
static bool is_word(int fd, const char *at)
{
    return !(syscall(SYS_setsockopt, fd, SOL_SOCKET, NO_OPTION, at, sizeof(int)) && errno == EFAULT);
}

static bool is_one_page(const char *first, const char *last)
{
    return ((uintptr_t)first ^ (uintptr_t)last) < PAGE_LEAST;
}

/* A pointer that leads nowhere is for the kernel to refuse.  An address is too short to span three pages. */
static bool is_readable(int fd, const struct sockaddr *address, socklen_t len)
{
    const char *first = (const char *)address, *last = first + (len > sizeof(int) ? len - sizeof(int) : 0);

    return is_word(fd, first) && (is_one_page(first, last + sizeof(int) - 1) || is_word(fd, last));
}

uint32_t endpoint_given(int fd, const struct sockaddr *address, socklen_t len, int type)
{
    union any any;
    struct endpoint end;

    if (type < 0 || !address || len < sizeof(sa_family_t) || !is_readable(fd, address, len))
        return 0;
    if (!copy(&any, address, len) || !read_any(&any, len, type, &end))
        return 0;
    unset_wildcard(&end);
    return endpoint_targets(&end);
}

int endpoint_peer(int fd, int type, uint32_t *ret_targets)
{
    union any any;
    socklen_t len = sizeof(any);
    struct endpoint end;

    if (real.getpeername(fd, &any.sa, &len))
        return errno;
    *ret_targets = read_any(&any, len, type, &end) ? endpoint_targets(&end) : 0;
    return 0;
}

uint32_t endpoint_own(int fd, int type)
{
    union any any;
    socklen_t len = sizeof(any);
    struct endpoint end;

    if (getsockname(fd, &any.sa, &len) || !read_any(&any, len, type, &end))
        return 0;
    return endpoint_own_targets(&end);
}

bool endpoint_is_closed(int fd)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof(info.tcpi_state);

    return real.getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) || info.tcpi_state == TCP_CLOSE;
}

bool endpoint_is_connected(int fd)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof(peer);

    return !real.getpeername(fd, (struct sockaddr *)&peer, &len);
}
