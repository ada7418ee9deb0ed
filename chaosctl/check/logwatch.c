/* Lines of a growing file against a check's regexes.  Floor 3.  What the lines come from is in logtail.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/check/compare.h"
#include "chaosctl/check/logtail.h"
#include "chaosctl/check/logwatch.h"
#include "chaosctl/probe/request_id.h"

/* One of match, never, every_line, and how the lines fared. */
struct line_rule {
    struct regex *regex; /* NULL: not asked for */
    uint64_t hits;       /* lines that matched */
    uint64_t unknown;    /* lines that it gave up on */
    uint64_t bad_line;   /* the first that broke the rule, from 1; 0: none */
    struct buf bad_text;
};

struct logwatch {
    const struct check *check;
    struct logtail *tail;
    uint64_t lines;
    struct line_rule match, never, every_line;
    const struct request_ids *ids; /* NULL: nobody asks whose the lines are */
    unsigned char *seen;           /* a bit for each request whose line matched */
    size_t seen_bytes;
};

static int compile(const char *pattern, struct line_rule *rule)
{
    if (!pattern)
        return 0;
    rule->regex = regex_new(pattern);
    return rule->regex ? 0 : -EINVAL;
}

int logwatch_new(const char *path, const struct check *check, bool from_start, struct logwatch **ret_watch)
{
    struct logwatch *watch = calloc(1, sizeof(*watch));

    if (!watch)
        return -ENOMEM;
    watch->check = check;
    int error = compile(check->match, &watch->match);
    if (!error)
        error = compile(check->never, &watch->never);
    if (!error)
        error = compile(check->every_line, &watch->every_line);
    if (!error)
        error = logtail_new(path, from_start, &watch->tail);
    if (error) {
        logwatch_free(watch);
        return error;
    }
    *ret_watch = watch;
    return 0;
}

static void free_rule(struct line_rule *rule)
{
    regex_free(rule->regex);
    buf_free(&rule->bad_text);
}

void logwatch_free(struct logwatch *watch)
{
    if (!watch)
        return;
    logtail_free(watch->tail);
    free(watch->seen);
    free_rule(&watch->match);
    free_rule(&watch->never);
    free_rule(&watch->every_line);
    free(watch);
}

/* --- a line --- */

/* A regex that gave up once is not tried again: each time could cost its whole budget, and the verdict is
 * unknown anyway. */
static enum judgement apply(struct line_rule *rule, const char *line, size_t len)
{
    if (!rule->regex || rule->unknown)
        return JUDGE_UNKNOWN;
    enum judgement j = regex_match(rule->regex, line, len);
    rule->hits += j == JUDGE_HOLDS;
    rule->unknown += j == JUDGE_UNKNOWN;
    return j;
}

static void mark_bad(struct line_rule *rule, uint64_t number, const char *line, size_t len)
{
    if (rule->bad_line)
        return;
    rule->bad_line = number;
    quote_text(line, len, &rule->bad_text);
}

void logwatch_note_requests(struct logwatch *watch, const struct request_ids *ids)
{
    watch->ids = ids;
}

bool logwatch_has_request(const struct logwatch *watch, uint64_t id)
{
    return id / 8 < watch->seen_bytes && watch->seen[id / 8] >> id % 8 & 1;
}

/* Ids are numbered from 1 on, and none is believed that was not given: the bits stay few. */
static bool make_room(struct logwatch *watch, uint64_t id)
{
    size_t size = id / 8 + 1;

    if (size <= watch->seen_bytes)
        return true;
    size = size < 2 * watch->seen_bytes ? 2 * watch->seen_bytes : size;
    unsigned char *larger = realloc(watch->seen, size);
    if (!larger)
        return false;
    memset(larger + watch->seen_bytes, 0, size - watch->seen_bytes);
    watch->seen = larger;
    watch->seen_bytes = size;
    return true;
}

static void note_request(struct logwatch *watch, const char *line, size_t len)
{
    size_t start = regex_match_start(watch->match.regex);
    uint64_t id = start < len ? request_id_read(watch->ids, line + start, len - start) : 0;

    if (id && make_room(watch, id))
        watch->seen[id / 8] |= (unsigned char)(1u << id % 8);
}

static void on_line(void *arg, const char *line, size_t len)
{
    struct logwatch *watch = arg;

    watch->lines++;
    if (apply(&watch->match, line, len) == JUDGE_HOLDS && watch->ids)
        note_request(watch, line, len);
    if (apply(&watch->never, line, len) == JUDGE_HOLDS)
        mark_bad(&watch->never, watch->lines, line, len);
    if (apply(&watch->every_line, line, len) == JUDGE_FAILS)
        mark_bad(&watch->every_line, watch->lines, line, len);
}

