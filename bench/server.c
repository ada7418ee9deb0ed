/* The dependency: a request is a number of eight bytes, the answer is that many bytes.  It prints its port,
 * is never under chaosctl, and ends when its standard input does. */
#include <signal.h>
#include <sys/epoll.h>

#include "bench/bench.h"

#define BLOCK 65536

static int set;

static void watch(int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    if (epoll_ctl(set, EPOLL_CTL_ADD, fd, &event))
        give_up("epoll_ctl");
}

static bool send_all(int fd, uint64_t bytes)
{
    static char block[BLOCK];

    while (bytes) {
        ssize_t sent = send(fd, block, bytes < BLOCK ? bytes : BLOCK, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes -= (uint64_t)sent;
    }
    return true;
}

static void answer(int fd)
{
    uint64_t bytes;

    if (recv(fd, &bytes, sizeof(bytes), MSG_WAITALL) != sizeof(bytes) || !send_all(fd, bytes))
        close(fd);
}

int main(void)
{
    int listening = listener();

    set = epoll_create1(EPOLL_CLOEXEC);
    watch(STDIN_FILENO);
    watch(listening);
    printf("%u\n", port_of(listening));
    fflush(stdout);
    for (;;) {
        struct epoll_event events[64];
        int count = epoll_wait(set, events, 64, -1);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == STDIN_FILENO)
                return 0;
            if (fd != listening) {
                answer(fd);
                continue;
            }
            fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
            if (fd < 0)
                give_up("accept");
            set_nodelay(fd);
            watch(fd);
        }
    }
}
