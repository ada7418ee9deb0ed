/* Each fault on what flows: on the side that connected and on the side that accepted, on connections made
 * before it and after, through each way to wait; and the other side is left alone. */
#include "stream.h"

enum { SIZE = 3000 };

static char sent[SIZE], got[SIZE];

static bool say(int fd, size_t len)
{
    return send(fd, sent, len, 0) == (ssize_t)len;
}

static bool hear(struct reader *r, size_t len)
{
    return get_all(r, got, len, 10000) && !memcmp(sent, got, len);
}

/* --- what the struck side sees --- */

static bool late(struct reader *r, int from)
{
    uint64_t start = now_ns();

    return say(from, 5) && hear(r, 5) && since(start) >= 40 * MS;
}

static bool nothing(struct reader *r, int from)
{
    return say(from, 5) && get(r, got, 5, 60) == -1 && errno == EAGAIN;
}

/* 3000 bytes at 10 kB/s, 1000 of them at once. */
static bool slowly(struct reader *r, int from)
{
    uint64_t start = now_ns();

    return say(from, SIZE) && hear(r, SIZE) && since(start) >= 190 * MS;
}

static bool an_end(struct reader *r, int from)
{
    return say(from, 5) && hear(r, 3) && get(r, got, 5, 10000) == 0;
}

static bool in_slices(struct reader *r, int from)
{
    return say(from, 5) && get(r, got, 5, 10000) == 2 && get(r, got, 5, 10000) == 2 &&
           get(r, got, 5, 10000) == 1;
}

static bool another_byte(struct reader *r, int from)
{
    int wrong = 0;

    if (!say(from, 5) || !get_all(r, got, 5, 10000))
        return false;
    for (int i = 0; i < 5; i++)
        wrong += got[i] != sent[i];
    return wrong >= 1;
}

/* rest: bytes that come after the lift; NO_MORE: it has ended. */
enum { NO_MORE = -1 };

static const struct cell {
    enum fault_kind kind;
    struct rule rule; /* its own keys */
    bool (*seen)(struct reader *r, int from);
    int rest;
} cells[] = {
    {FAULT_latency, {.delay_ns = 40 * MS}, late, 0},     {FAULT_blackhole, {.endless = true}, nothing, 5},
    {FAULT_bandwidth, {.rate_per_s = 10000}, slowly, 0}, {FAULT_truncate, {.bytes = 3}, an_end, NO_MORE},
    {FAULT_slice, {.bytes = 2}, in_slices, 0},           {FAULT_corrupt, {.bytes = 0}, another_byte, 0},
};
enum { CELLS = sizeof(cells) / sizeof(cells[0]) };

static int arm_cell(const struct cell *c, enum direction direction)
{
    struct rule rule = stream_rule(c->kind);

    rule.direction = (uint8_t)direction;
    rule.delay_ns = c->rule.delay_ns;
    rule.rate_per_s = c->rule.rate_per_s;
    rule.bytes = c->rule.bytes;
    return arm(rule);
}

/* What the struck side sends arrives as if nothing were.  Not when it is sliced: sending is, too. */
static bool other_is_spared(const struct cell *c, int rule, int struck, int other)
{
    uint64_t before = hits(rule) + (c->kind == FAULT_slice);
    ssize_t n = c->kind == FAULT_slice ? 2 : 5;
    struct reader r = reader_of(POLL, other);
    bool right = send(struck, sent, (size_t)n, 0) == n && get(&r, got, 10, 10000) == n;

    return right && !memcmp(sent, got, (size_t)n) && hits(rule) == before;
}

/* What goes into a blackhole comes out of it after the lift. */
static bool comes_out(int other)
{
    struct reader r = reader_of(POLL, other);

    return hear(&r, 5);
}

static bool goes_on(const struct cell *c, struct reader *r, int from)
{
    if (c->kind == FAULT_blackhole && !comes_out(from))
        return false;
    return c->rest == NO_MORE || (hear(r, (size_t)c->rest) && say(from, SIZE) && hear(r, SIZE));
}

static void play(const struct cell *c, enum direction direction, bool before, enum manner way)
{
    char sentence[150];
    struct pair p = before ? connection(listening) : (struct pair){-1, -1};
    int rule = arm_cell(c, direction);

    if (!before)
        p = connection(listening);
    int struck = direction == DIRECTION_OUTBOUND ? p.client : p.server, other = p.client + p.server - struck;
    struct reader r = reader_of(way, struck);
    bool hole = c->kind == FAULT_blackhole;
    bool seen = c->seen(&r, other), hit = hits(rule) >= 1,
         spared = hole ? say(struck, 5) : other_is_spared(c, rule, struck, other);
    lift(rule);
    bool well = goes_on(c, &r, other);
    snprintf(sentence, sizeof(sentence), "%s, %s, %s, connected %s", fault_name(c->kind),
             direction == DIRECTION_OUTBOUND ? "outbound" : "inbound", way_names[way],
             before ? "before" : "after");
    fact(sentence, seen && hit && spared && well);
    if (!seen || !hit || !spared || !well)
        printf("# seen %d hit %d other side spared %d well after the lift %d\n", seen, hit, spared, well);
    reader_end(&r);
    hang_up(p);
}

/* Nobody connects into a blackhole. */
static bool can_connect(const struct cell *c, enum direction direction)
{
    return c->kind != FAULT_blackhole || direction == DIRECTION_INBOUND;
}

int main(int argc, char **argv)
{
    (void)argc;
    stream_begin(argv, (CELLS * 4 - 1) * WAYS);
    fill(sent, SIZE, 9);
    for (int i = 0; i < CELLS; i++)
        for (enum direction d = DIRECTION_OUTBOUND; d <= DIRECTION_INBOUND; d++)
            for (enum manner way = 0; way < WAYS; way++) {
                play(&cells[i], d, true, way);
                if (can_connect(&cells[i], d))
                    play(&cells[i], d, false, way);
            }
    return 0;
}