void logwatch_poll(struct logwatch *watch, bool last)
{
    logtail_read(watch->tail, last, on_line, watch);
}

/* --- the verdict --- */

static enum judgement judge_bad_line(const struct line_rule *rule, const char *name, struct buf *why)
{
    buf_printf(why, "line %llu breaks `%s`: %s", (unsigned long long)rule->bad_line, name,
               buf_text(&rule->bad_text));
    return JUDGE_FAILS;
}

static enum judgement judge_gave_up(const char *name, struct buf *why)
{
    buf_printf(why, "`%s`: regex gave up: too much backtracking", name);
    return JUDGE_UNKNOWN;
}

static enum judgement judge_never(const struct line_rule *rule, uint64_t lines, struct buf *why)
{
    if (rule->bad_line)
        return judge_bad_line(rule, "never", why);
    if (rule->unknown)
        return judge_gave_up("never", why);
    buf_printf(why, "none of %llu lines breaks `never`", (unsigned long long)lines);
    return JUDGE_HOLDS;
}

static enum judgement judge_every_line(const struct line_rule *rule, uint64_t lines, struct buf *why)
{
    if (rule->bad_line)
        return judge_bad_line(rule, "every_line", why);
    if (rule->unknown)
        return judge_gave_up("every_line", why);
    buf_printf(why, lines ? "all of %llu lines match" : "%llu lines were written", (unsigned long long)lines);
    return lines ? JUDGE_HOLDS : JUDGE_UNKNOWN;
}

/* Without match, count speaks of all lines; without count, match means at least one. */
static enum judgement judge_count(const struct logwatch *watch, struct buf *why)
{
    static const struct condition at_least_one = {
        .metric = METRIC_count, .comparison = COMPARE_AT_LEAST, .low = 1, .text = "count >= 1"};
    const struct check *check = watch->check;
    uint64_t count = check->match ? watch->match.hits : watch->lines;
    struct observation seen = {.samples = watch->lines};
    cleanup_buf struct buf finding = {0};

    if (watch->match.unknown)
        return judge_gave_up("match", why);
    seen.has[METRIC_count] = true;
    seen.number[METRIC_count] = (double)count;
    buf_printf(why, "%llu line%s", (unsigned long long)count, count == 1 ? "" : "s");
    buf_add(why, !check->match ? "" : count == 1 ? " matches" : " match");
    if (!check->expect_count)
        return judge_all(&at_least_one, 1, &seen, NULL, &finding);
    return judge_all(check->expect, check->expect_count, &seen, NULL, &finding);
}

static enum judgement judge_unread(const struct logwatch *watch, struct buf *why)
{
    buf_printf(why, "cannot read the log: %s", strerror(-logtail_error(watch->tail)));
    return JUDGE_UNKNOWN;
}

static void add(enum judgement *all, struct buf *why, enum judgement j, const struct buf *found)
{
    const char *finding = buf_text(found);
    enum judgement before = *all;

    if (j == JUDGE_FAILS || before == JUDGE_HOLDS)
        *all = j;
    if (before != JUDGE_HOLDS && j == JUDGE_HOLDS)
        return;
    if (before == JUDGE_HOLDS && j != JUDGE_HOLDS)
        buf_clear(why);
    buf_printf(why, "%s%s", why->len ? ", " : "", finding);
}

enum judgement logwatch_judge(const struct logwatch *watch, struct buf *why)
{
    cleanup_buf struct buf all_why = {0};
    cleanup_buf struct buf finding = {0};
    enum judgement all = JUDGE_HOLDS;

    if (logtail_error(watch->tail))
        return judge_unread(watch, why);
    if (watch->ids && watch->match.unknown)
        add(&all, &all_why, judge_gave_up("match", &finding), &finding);
    else if (!watch->ids && (watch->match.regex || watch->check->expect_count))
        add(&all, &all_why, judge_count(watch, &finding), &finding);
    buf_clear(&finding);
    if (watch->never.regex)
        add(&all, &all_why, judge_never(&watch->never, watch->lines, &finding), &finding);
    buf_clear(&finding);
    if (watch->every_line.regex)
        add(&all, &all_why, judge_every_line(&watch->every_line, watch->lines, &finding), &finding);
    buf_add(why, buf_text(&all_why));
    return all;
}
