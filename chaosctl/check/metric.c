/* From pages to what a metric check is asked.  Floor 3. */
#include <math.h>

#include "chaosctl/check/metric.h"
#include "chaosctl/probe/prober.h"

bool metric_looks_back(const struct check *check)
{
    for (size_t i = 0; i < check->expect_count; i++)
        if (check->expect[i].metric == METRIC_increase || check->expect[i].relative)
            return true;
    return false;
}

static struct series_query query_of(const struct check *check)
{
    return (struct series_query){check->metric, check->labels, check->labels_count};
}

enum judgement metric_read(const struct check *check, const struct answer *answer, struct series_sum *ret_sum,
                           struct buf *why)
{
    struct series_query query = query_of(check);

    if (!answer->ok) {
        buf_printf(why, "no answer: %s", answer->error);
        return JUDGE_FAILS;
    }
    if (answer->status >= 400) {
        buf_printf(why, "status is %ld", answer->status);
        return JUDGE_FAILS;
    }
    if (answer->body_cut) {
        buf_printf(why, "the page is longer than the %u MiB that are read", ANSWER_BODY_MAX >> 20);
        return JUDGE_UNKNOWN;
    }
    size_t bad = exposition_sum(answer->body, answer->body_len, &query, ret_sum);
    if (!bad)
        return JUDGE_HOLDS;
    buf_printf(why, "line %zu of the page is not of the Prometheus text format", bad);
    return JUDGE_FAILS;
}

void metric_begin(struct metric_track *track, const struct series_sum *sum)
{
    track->begun = sum && !isnan(sum->value);
    track->lost = !track->begun;
    track->last = track->begun ? sum->value : 0;
}

static void follow(struct metric_track *track, const struct series_sum *sum)
{
    if (track->lost)
        return;
    if (!track->begun)
        metric_begin(track, sum);
    bool anew = sum->value < track->last && !sum->is_gauge;
    track->grown += anew ? sum->value : sum->value - track->last;
    track->last = sum->value;
}

static enum judgement judge_missing(const struct check *check, const struct answer *answer, struct buf *why)
{
    struct series_query query = query_of(check);

    buf_printf(why, "there is no %s on the page", check->series);
    exposition_hint(answer->body, answer->body_len, &query, why);
    return JUDGE_FAILS;
}

/* The series are several only where labels leave that open; then what was added up is said. */
static void add_count(const struct series_sum *sum, struct buf *why)
{
    if (sum->count > 1)
        buf_printf(why, " (%zu series together)", sum->count);
}

static enum judgement judge_sum(const struct check *check, const struct series_sum *sum,
                                const struct metric_track *track, const struct observation *baseline,
                                struct buf *why)
{
    struct observation seen = {.samples = 1};

    seen.has[METRIC_value] = true;
    seen.number[METRIC_value] = sum->value;
    seen.has[METRIC_increase] = track->begun && !isnan(track->grown); /* infinite less infinite */
    seen.number[METRIC_increase] = track->grown;
    enum judgement j = judge_all(check->expect, check->expect_count, &seen, baseline, why);
    add_count(sum, why);
    if (j == JUDGE_UNKNOWN && track->lost)
        buf_add(why, ": the page could not be read before the phase");
    return j;
}

enum judgement metric_judge(const struct check *check, const struct answer *answer,
                            struct metric_track *track, const struct observation *baseline,
                            bool *ret_measured, struct buf *why)
{
    struct series_sum sum = {0};
    enum judgement j = metric_read(check, answer, &sum, why);

    *ret_measured = false;
    if (j != JUDGE_HOLDS)
        return j;
    if (isnan(sum.value)) { /* it is unequal to everything, and so would be no number that is not wanted */
        buf_add(why, "value is NaN, no number");
        return JUDGE_FAILS;
    }
    if (sum.count || !track->begun)
        follow(track, &sum);
    *ret_measured = sum.count > 0;
    return sum.count ? judge_sum(check, &sum, track, baseline, why) : judge_missing(check, answer, why);
}
