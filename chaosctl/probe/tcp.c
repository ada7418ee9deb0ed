/* Asking whether somebody listens: connect, and hang up.  Floor 3. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/probe/way.h"

struct attempt {
    struct addrinfo *addresses, *next; /* next: still to be tried */
    int fd;                            /* -1: none */
};

static void drop_socket(struct asking *asking)
{
    struct attempt *attempt = asking->own;

    if (attempt->fd < 0)
        return;
    loop_remove_fd(prober_loop(asking->prober), attempt->fd);
    close(attempt->fd);
    attempt->fd = -1;
}

static void on_connected(void *arg, int fd, uint32_t events);

/* 0: under way; errno else. */
static int connect_to(struct asking *asking, const struct addrinfo *address)
{
    struct attempt *attempt = asking->own;

    attempt->fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (attempt->fd < 0)
        return errno;
    if (connect(attempt->fd, address->ai_addr, address->ai_addrlen) && errno != EINPROGRESS)
        return errno;
    return -loop_add_fd(prober_loop(asking->prober), attempt->fd, EPOLLOUT, on_connected, asking);
}

/* Try one address after the other; what the last one said is the answer. */
static void try_next(struct asking *asking, int error)
{
    struct attempt *attempt = asking->own;
    char words[ASKING_ERROR_BYTES];

    while (attempt->next) {
        const struct addrinfo *address = attempt->next;
        drop_socket(asking);
        attempt->next = address->ai_next;
        error = connect_to(asking, address);
        if (!error)
            return;
    }
    asking_finish(asking, "%s", errno_words(error, words, sizeof(words)));
}

static void on_connected(void *arg, int fd, uint32_t events)
{
    struct asking *asking = arg;
    int error = 0;
    socklen_t size = sizeof(error);

    (void)events;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size))
        error = errno;
    if (error)
        try_next(asking, error);
    else
        asking_finish(asking, NULL);
}

static int resolve(const struct probe *probe, struct addrinfo **ret_addresses)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    char port[8];

    snprintf(port, sizeof(port), "%u", (unsigned)probe->port);
    return getaddrinfo(probe->host, port, &hints, ret_addresses);
}

static int start(struct asking *asking)
{
    struct attempt *attempt = calloc(1, sizeof(*attempt));

    if (!attempt)
        return -ENOMEM;
    attempt->fd = -1;
    asking->own = attempt;
    int error = resolve(asking->probe, &attempt->addresses);
    if (error) {
        asking_finish(asking, "cannot resolve %s: %s", asking->probe->host, gai_strerror(error));
        return 0;
    }
    attempt->next = attempt->addresses;
    try_next(asking, EADDRNOTAVAIL);
    return 0;
}

static void stop(struct asking *asking)
{
    drop_socket(asking);
}

static void fill(struct asking *asking, struct answer *answer)
{
    (void)asking;
    (void)answer;
}

static void release(struct asking *asking)
{
    struct attempt *attempt = asking->own;

    if (attempt->addresses)
        freeaddrinfo(attempt->addresses);
    free(attempt);
}

const struct probe_way probe_way_tcp = {start, stop, fill, release};
