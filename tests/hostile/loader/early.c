/* A library whose constructor runs before anybody's, the shim's included, and calls everything. */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void sockets(void)
{
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(1)};
    int two[2], count, fd = socket(AF_INET, SOCK_STREAM, 0);
    char byte;

    connect(fd, (struct sockaddr *)&there, sizeof(there));
    close(fd);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, two))
        _exit(90);
    if (send(two[0], "x", 1, 0) != 1 || recv(two[1], &byte, 1, 0) != 1 || write(two[0], "x", 1) != 1)
        _exit(91);
    struct pollfd p = {.fd = two[1], .events = POLLIN};
    if (poll(&p, 1, 0) != 1 || ioctl(two[1], FIONREAD, &count) || read(two[1], &byte, 1) != 1)
        _exit(92);
    struct epoll_event e = {.events = EPOLLIN};
    int set = epoll_create1(0);
    if (epoll_ctl(set, EPOLL_CTL_ADD, two[1], &e) || epoll_wait(set, &e, 1, 0) != 0)
        _exit(93);
    close(set);
    if (dup2(two[0], two[1]) != two[1] || fcntl(two[0], F_GETFD) < 0 || shutdown(two[0], SHUT_RDWR))
        _exit(94);
    close(two[0]);
    syscall(SYS_close, two[1]);
}

static void rest(void)
{
    struct addrinfo *list = NULL;
    char name[16];
    void *volatile block = calloc(10, 10);

    block = realloc(block, 1000);
    free(block);
    if (!getaddrinfo("127.0.0.1", "1", NULL, &list))
        freeaddrinfo(list);
    prctl(PR_GET_NAME, name);
    dlopen("no-such-library.so", RTLD_NOW);
    pid_t pid = fork();
    if (!pid)
        _exit(0);
    waitpid(pid, NULL, 0);
}

__attribute__((constructor(101))) static void early(void)
{
    sockets();
    rest();
    if (write(1, "early, ", 7) != 7)
        _exit(95);
}
