/* Random faults on and off under 200 connections of checksummed traffic: no byte is lost, doubled or
 * reordered.  A change of faults comes every 120 ms on average, however long the storm lasts, so that places
 * for rules are used again and again. */
#include "stream.h"

enum { CONNECTIONS = 200, PIECE = 4096, UNIT = 16 };

struct side {
    int fd;
    uint64_t sent, received; /* positions in an endless sequence */
    uint64_t seed;
    bool wrong, ended;
};

static struct side clients[CONNECTIONS], servers[CONNECTIONS];
static _Atomic bool stop;

static uint8_t byte_at(uint64_t seed, uint64_t position)
{
    return (uint8_t)(rule_draw(seed, position / 8) >> (position % 8 * 8));
}

static void say(struct side *s, uint64_t draw)
{
    uint8_t buf[PIECE];
    size_t len = 1 + draw % PIECE;

    for (size_t i = 0; i < len; i++)
        buf[i] = byte_at(s->seed, s->sent + i);
    ssize_t n = send(s->fd, buf, len, MSG_DONTWAIT);
    if (n > 0)
        s->sent += (uint64_t)n;
    else if (errno != EAGAIN)
        s->wrong = true;
}

/* As much as there is, or the beginning of it. */
static void hear(struct side *s, bool all)
{
    uint8_t buf[PIECE];

    for (;;) {
        ssize_t n = recv(s->fd, buf, sizeof(buf), MSG_DONTWAIT);
        if (n <= 0) {
            s->ended = n == 0;
            s->wrong = s->wrong || (n < 0 && errno != EAGAIN);
            return;
        }
        for (ssize_t i = 0; i < n; i++)
            if (buf[i] != byte_at(s->seed ^ 1, s->received + (uint64_t)i))
                s->wrong = true;
        s->received += (uint64_t)n;
        if (!all)
            return;
    }
}

/* A third is waited for by level, by edge, and by poll. */
static void *client(void *unused)
{
    int set = epoll_create1(EPOLL_CLOEXEC);
    struct pollfd polled[CONNECTIONS];
    int polls = 0;
    uint64_t round = 0;

    (void)unused;
    for (int i = 0; i < CONNECTIONS; i++) {
        struct epoll_event e = {.events = EPOLLIN | (i % 3 == 1 ? EPOLLET : 0), .data.u32 = (uint32_t)i};
        if (i % 3 == 2)
            polled[polls++] = (struct pollfd){.fd = clients[i].fd, .events = POLLIN};
        else
            epoll_ctl(set, EPOLL_CTL_ADD, clients[i].fd, &e);
    }
    polled[polls] = (struct pollfd){.fd = set, .events = POLLIN};
    while (!stop) {
        struct epoll_event e[8];
        poll(polled, (nfds_t)polls + 1, 10);
        for (int i = 0; i < polls; i++)
            if (polled[i].revents)
                hear(&clients[i * 3 + 2], false);
        int n = epoll_wait(set, e, 8, 0);
        for (int i = 0; i < n; i++)
            hear(&clients[e[i].data.u32], e[i].data.u32 % 3 == 1);
        say(&clients[round % CONNECTIONS], rule_draw(11, round));
        round++;
    }
    /* All that is still on its way. */
    for (uint64_t end = now_ns() + 20 * SECOND; now_ns() < end;) {
        bool done = true;
        for (int i = 0; i < CONNECTIONS; i++) {
            hear(&clients[i], true);
            hear(&servers[i], true);
            done = done && clients[i].received == servers[i].sent && servers[i].received == clients[i].sent;
        }
        if (done)
            break;
        usleep(10000);
    }
    close(set);
    return NULL;
}

static void *server(void *unused)
{
    (void)unused;
    for (uint64_t round = 0; !stop; round++) {
        hear(&servers[round % CONNECTIONS], true);
        say(&servers[round % CONNECTIONS], rule_draw(12, round));
        if (round % CONNECTIONS == 0)
            usleep(2000);
    }
    return NULL;
}

static int any_fault(uint64_t draw)
{
    struct rule rule = stream_rule(draw % 4 == 0   ? FAULT_blackhole
                                   : draw % 4 == 1 ? FAULT_bandwidth
                                   : draw % 4 == 2 ? FAULT_slice
                                                   : FAULT_latency);

    rule.seed = draw;
    rule.direction = draw >> 8 & 1 ? DIRECTION_ANY : DIRECTION_OUTBOUND;
    rule.probability = draw >> 9 & 1 ? RULE_ALWAYS : RULE_ALWAYS / 2;
    rule.delay_ns = (draw >> 10) % 100 * MS;
    rule.jitter_ns = rule.delay_ns / 2;
    rule.distribution = (uint8_t)((draw >> 20) % 3);
    rule.rate_per_s = rule.kind == FAULT_bandwidth ? 10000 + (draw >> 24) % 1000000 : 0;
    rule.bytes = rule.kind == FAULT_slice ? 1 + (draw >> 30) % 1000 : 0;
    return arm(rule);
}

/* One fault or two on one dependency, lifted in the order in which they came; and now and then none. */
static uint64_t gust(uint64_t n)
{
    int first = any_fault(rule_draw(1, n)), second = n % 2 ? any_fault(rule_draw(2, n)) : -1;

    usleep((useconds_t)(20000 + rule_draw(3, n) % 160000));
    uint64_t hit = hits(first);
    lift(first);
    if (second >= 0) {
        usleep(20000);
        hit += hits(second);
        lift(second);
    }
    if (n % 5 == 0)
        usleep(30000);
    return hit;
}

static void connect_all(void)
{
    for (int i = 0; i < CONNECTIONS; i++) {
        struct pair p = connection(listening);
        clients[i] = (struct side){.fd = p.client, .seed = (uint64_t)i * 2 + 1000};
        servers[i] = (struct side){.fd = p.server, .seed = clients[i].seed ^ 1};
    }
}

int main(int argc, char **argv)
{
    const char *asked = getenv("STORM_SECONDS");
    uint64_t seconds = asked ? strtoull(asked, NULL, 10) : 20, hit = 0, gusts = 0;
    uint64_t total = 0, missing = 0, wrong = 0;
    pthread_t one, two;

    (void)argc;
    stream_begin(argv, 3);
    connect_all();
    pthread_create(&one, NULL, client, NULL);
    pthread_create(&two, NULL, server, NULL);
    for (uint64_t end = now_ns() + seconds * SECOND; now_ns() < end; gusts++)
        hit += gust(gusts);
    stop = true;
    pthread_join(two, NULL);
    pthread_join(one, NULL);
    for (int i = 0; i < CONNECTIONS; i++) {
        total += clients[i].received + servers[i].received;
        missing += servers[i].sent - clients[i].received + clients[i].sent - servers[i].received;
        wrong += clients[i].wrong + servers[i].wrong + clients[i].ended + servers[i].ended;
    }
    fact("a storm of faults changes and reorders no byte", !wrong);
    fact("and loses none", !missing && total > 1000000);
    fact("and it did strike", hit > seconds * 5);
    printf("# %lu bytes, %lu missing, %lu wrong, %lu hits, %lu gusts\n", total, missing, wrong, hit, gusts);
    return 0;
}
