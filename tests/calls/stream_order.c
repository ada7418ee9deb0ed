/* Held streams: what must not be lost, doubled, reordered, or late for the wrong reason. */
#include "stream.h"

enum { BIG = 1 << 20 };
static char sent[BIG], got[BIG];

struct sender {
    int fd;
    size_t len;
    bool in_bits; /* with pauses */
};

static void *send_all(void *argument)
{
    struct sender *s = argument;

    for (size_t at = 0; at < s->len;) {
        size_t piece = s->in_bits ? 1 + rule_draw(3, at) % 5000 : s->len - at;
        ssize_t n = send(s->fd, sent + at, piece < s->len - at ? piece : s->len - at, 0);
        if (n < 0)
            break;
        at += (size_t)n;
        if (s->in_bits)
            usleep(200);
    }
    return NULL;
}

static pthread_t sending(struct sender *s)
{
    pthread_t thread;

    fill(sent, s->len, 7);
    memset(got, 0, sizeof(got));
    if (pthread_create(&thread, NULL, send_all, s))
        give_up("pthread_create");
    return thread;
}

static void a_megabyte(enum manner way)
{
    char sentence[120];
    struct pair p = connection(listening);
    struct reader r = reader_of(way, p.client);
    int rule = arm_latency(100 * MS);
    struct sender s = {.fd = p.server, .len = BIG};
    uint64_t start = now_ns();
    pthread_t thread = sending(&s);
    bool whole = get_all(&r, got, BIG, 20000) && !memcmp(sent, got, BIG);
    uint64_t took = since(start);

    pthread_join(thread, NULL);
    snprintf(sentence, sizeof(sentence), "%s: a megabyte through 100 ms takes no 100 ms a read",
             way_names[way]);
    /* 16 reads of 64 kB at 100 ms each would be 1.6 s. */
    fact(sentence, whole && took >= 100 * MS && took < 10 * SECOND);
    printf("# %lu ms, whole %d\n", took / MS, whole);
    lift(rule);
    reader_end(&r);
    hang_up(p);
}

static void jitter(enum distribution distribution)
{
    static const char *const names[] = {"uniform", "normal", "pareto"};
    char sentence[120];
    struct pair p = connection(listening);
    struct reader r = reader_of(EDGE, p.client);
    struct rule rule = stream_rule(FAULT_latency);

    rule.delay_ns = 20 * MS;
    rule.jitter_ns = 15 * MS;
    rule.distribution = (uint8_t)distribution;
    int index = arm(rule);
    struct sender s = {.fd = p.server, .len = BIG / 4, .in_bits = true};
    pthread_t thread = sending(&s);
    bool whole = get_all(&r, got, BIG / 4, 20000) && !memcmp(sent, got, BIG / 4);
    pthread_join(thread, NULL);
    snprintf(sentence, sizeof(sentence), "%s jitter keeps order and content", names[distribution]);
    fact(sentence, whole && hits(index) > 5);
    lift(index);
    reader_end(&r);
    hang_up(p);
}

static void an_end_is_late(enum manner way)
{
    char sentence[120], buf[10];
    struct pair p = connection(listening);
    struct reader r = reader_of(way, p.client);
    int rule = arm_latency(100 * MS);
    uint64_t start = now_ns();

    close(p.server);
    bool end = get(&r, buf, 1, 10000) == 0;
    snprintf(sentence, sizeof(sentence), "%s: a FIN is delayed as data is", way_names[way]);
    fact(sentence, end && since(start) >= 100 * MS && since(start) < LONG);
    lift(rule);
    reader_end(&r);
    close(p.client);
}

static void reset_by(int fd)
{
    struct linger hard = {.l_onoff = 1};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    close(fd);
}

static void a_reset_comes_behind_data(enum manner way)
{
    char sentence[120], buf[10];
    struct pair p = connection(listening);
    struct reader r = reader_of(way, p.client);
    int rule = arm_latency(100 * MS), error = -1;
    socklen_t len = sizeof(error);
    uint64_t start = now_ns();

    ready(&r, 0);
    if (send(p.server, "hello", 5, 0) != 5)
        give_up("send");
    reset_by(p.server);
    getsockopt(p.client, SOL_SOCKET, SO_ERROR, &error, &len);
    bool whole = get_all(&r, buf, 5, 10000) && !memcmp(buf, "hello", 5);
    uint64_t took = since(start);
    ssize_t end = get(&r, buf, 1, 10000);
    snprintf(sentence, sizeof(sentence), "%s: a RST comes behind the data, and late", way_names[way]);
    fact(sentence,
         whole && took >= 100 * MS && end == -1 && errno == ECONNRESET && (way == BLOCKING || !error));
    if (!whole || end != -1 || errno != ECONNRESET || error)
        printf("# whole %d took %lu end %zd errno %d so_error %d\n", whole, took / MS, end, errno, error);
    lift(rule);
    reader_end(&r);
    close(p.client);
}

static void half_close(void)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(LEVEL, p.client);
    int rule = arm_latency(60 * MS);
    char buf[10];

    shutdown(p.client, SHUT_WR);
    bool asked = recv(p.server, buf, 1, 0) == 0;
    if (send(p.server, "answer", 6, 0) != 6)
        give_up("send");
    close(p.server);
    bool whole = get_all(&r, buf, 6, 10000) && !memcmp(buf, "answer", 6) && get(&r, buf, 1, 10000) == 0;
    fact("half-close keeps the answer", asked && whole);
    lift(rule);
    reader_end(&r);
    close(p.client);
}

