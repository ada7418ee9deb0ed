/* Marks, due times and the bucket.  Floor 1, pure. */
#include <string.h>

#include "injectors/stream.h"

#define SECOND_NS  UINT64_C(1000000000)
#define JOIN_NS    UINT64_C(100000) /* arrivals this close are one batch */
#define HOLD_LIMIT (3600 * UINT64_C(1000000))

static struct mark *mark_at(struct stream *s, uint32_t i)
{
    return &s->marks[(s->head + i) % STREAM_MARKS];
}

static const struct mark *newest(const struct stream *s)
{
    return s->count ? &s->marks[(s->head + s->count - 1) % STREAM_MARKS] : NULL;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t add_capped(uint64_t a, uint64_t b)
{
    return a + b < a ? STREAM_NEVER : a + b;
}

void stream_hold(struct mark *mark, uint16_t rule, uint64_t delay_ns)
{
    if (mark->holds == VERDICT_STRIKES_MAX)
        return;
    uint64_t us = delay_ns / 1000 + (delay_ns % 1000 != 0);
    if (delay_ns == STREAM_NEVER)
        mark->hold_us[mark->holds] = STREAM_ENDLESS;
    else
        mark->hold_us[mark->holds] = (uint32_t)(us < HOLD_LIMIT ? us : HOLD_LIMIT);
    mark->rule[mark->holds++] = rule;
}

static uint64_t hold_ns(const struct mark *mark, int i)
{
    return mark->hold_us[i] == STREAM_ENDLESS ? STREAM_NEVER : (uint64_t)mark->hold_us[i] * 1000;
}

static uint64_t due_of(const struct mark *mark)
{
    uint64_t due_ns = mark->arrival_ns;

    for (int i = 0; i < mark->holds && i < VERDICT_STRIKES_MAX; i++)
        due_ns = add_capped(due_ns, hold_ns(mark, i));
    return due_ns;
}

/* The fuller the line, the further apart arrivals may be that share a mark: a line of half its marks spans
 * half its delay at least, however fast bytes come. */
static uint64_t join_span_ns(const struct stream *s)
{
    const struct mark *last = newest(s);
    uint64_t held_ns = last->due_ns - last->arrival_ns;

    if (s->count < STREAM_MARKS / 2)
        return JOIN_NS;
    return s->count < STREAM_MARKS ? later(held_ns / STREAM_MARKS, JOIN_NS) : STREAM_NEVER;
}

bool stream_joins(const struct stream *s, uint64_t now_ns)
{
    const struct mark *last = newest(s);

    if (!last || s->ended)
        return false;
    if (s->count == STREAM_MARKS)
        return true;
    return last->due_ns > now_ns && last->due_ns > last->arrival_ns &&
           now_ns - last->first_ns <= join_span_ns(s);
}

void stream_join(struct stream *s, uint64_t seen, uint64_t now_ns)
{
    struct mark *last = mark_at(s, s->count - 1);

    last->flip_at += (uint32_t)(seen - last->end);
    last->end = s->seen = later(seen, s->seen);
    last->arrival_ns = later(last->arrival_ns, now_ns);
    last->due_ns = later(last->due_ns, due_of(last));
}

void stream_arrive(struct stream *s, uint64_t seen, const struct mark *mark)
{
    const struct mark *before = newest(s);
    uint64_t floor_ns = before ? before->due_ns : 0;

    s->seen = seen;
    if (!before && !mark->holds && !mark->flip)
        return;
    struct mark *slot = mark_at(s, s->count++);
    *slot = *mark;
    slot->end = seen;
    slot->due_ns = later(due_of(mark), floor_ns);
}

void stream_end(struct stream *s, const struct mark *mark)
{
    const struct mark *before = newest(s);

    s->ended = true;
    s->at_end = *mark;
    s->at_end.end = s->seen;
    s->at_end.due_ns = later(due_of(mark), before ? before->due_ns : 0);
}

static void bucket_fill(struct bucket *b, uint64_t now_ns)
{
    uint64_t most = later(b->rate_per_s / 10, 1), span_ns = now_ns > b->filled_ns ? now_ns - b->filled_ns : 0;

    /* After a tenth of a second it is full, but for rates of less than a byte in that time. */
    if (span_ns > 10 * SECOND_NS || b->rate_per_s > UINT64_MAX / span_ns - 1) {
        b->tokens = most;
        b->filled_ns = now_ns;
        return;
    }
    uint64_t more = span_ns * b->rate_per_s / SECOND_NS;
    b->tokens += more;
    b->filled_ns += more * SECOND_NS / b->rate_per_s;
    if (b->tokens < most)
        return;
    b->tokens = most;
    b->filled_ns = now_ns;
}

/* How many bytes must be allowed before any is: so that a slow line is not read byte by byte. */
static uint64_t bucket_step(const struct bucket *b, uint64_t wanted)
{
    uint64_t step = later(b->rate_per_s / 100, 1);

    return wanted < step ? wanted : step;
}

static uint64_t bucket_allows(struct bucket *b, uint64_t wanted, uint64_t now_ns)
{
    if (!b->rate_per_s || !wanted)
        return wanted;
    if (now_ns > b->filled_ns)
        bucket_fill(b, now_ns);
    if (b->tokens < bucket_step(b, wanted))
        return 0;
    return wanted < b->tokens ? wanted : b->tokens;
}

void stream_rate(struct stream *s, uint64_t rate_per_s, uint64_t now_ns)
{
    if (s->bucket.rate_per_s == rate_per_s)
        return;
    s->bucket = (struct bucket){.rate_per_s = rate_per_s, .filled_ns = now_ns};
}

void stream_consume(struct stream *s, uint64_t consumed, uint64_t now_ns)
{
    if (consumed <= s->consumed)
        return;
    uint64_t read = consumed - s->consumed;
    if (s->bucket.rate_per_s)
        bucket_allows(&s->bucket, 1, now_ns);
    s->bucket.tokens -= read < s->bucket.tokens ? read : s->bucket.tokens;
    s->consumed = consumed;
    while (s->count && mark_at(s, 0)->end <= consumed) {
        s->head = (s->head + 1) % STREAM_MARKS;
        s->count--;
    }
}

static bool is_armed(const void *table, uint16_t rule)
{
    return table_is_armed(table, rule);
}

static uint64_t reweigh(struct mark *mark, stream_holds_fn *holds, const void *arg, uint64_t floor_ns)
{
    int kept = 0;

    for (int i = 0; i < mark->holds && i < VERDICT_STRIKES_MAX; i++) {
        if (!holds(arg, mark->rule[i]))
            continue;
        mark->rule[kept] = mark->rule[i];
        mark->hold_us[kept++] = mark->hold_us[i];
    }
    mark->holds = (uint8_t)kept;
    return mark->due_ns = later(due_of(mark), floor_ns);
}

uint64_t stream_mark_reweigh(struct mark *mark, const struct table *table)
{
    return reweigh(mark, is_armed, table, 0);
}

void stream_reweigh_by(struct stream *s, stream_holds_fn *holds, const void *arg)
{
    uint64_t floor_ns = 0;

    for (uint32_t i = 0; i < s->count; i++)
        floor_ns = reweigh(mark_at(s, i), holds, arg, floor_ns);
    if (s->ended)
        reweigh(&s->at_end, holds, arg, floor_ns);
}

void stream_reweigh(struct stream *s, const struct table *table)
{
    stream_reweigh_by(s, is_armed, table);
}

/* Unread bytes whose time has come, whatever the rate says. */
static uint64_t ripe(struct stream *s, uint64_t now_ns, uint64_t *ret_next_ns)
{
    uint64_t position = s->consumed;

    *ret_next_ns = STREAM_NEVER;
    for (uint32_t i = 0; i < s->count; i++) {
        const struct mark *mark = mark_at(s, i);
        if (mark->due_ns > now_ns) {
            *ret_next_ns = mark->due_ns;
            return position - s->consumed;
        }
        position = later(mark->end, position);
    }
    return s->seen > s->consumed ? s->seen - s->consumed : 0;
}

uint64_t stream_due(struct stream *s, uint64_t now_ns)
{
    uint64_t next_ns;

    return bucket_allows(&s->bucket, ripe(s, now_ns, &next_ns), now_ns);
}

uint64_t stream_next_ns(struct stream *s, uint64_t now_ns)
{
    uint64_t next_ns, wanted = ripe(s, now_ns, &next_ns), allowed = bucket_allows(&s->bucket, wanted, now_ns);

    if (allowed < wanted) {
        uint64_t missing = bucket_step(&s->bucket, wanted - allowed);
        missing -= allowed || missing < s->bucket.tokens ? 0 : s->bucket.tokens;
        return s->bucket.filled_ns + missing * SECOND_NS / s->bucket.rate_per_s + 1;
    }
    if (next_ns == STREAM_NEVER && s->ended && s->at_end.due_ns > now_ns)
        return s->at_end.due_ns;
    return next_ns;
}

bool stream_end_is_due(struct stream *s, uint64_t now_ns)
{
    uint64_t next_ns, wanted = ripe(s, now_ns, &next_ns);

    return s->ended && s->at_end.due_ns <= now_ns && next_ns == STREAM_NEVER &&
           bucket_allows(&s->bucket, wanted, now_ns) == wanted;
}

void stream_corrupt(const struct stream *s, uint64_t position, uint8_t *bytes, uint64_t len)
{
    for (uint32_t i = 0; i < s->count; i++) {
        const struct mark *mark = &s->marks[(s->head + i) % STREAM_MARKS];
        uint64_t at = mark->end - 1 - mark->flip_at;
        if (mark->flip && at >= position && at - position < len)
            bytes[at - position] ^= mark->flip;
    }
}

/* --- how long --- */

/* The whole root of a number. */
static uint64_t root_of(uint64_t n)
{
    uint64_t root = 0;

    for (uint64_t bit = UINT64_C(1) << 31; bit; bit >>= 1)
        if ((root | bit) * (root | bit) <= n)
            root |= bit;
    return root;
}

/* Twelve evenly spread numbers add up to a normal one, but for its far ends. */
static int64_t normal(uint64_t seed, uint64_t spread)
{
    int64_t sum = 0;

    for (uint64_t i = 0; i < 12; i++)
        sum += (int64_t)(rule_draw(seed, i) >> 48);
    return (sum - 6 * 65536) * (int64_t)spread / 65536;
}

/* Shape 2: its mean is spread; cut at twenty times that. */
static int64_t pareto(uint64_t draw, uint64_t spread)
{
    uint64_t root = root_of((draw >> 2) | 1); /* of 2^62: up to 2^31 */
    uint64_t times_1024 = (UINT64_C(1) << 41) / (root ? root : 1);

    return (int64_t)((times_1024 < 21 * 1024 ? times_1024 : 21 * 1024) - 1024) * (int64_t)(spread / 1024 + 1);
}

static int64_t jitter(const struct rule *rule, uint64_t draw)
{
    /* An hour at most: the products above fit. */
    uint64_t spread = rule->jitter_ns < 3600 * SECOND_NS ? rule->jitter_ns : 3600 * SECOND_NS;

    switch ((enum distribution)rule->distribution) {
    case DISTRIBUTION_NORMAL: return normal(draw, spread / 1024) * 1024;
    case DISTRIBUTION_PARETO: return pareto(draw, spread);
    case DISTRIBUTION_UNIFORM: break;
    }
    return (int64_t)(draw % (2 * spread + 1)) - (int64_t)spread;
}

uint64_t stream_delay(const struct rule *rule, uint64_t number)
{
    if (rule->endless)
        return STREAM_NEVER;
    uint64_t delay_ns = rule->delay_ns < 3600 * SECOND_NS ? rule->delay_ns : 3600 * SECOND_NS;
    if (!rule->jitter_ns)
        return delay_ns;
    int64_t held = (int64_t)delay_ns + jitter(rule, rule_draw(~rule->seed, number));
    return held > 0 ? (uint64_t)held : 0;
}

uint64_t stream_hold_by(struct mark *mark, const struct rule *rule, const struct strike *strike)
{
    uint64_t delay_ns = stream_delay(rule, strike->number);

    if (rule->until_ns != UINT64_MAX && delay_ns > rule->until_ns - mark->arrival_ns)
        delay_ns = rule->until_ns > mark->arrival_ns ? rule->until_ns - mark->arrival_ns : 0;
    stream_hold(mark, strike->rule, delay_ns);
    return delay_ns;
}
