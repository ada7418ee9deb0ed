/* What becomes of a connect, done to the program's own socket.  Floor 1. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "injectors/seccomp/internal.h"

/* The mark lies in the open file, where the program would see it: it is set for the length of one call, which
 * the program itself waits for. */
int connect_now(int fd, const struct address *there)
{
    int flags = fcntl(fd, F_GETFL), off = 0;

    if (flags < 0)
        return errno;
    if (address_is_inet(there)) /* or nothing is sent before the program sends */
        setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &off, sizeof(off));
    if (!(flags & O_NONBLOCK))
        fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    int error = connect(fd, &there->any, there->len) ? errno : 0;
    if (!(flags & O_NONBLOCK))
        fcntl(fd, F_SETFL, flags);
    return error;
}

bool socket_has_device(int fd)
{
    char name[16] = "";
    socklen_t len = sizeof(name);

    return !getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len) && len && strcmp(name, "lo");
}

/* Nobody listens on port 0.  From an address that the socket is bound to, only that one is reached for sure.
 */
int connect_nowhere(int fd, const struct address *there)
{
    struct address own, closed;

    if (!address_is_inet(there) || socket_has_device(fd))
        return ECONNREFUSED;
    closed = address_own(fd, &own) && !address_is_wildcard(&own) ? own : address_here(there);
    address_set_port(&closed, 0);
    int error = connect_now(fd, &closed);
    return error == EINPROGRESS ? error : ECONNREFUSED;
}

static void remember(struct server *server, uint64_t cookie)
{
    server->again[server->again_next++ % AGAIN_MAX] = cookie;
}

/* Once: whoever asks a second time how it went is told by the kernel, and the third is another attempt. */
bool socket_is_again(struct server *server, uint64_t cookie)
{
    for (size_t i = 0; cookie && i < AGAIN_MAX; i++)
        if (server->again[i] == cookie) {
            server->again[i] = 0;
            return true;
        }
    return false;
}

/* The socket is on its way by now.  A blocking call goes on to the kernel, which finds it so and waits for
 * the end, whatever address is given a second time. */
static void answer_under_way(const struct opening *o)
{
    if (o->waits) {
        notice_pass(o->listener->fd, o->notice->id);
        return;
    }
    remember(o->server, o->cookie);
    notice_end(o->listener->fd, o->notice->id, EINPROGRESS);
}

void open_fail(const struct opening *o, int error)
{
    notice_end(o->listener->fd, o->notice->id, error);
}

static void answer(const struct opening *o, int error)
{
    if (error == EINPROGRESS)
        answer_under_way(o);
    else
        open_fail(o, error);
}

void open_refuse(const struct opening *o)
{
    answer(o, connect_nowhere(o->fd, &o->there));
}

/* A path is looked up where the program would. */
static int connect_path(const struct opening *o, int socket_fd)
{
    struct address through = {.len = sizeof(through.un)};
    const char *path = o->there.un.sun_path;

    if (!path[0] || o->there.len <= sizeof(sa_family_t))
        return connect_now(socket_fd, &o->there);
    int fd = remote_path(o->pid, path, strnlen(path, sizeof(o->there.un.sun_path)));
    if (fd < 0)
        return errno;
    through.un.sun_family = AF_UNIX;
    snprintf(through.un.sun_path, sizeof(through.un.sun_path), "/proc/self/fd/%d", fd);
    int error = connect_now(socket_fd, &through);
    close(fd);
    return error;
}

/* A full backlog makes a blocking call wait, which only its own can.  (Accepted: it then makes it with its
 * own memory.) */
void open_directly(const struct opening *o)
{
    int error = address_is_inet(&o->there) ? connect_now(o->fd, &o->there) : connect_path(o, o->fd);

    if (error == EAGAIN && o->waits)
        notice_pass(o->listener->fd, o->notice->id);
    else
        answer(o, error);
}

static bool is_held(const struct opening *o, const struct mark *mark)
{
    struct mark m = *mark;
    uint64_t now_ns = server_now_ns();

    return server_has_lease(o->server, now_ns) && stream_mark_reweigh(&m, o->server->table) > now_ns;
}

static struct hole *hole_of(const struct opening *o)
{
    return &o->server->holes[o->there.any.sa_family == AF_INET6];
}

/* Into a hole, from which it is let out at once if nothing speaks against it. */
static void hang(const struct opening *o, const struct mark *mark, int upstream_fd, bool is_open)
{
    struct address at;
    int error = hole_address(hole_of(o), o->fd, &o->there, &at);

    error = error ? -error : connect_now(o->fd, &at);
    if (error == EINPROGRESS && attempt_add(o, mark, &at, upstream_fd, is_open)) {
        attempts_look(o->server, server_now_ns());
        answer_under_way(o);
        return;
    }
    if (upstream_fd >= 0)
        close(upstream_fd);
    open_fail(o, error == EINPROGRESS || !error ? ENOBUFS : error);
}

/* Nobody is told that it is connected before the dependency is. */
void open_relayed(const struct opening *o, const struct mark *mark)
{
    bool is_open = false, held = is_held(o, mark);
    int upstream_fd = held ? -1 : upstream_begin(&o->there, &is_open);

    if (held || upstream_fd >= 0)
        hang(o, mark, upstream_fd, is_open);
    else if (upstream_fd == -ECONNREFUSED)
        open_refuse(o);
    else
        open_fail(o, -upstream_fd);
}

/* --- unix sockets --- */

/* Its name is the kernel's choice, and no path. */
static int make_door(void)
{
    struct sockaddr_un none = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    if (!bind(fd, (struct sockaddr *)&none, sizeof(none.sun_family)) && !listen(fd, 16))
        return fd;
    int error = -errno;
    close(fd);
    return error;
}

static bool is_ours(int fd)
{
    struct ucred who = {0};
    socklen_t len = sizeof(who);

    return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) && who.pid == getpid();
}

/* Somebody else may have found the name; whom we connect, we have connected by now.  -errno. */
static int enter(struct server *server, const struct opening *o)
{
    struct address door = {.len = sizeof(door.room)};

    if (server->door_fd < 0)
        server->door_fd = make_door();
    if (server->door_fd < 0 || getsockname(server->door_fd, &door.any, &door.len))
        return -ENOBUFS;
    int error = connect_now(o->fd, &door);
    if (error)
        return -error;
    for (;;) {
        int fd = accept4(server->door_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0 || is_ours(fd))
            return fd < 0 ? -ENOBUFS : fd;
        close(fd);
    }
}

void open_relayed_path(const struct opening *o)
{
    int upstream_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int error = upstream_fd < 0 ? errno : connect_path(o, upstream_fd);
    int client_fd = error ? -error : enter(o->server, o);

    if (client_fd >= 0) {
        link_make(o->server, o->targets, o->listener->service, client_fd, upstream_fd);
        open_fail(o, 0);
        return;
    }
    if (upstream_fd >= 0)
        close(upstream_fd);
    if (client_fd == -EAGAIN && o->waits)
        notice_pass(o->listener->fd, o->notice->id);
    else
        open_fail(o, -client_fd);
}