static void two_delays(void)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(POLL, p.client);
    int one = arm_latency(60 * MS), two = arm_latency(60 * MS);
    uint64_t start = now_ns(), took[3];
    bool right = true;
    char c;

    struct sender s = {.fd = p.server, .len = 0};
    (void)s;
    for (int i = 0; i < 3; i++) {
        if (send(p.server, "x", 1, 0) != 1)
            give_up("send");
        ready(&r, 0);
        usleep(30000);
    }
    for (int i = 0; i < 3; i++) {
        right = right && get(&r, &c, 1, 10000) == 1;
        took[i] = since(start);
    }
    fact("two stacked delays add up, for each chunk from when it came",
         right && took[0] >= 120 * MS && took[1] >= 150 * MS && took[2] >= 180 * MS && took[2] < LONG);
    lift(one);
    lift(two);
    reader_end(&r);
    hang_up(p);
}

static void counted_from_arrival(void)
{
    struct pair p = connection(listening);
    int rule = arm_latency(300 * MS);
    char buf[10];

    if (send(p.server, "hello", 5, 0) != 5)
        give_up("send");
    uint64_t start = now_ns();
    usleep(350000);
    bool here = recv(p.client, buf, 5, MSG_DONTWAIT) == 5;
    fact("the delay counts from the arrival, also when the program looks late",
         here || since(start) > SECOND);
    lift(rule);
    hang_up(p);
}

static void unix_streams(enum manner way)
{
    char sentence[120], path[PATH_MAX + 8], buf[10];
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct target t = {.kind = TARGET_UNIX, .bit = 1};
    static int serving = -1;

    snprintf(path, sizeof(path), "%s/sock", scratch);
    snprintf(un.sun_path, sizeof(un.sun_path), "%.100s", path);
    if (serving < 0) {
        snprintf(t.text, sizeof(t.text), "%s", un.sun_path);
        target_add(t);
        serving = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (bind(serving, (void *)&un, sizeof(un)) || listen(serving, 10))
            give_up("unix");
    }
    struct pair p = {.client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (connect(p.client, (void *)&un, sizeof(un)))
        give_up("connect");
    p.server = accept(serving, NULL, NULL);
    struct reader r = reader_of(way, p.client);
    struct rule rule = stream_rule(FAULT_latency);
    rule.targets = 1u << 1;
    rule.delay_ns = 80 * MS;
    int index = arm(rule);
    uint64_t start = now_ns();
    if (send(p.server, "hello", 5, 0) != 5)
        give_up("send");
    bool whole = get_all(&r, buf, 2, 10000) && get_all(&r, buf + 2, 3, 10000) && !memcmp(buf, "hello", 5);
    uint64_t first = since(start);
    start = now_ns();
    if (send(p.server, "again", 5, 0) != 5)
        give_up("send");
    whole = whole && get_all(&r, buf, 5, 10000) && !memcmp(buf, "again", 5);
    snprintf(sentence, sizeof(sentence), "%s: a unix stream is held too, each time", way_names[way]);
    fact(sentence, whole && first >= 80 * MS && since(start) >= 80 * MS && hits(index) == 2);
    if (hits(index) != 2)
        printf("# hits %lu\n", hits(index));
    lift(index);
    reader_end(&r);
    hang_up(p);
}

static void inbound(void)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(EDGE, p.server), other = reader_of(POLL, p.client);
    struct rule rule = stream_rule(FAULT_latency);
    char c;

    rule.direction = DIRECTION_INBOUND;
    rule.delay_ns = 80 * MS;
    int index = arm(rule);
    uint64_t start = now_ns();
    bool right = send(p.client, "x", 1, 0) == 1 && get(&r, &c, 1, 10000) == 1 && since(start) >= 80 * MS;
    right = right && send(p.server, "y", 1, 0) == 1 && get(&other, &c, 1, 10000) == 1 && hits(index) == 1;
    fact("inbound: what the listener's side receives is held, and only that", right);
    lift(index);
    reader_end(&r);
    hang_up(p);
}

static int option_of(int fd, int option)
{
    int value = -1;
    socklen_t len = sizeof(value);

    getsockopt(fd, SOL_SOCKET, option, &value, &len);
    return value;
}

static void met(int client, int server)
{
    struct reader r = reader_of(POLL, client);
    char byte;

    if (send(server, "x", 1, 0) != 1 || get(&r, &byte, 1, 10000) != 1)
        give_up("latency");
}

/* Else a megabyte would take a delay for each 64 KB: the kernel gives room only to who reads. */
static void room(void)
{
    struct pair p = connection(listening), own = connection(listening);
    int chosen = 30000;

    setsockopt(own.client, SOL_SOCKET, SO_RCVBUF, &chosen, sizeof(chosen));
    chosen = option_of(own.client, SO_RCVBUF);
    int rule = arm_latency(MS);
    met(p.client, p.server);
    met(own.client, own.server);
    fact("what is held has room in the kernel", option_of(p.client, SO_RCVBUF) >= 1 << 19);
    fact("but not where the program chose how much", option_of(own.client, SO_RCVBUF) == chosen);
    fact("SO_RCVLOWAT is as it was", option_of(p.client, SO_RCVLOWAT) == 1);
    lift(rule);
    hang_up(p);
    hang_up(own);
}

int main(int argc, char **argv)
{
    (void)argc;
    stream_begin(argv, 4 * WAYS + 3 + 4 + 3);
    room();
    for (enum manner way = 0; way < WAYS; way++) {
        a_megabyte(way);
        an_end_is_late(way);
        a_reset_comes_behind_data(way);
        unix_streams(way);
    }
    for (enum distribution d = 0; d <= DISTRIBUTION_PARETO; d++)
        jitter(d);
    half_close();
    two_delays();
    counted_from_arrival();
    inbound();
    return 0;
}
