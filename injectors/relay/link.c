/* A link: its opening, its turns, its ends.  Floor 1. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "injectors/relay/internal.h"

#define EVENTS (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)

void link_tell(struct relay_link *link, enum relay_way way, enum relay_event event, int error)
{
    if (link->policy && link->policy->event)
        link->policy->event(link->arg, link, way, event, error);
}

/* --- ends --- */

/* A child that has not come to its exec yet may hold it too: closing alone would leave it in the set. */
static void close_end(struct source *end, int epoll_fd)
{
    if (end->fd < 0)
        return;
    epoll_ctl(epoll_fd, EPOLL_CTL_DEL, end->fd, NULL);
    close(end->fd);
    end->fd = -1;
}

void link_close(struct relay_link *link)
{
    struct relay *relay = link->relay;

    if (link->state == LINK_DEAD)
        return;
    link->state = LINK_DEAD;
    for (int i = 0; i < 2; i++) {
        close_end(&link->source[i], relay->epoll_fd);
    }
    if (link->count)
        link->count->open--;
    heap_set(relay, link, STREAM_NEVER);
    link_tell(link, RELAY_UP, RELAY_GONE, 0);
    relay->links_count--;
    if (link->before)
        link->before->after = link->after;
    else
        relay->links = link->after;
    if (link->after)
        link->after->before = link->before;
    link->after = relay->dead;
    relay->dead = link;
    if (!relay->is_turning)
        relay_make_ready(link);
}

static void linger_none(int fd)
{
    struct linger none = {.l_onoff = 1};

    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}

void link_reset(struct relay_link *link)
{
    linger_none(link->source[0].fd);
    linger_none(link->source[1].fd);
    link_close(link);
}

/* Closed with bytes unread it would be reset, and what was sent just before be lost with it. */
void link_end(struct relay_link *link)
{
    if (link->state != LINK_OPEN) {
        link_close(link);
        return;
    }
    link->state = LINK_DRAINING;
    link->drain_ns = relay_now_ns() + DRAIN_NS;
    for (int i = 0; i < RELAY_WAYS; i++)
        shutdown(link_to(link, &link->flow[i]), SHUT_WR);
    relay_make_ready(link);
}

void link_free(struct relay_link *link)
{
    for (int i = 0; i < RELAY_WAYS; i++)
        chunk_clear(link->relay, &link->flow[i]);
    free(link);
}

/* --- opening --- */

