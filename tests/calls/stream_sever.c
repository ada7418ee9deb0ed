/* A reset that waits for its place in the stream, or its time, through each way to wait. */
#include <pthread.h>

#include "stream.h"

#define AGE (150 * MS)

static int arm_reset(uint64_t bytes, uint64_t age_ns)
{
    struct rule rule = stream_rule(FAULT_reset);

    rule.effect = EFFECT_SEVER;
    rule.calls |= fault_calls(FAULT_truncate);
    rule.bytes = bytes;
    rule.age_ns = age_ns;
    return arm(rule);
}

static bool is_reset(int fd)
{
    char byte;

    return recv(fd, &byte, 1, 0) == -1 && errno == ECONNRESET;
}

static void by_bytes(enum manner way)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(way, p.client);
    int rule = arm_reset(3, 0);
    char buf[10] = "";

    ready(&r, 0);
    if (send(p.server, "hello", 5, 0) != 5)
        give_up("send");
    bool some = get_all(&r, buf, 3, 10000) && !memcmp(buf, "hel", 3);
    bool told = ready(&r, 10000) == 1 && get(&r, buf, 5, 10000) == -1 && errno == ECONNRESET;
    fact(by_way(way, "reset after bytes: three come, then ECONNRESET"), some && told && hits(rule) == 1);
    fact(by_way(way, "reset after bytes: and a RST for the peer"), is_reset(p.server));
    lift(rule);
    reader_end(&r);
    hang_up(p);
}

static void by_age(enum manner way)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(way, p.client);
    uint64_t start_ns = now_ns();
    int rule = arm_reset(0, AGE);
    char byte;

    bool told = get(&r, &byte, 1, 10000) == -1 && errno == ECONNRESET;
    uint64_t took_ns = since(start_ns);
    fact(by_way(way, "reset after a time: who waits for nothing meets it then"),
         told && took_ns >= AGE && took_ns < LONG && hits(rule) == 1);
    fact(by_way(way, "reset after a time: and so does the peer"), is_reset(p.server));
    lift(rule);
    reader_end(&r);
    hang_up(p);
}

/* Sends until it cannot: what keeps coming must not put the reset off. */
static void *chatter(void *fd)
{
    while (send(*(int *)fd, "x", 1, MSG_NOSIGNAL) == 1)
        usleep(5000);
    return NULL;
}

static void by_age_busy(enum manner way)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(way, p.client);
    uint64_t start_ns = now_ns();
    int rule = arm_reset(0, AGE), got = 0;
    pthread_t thread;
    char buf[100];
    ssize_t n;

    if (pthread_create(&thread, NULL, chatter, &p.server))
        give_up("thread");
    while ((n = get(&r, buf, sizeof(buf), 10000)) > 0)
        got += (int)n;
    bool told = n == -1 && errno == ECONNRESET;
    uint64_t took_ns = since(start_ns);
    pthread_join(thread, NULL);
    fact(by_way(way, "reset after a time: although data keep coming"),
         told && got > 0 && took_ns >= AGE && took_ns < LONG && hits(rule) == 1);
    lift(rule);
    reader_end(&r);
    hang_up(p);
}

static void for_who_sends(void)
{
    struct pair p = connection(listening);
    int rule = arm_reset(0, AGE);

    bool first = send(p.client, "x", 1, MSG_NOSIGNAL) == 1;
    usleep(AGE / 1000);
    bool second = send(p.client, "x", 1, MSG_NOSIGNAL) == -1 && errno == ECONNRESET;
    fact("reset after a time: a send meets it", first && second && hits(rule) == 1);
    lift(rule);
    hang_up(p);
}

static void lifted_before(void)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(POLL, p.client);
    int rule = arm_reset(0, 10 * SECOND), other = arm_reset(1000, 0);
    char buf[4];

    ready(&r, 0);
    lift(rule);
    lift(other);
    bool sent = send(p.server, "abc", 3, 0) == 3;
    fact("reset after: lifted before its time it was none",
         sent && get_all(&r, buf, 3, 10000) && !hits(rule) && !hits(other));
    reader_end(&r);
    hang_up(p);
}

int main(int argc, char **argv)
{
    (void)argc;
    stream_begin(argv, 5 * WAYS + 2);
    for (enum manner way = 0; way < WAYS; way++) {
        by_bytes(way);
        by_age(way);
        by_age_busy(way);
    }
    for_who_sends();
    lifted_before();
    return 0;
}
