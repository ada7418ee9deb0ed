/* Conditions against an observation.  Floor 3. */
#include <string.h>
#include <strings.h>

#include "chaosctl/check/compare.h"

typedef enum judgement judge_fn(const struct condition *condition, const struct observation *seen,
                                const struct observation *baseline, struct buf *why);

static const char *name_of(const struct condition *condition)
{
    return metric_info(condition->metric)->name;
}

static bool is_failed_answer(const struct observation *seen)
{
    return seen->has[METRIC_ok] && !seen->number[METRIC_ok];
}

static const char *error_of(const struct observation *seen)
{
    const char *error = seen->text[METRIC_error];

    return error && *error ? error : "no reason known";
}

/* --- numbers --- */

static enum judgement judge_bounds(const struct condition *condition, double value,
                                   const struct observation *baseline, struct buf *why)
{
    struct bounds bounds = {condition->low, condition->high};

    if (condition->relative) {
        if (!baseline || !baseline->has[condition->metric]) {
            buf_add(why, ", and there is no baseline to compare with");
            return JUDGE_UNKNOWN;
        }
        double base = baseline->number[condition->metric];
        bounds = (struct bounds){bounds.low * base, bounds.high * base};
        buf_add(why, ", in the baseline ");
        format_in_unit(metric_info(condition->metric)->unit, base, why);
    }
    return compare_bounds(condition->comparison, value, bounds) ? JUDGE_HOLDS : JUDGE_FAILS;
}

/* A scenario's values are numbers in the metric's unit by now. */
static bool is_one_of(const struct condition *condition, double value)
{
    double wanted;

    for (size_t i = 0; i < condition->values_count; i++)
        if (parse_number(condition->values[i], &wanted) && value == wanted)
            return true;
    return false;
}

static void describe_number(const struct condition *condition, const struct observation *seen,
                            struct buf *why)
{
    buf_printf(why, "%s is ", name_of(condition));
    format_in_unit(metric_info(condition->metric)->unit, seen->number[condition->metric], why);
    if (condition->metric == METRIC_success)
        buf_printf(why, " of %llu", (unsigned long long)seen->samples);
    if (condition->metric != METRIC_exit && is_failed_answer(seen))
        buf_printf(why, " (%s)", error_of(seen));
}

static enum judgement judge_number(const struct condition *condition, const struct observation *seen,
                                   const struct observation *baseline, struct buf *why)
{
    double value = seen->number[condition->metric];

    if (condition->comparison == COMPARE_MATCH) {
        cleanup_buf struct buf text = {0};
        format_in_unit(UNIT_NUMBER, value, &text);
        return compare_text(condition, name_of(condition), buf_text(&text), text.len, false, why);
    }
    describe_number(condition, seen, why);
    if (comparison_has_bounds(condition->comparison))
        return judge_bounds(condition, value, baseline, why);
    bool wanted = condition->comparison == COMPARE_ONE_OF;
    return is_one_of(condition, value) == wanted ? JUDGE_HOLDS : JUDGE_FAILS;
}

/* --- texts and headers --- */

static size_t text_length(const struct observation *seen, enum metric metric)
{
    return seen->text_len[metric] ? seen->text_len[metric] : strlen(seen->text[metric]);
}

static enum judgement judge_text(const struct condition *condition, const struct observation *seen,
                                 const struct observation *baseline, struct buf *why)
{
    enum metric metric = condition->metric;

    (void)baseline;
    if (!seen->text[metric]) {
        buf_printf(why, "%s was not measured", name_of(condition));
        return JUDGE_UNKNOWN;
    }
    return compare_text(condition, name_of(condition), seen->text[metric], text_length(seen, metric),
                        seen->text_cut[metric], why);
}

/* Several of one name are one list (RFC 9110, 5.3). */
static enum judgement judge_header(const struct condition *condition, const struct observation *seen,
                                   const struct observation *baseline, struct buf *why)
{
    cleanup_buf struct buf what = {0};
    cleanup_buf struct buf value = {0};
    bool present = false;

    (void)baseline;
    for (size_t i = 0; i < seen->headers_count; i++) {
        if (strcasecmp(seen->headers[i].name, condition->key))
            continue;
        buf_printf(&value, "%s%s", present ? ", " : "", seen->headers[i].value);
        present = true;
    }
    buf_printf(&what, "header %s", condition->key);
    if (present)
        return compare_text(condition, buf_text(&what), buf_text(&value), value.len, false, why);
    buf_printf(why, "%s is absent", buf_text(&what));
    return JUDGE_FAILS;
}

/* --- what they have in common --- */

