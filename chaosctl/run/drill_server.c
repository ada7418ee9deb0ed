/* Serving lines on a unix socket.  Floor 3.
 *
 * When all places are taken the one that came first gives way: whoever asks at once is answered, whoever
 * holds connections open cannot keep others out.  A client that does not read its answer is not read from. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/run/drill_request.h"
#include "chaosctl/run/drill_server.h"

#define BACKLOG      64
#define ACCEPT_BATCH 4                 /* between two of them the others have their turn */
#define REST_NS      (100 * NS_PER_MS) /* when there is no descriptor to accept with */

struct client {
    struct drill_server *server; /* NULL: a free place */
    int fd;
    uint64_t came; /* the how manieth it was */
    struct drill_peer peer;
    char in[DRILL_LINE_MAX];
    size_t in_len;
    struct buf out;
    size_t out_at;
    bool ended; /* it sends no more */
};

struct drill_server {
    struct loop *loop;
    drill_answer_fn *fn;
    void *arg;
    int fd;
    struct timer rest;
    uint64_t came;
    struct client clients[DRILL_CLIENTS_MAX];
};

static void client_close(struct client *c)
{
    loop_remove_fd(c->server->loop, c->fd);
    close(c->fd);
    buf_free(&c->out);
    *c = (struct client){0};
}

/* --- answering --- */

/* False: it is gone. */
static bool client_write(struct client *c)
{
    while (c->out_at < c->out.len) {
        ssize_t n = send(c->fd, c->out.data + c->out_at, c->out.len - c->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN)
            return true;
        if (n < 0)
            return false;
        c->out_at += (size_t)n;
    }
    buf_clear(&c->out);
    c->out_at = 0;
    return true;
}

static bool client_waits(const struct client *c)
{
    return c->out_at < c->out.len;
}

static bool answer_line(struct client *c, size_t len)
{
    struct drill_server *s = c->server;

    s->fn(s->arg, &c->peer, c->in, len, &c->out);
    buf_add_char(&c->out, '\n');
    c->in_len -= len + 1;
    memmove(c->in, c->in + len + 1, c->in_len);
    return !c->out.failed && client_write(c);
}

/* One after the other, as fast as the answers are read. */
static bool answer_all(struct client *c)
{
    while (!client_waits(c)) {
        const char *end = memchr(c->in, '\n', c->in_len);
        if (!end)
            return c->in_len < sizeof(c->in) && !c->ended;
        if (!answer_line(c, (size_t)(end - c->in)))
            return false;
    }
    return true;
}

static bool client_read(struct client *c)
{
    ssize_t n = recv(c->fd, c->in + c->in_len, sizeof(c->in) - c->in_len, MSG_DONTWAIT);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    c->ended = !n;
    c->in_len += (size_t)n;
    return true;
}

static bool client_serve(struct client *c, uint32_t events)
{
    if (events & EPOLLERR || (events & EPOLLOUT && !client_write(c)))
        return false;
    if (events & (EPOLLIN | EPOLLHUP) && !client_waits(c) && !client_read(c))
        return false;
    if (events & EPOLLHUP && client_waits(c))
        return false;
    if (!answer_all(c))
        return false;
    return !loop_change_fd(c->server->loop, c->fd, client_waits(c) ? EPOLLOUT : EPOLLIN);
}

static void on_client(void *arg, int fd, uint32_t events)
{
    struct client *c = arg;

    if (c->server && c->fd == fd && !client_serve(c, events))
        client_close(c);
}

/* --- letting in --- */

/* NULL: every place is taken; *ret_first is then who came first. */
static struct client *find_place(struct drill_server *s, struct client **ret_first)
{
    struct client *first = NULL;

    for (size_t i = 0; i < DRILL_CLIENTS_MAX; i++) {
        struct client *c = &s->clients[i];
        if (!c->server)
            return c;
        if (!first || c->came < first->came)
            first = c;
    }
    *ret_first = first;
    return NULL;
}

static struct client *make_place(struct drill_server *s)
{
    struct client *first = NULL, *place = find_place(s, &first);

    if (place)
        return place;
    client_close(first);
    return first;
}

/* The folder's mode keeps others out already; this holds where somebody changed it. */
static bool is_welcome(int fd, struct drill_peer *ret_peer)
{
    struct ucred who;
    socklen_t len = sizeof(who);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len))
        return false;
    *ret_peer = (struct drill_peer){who.uid, who.pid};
    return who.uid == geteuid() || who.uid == 0;
}

static void let_in(struct drill_server *s, int fd)
{
    struct drill_peer peer;

    if (!is_welcome(fd, &peer)) {
        close(fd);
        return;
    }
    struct client *c = make_place(s);
    *c = (struct client){.server = s, .fd = fd, .came = ++s->came, .peer = peer};
    if (loop_add_fd(s->loop, fd, EPOLLIN, on_client, c)) {
        close(fd);
        *c = (struct client){0};
    }
}

static void listen_again(void *arg)
{
    struct drill_server *s = arg;

    loop_change_fd(s->loop, s->fd, EPOLLIN);
}

static void on_listener(void *arg, int fd, uint32_t events)
{
    struct drill_server *s = arg;

    (void)events;
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (client >= 0) {
            let_in(s, client);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            loop_change_fd(s->loop, s->fd, 0);
            loop_set_timer(s->loop, &s->rest, now_mono_ns() + REST_NS);
        }
        return;
    }
}

/* By way of the folder's descriptor: a path of a socket has 107 bytes at most, a folder's may be longer. */
static int bind_in(int fd, int folder_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" DRILL_SOCKET, folder_fd);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)))
        return -errno;
    if (fchmodat(folder_fd, DRILL_SOCKET, 0600, 0)) /* nobody listens yet */
        return -errno;
    return listen(fd, BACKLOG) ? -errno : 0;
}

int drill_server_open(struct loop *loop, int folder_fd, drill_answer_fn *fn, void *arg,
                      struct drill_server **ret_server)
{
    cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    int error = bind_in(fd, folder_fd);
    if (error)
        return error;
    struct drill_server *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    *s = (struct drill_server){.loop = loop, .fn = fn, .arg = arg, .fd = fd};
    s->rest = (struct timer){.fn = listen_again, .arg = s};
    error = loop_add_fd(loop, fd, EPOLLIN, on_listener, s);
    if (error) {
        free(s);
        return error;
    }
    (void)steal_fd(&fd);
    *ret_server = s;
    return 0;
}

void drill_server_close(struct drill_server *server)
{
    if (!server)
        return;
    for (size_t i = 0; i < DRILL_CLIENTS_MAX; i++)
        if (server->clients[i].server)
            client_close(&server->clients[i]);
    loop_unset_timer(server->loop, &server->rest);
    loop_remove_fd(server->loop, server->fd);
    close(server->fd);
    free(server);
}
