/* Random faults on and off under 200 connections of checksummed traffic: no byte is lost, doubled or
 * reordered.  A change of faults comes every 120 ms on average, however long the storm lasts, so that places
 * for rules are used again and again. */
#include "stream.h"

enum { CONNECTIONS = 200, PIECE = 4096, REACH = 65536 };

struct side {
    int fd;
    uint64_t sent, received; /* positions in an endless sequence */
    uint64_t seed;
    bool wrong, ended;
};

static struct side clients[CONNECTIONS], servers[CONNECTIONS];
static _Atomic bool stop, is_told;
static uint64_t begun_ns;

static uint8_t byte_at(uint64_t seed, uint64_t position)
{
    return (uint8_t)(rule_draw(seed, position / 8) >> (position % 8 * 8));
}

static void tell_rules(void)
{
    uint64_t now = now_ns();

    printf("# lease %ld ms, epoch %u, %u leftovers\n", ((long)table->lease_ns - (long)now) / (long)MS,
           table->epoch, table->leftovers);
    for (uint32_t i = 0; i < table->rule_count && i < RULE_MAX; i++) {
        const struct rule *r = &table->rules[i];
        if (rule_is_armed(r))
            printf("# rule %u: kind %u direction %u probability %.2f delay %lu us rate %lu bytes %lu, %lu "
                   "hits\n",
                   i, r->kind, r->direction, (double)r->probability / RULE_ALWAYS, r->delay_ns / 1000,
                   r->rate_per_s, r->bytes, (unsigned long)r->hits);
    }
}

/* The first side that is wrong ends the storm: what comes later is its consequence, most likely. */
static void is_wrong(struct side *s, const char *what, long detail)
{
    bool is_client = s >= clients && s < clients + CONNECTIONS;

    s->wrong = true;
    if (atomic_exchange(&is_told, true))
        return;
    printf("# after %lu ms: %s %ld: %s %ld at %lu (%lu sent)\n", since(begun_ns) / MS,
           is_client ? "client" : "server", (long)(s - (is_client ? clients : servers)), what, detail,
           s->received, s->sent);
    tell_rules();
    stop = true;
}

/* How much further in the sequence those bytes belong: less than nothing, they came before. */
static long shift_of(uint64_t seed, uint64_t position, const uint8_t *bytes, size_t len)
{
    for (long by = 0; by <= REACH; by = by > 0 ? -by : 1 - by) {
        size_t same = 0;
        while (same < len && same < 64 && (long)position + by >= 0 &&
               bytes[same] == byte_at(seed, position + (uint64_t)by + same))
            same++;
        if (same == len || same == 64)
            return by;
    }
    return LONG_MAX;
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
        is_wrong(s, "send fails with errno", errno);
}

static void compare(struct side *s, const uint8_t *bytes, size_t len)
{
    uint64_t seed = s->seed ^ 1;

    for (size_t i = 0; i < len && !s->wrong; i++)
        if (bytes[i] != byte_at(seed, s->received + i))
            is_wrong(s, "bytes come out of their place, by",
                     is_told ? 0 : shift_of(seed, s->received + i, bytes + i, len - i));
}

/* As much as there is, or the beginning of it. */
static void hear(struct side *s, bool all)
{
    uint8_t buf[PIECE];

    for (;;) {
        ssize_t n = recv(s->fd, buf, sizeof(buf), MSG_DONTWAIT);
        if (n <= 0) {
            s->ended = n == 0;
            if (n == 0 || errno != EAGAIN)
                is_wrong(s, n ? "recv fails with errno" : "recv tells an end", n ? errno : 0);
            return;
        }
        compare(s, buf, (size_t)n);
        s->received += (uint64_t)n;
        if (!all)
            return;
    }
}

/* --- a thread that others keep off the processor, in the middle of whatever it does --- */

static bool is_starved; /* STORM_STARVED: and then there are but holes, many a second */
static struct pace {
    uint32_t least_us, spread_us, between_us, calm_us;
} pace = {20000, 160000, 20000, 30000};

static void pin(int nth)
{
    static cpu_set_t allowed;
    cpu_set_t one;
    int count;

    CPU_ZERO(&one);
    if (!CPU_COUNT(&allowed) && sched_getaffinity(0, sizeof(allowed), &allowed))
        return;
    count = CPU_COUNT(&allowed);
    for (int cpu = 0, at = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &allowed) && at++ == nth % count)
            CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof(one), &one);
}

static void *glutton(void *unused)
{
    pin(0);
    while (!stop)
        ;
    return unused;
}

static void starve(void)
{
    pin(0);
    setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 10);
}

/* A third is waited for by level, by edge, and by poll. */
static void *client(void *unused)
{
    int set = epoll_create1(EPOLL_CLOEXEC);
    struct pollfd polled[CONNECTIONS];
    int polls = 0;
    uint64_t round = 0;

    (void)unused;
    if (is_starved)
        starve();
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
    close(set);
    return NULL;
}

/* All that is still on its way, once nobody else sends or hears. */
static void drain(void)
{
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
}

static void *server(void *unused)
{
    (void)unused;
    if (is_starved)
        pin(1);
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
    draw -= is_starved ? draw % 4 : 0;
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

    usleep((useconds_t)(pace.least_us + rule_draw(3, n) % pace.spread_us));
    uint64_t hit = hits(first);
    lift(first);
    if (second >= 0) {
        usleep(pace.between_us);
        hit += hits(second);
        lift(second);
    }
    if (n % 5 == 0)
        usleep(pace.calm_us);
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
    pthread_t one, two, three;

    (void)argc;
    stream_begin(argv, 3);
    connect_all();
    begun_ns = now_ns();
    is_starved = getenv("STORM_STARVED");
    if (is_starved) {
        pace = (struct pace){1000, 4000, 1000, 5000};
        pthread_create(&three, NULL, glutton, NULL);
    }
    pthread_create(&one, NULL, client, NULL);
    pthread_create(&two, NULL, server, NULL);
    for (uint64_t end = now_ns() + seconds * SECOND; now_ns() < end && !stop; gusts++)
        hit += gust(gusts);
    stop = true;
    pthread_join(two, NULL);
    pthread_join(one, NULL);
    if (is_starved)
        pthread_join(three, NULL);
    if (!is_told)
        drain();
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