static int watch_end(struct relay_link *link, int end, int fd)
{
    struct source *s = &link->source[end];
    struct epoll_event event = {.events = EVENTS, .data.ptr = s};

    *s = (struct source){.kind = SOURCE_LINK, .end = (uint8_t)end, .fd = fd, .arg = link};
    return epoll_ctl(link->relay->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* Whether the bytes are small is not ours to wait for. */
static int prepare(struct relay_link *link, int end, int fd)
{
    int flags = fcntl(fd, F_GETFL), domain = AF_UNIX, one = 1;
    socklen_t len = sizeof(domain);

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return -errno;
    if (!getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) && domain != AF_UNIX)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    link->flow[end ? RELAY_DOWN : RELAY_UP].is_tcp = domain == AF_INET || domain == AF_INET6;
    return watch_end(link, end, fd);
}

static void review(struct relay_link *link)
{
    uint64_t now_ns = relay_now_ns();

    for (int i = 0; i < RELAY_WAYS; i++) {
        struct flow *f = &link->flow[i];
        struct relay_shape shape = {0};
        if (link->policy && link->policy->shape)
            link->policy->shape(link->arg, link, (enum relay_way)i, now_ns, &f->line, &shape);
        if (shape.slice != f->shape.slice)
            f->slice_left = 0;
        f->shape = shape;
        stream_rate(&f->line, shape.rate_per_s, now_ns);
        /* Whatever would come next, it would not be what comes next. */
        if (f->has_hole && !shape.drops && !shape.sever_ns && link->state == LINK_OPEN)
            link_end(link);
    }
}

static void opened(struct relay_link *link)
{
    link->state = LINK_OPEN;
    link->flow[RELAY_UP].is_writable = true;
    link_tell(link, RELAY_UP, RELAY_OPENED, 0);
    if (link->state == LINK_OPEN)
        review(link);
}

static void failed(struct relay_link *link, int error)
{
    link_tell(link, RELAY_UP, RELAY_FAILED, error);
    link_reset(link);
}

/* Returns an errno, or 0: it is under way. */
static int connect_to(struct relay_link *link, const struct relay_address *to)
{
    int fd = socket(to->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return errno;
    int error = connect(fd, (const struct sockaddr *)&to->address, to->len) ? errno : 0;
    if (!error || error == EINPROGRESS)
        error = -prepare(link, 1, fd);
    if (error)
        close(fd);
    return error;
}

static void begin_connect(struct relay_link *link)
{
    int error = EADDRNOTAVAIL;

    link->state = LINK_CONNECTING;
    while (link->tried < link->upstreams) {
        error = connect_to(link, &link->upstream[link->tried++]);
        if (!error)
            return;
    }
    failed(link, error);
}

/* May it be opened now? */
static void try_open(struct relay_link *link, uint64_t now_ns)
{
    int error = 0;

    link->open_ns = 0;
    if (link->policy && link->policy->open)
        link->open_ns = link->policy->open(link->arg, link, now_ns, &error);
    if (error > 0)
        failed(link, error);
    else if (link->open_ns <= now_ns)
        begin_connect(link);
}

static void see_connected(struct relay_link *link)
{
    int error = 0;
    socklen_t len = sizeof(error);

    if (getsockopt(link->source[1].fd, SOL_SOCKET, SO_ERROR, &error, &len))
        error = errno;
    if (!error) {
        opened(link);
        return;
    }
    if (link->tried == link->upstreams) {
        failed(link, error);
        return;
    }
    close_end(&link->source[1], link->relay->epoll_fd);
    link->flow[RELAY_UP].is_writable = false;
    link->flow[RELAY_DOWN].is_readable = link->flow[RELAY_DOWN].is_hung = false;
    begin_connect(link);
}

static void copy_upstreams(struct relay_link *link, const struct relay_offer *offer)
{
    if (offer->upstream_fd >= 0)
        return;
    memcpy(&link->upstream[0].address, offer->upstream, offer->upstream_len);
    link->upstream[0].len = offer->upstream_len;
    link->upstreams = 1;
    for (uint32_t i = 0; i < offer->others_count && link->upstreams < RELAY_ADDRESSES; i++)
        link->upstream[link->upstreams++] = offer->others[i];
}

static struct relay_link *link_new(struct relay *relay, const struct relay_offer *offer)
{
    size_t own = offer->policy ? offer->policy->link_bytes : 0;
    struct relay_link *link = calloc(1, sizeof(*link) + own);

    if (!link)
        return NULL;
    link->relay = relay;
    link->policy = offer->policy;
    link->arg = offer->arg;
    link->source[0].fd = link->source[1].fd = -1;
    link->born_ns = relay_now_ns();
    link->wake_ns = STREAM_NEVER;
    for (int i = 0; i < RELAY_WAYS; i++)
        link->flow[i].way = (uint8_t)i;
    copy_upstreams(link, offer);
    return link;
}

static int admit(struct relay_link *link, const struct relay_offer *offer)
{
    int error = heap_reserve(link->relay, link->relay->links_count + 1);

    if (!error)
        error = prepare(link, 0, offer->client_fd);
    if (!error && offer->upstream_fd >= 0)
        error = prepare(link, 1, offer->upstream_fd);
    return error;
}

/* An upstream that is connected already has had its opening judged by whoever did it. */
int relay_adopt(struct relay *relay, const struct relay_offer *offer, struct relay_link **ret_link)
{
    if (offer->upstream_fd < 0 && offer->upstream_len > sizeof(struct sockaddr_storage))
        return -EINVAL;
    struct relay_link *link = link_new(relay, offer);
    if (!link)
        return -ENOMEM;
    int error = admit(link, offer);
    if (error) {
        epoll_ctl(relay->epoll_fd, EPOLL_CTL_DEL, offer->client_fd, NULL);
        epoll_ctl(relay->epoll_fd, EPOLL_CTL_DEL, offer->upstream_fd, NULL);
        free(link);
        return error;
    }
    link->count = offer->count;
    if (link->count) {
        link->count->links++;
        link->count->open++;
    }
    link->after = relay->links;
    if (link->after)
        link->after->before = link;
    relay->links = link;
    relay->links_count++;
    link->flow[RELAY_DOWN].is_writable = true;
    link->state = offer->upstream_fd < 0 ? LINK_WAITING : LINK_CONNECTING;
    relay_make_ready(link);
    if (ret_link)
        *ret_link = link;
    return 0;
}

/* --- turns --- */

void link_event(struct relay_link *link, uint32_t events, int end)
{
    struct flow *from = &link->flow[end ? RELAY_DOWN : RELAY_UP], *to = link_other(link, from);

    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        from->is_readable = true;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        from->is_hung = true;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
        to->is_writable = true;
    /* A client that is reset while it waits waits no more; one that has ended its sending does. */
    if (!end && events & EPOLLERR && (link->state == LINK_WAITING || link->state == LINK_CONNECTING))
        link_reset(link);
}

static void run_waiting(struct relay_link *link, uint64_t now_ns)
{
    if (link->open_ns && link->open_ns <= now_ns)
        begin_connect(link);
    else if (!link->open_ns)
        try_open(link, now_ns);
}

static void run_open(struct relay_link *link, uint64_t now_ns)
{
    bool again = false;

    for (int i = 0; i < RELAY_WAYS && link->state == LINK_OPEN; i++) {
        const struct relay_shape *s = &link->flow[i].shape;
        if (s->until_ns && s->until_ns <= now_ns)
            review(link);
    }
    for (int i = 0; i < RELAY_WAYS && link->state == LINK_OPEN; i++)
        again |= flow_run(link, &link->flow[i], now_ns);
    if (link->state == LINK_OPEN && link->flow[0].is_shut && link->flow[1].is_shut)
        link_close(link);
    else if (again && link->state == LINK_OPEN)
        relay_make_ready(link);
}

static void run_draining(struct relay_link *link, uint64_t now_ns)
{
    bool up = flow_drain(link, &link->flow[RELAY_UP]), down = flow_drain(link, &link->flow[RELAY_DOWN]);

    if ((up && down) || now_ns >= link->drain_ns)
        link_close(link);
    else if (link->flow[RELAY_UP].is_readable || link->flow[RELAY_DOWN].is_readable)
        relay_make_ready(link);
}

static uint64_t next_ns(struct relay_link *link, uint64_t now_ns)
{
    if (link->state == LINK_WAITING)
        return link->open_ns;
    if (link->state == LINK_DRAINING)
        return link->drain_ns;
    if (link->state != LINK_OPEN)
        return STREAM_NEVER;
    uint64_t up_ns = flow_next_ns(&link->flow[RELAY_UP], now_ns);
    uint64_t down_ns = flow_next_ns(&link->flow[RELAY_DOWN], now_ns);
    return up_ns < down_ns ? up_ns : down_ns;
}

void link_run(struct relay_link *link)
{
    uint64_t now_ns = relay_now_ns();

    if (link->state == LINK_WAITING)
        run_waiting(link, now_ns);
    if (link->state == LINK_CONNECTING && link->flow[RELAY_UP].is_writable)
        see_connected(link);
    if (link->state == LINK_OPEN)
        run_open(link, now_ns);
    if (link->state == LINK_DRAINING)
        run_draining(link, now_ns);
    /* By the clock that was gone by: what has become due since is to be looked at. */
    if (link->state != LINK_DEAD)
        heap_set(link->relay, link, next_ns(link, now_ns));
}

/* --- for the policy --- */

void relay_drop(struct relay_link *link)
{
    link_reset(link);
}

void *relay_link_state(struct relay_link *link)
{
    return link->own;
}

void *relay_link_arg(struct relay_link *link)
{
    return link->arg;
}

uint64_t relay_link_born_ns(const struct relay_link *link)
{
    return link->born_ns;
}

uint64_t relay_link_seen(const struct relay_link *link, enum relay_way way)
{
    return link->flow[way].line.seen;
}

uint64_t relay_link_sent(const struct relay_link *link, enum relay_way way)
{
    return link->flow[way].line.consumed;
}

void relay_review(struct relay_link *link)
{
    if (link->state == LINK_WAITING)
        link->open_ns = 0;
    if (link->state == LINK_OPEN)
        review(link);
    if (link->state != LINK_DEAD)
        relay_make_ready(link);
}

void relay_review_all(struct relay *relay, const void *arg)
{
    for (struct relay_link *l = relay->links, *after; l; l = after) {
        after = l->after;
        if (!arg || l->arg == arg)
            relay_review(l);
    }
}

void relay_drop_all(struct relay *relay, const void *arg)
{
    for (struct relay_link *l = relay->links, *after; l; l = after) {
        after = l->after;
        if (!arg || l->arg == arg)
            relay_drop(l);
    }
}
