/* The service of tests/live/ways.test in C, to be linked statically or with musl: see ways.go. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define PATIENCE_MS 300

static int kept = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct sockaddr_in address_of(const char *variable)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((unsigned short)atoi(getenv(variable))),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int finish(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int error = ETIMEDOUT;
    socklen_t len = sizeof(error);

    if (poll(&p, 1, PATIENCE_MS) > 0)
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
    return error;
}

/* Non-blocking until it is connected.  The descriptor, or -errno. */
static int dial(void)
{
    struct timeval patience = {.tv_usec = PATIENCE_MS * 1000};
    struct sockaddr_in back = address_of("BACK_PORT");
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error = connect(fd, (struct sockaddr *)&back, sizeof(back)) ? errno : 0;

    if (error == EINPROGRESS)
        error = finish(fd);
    if (error) {
        close(fd);
        return -error;
    }
    fcntl(fd, F_SETFL, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return fd;
}

/* 0, or an errno; EPROTO: not PONG, and EPIPE: the stream ended. */
static int ask(int fd)
{
    char line[64];
    size_t len = 0;

    if (send(fd, "PING\r\n", 6, MSG_NOSIGNAL) < 0)
        return errno;
    while (len < 7) {
        ssize_t got = recv(fd, line + len, sizeof(line) - len, 0);
        if (got <= 0)
            return got ? errno : EPIPE;
        len += (size_t)got;
    }
    return len == 7 && !memcmp(line, "+PONG\r\n", 7) ? 0 : EPROTO;
}

static int ask_new(void)
{
    int fd = dial(), error = fd < 0 ? -fd : ask(fd);

    if (fd >= 0)
        close(fd);
    return error;
}

static int ask_kept(void)
{
    pthread_mutex_lock(&lock);
    if (kept < 0)
        kept = dial();
    int error = kept < 0 ? -kept : ask(kept);
    if (error && kept >= 0)
        close(kept);
    if (error)
        kept = -1;
    pthread_mutex_unlock(&lock);
    return error;
}

static int ask_child(void)
{
    return system(getenv("CHILD")) ? ECHILD : 0;
}

static const char *words_of(int error)
{
    return error == EAGAIN   ? "timeout"
           : error == EPIPE  ? "EOF"
           : error == EPROTO ? "not PONG"
                             : strerror(error);
}

static void answer_one(int fd)
{
    static const struct {
        const char *path;
        int (*ask)(void);
    } pages[] = {{"/ ", ask_new}, {"/kept ", ask_kept}, {"/child ", ask_child}};
    char request[4096] = "", answer[512];
    int error = 0;

    if (recv(fd, request, sizeof(request) - 1, 0) <= 4)
        return;
    for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++)
        if (!strncmp(request + 4, pages[i].path, strlen(pages[i].path)))
            error = pages[i].ask();
    const char *text = error ? words_of(error) : "PONG";
    int len = snprintf(answer, sizeof(answer),
                       "HTTP/1.1 %d X\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                       error ? 502 : 200, strlen(text), text);
    send(fd, answer, (size_t)len, MSG_NOSIGNAL);
}

static void *serve(void *arg)
{
    int fd = (int)(long)arg;

    answer_one(fd);
    close(fd);
    return NULL;
}

int main(void)
{
    struct sockaddr_in own = address_of("PORT");
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    signal(SIGPIPE, SIG_IGN);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(listener, (struct sockaddr *)&own, sizeof(own)) || listen(listener, 128))
        return 1;
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        pthread_t thread;
        if (fd >= 0 && !pthread_create(&thread, NULL, serve, (void *)(long)fd))
            pthread_detach(thread);
    }
}
