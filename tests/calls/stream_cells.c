/* Each stream fault, seen through each way to wait. */
#include "stream.h"

static void put(int fd, const char *bytes)
{
    if (send(fd, bytes, strlen(bytes), 0) != (ssize_t)strlen(bytes))
        give_up("send");
}

static void latency(enum manner way)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(way, p.client);
    int rule = arm_latency(100 * MS);
    char buf[10] = "";

    ready(&r, 0);
    uint64_t sent = now_ns();
    put(p.server, "hello");
    bool empty = recv(p.client, buf, 5, MSG_DONTWAIT) == -1 && errno == EAGAIN;
    uint64_t looked = since(sent);
    bool got = get_all(&r, buf, 5, 10000) && !memcmp(buf, "hello", 5);
    uint64_t took = since(sent);
    fact(by_way(way, "latency: what was sent arrives late, and whole"),
         got && took >= 100 * MS && took < LONG && (empty || looked > 100 * MS));
    if (!got || took < 100 * MS || !empty)
        printf("# got %d after %lu us, empty %d\n", got, took / 1000, empty);
    fact(by_way(way, "latency: that is a hit"), hits(rule) == 1);
    lift(rule);
    reader_end(&r);
    hang_up(p);
}

static void blackhole(enum manner way)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(way, p.client);
    int rule = arm_blackhole();
    char buf[10] = "";

    put(p.server, "hello");
    shutdown(p.server, SHUT_WR);
    bool nothing = get(&r, buf, 5, 150) == -1 && errno == EAGAIN && (way == BLOCKING || ready(&r, 100) == 0);
    fact(by_way(way, "blackhole: nothing comes"), nothing && hits(rule) >= 1);
    lift(rule);
    bool got = get_all(&r, buf, 5, 10000) && !memcmp(buf, "hello", 5) && get(&r, buf, 5, 10000) == 0;
    fact(by_way(way, "blackhole: after the lift it does, and its end"), got);
    reader_end(&r);
    hang_up(p);
}

static void bandwidth(enum manner way)
{
    enum { SIZE = 50000 };
    static char sent[SIZE], got[SIZE];
    struct pair p = connection(listening);
    struct reader r = reader_of(way, p.client);
    struct rule limit = stream_rule(FAULT_bandwidth);

    limit.rate_per_s = 100000;
    int rule = arm(limit);
    fill(sent, SIZE, 1);
    uint64_t start = now_ns();
    if (send(p.server, sent, SIZE, 0) != SIZE)
        give_up("send");
    bool whole = get_all(&r, got, SIZE, 10000) && !memcmp(sent, got, SIZE);
    uint64_t took = since(start);
    fact(by_way(way, "bandwidth: 50 kB at 100 kB/s take half a second, less a tenth"),
         whole && took >= 390 * MS && took < LONG);
    printf("# took %lu ms, whole %d\n", took / MS, whole);
    lift(rule);
    reader_end(&r);
    hang_up(p);
}

static void truncate_(enum manner way)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(way, p.client);
    struct rule cut = stream_rule(FAULT_truncate);
    char buf[10] = "";

    cut.bytes = 3;
    int rule = arm(cut);
    ready(&r, 0);
    put(p.server, "hello");
    bool some = get_all(&r, buf, 3, 10000) && !memcmp(buf, "hel", 3);
    bool end = ready(&r, 10000) == 1 && get(&r, buf, 5, 10000) == 0;
    fact(by_way(way, "truncate: three bytes, then the end"), some && end && hits(rule) == 1);
    if (!some || !end)
        printf("# some %d end %d hits %lu\n", some, end, hits(rule));
    lift(rule);
    reader_end(&r);
    hang_up(p);
}

static void slice(enum manner way)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(way, p.client);
    struct rule cut = stream_rule(FAULT_slice);
    char buf[10] = "";
    bool right = true;

    cut.bytes = 2;
    int rule = arm(cut);
    put(p.server, "hello");
    /* As one who takes a short read for an empty socket: so an edge must come again. */
    for (int at = 0; at < 5; at += 2) {
        right = right && ready(&r, 10000) == 1;
        ssize_t got = recv(p.client, buf + at, 5, 0);
        right = right && got == (at == 4 ? 1 : 2);
        if (!right)
            printf("# at %d got %zd\n", at, got);
    }
    fact(by_way(way, "slice: five bytes come as two, two and one"), right && !memcmp(buf, "hello", 5));
    ssize_t sent = send(p.client, "hello", 5, 0);
    fact(by_way(way, "slice: and two are sent of five"), sent == 2 && hits(rule) >= 4);
    lift(rule);
    reader_end(&r);
    hang_up(p);
}

static void corrupt(enum manner way)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(way, p.client);
    int rule = arm(stream_rule(FAULT_corrupt)), wrong = 0;
    char buf[10] = "";

    put(p.server, "hello");
    ready(&r, 10000);
    bool peeked = recv(p.client, buf, 5, MSG_PEEK) == 5;
    char first[5];
    memcpy(first, buf, 5);
    bool got = recv(p.client, buf, 5, 0) == 5;
    for (int i = 0; i < 5; i++)
        wrong += buf[i] != "hello"[i];
    fact(by_way(way, "corrupt: one byte is another, the same when peeked at"),
         peeked && got && wrong == 1 && !memcmp(first, buf, 5) && hits(rule) == 1);
    lift(rule);
    reader_end(&r);
    hang_up(p);
}

int main(int argc, char **argv)
{
    (void)argc;
    stream_begin(argv, 9 * WAYS);
    for (enum manner way = 0; way < WAYS; way++) {
        latency(way);
        blackhole(way);
        bandwidth(way);
        truncate_(way);
        slice(way);
        corrupt(way);
    }
    return 0;
}
