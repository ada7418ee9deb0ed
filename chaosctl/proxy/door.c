/* Letting clients in.  Floor 3. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/proxy/internal.h"

#define ACCEPTS 64 /* at a time: established connections have their turn */

static void turn_away(int client)
{
    struct linger none = {.l_onoff = 1};

    setsockopt(client, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    close(client);
}

static void adopt(struct proxy *proxy, int client)
{
    const struct addresses *to = &proxy->address;
    struct relay_offer offer = {
        .client_fd = client,
        .upstream_fd = -1,
        .upstream = (const struct sockaddr *)&to->list[0].address,
        .upstream_len = to->list[0].len,
        .others = to->list + 1,
        .others_count = to->count - 1,
        .policy = proxy->policy,
        .arg = proxy->arg,
        .count = &proxy->count,
    };

    if (relay_adopt(proxy->proxies->relay, &offer, NULL))
        turn_away(client);
}

static void end_waiting(struct proxy *proxy, bool may_enter)
{
    for (size_t i = 0; i < proxy->waiting_count; i++) {
        if (may_enter)
            adopt(proxy, proxy->waiting[i]);
        else
            turn_away(proxy->waiting[i]);
    }
    proxy->waiting_count = 0;
}

static void on_address(void *arg, int error, const struct addresses *found)
{
    struct proxy *proxy = arg;

    proxy->lookup = NULL;
    if (!error) {
        proxy->address = *found;
        proxy->address_ns = now_mono_ns();
    }
    end_waiting(proxy, !error);
}

/* Digits need no name server, and do not change. */
static void learn_address(struct proxy *proxy)
{
    if (!address_resolve(proxy->upstream, true, false, &proxy->address))
        proxy->address_ns = STREAM_NEVER;
}

static bool is_known(const struct proxy *proxy)
{
    return proxy->address_ns == STREAM_NEVER ||
           (proxy->address_ns && now_mono_ns() - proxy->address_ns < PROXY_NAME_FRESH);
}

static void let_in(struct proxy *proxy, int client)
{
    if (is_known(proxy)) {
        adopt(proxy, client);
        return;
    }
    if (!proxy->lookup &&
        lookup_start(proxy->proxies->lookups, proxy->upstream, on_address, proxy, &proxy->lookup))
        proxy->lookup = NULL;
    if (!proxy->waiting)
        proxy->waiting = calloc(PROXY_CLIENTS, sizeof(*proxy->waiting));
    if (!proxy->lookup || !proxy->waiting || proxy->waiting_count == PROXY_CLIENTS)
        turn_away(client);
    else
        proxy->waiting[proxy->waiting_count++] = client;
}

/* With no descriptor left the door would stay readable, and the loop would do nothing else. */
static void refuse_one(struct proxies *proxies, int door)
{
    clean_fd(&proxies->reserve);
    int client = accept4(door, NULL, NULL, SOCK_CLOEXEC);
    if (client >= 0)
        turn_away(client);
    proxies->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void on_client(void *arg, int door)
{
    struct proxy *proxy = arg;

    for (int i = 0; i < ACCEPTS; i++) {
        int client = accept4(door, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (client >= 0) {
            let_in(proxy, client);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE)
            refuse_one(proxy->proxies, door);
        return;
    }
}

bool door_open(struct proxy *proxy, struct problem *ret_problem)
{
    char actual[ADDRESS_TEXT_BYTES];
    char *text = NULL;
    int fd, error = address_listen(proxy->listen, &fd, actual);

    if (!error) {
        text = strdup(actual);
        error = text ? relay_watch(proxy->proxies->relay, fd, on_client, proxy) : -ENOMEM;
        if (error) {
            free(text);
            close(fd);
        }
    }
    if (error)
        return problem_set(ret_problem, 500, "listen tcp %s: %s", proxy->listen,
                           error == -EINVAL ? "not HOST:PORT" : strerror(-error));
    free(proxy->listen);
    proxy->listen = text;
    proxy->door = fd;
    proxy->is_enabled = true;
    proxy->address_ns = 0;
    learn_address(proxy);
    return true;
}

static void remove_path(int door)
{
    struct sockaddr_un at = {0};
    socklen_t len = sizeof(at);

    if (!getsockname(door, (struct sockaddr *)&at, &len) && at.sun_family == AF_UNIX && at.sun_path[0])
        unlink(at.sun_path);
}

void door_close(struct proxy *proxy)
{
    proxy->is_enabled = false;
    if (proxy->lookup)
        lookup_cancel(proxy->lookup);
    proxy->lookup = NULL;
    end_waiting(proxy, false);
    if (proxy->door >= 0) {
        remove_path(proxy->door);
        relay_unwatch(proxy->proxies->relay, proxy->door);
        close(proxy->door);
    }
    proxy->door = -1;
    relay_drop_all(proxy->proxies->relay, proxy->arg);
}