/* A table by unit: each number's unit has the same judge. */
static judge_fn *const judges[] = {
    [UNIT_DURATION] = judge_number, [UNIT_SIZE] = judge_number, [UNIT_PERCENT] = judge_number,
    [UNIT_NUMBER] = judge_number,   [UNIT_RATE] = judge_number, [UNIT_BOOL] = judge_number,
    [UNIT_TEXT] = judge_text,       [UNIT_JSON] = judge_json,   [UNIT_HEADER] = judge_header,
};

static enum judgement judge_unmeasured(const struct condition *condition, const struct observation *seen,
                                       struct buf *why)
{
    if (is_failed_answer(seen)) {
        buf_printf(why, "no answer: %s", error_of(seen));
        return JUDGE_FAILS;
    }
    buf_printf(why, "%s was not measured", name_of(condition));
    return JUDGE_UNKNOWN;
}

enum judgement judge_condition(const struct condition *condition, const struct observation *seen,
                               const struct observation *baseline, struct buf *why)
{
    if (!seen->has[condition->metric])
        return judge_unmeasured(condition, seen, why);
    return judges[metric_info(condition->metric)->unit](condition, seen, baseline, why);
}

/* --- all together --- */

static bool speaks_of_failure(const struct condition *conditions, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (conditions[i].metric == METRIC_ok || conditions[i].metric == METRIC_error ||
            conditions[i].metric == METRIC_exit)
            return true;
    return false;
}

static enum judgement worse(enum judgement a, enum judgement b)
{
    if (a == JUDGE_FAILS || b == JUDGE_FAILS)
        return JUDGE_FAILS;
    return a == JUDGE_UNKNOWN ? a : b;
}

/* Each finding once: three conditions on an answer that never came have but one thing to say. */
static void add_finding(struct buf *why, const char *finding)
{
    if (!strstr(buf_text(why), finding))
        buf_printf(why, "%s%s", why->len ? ", " : "", finding);
}

static enum judgement judge_each(const struct condition *conditions, size_t count,
                                 const struct observation *seen, const struct observation *baseline,
                                 struct buf *good, struct buf *bad)
{
    enum judgement all = JUDGE_HOLDS;

    for (size_t i = 0; i < count; i++) {
        cleanup_buf struct buf finding = {0};
        enum judgement j = judge_condition(&conditions[i], seen, baseline, &finding);
        add_finding(j == JUDGE_HOLDS ? good : bad, buf_text(&finding));
        all = worse(all, j);
    }
    return all;
}

enum judgement judge_all(const struct condition *conditions, size_t count, const struct observation *seen,
                         const struct observation *baseline, struct buf *why)
{
    cleanup_buf struct buf good = {0};
    cleanup_buf struct buf bad = {0};
    enum judgement all = judge_each(conditions, count, seen, baseline, &good, &bad);

    if (count && all != JUDGE_FAILS && is_failed_answer(seen) && !speaks_of_failure(conditions, count)) {
        all = JUDGE_FAILS;
        buf_clear(&bad);
        buf_printf(&bad, "no answer: %s", error_of(seen));
    }
    buf_add(why, buf_text(all == JUDGE_HOLDS ? &good : &bad));
    return all;
}

static enum judgement judge_by_default(const struct observation *seen, struct buf *why)
{
    if (is_failed_answer(seen)) {
        buf_printf(why, "no answer: %s", error_of(seen));
        return JUDGE_FAILS;
    }
    if (!seen->has[METRIC_ok]) {
        buf_add(why, "nothing was measured");
        return JUDGE_UNKNOWN;
    }
    if (seen->has[METRIC_status])
        buf_printf(why, "status is %.0f", seen->number[METRIC_status]);
    return seen->number[METRIC_status] < 400 ? JUDGE_HOLDS : JUDGE_FAILS;
}

enum judgement judge_answer(const struct probe *probe, const struct condition *expect, size_t count,
                            const struct observation *seen, const struct observation *baseline,
                            struct buf *why)
{
    cleanup_buf struct buf own = {0};

    if (!probe->expect_count && !count)
        return judge_by_default(seen, why);
    enum judgement j = judge_all(probe->expect, probe->expect_count, seen, NULL, &own);
    if (j != JUDGE_HOLDS || !count) {
        buf_add(why, buf_text(&own));
        return j;
    }
    return judge_all(expect, count, seen, baseline, why);
}

void conditions_text(const struct condition *conditions, size_t count, struct buf *text)
{
    for (size_t i = 0; i < count; i++)
        buf_printf(text, "%s%s", i ? ", " : "", conditions[i].text);
}
