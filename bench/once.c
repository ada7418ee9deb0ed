/* One kind of call so many times, for whoever counts instructions or system calls: once NAME TIMES
 *
 * The difference between two counts of TIMES is what that many calls take, and nothing of the start. */
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/uio.h>

#include "bench/bench.h"

static int near, far, set;
static char bytes[64];

static void once_malloc(void)
{
    void *volatile memory = malloc(64);

    free(memory);
}

/* One in each buffer, so that it never fills and never runs dry. */
static void once_stream(void)
{
    if (send(near, bytes, 1, 0) != 1 || recv(far, bytes, sizeof(bytes), 0) != 1)
        give_up("send or recv");
}

static void once_file(void)
{
    if (write(near, bytes, 1) != 1 || read(far, bytes, sizeof(bytes)) != 1)
        give_up("write or read");
}

static void once_vector(void)
{
    struct iovec one = {bytes, 1};

    if (writev(near, &one, 1) != 1 || readv(far, &one, 1) != 1)
        give_up("writev or readv");
}

static void once_message(void)
{
    struct iovec one = {bytes, 1};
    struct msghdr message = {.msg_iov = &one, .msg_iovlen = 1};

    if (sendmsg(near, &message, 0) != 1 || recvmsg(far, &message, 0) != 1)
        give_up("sendmsg or recvmsg");
}

static void once_poll(void)
{
    struct pollfd wait = {.fd = far, .events = POLLIN};

    if (poll(&wait, 1, 0) < 0)
        give_up("poll");
}

static void once_select(void)
{
    struct timeval none = {0};
    fd_set wait;

    FD_ZERO(&wait);
    FD_SET(far, &wait);
    if (select(far + 1, &wait, NULL, NULL, &none) < 0)
        give_up("select");
}

static void once_epoll(void)
{
    struct epoll_event event;

    if (epoll_wait(set, &event, 1, 0) < 0)
        give_up("epoll_wait");
}

static void once_dup(void)
{
    close(dup(near));
}

static const struct {
    const char *name;
    void (*once)(void);
} calls[] = {
    {"malloc", once_malloc},       {"send,recv", once_stream},        {"write,read", once_file},
    {"writev,readv", once_vector}, {"sendmsg,recvmsg", once_message}, {"poll", once_poll},
    {"select", once_select},       {"epoll_wait", once_epoll},        {"dup,close", once_dup},
};

static void set_up(void)
{
    int both[2];
    struct epoll_event event = {.events = EPOLLIN};

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, both))
        give_up("socketpair");
    near = both[0];
    far = both[1];
    set = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ctl(set, EPOLL_CTL_ADD, far, &event))
        give_up("epoll_ctl");
}

int main(int argc, char **argv)
{
    size_t i = 0, count = sizeof(calls) / sizeof(*calls);

    if (argc != 3)
        return 2;
    while (i < count && strcmp(calls[i].name, argv[1]) != 0)
        i++;
    if (i == count)
        return 2;
    set_up();
    for (unsigned left = number(argv[2]); left; left--)
        calls[i].once();
    return 0;
}
