/* Judging: does what was measured meet what was expected?  Floor 3.  A check judges; it never measures. */
#ifndef CHECK_JUDGE_H
#define CHECK_JUDGE_H

#include "chaosctl/base/buf.h"
#include "chaosctl/check/observation.h"

enum judgement {
    JUDGE_HOLDS,
    JUDGE_FAILS,
    JUDGE_UNKNOWN, /* the metric was not measured, too few samples, no baseline to compare with, the regex
                      gave up */
};

/* One condition.  why gets, in words for people, what was found: `p95 is 1.2 s`, `status is 500`, `/recs/0/id
 * is absent`; baseline may be NULL.  Regexes run with a match limit; one that exceeds it is UNKNOWN and says
 * so. */
enum judgement judge_condition(const struct condition *condition, const struct observation *seen,
                               const struct observation *baseline, struct buf *why);

/* All of them: FAILS when one fails, else UNKNOWN when one is unknown.  why lists the findings of those that
 * do not hold, or of all when they hold.  Where no answer came, only conditions on ok, error and exit can
 * hold, and others only beside such a one: a refusal within 1 ms is no proof of `latency: "< 1s"`.  No
 * conditions: HOLDS, with nothing to say. */
enum judgement judge_all(const struct condition *conditions, size_t count, const struct observation *seen,
                         const struct observation *baseline, struct buf *why);

/* An answer to a probe, by the probe's own expectations and then by those given.  With neither, the answer
 * must have come and, over HTTP, its status be below 400. */
enum judgement judge_answer(const struct probe *probe, const struct condition *expect, size_t count,
                            const struct observation *seen, const struct observation *baseline,
                            struct buf *why);

/* "success >= 99%, p95 < 800ms" */
void conditions_text(const struct condition *conditions, size_t count, struct buf *text);

/* A compiled PCRE2 pattern.  NULL: out of memory or not a regex (validate has seen to that). */
struct regex;
struct regex *regex_new(const char *pattern);
void regex_free(struct regex *regex);

/* HOLDS: it occurs in the text, which need not be UTF-8.  UNKNOWN: it gave up; bounded in backtracking,
 * memory and processor time (REGEX_BUDGET_NS, about), whatever pattern and text are. */
#define REGEX_BUDGET_NS UINT64_C(250000000)
enum judgement regex_match(const struct regex *regex, const char *text, size_t len);

/* After HOLDS: where the match begins. */
size_t regex_match_start(const struct regex *regex);

#endif
