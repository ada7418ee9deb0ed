/* Each fault on datagrams that are received, seen through each way to wait. */
#include "datagram.h"

struct cell {
    int client;
    struct reader r;
};

static struct cell cell_of(enum manner way)
{
    struct cell c = {.client = connected_client()};

    c.r = reader_of(way, c.client);
    return c;
}

static void cell_end(struct cell *c, int rule)
{
    lift(rule);
    reader_end(&c->r);
    close(c->client);
}

static void latency(enum manner way)
{
    struct cell c = cell_of(way);
    int rule = arm_latency(100 * MS);

    ready(&c.r, 0);
    uint64_t sent = now_ns();
    tell(server, c.client, "one");
    tell(server, c.client, "two");
    bool empty = is(there_is(c.client), "-"), early = since(sent) < 100 * MS;
    bool got = is(heard(&c.r, 10000), "one");
    uint64_t took = since(sent);
    got = got && is(heard(&c.r, 10000), "two");
    fact(by_way(way, "latency: what arrives is told late, and in order"),
         got && took >= 100 * MS && took < LONG && (empty || !early) && hits(rule) == 2);
    cell_end(&c, rule);
}

/* The second comes later: so each is told of, also to who waits for an edge. */
static void latency_apart(enum manner way)
{
    struct cell c = cell_of(way);
    int rule = arm_latency(60 * MS);
    bool right = true;

    tell(server, c.client, "one");
    usleep(30000);
    uint64_t sent = now_ns();
    tell(server, c.client, "two");
    right = is(heard(&c.r, 10000), "one") && is(heard(&c.r, 10000), "two");
    fact(by_way(way, "latency: each from its own arrival"), right && since(sent) >= 60 * MS);
    cell_end(&c, rule);
}

static void blackhole(enum manner way)
{
    struct cell c = cell_of(way);
    int rule = arm_blackhole();

    tell(server, c.client, "one");
    bool nothing = is(heard(&c.r, 100), "-") && (way == BLOCKING || ready(&c.r, 50) == 0) &&
                   hits_come_to(rule, 1, c.client);
    fact(by_way(way, "blackhole: nothing comes"), nothing);
    bool sent = send(c.client, "x", 1, 0) == 1;
    fact(by_way(way, "blackhole: and nothing goes, though it is said to"),
         sent && is(there_is(server), "-") && hits(rule) == 2);
    lift(rule);
    tell(server, c.client, "two");
    fact(by_way(way, "blackhole: after the lift what is lost stays lost"), is(heard(&c.r, 10000), "two"));
    cell_end(&c, rule);
}

static void loss(enum manner way)
{
    struct cell c = cell_of(way);
    int rule = arm_every(FAULT_loss, 2);

    tell(server, c.client, "lost");
    bool silent = way == BLOCKING || ready(&c.r, 30) == 0;
    tell(server, c.client, "two");
    tell(server, c.client, "lost");
    bool got = is(heard(&c.r, 10000), "two") && hits_come_to(rule, 2, c.client) && is(heard(&c.r, 50), "-");
    fact(by_way(way, "loss: one of two comes, and the other wakes nobody"), got && silent && hits(rule) == 2);
    cell_end(&c, rule);
}

static void duplicate(enum manner way)
{
    struct cell c = cell_of(way);
    int rule = arm_every(FAULT_duplicate, 2);

    tell(server, c.client, "one");
    tell(server, c.client, "two");
    bool got = is(heard(&c.r, 10000), "one") && is(heard(&c.r, 10000), "one") &&
               is(heard(&c.r, 10000), "two") && is(heard(&c.r, 50), "-");
    fact(by_way(way, "duplicate: one of two comes twice"), got && hits(rule) == 1);
    cell_end(&c, rule);
}

static void reorder(enum manner way)
{
    struct cell c = cell_of(way);
    int rule = arm_reorder(10 * SECOND);

    tell(server, c.client, "one");
    bool silent = way == BLOCKING || ready(&c.r, 30) == 0;
    tell(server, c.client, "twotwo");
    tell(server, c.client, "three");
    tell(server, c.client, "four");
    bool got = is(heard(&c.r, 10000), "twotwo") && is(heard(&c.r, 10000), "one") &&
               is(heard(&c.r, 10000), "four") && is(heard(&c.r, 10000), "three") && is(heard(&c.r, 50), "-");
    fact(by_way(way, "reorder: the next overtakes it"), got && silent && hits(rule) == 2);
    cell_end(&c, rule);
}

static void reorder_alone(enum manner way)
{
    struct cell c = cell_of(way);
    int rule = arm_reorder(60 * MS);
    uint64_t sent = now_ns();

    tell(server, c.client, "one");
    bool got = is(heard(&c.r, 10000), "one");
    fact(by_way(way, "reorder: without another it comes when its time is over"),
         got && since(sent) >= 60 * MS && is(heard(&c.r, 10), "-"));
    cell_end(&c, rule);
}

static void corrupt(enum manner way)
{
    struct cell c = cell_of(way);
    int rule = arm(stream_rule(FAULT_corrupt)), wrong = 0;
    char first[5], again[5];

    tell(server, c.client, "hello");
    ready(&c.r, 10000);
    bool got = recv(c.client, first, 5, MSG_PEEK) == 5 && recv(c.client, again, 5, 0) == 5;
    for (int i = 0; i < 5; i++)
        wrong += again[i] != "hello"[i];
    fact(by_way(way, "corrupt: one byte is another, the same when peeked at"),
         got && wrong == 1 && !memcmp(first, again, 5) && hits(rule) == 1);
    cell_end(&c, rule);
}

int main(int argc, char **argv)
{
    (void)argc;
    datagram_begin(argv, 10 * WAYS);
    for (enum manner way = 0; way < WAYS; way++) {
        latency(way);
        latency_apart(way);
        blackhole(way);
        loss(way);
        duplicate(way);
        reorder(way);
        reorder_alone(way);
        corrupt(way);
    }
    return 0;
}
