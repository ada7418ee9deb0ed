/* Connects that hang: until the dependency is connected, and until no rule holds them.  Floor 1. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "injectors/seccomp/internal.h"

/* What tcp_syn_retries = 6 adds up to: then the kernel has given up. */
#define GIVE_UP_NS (UINT64_C(130) * 1000000000)

/* --- the dependency's side --- */

static bool is_over(int fd, int *ret_error)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    socklen_t len = sizeof(*ret_error);

    if (poll(&p, 1, 0) <= 0)
        return false;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, ret_error, &len))
        *ret_error = errno;
    return true;
}

int upstream_begin(const struct address *there, bool *ret_is_open)
{
    int fd = socket(there->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error = 0;

    if (fd < 0)
        return -errno;
    if (connect(fd, &there->any, there->len) && errno != EINPROGRESS)
        error = errno;
    else
        *ret_is_open = is_over(fd, &error) && !error;
    if (!error)
        return fd;
    close(fd);
    return -error;
}

static void upstream_look(struct attempt *a)
{
    if (a->upstream_fd >= 0 && !a->upstream_is_open && !a->upstream_error)
        a->upstream_is_open = is_over(a->upstream_fd, &a->upstream_error) && !a->upstream_error;
}

/* The set is looked at with the attempts; here it is only emptied of what it told. */
void upstreams_look(struct server *server)
{
    struct epoll_event events[16];
    int n = epoll_wait(server->upstreams_fd, events, 16, 0);

    for (int i = 0; i < n; i++)
        upstream_look(events[i].data.ptr);
}

static void upstream_watch(struct attempt *a)
{
    struct epoll_event event = {.events = EPOLLOUT | EPOLLONESHOT, .data.ptr = a};

    if (a->upstream_fd >= 0 && !a->upstream_is_open)
        epoll_ctl(a->server->upstreams_fd, EPOLL_CTL_ADD, a->upstream_fd, &event);
}

/* --- the program's side --- */

static struct client *client_of(struct server *s, uint32_t targets, uint32_t service)
{
    struct relay_target wanted = {.table = s->table,
                                  .targets = targets,
                                  .service = service < SERVICE_MAX ? 1u << service : 0,
                                  .direction = DIRECTION_OUTBOUND};

    for (size_t i = 0; i < s->clients_count; i++)
        if (s->clients[i].target.targets == wanted.targets && s->clients[i].target.service == wanted.service)
            return &s->clients[i];
    if (s->clients_count == CLIENT_MAX)
        return NULL;
    s->clients[s->clients_count].target = wanted;
    return &s->clients[s->clients_count++];
}

/* Where there is no room, the program reads an end. */
void link_make(struct server *server, uint32_t targets, uint32_t service, int client_fd, int upstream_fd)
{
    struct client *client = client_of(server, targets, service);
    struct relay_offer offer = {.client_fd = client_fd,
                                .upstream_fd = upstream_fd,
                                .policy = client ? &relay_rules : NULL,
                                .arg = client ? &client->target : NULL,
                                .count = client ? &client->count : NULL};

    if (!relay_adopt(server->relay, &offer, NULL))
        return;
    close(client_fd);
    close(upstream_fd);
}

/* If it is still the socket that hangs.  Between the two calls it reads as reset: accepted. */
static void fail(struct attempt *a)
{
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    int fd = remote_descriptor(a->pid, a->fd);
    uint64_t cookie = 0;
    socklen_t len = sizeof(cookie);

    if (fd < 0)
        return;
    if (!getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) && cookie == a->cookie &&
        !connect(fd, &nowhere, sizeof(nowhere)))
        connect_nowhere(fd, &a->there);
    close(fd);
}

/* Nobody may be there any more to arrive.  Out of descriptors, it could not be let out later either. */
static void arrive(struct attempt *a)
{
    int client_fd = hole_arrive(&a->own, &a->at);

    if (client_fd < 0 && client_fd != -ECONNREFUSED)
        fail(a);
    if (client_fd < 0)
        return;
    epoll_ctl(a->server->upstreams_fd, EPOLL_CTL_DEL, a->upstream_fd, NULL); /* it outlives the attempt */
    link_make(a->server, a->targets, a->service, client_fd, a->upstream_fd);
    a->upstream_fd = -1;
}

static void attempt_free(struct attempt *a)
{
    if (a->upstream_fd >= 0)
        close(a->upstream_fd);
    free(a);
}

bool attempt_add(const struct opening *o, const struct mark *mark, const struct address *at, int upstream_fd,
                 bool is_open)
{
    struct attempt *a = calloc(1, sizeof(*a));

    if (!a)
        return false;
    *a = (struct attempt){.next = o->server->attempts,
                          .server = o->server,
                          .pid = o->pid,
                          .fd = (int)o->notice->data.args[0],
                          .cookie = o->cookie,
                          .targets = o->targets,
                          .service = o->listener->service,
                          .there = o->there,
                          .at = *at,
                          .mark = *mark,
                          .born_ns = server_now_ns(),
                          .upstream_fd = upstream_fd,
                          .upstream_is_open = is_open};
    if (!address_own(o->fd, &a->own)) {
        free(a);
        return false;
    }
    upstream_watch(a);
    o->server->attempts = a;
    return true;
}

/* --- in time --- */

static uint64_t due_of(struct attempt *a, uint64_t now_ns)
{
    return server_has_lease(a->server, now_ns) ? stream_mark_reweigh(&a->mark, a->server->table) : 0;
}

/* The dependency is connected while the program waits, unless no packet passes. */
static void begin(struct attempt *a)
{
    int fd = upstream_begin(&a->there, &a->upstream_is_open);

    if (fd < 0)
        a->upstream_error = -fd;
    else
        a->upstream_fd = fd;
    upstream_watch(a);
}

/* Returns true when it is over. */
static bool attempt_look(struct attempt *a, uint64_t now_ns, uint64_t *ret_next_ns)
{
    uint64_t due_ns = due_of(a, now_ns);

    if (due_ns != STREAM_NEVER && a->upstream_fd < 0 && !a->upstream_error)
        begin(a);
    upstream_look(a);
    if (now_ns >= due_ns && a->upstream_is_open)
        arrive(a);
    else if (now_ns >= due_ns && a->upstream_error)
        fail(a);
    else if (now_ns < a->born_ns + GIVE_UP_NS) {
        *ret_next_ns = now_ns < due_ns ? due_ns : STREAM_NEVER;
        return false;
    }
    return true;
}

uint64_t attempts_look(struct server *server, uint64_t now_ns)
{
    uint64_t next_ns = STREAM_NEVER, one_ns;

    for (struct attempt **at = &server->attempts; *at;) {
        struct attempt *a = *at;
        if (attempt_look(a, now_ns, &one_ns)) {
            *at = a->next;
            attempt_free(a);
            continue;
        }
        next_ns = one_ns < next_ns ? one_ns : next_ns;
        at = &a->next;
    }
    return next_ns;
}
