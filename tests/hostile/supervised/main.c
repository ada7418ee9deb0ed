/* A program for tests/hostile/seccomp.test, linked statically: connects to PORT of this machine, in some way,
 * and prints a line that says what came of it.
 *
 *   once PORT       a blocking connect, and a PING
 *   alarm PORT N    N of them, with a signal every 300 us
 *   ask PORT        a non-blocking one, asked about by connecting again
 *   reuse PORT      a socket that connects again after a failure
 *   crowd PORT N    N non-blocking ones at once
 *   threads PORT N  N threads, a blocking one each
 *   wait PORT       a PING, then waits for whatever comes */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define CROWD_MAX 2000

static struct sockaddr_in there = {.sin_family = AF_INET};

static int connect_on(int fd)
{
    return connect(fd, (struct sockaddr *)&there, sizeof(there)) ? errno : 0;
}

static int new_socket(int more)
{
    return socket(AF_INET, SOCK_STREAM | more, 0);
}

static const char *name_of(int error)
{
    return error ? strerrorname_np(error) : "connected";
}

static int ping(int fd)
{
    char answer[16];

    if (send(fd, "PING\r\n", 6, MSG_NOSIGNAL) != 6)
        return errno;
    ssize_t got = recv(fd, answer, sizeof(answer), 0);
    return got < 0 ? errno : got == 7 ? 0 : EPIPE;
}

static void once(void)
{
    int fd = new_socket(0), error = connect_on(fd);

    printf("%s %s\n", name_of(error), error ? "-" : name_of(ping(fd)));
}

static void ignore(int signal)
{
    (void)signal;
}

static void with_alarms(int times)
{
    struct itimerval every = {{0, 300}, {0, 300}};
    struct sigaction action = {.sa_handler = ignore}; /* without SA_RESTART */
    int errors[200] = {0};

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &every, NULL);
    for (int i = 0; i < times; i++) {
        int fd = new_socket(0);
        errors[connect_on(fd) % 200]++;
        close(fd);
    }
    for (int e = 0; e < 200; e++)
        if (errors[e])
            printf("%s %d ", name_of(e), errors[e]);
    puts("");
}

static int finish(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};

    return poll(&p, 1, 10000) > 0 ? 0 : ETIMEDOUT;
}

static void ask_again(void)
{
    int fd = new_socket(SOCK_NONBLOCK), first = connect_on(fd), waited = finish(fd);

    printf("%s %s ", name_of(first), name_of(waited));
    printf("%s\n", name_of(connect_on(fd)));
}

static void reuse(void)
{
    int fd = new_socket(0), first = connect_on(fd), second = connect_on(fd);

    printf("%s %s\n", name_of(first), name_of(second));
}

static void tell(const int *errors, int count)
{
    int seen[200] = {0};

    for (int i = 0; i < count; i++)
        seen[errors[i] % 200]++;
    for (int e = 0; e < 200; e++)
        if (seen[e])
            printf("%s %d ", name_of(e), seen[e]);
    puts("");
}

static void crowd(int count)
{
    static int fds[CROWD_MAX], errors[CROWD_MAX];

    for (int i = 0; i < count; i++) {
        fds[i] = new_socket(SOCK_NONBLOCK);
        errors[i] = connect_on(fds[i]);
    }
    for (int i = 0; i < count; i++) {
        socklen_t len = sizeof(errors[i]);
        if (errors[i] == EINPROGRESS && !finish(fds[i]))
            getsockopt(fds[i], SOL_SOCKET, SO_ERROR, &errors[i], &len);
    }
    tell(errors, count);
}

static void *one_thread(void *ret_error)
{
    int fd = new_socket(0);

    *(int *)ret_error = connect_on(fd);
    close(fd);
    return NULL;
}

static void threads(int count)
{
    static pthread_t list[CROWD_MAX];
    static int errors[CROWD_MAX];

    for (int i = 0; i < count; i++)
        if (pthread_create(&list[i], NULL, one_thread, &errors[i]))
            exit(1);
    for (int i = 0; i < count; i++)
        pthread_join(list[i], NULL);
    tell(errors, count);
}

static void wait_on(void)
{
    int fd = new_socket(0), error = connect_on(fd);
    char byte;

    printf("%s %s\n", name_of(error), error ? "-" : name_of(ping(fd)));
    fflush(stdout);
    ssize_t got = recv(fd, &byte, 1, 0);
    printf("%s\n", got < 0 ? name_of(errno) : got ? "data" : "end");
}

/* So many bytes, and gone. */
static void give(int count)
{
    static char bytes[65536];
    int fd = new_socket(0), error = connect_on(fd), given = 0;

    while (!error && given < count) {
        int left = count - given, len = left < (int)sizeof(bytes) ? left : (int)sizeof(bytes);
        ssize_t sent = send(fd, bytes, (size_t)len, MSG_NOSIGNAL);
        error = sent < 0 ? errno : 0;
        given += sent > 0 ? (int)sent : 0;
    }
    printf("%s %d\n", name_of(error), given);
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    int count = argc > 3 ? atoi(argv[3]) : 1;
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    there.sin_port = htons((unsigned short)atoi(argv[2]));
    if (!strcmp(argv[1], "once"))
        once();
    else if (!strcmp(argv[1], "alarm"))
        with_alarms(count);
    else if (!strcmp(argv[1], "ask"))
        ask_again();
    else if (!strcmp(argv[1], "reuse"))
        reuse();
    else if (!strcmp(argv[1], "crowd"))
        crowd(count);
    else if (!strcmp(argv[1], "threads"))
        threads(count);
    else if (!strcmp(argv[1], "give"))
        give(count);
    else
        wait_on();
    return 0;
}
