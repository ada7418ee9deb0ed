/* libmicrohttpd, driven by the relay's loop: its epoll set is watched by ours.  Floor 3. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/proxy/api.h"
#include "chaosctl/base/microhttpd.h"
#include "chaosctl/proxy/server.h"

#define IDLE_S 60U /* a client that says nothing so long is let go */

struct server {
    struct relay *relay;
    struct proxies *proxies;
    struct MHD_Daemon *daemon;
    int listen_fd, epoll_fd;
    char address[ADDRESS_TEXT_BYTES];
};

/* Of one request, while its body arrives. */
struct upload {
    struct buf body;
    bool is_too_large;
};

/* --- answering --- */

static enum MHD_Result send_answer(struct MHD_Connection *connection, struct api_answer *answer)
{
    struct MHD_Response *response = microhttpd.create_response_from_buffer(
        answer->body.len, (void *)buf_text(&answer->body), MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result = MHD_NO;

    if (response) {
        if (answer->type)
            microhttpd.add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
        result = microhttpd.queue_response(connection, (unsigned)answer->status, response);
        microhttpd.destroy_response(response);
    }
    buf_free(&answer->body);
    return result;
}

static enum MHD_Result refuse_large(struct MHD_Connection *connection)
{
    struct api_answer answer;

    api_refuse(MHD_HTTP_CONTENT_TOO_LARGE, "the body is larger than 1 MiB", &answer);
    return send_answer(connection, &answer);
}

static enum MHD_Result serve(struct server *server, struct MHD_Connection *connection, const char *path,
                             const char *method, const struct upload *upload)
{
    struct api_answer answer;
    struct api_request request = {
        .method = method,
        .path = path,
        .agent = microhttpd.lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_USER_AGENT),
        .body = buf_text(&upload->body),
        .body_len = upload->body.len,
    };

    api_serve(server->proxies, &request, &answer);
    return send_answer(connection, &answer);
}

/* --- receiving --- */

/* Told at the head, it need not be read at all. */
static bool says_too_large(struct MHD_Connection *connection)
{
    const char *length =
        microhttpd.lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);

    return length && strtoull(length, NULL, 10) > SERVER_BODY_MAX;
}

static void take_part(struct upload *upload, const char *data, size_t len)
{
    if (upload->body.len + len > SERVER_BODY_MAX || upload->is_too_large) {
        upload->is_too_large = true;
        buf_clear(&upload->body);
        return;
    }
    buf_add_n(&upload->body, data, len);
}

/* Called for the head, for each part of the body, and at the end. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *data, size_t *data_len,
                                  void **own)
{
    struct upload *upload = *own;

    (void)version;
    if (!upload) {
        if (says_too_large(connection))
            return refuse_large(connection);
        *own = calloc(1, sizeof(*upload));
        return *own ? MHD_YES : MHD_NO;
    }
    if (*data_len) {
        take_part(upload, data, *data_len);
        *data_len = 0;
        return MHD_YES;
    }
    if (upload->is_too_large)
        return refuse_large(connection);
    return upload->body.failed ? MHD_NO : serve(arg, connection, path, method, upload);
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **own,
                         enum MHD_RequestTerminationCode code)
{
    struct upload *upload = *own;

    (void)arg, (void)connection, (void)code;
    if (upload)
        buf_free(&upload->body);
    free(upload);
    *own = NULL;
}

/* A slash in a proxy's name is none in the path: the API decodes by itself, behind its cuts. */
static size_t leave_escaped(void *arg, struct MHD_Connection *connection, char *text)
{
    (void)arg, (void)connection;
    return strlen(text);
}

static void say_nothing(void *arg, const char *format, va_list args)
{
    (void)arg, (void)format, (void)args;
}

/* --- the server --- */

static void on_events(void *arg, int fd)
{
    struct server *server = arg;

    (void)fd;
    microhttpd.run(server->daemon);
}

static int start(struct server *server)
{
    server->daemon = microhttpd.start_daemon(
        MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER,
        say_nothing, NULL, MHD_OPTION_LISTEN_SOCKET, server->listen_fd, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)SERVER_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, NULL, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL, MHD_OPTION_END);
    if (!server->daemon)
        return -EIO;
    server->listen_fd = -1; /* the daemon's by now */
    const union MHD_DaemonInfo *info = microhttpd.get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (!info)
        return -EIO;
    server->epoll_fd = info->epoll_fd;
    return relay_watch(server->relay, server->epoll_fd, on_events, server);
}

int server_open(struct relay *relay, struct proxies *proxies, const char *listen, struct server **ret_server)
{
    struct server *server;
    int error = microhttpd_load();

    if (error)
        return error;
    server = calloc(1, sizeof(*server));
    if (!server)
        return -ENOMEM;
    server->relay = relay;
    server->proxies = proxies;
    server->epoll_fd = server->listen_fd = -1;
    error = address_listen(listen, &server->listen_fd, server->address);
    if (!error)
        error = start(server);
    if (error)
        server_close(server);
    else
        *ret_server = server;
    return error;
}

const char *server_address(const struct server *server)
{
    return server->address;
}

void server_close(struct server *server)
{
    if (!server)
        return;
    if (server->epoll_fd >= 0)
        relay_unwatch(server->relay, server->epoll_fd);
    if (server->daemon)
        microhttpd.stop_daemon(server->daemon);
    clean_fd(&server->listen_fd);
    if (!strncmp(server->address, "unix:", 5))
        unlink(server->address + 5);
    free(server);
}

/* Milliseconds until the library wants its turn though nothing happens; -1: it does not. */
static int wait_ms(struct server *server)
{
    MHD_UNSIGNED_LONG_LONG ms;

    if (microhttpd.get_timeout(server->daemon, &ms) != MHD_YES)
        return -1;
    return ms < INT_MAX ? (int)ms : INT_MAX;
}

int server_run(struct server *server)
{
    int error = 0;

    while (!relay_is_stopped(server->relay) && !error) {
        int ms = wait_ms(server);
        error = relay_turn(server->relay, ms);
        if (ms >= 0)
            microhttpd.run(server->daemon);
    }
    return error;
}
