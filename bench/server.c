/* The dependency.  Prints its port; then each connection's first byte says what it wants:
 *   e  echo, byte by byte (the first one too)
 *   m  one megabyte, then the end
 *   s  as much as goes, until the client leaves */
#include <sys/epoll.h>

#include "bench.h"

enum { MEGABYTE = 1 << 20, CONNECTIONS = 65536 };

static int set;
static char wanted[CONNECTIONS];
static size_t left[CONNECTIONS];
static char zeros[65536];

static void leave(int fd)
{
    wanted[fd] = 0;
    close(fd);
}

static void watch(int fd, uint32_t events, int op)
{
    struct epoll_event e = {.events = events, .data.fd = fd};

    if (epoll_ctl(set, op, fd, &e))
        give_up("epoll_ctl");
}

static void pour(int fd)
{
    while (wanted[fd] == 's' || left[fd]) {
        size_t len = wanted[fd] == 's' || left[fd] > sizeof(zeros) ? sizeof(zeros) : left[fd];
        ssize_t sent = send(fd, zeros, len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN)
            return;
        if (sent < 0) {
            leave(fd);
            return;
        }
        left[fd] -= wanted[fd] == 's' ? 0 : (size_t)sent;
    }
    leave(fd);
}

static void hear(int fd)
{
    char buf[4096];
    ssize_t got = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        leave(fd);
        return;
    }
    if (!wanted[fd])
        wanted[fd] = buf[0];
    if (wanted[fd] == 'e') {
        send(fd, buf, (size_t)got, MSG_NOSIGNAL);
        return;
    }
    left[fd] = MEGABYTE;
    watch(fd, EPOLLOUT, EPOLL_CTL_MOD);
    pour(fd);
}

int main(void)
{
    struct sockaddr_in own = {.sin_family = AF_INET};
    socklen_t len = sizeof(own);
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listening < 0 || bind(listening, (struct sockaddr *)&own, sizeof(own)) || listen(listening, 4096) ||
        getsockname(listening, (struct sockaddr *)&own, &len))
        give_up("listen");
    printf("%d\n", ntohs(own.sin_port));
    fflush(stdout);
    set = epoll_create1(EPOLL_CLOEXEC);
    watch(listening, EPOLLIN, EPOLL_CTL_ADD);
    for (;;) {
        struct epoll_event events[256];
        int count = epoll_wait(set, events, 256, -1);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == listening) {
                int new = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
                if (new >= CONNECTIONS)
                    close(new);
                else if (new >= 0)
                    watch(new, EPOLLIN, EPOLL_CTL_ADD);
            } else if (events[i].events & EPOLLOUT) {
                pour(fd);
            } else {
                hear(fd);
            }
        }
    }
}
