/* How late answers come: delay WAY PORT [EXPECTED_MS].  WAY: blocking, poll, level, edge; or sleep, which
 * asks nobody and shows what this machine makes of a plain clock_nanosleep.  20 connections (or threads), 50
 * requests each, 5 ms apart.  Prints the median and the 99th percentile of what an answer took beyond
 * EXPECTED_MS, in microseconds. */
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>

#include "bench.h"

enum { CONNECTIONS = 20, REQUESTS = 50, ALL = CONNECTIONS * REQUESTS };

static int64_t errors[ALL];
static int port, expected_ms;

static void note(int connection, int request, uint64_t took_ns)
{
    errors[connection * REQUESTS + request] = (int64_t)took_ns - (int64_t)((uint64_t)expected_ms * MS);
}

/* --- a thread for each --- */

static void *blocking(void *connection)
{
    int mine = (int)(intptr_t)connection, fd = port ? dial(port) : -1;
    char byte = 'e';

    wait_until(now_ns() + (uint64_t)mine * 5 * MS);
    for (int i = 0; i < REQUESTS; i++) {
        uint64_t start_ns = now_ns();
        if (!port)
            wait_until(start_ns + (uint64_t)expected_ms * MS);
        else if (send(fd, &byte, 1, 0) != 1 || recv(fd, &byte, 1, 0) != 1)
            give_up("blocking");
        note(mine, i, now_ns() - start_ns);
    }
    return NULL;
}

static void in_threads(void)
{
    pthread_t threads[CONNECTIONS];

    for (intptr_t i = 0; i < CONNECTIONS; i++)
        if (pthread_create(&threads[i], NULL, blocking, (void *)i))
            give_up("thread");
    for (int i = 0; i < CONNECTIONS; i++)
        pthread_join(threads[i], NULL);
}

/* --- one loop for all --- */

static struct connection {
    int fd, done;
    uint64_t start_ns; /* of the request that is under way; or when the first is due */
    int asks;
} connections[CONNECTIONS];

static void ask(struct connection *c)
{
    char byte = 'e';

    c->start_ns = now_ns();
    c->asks = 1;
    if (send(c->fd, &byte, 1, 0) != 1)
        give_up("send");
}

/* Returns 1 when it was the last. */
static int answered(struct connection *c)
{
    char byte;

    if (recv(c->fd, &byte, 1, MSG_DONTWAIT) != 1)
        return 0;
    note((int)(c - connections), c->done++, now_ns() - c->start_ns);
    c->asks = 0;
    if (c->done == REQUESTS)
        return 1;
    ask(c);
    return 0;
}

static int begin_due(void)
{
    int wait_ms = -1;

    for (int i = 0; i < CONNECTIONS; i++) {
        struct connection *c = &connections[i];
        if (c->asks || c->done)
            continue;
        if (now_ns() >= c->start_ns)
            ask(c);
        else
            wait_ms = 1;
    }
    return wait_ms;
}

static void by_poll(void)
{
    struct pollfd fds[CONNECTIONS];

    for (int i = 0; i < CONNECTIONS; i++)
        fds[i] = (struct pollfd){.fd = connections[i].fd, .events = POLLIN};
    for (int left = CONNECTIONS; left;) {
        poll(fds, CONNECTIONS, begin_due());
        for (int i = 0; i < CONNECTIONS; i++)
            if (fds[i].revents)
                left -= answered(&connections[i]);
    }
}

static void by_epoll(uint32_t events)
{
    int set = epoll_create1(EPOLL_CLOEXEC);

    for (int i = 0; i < CONNECTIONS; i++) {
        struct epoll_event e = {.events = events, .data.ptr = &connections[i]};
        epoll_ctl(set, EPOLL_CTL_ADD, connections[i].fd, &e);
    }
    for (int left = CONNECTIONS; left;) {
        struct epoll_event told[CONNECTIONS];
        int count = epoll_wait(set, told, CONNECTIONS, begin_due());
        for (int i = 0; i < count; i++)
            left -= answered(told[i].data.ptr);
    }
}

int main(int argc, char **argv)
{
    const char *way = argc > 2 ? argv[1] : "";

    port = argc > 2 && strcmp(way, "sleep") ? atoi(argv[2]) : 0;
    expected_ms = argc > 3 ? atoi(argv[3]) : 0;
    if (!strcmp(way, "sleep") || !strcmp(way, "blocking")) {
        in_threads();
    } else {
        for (int i = 0; i < CONNECTIONS; i++)
            connections[i] =
                (struct connection){.fd = dial(port), .start_ns = now_ns() + (uint64_t)i * 5 * MS};
        if (!strcmp(way, "poll"))
            by_poll();
        else if (!strcmp(way, "level") || !strcmp(way, "edge"))
            by_epoll(EPOLLIN | (*way == 'e' ? EPOLLET : 0));
        else
            return fprintf(stderr, "usage: delay sleep|blocking|poll|level|edge PORT [EXPECTED_MS]\n"), 2;
    }
    qsort(errors, ALL, sizeof(*errors), by_size);
    printf("%.0f %.0f\n", (double)errors[ALL / 2] / 1000, (double)errors[ALL * 99 / 100] / 1000);
    return 0;
}
