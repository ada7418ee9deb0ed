/* libmicrohttpd on our loop: its epoll set is one descriptor of ours, its time-outs one timer.  Floor 3. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/base/microhttpd.h"
#include "chaosctl/run/page_server.h"

#define READERS_MAX 32
#define READER_S    10
#define BACKLOG     32

struct page_server {
    struct loop *loop;
    page_fn *fn;
    void *arg;
    struct MHD_Daemon *daemon;
    int epoll_fd;
    struct timer timer;
};

/* --- answering --- */

static enum MHD_Result respond(struct MHD_Connection *connection, unsigned status, const char *type,
                               const char *text, size_t len)
{
    struct MHD_Response *response =
        microhttpd.create_response_from_buffer(len, (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);

    if (!response)
        return MHD_NO;
    microhttpd.add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        microhttpd.add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result result = microhttpd.queue_response(connection, status, response);
    microhttpd.destroy_response(response);
    return result;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status, const char *words)
{
    return respond(connection, status, "text/plain", words, strlen(words));
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **own)
{
    struct page_server *s = arg;
    cleanup_buf struct buf page = {0};

    (void)version;
    (void)upload;
    /* The head alone has come, or a body, which is not looked at: an answer now would cut the connection. */
    if (!*own || *upload_size) {
        *own = s;
        *upload_size = 0;
        return MHD_YES;
    }
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
    if (strcmp(url, "/metrics") != 0 && strcmp(url, "/") != 0)
        return refuse(connection, MHD_HTTP_NOT_FOUND, "the page is /metrics\n");
    const char *accept =
        microhttpd.lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
    const char *type = s->fn(s->arg, accept, &page);
    if (page.failed)
        return MHD_NO;
    return respond(connection, MHD_HTTP_OK, type, buf_text(&page), page.len);
}

/* --- on the loop --- */

static void work(void *arg)
{
    struct page_server *s = arg;
    MHD_UNSIGNED_LONG_LONG timeout_ms = 0;

    microhttpd.run(s->daemon);
    if (microhttpd.get_timeout(s->daemon, &timeout_ms) == MHD_YES)
        loop_set_timer(s->loop, &s->timer, now_mono_ns() + (timeout_ms + 1) * NS_PER_MS);
    else
        loop_unset_timer(s->loop, &s->timer);
}

static void on_ready(void *arg, int fd, uint32_t events)
{
    (void)fd;
    (void)events;
    work(arg);
}

static int start(struct page_server *s, int fd)
{
    cleanup_fd int own = fcntl(fd, F_DUPFD_CLOEXEC, 0); /* closed with the daemon */

    if (own < 0)
        return -errno;
    s->daemon = microhttpd.start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, s, MHD_OPTION_LISTEN_SOCKET,
                                        own, MHD_OPTION_CONNECTION_LIMIT, (unsigned)READERS_MAX,
                                        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)READER_S, MHD_OPTION_END);
    if (!s->daemon)
        return -ENOTSUP;
    (void)steal_fd(&own);
    const union MHD_DaemonInfo *info = microhttpd.get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    s->epoll_fd = info ? info->epoll_fd : -1;
    int error = info ? loop_add_fd(s->loop, s->epoll_fd, EPOLLIN, on_ready, s) : -ENOTSUP;
    if (error)
        microhttpd.stop_daemon(s->daemon);
    return error;
}

int page_server_open(struct loop *loop, int fd, page_fn *fn, void *arg, struct page_server **ret_server)
{
    int error = microhttpd_load();
    struct page_server *s = error ? NULL : calloc(1, sizeof(*s));

    if (!s)
        return error ? error : -ENOMEM;
    *s = (struct page_server){.loop = loop, .fn = fn, .arg = arg};
    s->timer = (struct timer){.fn = work, .arg = s};
    error = start(s, fd);
    if (error)
        free(s);
    else
        *ret_server = s;
    return error;
}

void page_server_close(struct page_server *server)
{
    if (!server)
        return;
    loop_unset_timer(server->loop, &server->timer);
    loop_remove_fd(server->loop, server->epoll_fd);
    microhttpd.stop_daemon(server->daemon);
    free(server);
}

/* --- listening --- */

static int listen_on(const struct addrinfo *at)
{
    int yes = 1;
    cleanup_fd int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)); /* of a run that has just ended */
    if (bind(fd, at->ai_addr, at->ai_addrlen) || listen(fd, BACKLOG))
        return -errno;
    return steal_fd(&fd);
}

/* "[::1]:9464" too.  A host is wanted: who leaves it out may not know that all the world can read then. */
static int resolve(const char *address, struct addrinfo **ret_at)
{
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    const char *colon = strrchr(address, ':');
    size_t len = colon ? (size_t)(colon - address) : 0;
    bool in_brackets = len > 2 && address[0] == '[' && colon[-1] == ']';

    uint64_t port = 0;

    if (!len || unit_parse_count(colon + 1, &port) || !port || port > 65535)
        return -EINVAL;
    cleanup_free char *host = in_brackets ? strndup(address + 1, len - 2) : strndup(address, len);
    if (!host)
        return -ENOMEM;
    return getaddrinfo(host, colon + 1, &wanted, ret_at) ? -EINVAL : 0;
}

int page_server_listen(const char *address, int *ret_fd)
{
    struct addrinfo *at = NULL;
    int error = microhttpd_load();

    if (!error)
        error = resolve(address, &at);
    if (error)
        return error;
    int fd = listen_on(at);
    freeaddrinfo(at);
    if (fd < 0)
        return fd;
    *ret_fd = fd;
    return 0;
}
