/* What the programs of the benchmark share.  They know nothing of chaosctl: bench/run says what they run
 * under. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define UNUSED    __attribute__((unused))
#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

static UNUSED uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static UNUSED void sleep_until(uint64_t at_ns)
{
    struct timespec at = {.tv_sec = (time_t)(at_ns / NS_PER_S), .tv_nsec = (long)(at_ns % NS_PER_S)};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        ;
}

static UNUSED void give_up(const char *what)
{
    fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
    exit(1);
}

static UNUSED struct sockaddr_in loopback(unsigned port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static UNUSED unsigned port_of(int fd)
{
    struct sockaddr_in own;
    socklen_t len = sizeof(own);

    if (getsockname(fd, (struct sockaddr *)&own, &len))
        give_up("getsockname");
    return ntohs(own.sin_port);
}

static UNUSED int listener(void)
{
    struct sockaddr_in any = loopback(0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) || listen(fd, 4096))
        give_up("listen");
    return fd;
}

static UNUSED void set_nodelay(int fd)
{
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
}

/* All at once: each of them may take as long as the fault asks for.  They come back non-blocking. */
static UNUSED void connect_all(int *fds, unsigned count, unsigned port)
{
    struct sockaddr_in address = loopback(port);

    for (unsigned i = 0; i < count; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fds[i] < 0)
            give_up("socket");
        set_nodelay(fds[i]);
        if (connect(fds[i], (struct sockaddr *)&address, sizeof(address)) && errno != EINPROGRESS)
            give_up("connect");
    }
    for (unsigned i = 0; i < count; i++) {
        struct pollfd wait = {.fd = fds[i], .events = POLLOUT};
        socklen_t len = sizeof(errno);
        if (poll(&wait, 1, 10000) != 1 || getsockopt(fds[i], SOL_SOCKET, SO_ERROR, &errno, &len) || errno)
            give_up("connect");
    }
}

static UNUSED void set_blocking(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
}

/* Ask bench/server.c for an answer of that many bytes. */
static UNUSED void request(int fd, uint64_t bytes)
{
    if (send(fd, &bytes, sizeof(bytes), 0) != sizeof(bytes))
        give_up("send");
}

static UNUSED unsigned number(const char *text)
{
    return (unsigned)strtoul(text, NULL, 10);
}

#endif
