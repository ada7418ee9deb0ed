/* Resetting connections from outside the processes that hold them.  Floor 3. */
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/run/control.h"
#include "chaosctl/run/waiter.h"

#define PORT_MAX 64 /* listeners told apart; with more, inbound connections look outbound */

/* SYS_pidfd_open and SYS_pidfd_getfd: glibc 2.36 has wrappers, older ones do not. */
static int pidfd_of(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

static int duplicate_of(int pidfd, int fd)
{
    return (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
}

/* --- one end of a socket --- */

static bool endpoint_inet(const struct sockaddr_in *in, struct endpoint *ret)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    memcpy(ret->address, mapped, 12);
    memcpy(ret->address + 12, &in->sin_addr, 4);
    ret->port = ntohs(in->sin_port);
    return true;
}

static bool endpoint_inet6(const struct sockaddr_in6 *in6, struct endpoint *ret)
{
    memcpy(ret->address, &in6->sin6_addr, 16);
    ret->port = ntohs(in6->sin6_port);
    return true;
}

/* path borrows from un, whose abstract name gets its '@'. */
static bool endpoint_unix(struct sockaddr_un *un, socklen_t len, struct endpoint *ret)
{
    size_t bytes = len - offsetof(struct sockaddr_un, sun_path);

    if (len <= offsetof(struct sockaddr_un, sun_path))
        return false;
    ret->is_unix = true;
    ret->path = un->sun_path;
    ret->path_len = un->sun_path[0] ? strnlen(un->sun_path, bytes) : bytes;
    if (!un->sun_path[0])
        un->sun_path[0] = '@';
    return true;
}

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
    struct sockaddr_storage room;
};

static bool endpoint_of(union address *address, socklen_t len, struct endpoint *ret)
{
    *ret = (struct endpoint){.protocol = PROTOCOL_TCP};
    switch (address->any.sa_family) {
    case AF_INET: return endpoint_inet(&address->in, ret);
    case AF_INET6: return endpoint_inet6(&address->in6, ret);
    case AF_UNIX: return endpoint_unix(&address->un, len, ret);
    default: return false;
    }
}

/* --- which sockets --- */

struct search {
    const struct scenario *scenario;
    uint32_t targets;
    enum direction direction;
    uint16_t listening[PORT_MAX];
    size_t listening_count;
    size_t done;
};

static bool belongs(const struct search *search, const struct endpoint *end)
{
    const struct scenario *s = search->scenario;

    for (size_t d = 0; d < s->dependencies_count; d++)
        if (target_match(s->dependencies[d].targets, (uint32_t)s->dependencies[d].targets_count, end, 0) &
            search->targets)
            return true;
    return false;
}

static bool is_listened_on(const struct search *search, const struct endpoint *own)
{
    for (size_t i = 0; !own->is_unix && i < search->listening_count; i++)
        if (search->listening[i] == own->port)
            return true;
    return false;
}

/* An unnamed unix socket is the one that connected; the end that was accepted carries the listener's path. */
static bool is_inbound(const struct search *search, const struct endpoint *own, bool own_is_known)
{
    return own_is_known && (own->is_unix || is_listened_on(search, own));
}

static bool is_wanted(const struct search *search, int fd)
{
    union address own = {0}, peer = {0};
    socklen_t own_len = sizeof(own), peer_len = sizeof(peer);
    struct endpoint own_end, peer_end;

    if (getpeername(fd, &peer.any, &peer_len) || getsockname(fd, &own.any, &own_len))
        return false;
    bool own_is_known = endpoint_of(&own, own_len, &own_end);
    bool peer_is_known = endpoint_of(&peer, peer_len, &peer_end);
    if (is_inbound(search, &own_end, own_is_known))
        return search->direction != DIRECTION_OUTBOUND && belongs(search, &own_end);
    return search->direction != DIRECTION_INBOUND && peer_is_known && belongs(search, &peer_end);
}

static int option_of(int fd, int option)
{
    int value = -1;
    socklen_t len = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, option, &value, &len) ? -1 : value;
}

static void note_listener(struct search *search, int fd, pid_t pid, int their_fd)
{
    union address own = {0};
    socklen_t len = sizeof(own);
    struct endpoint end;

    (void)pid;
    (void)their_fd;
    if (option_of(fd, SO_ACCEPTCONN) != 1 || getsockname(fd, &own.any, &len) || !endpoint_of(&own, len, &end))
        return;
    if (!end.is_unix && search->listening_count < PORT_MAX)
        search->listening[search->listening_count++] = end.port;
}

/* To disconnect is to reset: the kernel sends RST, the holder's calls fail with ECONNRESET, and whoever waits
 * wakes. A unix socket knows no reset; its stream ends. */
static bool reset_one(int fd)
{
    struct sockaddr none = {.sa_family = AF_UNSPEC};

    if (option_of(fd, SO_DOMAIN) == AF_UNIX)
        return !shutdown(fd, SHUT_RDWR);
    return !connect(fd, &none, sizeof(none)) || !shutdown(fd, SHUT_RDWR);
}

/* their_fd: its number in the process that holds it. */
static void try_reset(struct search *search, int fd, pid_t pid, int their_fd)
{
    pid_t waiters[WAITER_MAX];

    if (option_of(fd, SO_TYPE) != SOCK_STREAM || option_of(fd, SO_ACCEPTCONN) == 1 || !is_wanted(search, fd))
        return;
    size_t n = waiter_hold(pid, their_fd, waiters);
    search->done += reset_one(fd);
    waiter_release(waiters, n);
}

/* --- all of a process --- */

/* Not every descriptor is worth fetching, and taking a tape drive's would be rude. */
static bool is_socket(int fds, const char *name)
{
    char link[32];
    ssize_t len = readlinkat(fds, name, link, sizeof(link) - 1);

    return len > 8 && !strncmp(link, "socket:[", 8);
}

typedef void socket_fn(struct search *search, int fd, pid_t pid, int their_fd);

static void each_socket(struct search *search, pid_t pid, socket_fn *act)
{
    char path[64];
    cleanup_fd int pidfd = pidfd_of(pid);

    snprintf(path, sizeof(path), "/proc/%d/fd", pid);
    DIR *dir = pidfd < 0 ? NULL : opendir(path);
    if (!dir)
        return;
    for (struct dirent *e; (e = readdir(dir));) {
        if (e->d_name[0] == '.' || !is_socket(dirfd(dir), e->d_name))
            continue;
        int their_fd = atoi(e->d_name);
        cleanup_fd int fd = duplicate_of(pidfd, their_fd);
        if (fd >= 0)
            act(search, fd, pid, their_fd);
    }
    closedir(dir);
}

size_t control_reset(struct control *control, const struct scenario *scenario, uint32_t targets,
                     enum direction direction, const pid_t *pids, size_t count)
{
    struct search search = {.scenario = scenario, .targets = targets, .direction = direction};

    (void)control; /* its copy of the targets lies in shared memory; the scenario's is ours alone */
    for (size_t i = 0; i < count; i++)
        each_socket(&search, pids[i], note_listener);
    for (size_t i = 0; i < count; i++)
        each_socket(&search, pids[i], try_reset);
    return search.done;
}
