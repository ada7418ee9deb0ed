/* A small HTTP server on a free loopback port that behaves well or badly, as the path says.  For unit tests
 * only.
 *
 *   /ok /status/N /big/BYTES /slow/MS /headers /echo /to-ok /loop /json     answers
 *   /hang /reset /empty /half /garbage                                     what goes wrong
 *
 * One thread a connection; every wait ends at server_stop. */
#ifndef UNIT_PROBE_SERVER_H
#define UNIT_PROBE_SERVER_H

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chaosctl/base/clock.h"

#define CONNECTIONS_MAX 512

struct server {
    int listener, stop_fd;
    unsigned port;
    pthread_t acceptor, threads[CONNECTIONS_MAX];
    atomic_size_t connections, requests;
    atomic_int concurrent, most_concurrent;
    atomic_uint_fast64_t stalled_until_ns; /* answers wait for it */
};

struct connection {
    struct server *server;
    int fd;
};

/* Waits until the server stops, for at most that long.  true: it stops. */
static inline bool server_waits(struct server *server, uint64_t ns)
{
    struct pollfd stop = {server->stop_fd, POLLIN, 0};
    struct timespec limit = {(time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S)};

    return ppoll(&stop, 1, &limit, NULL) > 0;
}

static inline void send_text(int fd, const char *text, size_t len)
{
    while (len) {
        ssize_t sent = send(fd, text, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        text += sent;
        len -= (size_t)sent;
    }
}

static inline void send_line(int fd, const char *text)
{
    send_text(fd, text, strlen(text));
}

static inline void send_answer(int fd, int status, const char *headers, const char *body, size_t len)
{
    char head[512];
    int n = snprintf(head, sizeof(head), "HTTP/1.1 %d Whatever\r\n%sContent-Length: %zu\r\n\r\n", status,
                     headers, len);

    send_text(fd, head, (size_t)n);
    send_text(fd, body, len);
}

static inline void send_big(int fd, size_t len)
{
    char *body = malloc(len + 1);

    memset(body, 'x', len);
    send_answer(fd, 200, "", body, len);
    free(body);
}

static inline void close_with_reset(int fd)
{
    struct linger now = {1, 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

/* Answer one request.  false: the connection is over. */
static inline bool server_answers(struct connection *c, const char *path, const char *request)
{
    unsigned number = 0;

    if (!strcmp(path, "/ok"))
        send_answer(c->fd, 200, "", "hello", 5);
    else if (sscanf(path, "/status/%u", &number) == 1)
        send_answer(c->fd, (int)number, "", "", 0);
    else if (sscanf(path, "/big/%u", &number) == 1)
        send_big(c->fd, number);
    else if (sscanf(path, "/slow/%u", &number) == 1)
        return !server_waits(c->server, number * NS_PER_MS) && (send_answer(c->fd, 200, "", "late", 4), true);
    else if (!strcmp(path, "/headers"))
        send_answer(c->fd, 200, "X-Age:   12  \r\nSet-Cookie: a\r\nset-cookie: b\r\n", "", 0);
    else if (!strcmp(path, "/echo"))
        send_answer(c->fd, 200, "", request, strlen(request));
    else if (!strcmp(path, "/to-ok"))
        send_answer(c->fd, 302, "Location: /ok\r\nX-Old: 1\r\n", "moved", 5);
    else if (!strcmp(path, "/loop"))
        send_answer(c->fd, 302, "Location: /loop\r\n", "", 0);
    else if (!strcmp(path, "/json"))
        send_answer(c->fd, 200, "", "{\"recs\":[{\"id\":7}]}", 19);
    else if (!strcmp(path, "/hang"))
        return !server_waits(c->server, 3600 * NS_PER_S);
    else if (!strcmp(path, "/reset"))
        return close_with_reset(c->fd), false;
    else if (!strcmp(path, "/half"))
        return send_line(c->fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n01234567890123456789"), false;
    else if (!strcmp(path, "/garbage"))
        return send_line(c->fd, "SSH-2.0-nonsense\r\n\r\n"), false;
    else
        return false; /* /empty */
    return true;
}

/* A whole request: up to the blank line, and as much as Content-Length says. */
static inline bool read_request(int fd, char *request, size_t size)
{
    size_t len = 0, body = 0;

    for (;;) {
        ssize_t got = recv(fd, request + len, size - 1 - len, 0);
        if (got <= 0)
            return false;
        len += (size_t)got;
        request[len] = '\0';
        const char *end = strstr(request, "\r\n\r\n"), *length = strstr(request, "Content-Length: ");
        body = length ? strtoul(length + 16, NULL, 10) : 0;
        if (end && len >= (size_t)(end + 4 - request) + body)
            return true;
    }
}

static inline void server_counts(struct server *server, int by)
{
    int now = atomic_fetch_add(&server->concurrent, by) + by, most = atomic_load(&server->most_concurrent);

    while (now > most && !atomic_compare_exchange_weak(&server->most_concurrent, &most, now))
        continue;
}

static inline void *serve(void *arg)
{
    struct connection *c = arg;
    char request[8192], path[256];

    while (read_request(c->fd, request, sizeof(request))) {
        uint64_t now = now_mono_ns(), until = atomic_load(&c->server->stalled_until_ns);
        atomic_fetch_add(&c->server->requests, 1);
        server_counts(c->server, 1);
        bool stops = until > now && server_waits(c->server, until - now);
        server_counts(c->server, -1);
        if (stops || sscanf(request, "%*s %255s", path) != 1 || !server_answers(c, path, request))
            break;
    }
    close(c->fd);
    free(c);
    return NULL;
}

static inline void *accept_all(void *arg)
{
    struct server *server = arg;
    struct pollfd fds[2] = {{server->listener, POLLIN, 0}, {server->stop_fd, POLLIN, 0}};

    while (poll(fds, 2, -1) > 0 && !fds[1].revents) {
        int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
        struct connection *c = fd < 0 ? NULL : malloc(sizeof(*c));
        size_t i = atomic_load(&server->connections);
        if (!c || i == CONNECTIONS_MAX)
            break;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)); /* head and body are sent apart */
        *c = (struct connection){server, fd};
        pthread_create(&server->threads[i], NULL, serve, c);
        atomic_fetch_add(&server->connections, 1);
    }
    return NULL;
}

/* A bound loopback socket and its port. */
static inline int bound_socket(unsigned *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static inline struct server *server_start(void)
{
    struct server *server = calloc(1, sizeof(*server));

    server->listener = bound_socket(&server->port);
    server->stop_fd = eventfd(0, EFD_CLOEXEC);
    ck_assert_int_eq(listen(server->listener, CONNECTIONS_MAX), 0);
    pthread_create(&server->acceptor, NULL, accept_all, server);
    return server;
}

/* The clients have hung up by now: kept connections would keep their threads. */
static inline void server_stop(struct server *server)
{
    eventfd_write(server->stop_fd, 1);
    pthread_join(server->acceptor, NULL);
    for (size_t i = 0; i < atomic_load(&server->connections); i++)
        pthread_join(server->threads[i], NULL);
    close(server->listener);
    close(server->stop_fd);
    free(server);
}

#endif
