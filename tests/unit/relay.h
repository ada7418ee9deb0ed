/* A link between two TCP connections, and its outer ends.  For unit tests only. */
#ifndef UNIT_RELAY_H
#define UNIT_RELAY_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check_main.h"
#include "chaosctl/base/clock.h"
#include "injectors/relay.h"

#define MS      NS_PER_MS
#define PATIENT 10000 /* milliseconds that a busy machine may take */

static struct relay *relay;
static struct relay_link *link_; /* NULL once it is gone */
static int client, server;       /* the outer ends; non-blocking */

static inline int listen_any(struct sockaddr_in *ret_at)
{
    socklen_t len = sizeof(*ret_at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *ret_at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    ck_assert_int_eq(bind(fd, (struct sockaddr *)ret_at, sizeof(*ret_at)), 0);
    ck_assert_int_eq(listen(fd, 16), 0);
    getsockname(fd, (struct sockaddr *)ret_at, &len);
    return fd;
}

/* outer is non-blocking; inner is for the relay. */
static inline void tcp_pair(int *ret_outer, int *ret_inner)
{
    struct sockaddr_in at;
    int door = listen_any(&at);

    *ret_outer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(*ret_outer, (struct sockaddr *)&at, sizeof(at)), 0);
    *ret_inner = accept4(door, NULL, NULL, SOCK_CLOEXEC);
    ck_assert_int_ge(*ret_inner, 0);
    fcntl(*ret_outer, F_SETFL, O_NONBLOCK);
    close(door);
}

static inline void make_link(const struct relay_policy *policy, void *arg)
{
    struct relay_offer offer = {.policy = policy, .arg = arg};

    tcp_pair(&client, &offer.client_fd);
    tcp_pair(&server, &offer.upstream_fd);
    ck_assert_int_eq(relay_adopt(relay, &offer, &link_), 0);
    relay_turn(relay, 0);
}

static inline void relay_set_up(void)
{
    ck_assert_int_eq(relay_open(&relay), 0);
    client = server = -1;
}

static inline void relay_tear_down(void)
{
    relay_close(relay);
    if (client >= 0)
        close(client);
    if (server >= 0)
        close(server);
}

/* Turn the relay until that end has something to tell, or ms have passed.  Returns recv's result. */
static inline ssize_t take(int fd, void *bytes, size_t len, int ms)
{
    uint64_t until_ns = now_mono_ns() + (uint64_t)ms * MS;

    for (;;) {
        ssize_t got = recv(fd, bytes, len, MSG_DONTWAIT);
        if (got >= 0 || errno != EAGAIN)
            return got;
        if (now_mono_ns() >= until_ns)
            return -1;
        relay_turn(relay, 1);
    }
}

static inline bool is_silent(int fd, int ms)
{
    char byte;

    return take(fd, &byte, 1, ms) < 0 && errno == EAGAIN;
}

static inline void put(int fd, const char *text)
{
    ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static inline void expect(int fd, const char *text)
{
    char got[256] = "";
    size_t have = 0;

    while (have < strlen(text)) {
        ssize_t n = take(fd, got + have, strlen(text) - have, PATIENT);
        ck_assert_msg(n > 0, "%zd after \"%s\": %s", n, got, n < 0 ? strerror(errno) : "the end");
        have += (size_t)n;
    }
    ck_assert_str_eq(got, text);
}

static inline void expect_end(int fd)
{
    char byte;

    ck_assert_int_eq(take(fd, &byte, 1, PATIENT), 0);
}

static inline void expect_reset(int fd)
{
    char byte;

    ck_assert_int_eq(take(fd, &byte, 1, PATIENT), -1);
    ck_assert_int_eq(errno, ECONNRESET);
}

static inline uint8_t pattern_at(size_t position)
{
    return (uint8_t)((uint32_t)position * 2654435761u >> 24);
}

/* Send so many bytes one way while the other end reads them: each byte tells its position.  Returns how long
 * it took. */
static inline uint64_t stream_through(int from, int to, size_t total)
{
    uint64_t begun_ns = now_mono_ns();
    uint8_t bytes[30011];
    size_t sent = 0, got = 0;

    while (got < total) {
        for (size_t i = 0; i < sizeof(bytes); i++)
            bytes[i] = pattern_at(sent + i);
        size_t most = total - sent < sizeof(bytes) ? total - sent : sizeof(bytes);
        ssize_t n = most ? send(from, bytes, most, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
        sent += n > 0 ? (size_t)n : 0;
        n = take(to, bytes, sizeof(bytes), 1);
        /* Check's own assertions each write to a pipe. */
        for (ssize_t i = 0; i < n; i++)
            if (bytes[i] != pattern_at(got + (size_t)i))
                ck_abort_msg("byte %zu is wrong", got + (size_t)i);
        got += n > 0 ? (size_t)n : 0;
        if (now_mono_ns() - begun_ns > 50 * NS_PER_S)
            ck_abort_msg("%zu of %zu bytes", got, total);
    }
    return now_mono_ns() - begun_ns;
}

#endif
