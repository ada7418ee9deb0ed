/* Pages of metrics, and what a metric check makes of one after the other.  The numbers are added up by hand.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "chaosctl/check/metric.h"
#include "chaosctl/probe/prober.h"
#include "tests/unit/check_main.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

/* In the manner of the format's documentation: each way of writing that it allows. */
static const char page[] = "# HELP orders_total Orders, by what became of them.\n"
                           "# TYPE orders_total counter\n"
                           "orders_total{outcome=\"ok\",region=\"eu\"} 1027 1395066363000\n"
                           "orders_total{region=\"us\",outcome=\"ok\",} 3\n"
                           "orders_total { outcome = \"failed\" , region = \"eu\" } 0.5\n"
                           "orders_total_created{outcome=\"ok\"} 1.7e+09\n"
                           "\n"
                           "# a comment, and a line of its own\n"
                           "  plain\t12.47  \n"
                           "access{path=\"C:\\\\DIR\\\\F.TXT\",error=\"none:\\n\\\"F\\\"\"} 7\n"
                           "weird{why=\"} 1 #\"} +Inf -3982045\n"
                           "queue 4\r\n"
                           "# TYPE queue gauge\n"
                           "took_bucket{le=\"0.05\"} 24\n"
                           "took_bucket{le=\"+Inf\"} 144\n"
                           "took_sum 53423\n"
                           "took_count 144\n"
                           "rpc{quantile=\"0.5\"} NaN\n"
                           "with:colon 1 # {trace_id=\"a\"} 0.67\n"
                           "# EOF\n";

static const struct {
    struct series_query query;
    size_t count;
    double value;
    bool is_gauge;
} sums[] = {
    {{"plain", NULL, 0}, 1, 12.47, false},
    {{"orders_total", NULL, 0}, 3, 1030.5, false},
    {{"orders_total", (struct pair[]){{"outcome", "ok"}}, 1}, 2, 1030, false},
    {{"orders_total", (struct pair[]){{"outcome", "ok"}, {"region", "us"}}, 2}, 1, 3, false},
    {{"orders_total", (struct pair[]){{"outcome", "failed"}}, 1}, 1, 0.5, false},
    {{"orders_total", (struct pair[]){{"outcome", "o"}}, 1}, 0, 0, false},
    {{"orders_total", (struct pair[]){{"outcome", "okay"}}, 1}, 0, 0, false},
    {{"orders_total", (struct pair[]){{"outcome", "ok"}, {"region", "asia"}}, 2}, 0, 0, false},
    {{"orders_total", (struct pair[]){{"shard", ""}}, 1}, 3, 1030.5, false},
    {{"orders_total", (struct pair[]){{"region", ""}}, 1}, 0, 0, false},
    {{"orders", NULL, 0}, 0, 0, false},
    {{"orders_total_created", NULL, 0}, 1, 1.7e9, false},
    {{"access", (struct pair[]){{"path", "C:\\DIR\\F.TXT"}}, 1}, 1, 7, false},
    {{"access", (struct pair[]){{"error", "none:\n\"F\""}}, 1}, 1, 7, false},
    {{"access", (struct pair[]){{"error", "none:\\n\\\"F\\\""}}, 1}, 0, 0, false},
    {{"weird", (struct pair[]){{"why", "} 1 #"}}, 1}, 1, INFINITY, false},
    {{"queue", NULL, 0}, 1, 4, true},
    {{"took_bucket", (struct pair[]){{"le", "0.05"}}, 1}, 1, 24, false},
    {{"took_bucket", (struct pair[]){{"le", "+Inf"}}, 1}, 1, 144, false},
    {{"took_count", NULL, 0}, 1, 144, false},
    {{"with:colon", NULL, 0}, 1, 1, false},
    {{"a", NULL, 0}, 0, 0, false},
};

START_TEST(the_series_that_fit_are_added_up)
{
    struct series_sum sum = {0};

    ck_assert_uint_eq(exposition_sum(page, strlen(page), &sums[_i].query, &sum), 0);
    ck_assert_uint_eq(sum.count, sums[_i].count);
    ck_assert_msg(sum.value == sums[_i].value, "%.17g", sum.value);
    ck_assert_int_eq(sum.is_gauge, sums[_i].is_gauge);
}
END_TEST

START_TEST(no_number_is_no_number)
{
    const struct series_query query = {"rpc", NULL, 0};
    struct series_sum sum = {0};

    ck_assert_uint_eq(exposition_sum(page, strlen(page), &query, &sum), 0);
    ck_assert_uint_eq(sum.count, 1);
    ck_assert(isnan(sum.value));
}
END_TEST

static const struct {
    const char *text;
    size_t line;
} broken[] = {
    {"<html>\n", 1},
    {"{\"a\": 1}\n", 1},
    {"a 1\nb\n", 2},
    {"a 1\nb x\n", 2},
    {"a 1\n\n# fine\n1a 2\n", 4},
    {"a{b} 1\n", 1},
    {"a{b=c} 1\n", 1},
    {"a{b=\"c} 1\n", 1},
    {"a{b=\"c\\", 1},
    {"a{b=\"c\\\n", 1},
    {"a{b=\"c\" d=\"e\"} 1\n", 1},
    {"a{b=\"c\" 1\n", 1},
    {"a{,} 1\n", 1},
    {"a 1 2 3\n", 1},
    {"a 1 x\n", 1},
    {"a 1\nb 12", 2}, /* perhaps of 1234 */
    {"a-b 1\n", 1},
    {"a 1\0 2\n", 1},
    {"a 0000000000000000000000000000000000000000000000000000000000000000001\n", 1},
};

START_TEST(a_line_that_is_not_of_the_format_has_its_number)
{
    const struct series_query query = {"a", NULL, 0};
    size_t len = _i == COUNT_OF(broken) - 2 ? 7 : strlen(broken[_i].text);
    struct series_sum sum = {.count = 77};

    ck_assert_uint_eq(exposition_sum(broken[_i].text, len, &query, &sum), broken[_i].line);
    ck_assert_uint_eq(sum.count, 77);
}
END_TEST

static const struct {
    struct series_query query;
    const char *hint;
} hints[] = {
    {{"order_total", NULL, 0}, " (did you mean \"orders_total\"?)"},
    {{"zzzzzz", NULL, 0}, ""},
    {{"access", (struct pair[]){{"path", "x"}}, 1},
     "; its series there: {path=\"C:\\\\DIR\\\\F.TXT\",error=\"none:\\n\\\"F\\\"\"}"},
    {{"took_bucket", (struct pair[]){{"le", "1"}}, 1}, "; its series there: {le=\"0.05\"}, {le=\"+Inf\"}"},
};

START_TEST(what_is_missing_is_told_from_what_is_there)
{
    cleanup_buf struct buf out = {0};

    exposition_hint(page, strlen(page), &hints[_i].query, &out);
    ck_assert_str_eq(buf_text(&out), hints[_i].hint);
}
END_TEST

/* --- from page to page --- */

static const struct condition grew = {.metric = METRIC_increase, .comparison = COMPARE_AT_LEAST, .low = 3};
static const struct condition stands = {
    .metric = METRIC_value, .comparison = COMPARE_BETWEEN, .low = 5, .high = 5};
static const char *const six[] = {"6"};
static const struct condition is_not_six = {
    .metric = METRIC_value, .comparison = COMPARE_NOT, .values = six, .values_count = 1};
static const struct condition doubled = {
    .metric = METRIC_value, .comparison = COMPARE_AT_LEAST, .low = 2, .relative = true};

static const struct observation *baseline;

static const char *why_of(const struct condition *c, struct metric_track *track, const char *body,
                          enum judgement wanted, bool is_measured)
{
    static char text[512];
    const struct check check = {
        .kind = CHECK_METRIC, .metric = "n", .series = "n", .expect = c, .expect_count = 1};
    const struct answer answer = {.ok = true, .status = 200, .body = body, .body_len = strlen(body)};
    cleanup_buf struct buf why = {0};
    bool measured = !is_measured;

    ck_assert_int_eq(metric_judge(&check, &answer, track, baseline, &measured, &why), wanted);
    ck_assert_int_eq(measured, is_measured);
    snprintf(text, sizeof(text), "%s", buf_text(&why));
    return text;
}

static const struct series_sum five = {.count = 1, .value = 5}, none = {0};

START_TEST(it_grows_from_what_it_stood_at_before)
{
    struct metric_track track = {0};

    metric_begin(&track, &five);
    ck_assert_str_eq(why_of(&grew, &track, "n 7\n", JUDGE_FAILS, true), "increase is 2");
    ck_assert_str_eq(why_of(&grew, &track, "n 8\n", JUDGE_HOLDS, true), "increase is 3");
    ck_assert_str_eq(why_of(&grew, &track, "n{a=\"1\"} 8\nn{a=\"2\"} 1\n", JUDGE_HOLDS, true),
                     "increase is 4 (2 series together)");
}
END_TEST

START_TEST(a_counter_that_starts_anew_has_grown_by_what_it_shows)
{
    struct metric_track track = {0};

    metric_begin(&track, &five);
    ck_assert_str_eq(why_of(&grew, &track, "# TYPE n counter\nn 6\n", JUDGE_FAILS, true), "increase is 1");
    ck_assert_str_eq(why_of(&grew, &track, "# TYPE n counter\nn 2\n", JUDGE_HOLDS, true), "increase is 3");
}
END_TEST

START_TEST(a_gauge_falls)
{
    struct metric_track track = {0};

    metric_begin(&track, &five);
    ck_assert_str_eq(why_of(&grew, &track, "# TYPE n gauge\nn 2\n", JUDGE_FAILS, true), "increase is -3");
}
END_TEST

START_TEST(a_series_that_was_not_there_before_grows_from_zero)
{
    struct metric_track track = {0};

    metric_begin(&track, &none);
    ck_assert_str_eq(why_of(&grew, &track, "n 3\n", JUDGE_HOLDS, true), "increase is 3");
}
END_TEST

START_TEST(without_a_page_from_before_the_first_one_counts)
{
    struct metric_track track = {0};

    ck_assert_str_eq(why_of(&grew, &track, "n 8\n", JUDGE_FAILS, true), "increase is 0");
    ck_assert_str_eq(why_of(&grew, &track, "n 11\n", JUDGE_HOLDS, true), "increase is 3");
    track = (struct metric_track){0};
    why_of(&grew, &track, "m 1\n", JUDGE_FAILS, false);
    ck_assert_str_eq(why_of(&grew, &track, "n 3\n", JUDGE_HOLDS, true), "increase is 3");
}
END_TEST

START_TEST(what_it_stood_at_before_may_be_unknown)
{
    struct metric_track track = {0};

    metric_begin(&track, NULL);
    ck_assert_str_eq(why_of(&grew, &track, "n 8\n", JUDGE_UNKNOWN, true),
                     "increase was not measured: the page could not be read before the phase");
    ck_assert_str_eq(why_of(&stands, &track, "n 5\n", JUDGE_HOLDS, true), "value is 5");
}
END_TEST

START_TEST(a_series_that_is_not_there_fails)
{
    struct metric_track track = {0};

    ck_assert_str_eq(why_of(&stands, &track, "n1 5\n", JUDGE_FAILS, false),
                     "there is no n on the page (did you mean \"n1\"?)");
    ck_assert_str_eq(why_of(&is_not_six, &track, "", JUDGE_FAILS, false), "there is no n on the page");
    ck_assert_str_eq(why_of(&is_not_six, &track, "n NaN\n", JUDGE_FAILS, false), "value is NaN, no number");
    ck_assert_str_eq(why_of(&is_not_six, &track, "n +Inf\n", JUDGE_HOLDS, true), "value is inf");
}
END_TEST

START_TEST(a_value_is_compared_with_the_baselines)
{
    struct metric_track track = {0};

    ck_assert_str_eq(why_of(&doubled, &track, "n 10\n", JUDGE_UNKNOWN, true),
                     "value is 10, and there is no baseline to compare with");
    baseline = &(const struct observation){.has[METRIC_value] = true, .number[METRIC_value] = 5};
    ck_assert_str_eq(why_of(&doubled, &track, "n 9\n", JUDGE_FAILS, true), "value is 9, in the baseline 5");
    ck_assert_str_eq(why_of(&doubled, &track, "n 10\n", JUDGE_HOLDS, true), "value is 10, in the baseline 5");
}
END_TEST

static const struct {
    struct answer answer;
    enum judgement judgement;
    const char *why;
} no_pages[] = {
    {{.ok = false, .error = "connection refused", .body = ""}, JUDGE_FAILS, "no answer: connection refused"},
    {{.ok = true, .status = 404, .body = "n 5\n", .body_len = 4}, JUDGE_FAILS, "status is 404"},
    {{.ok = true, .status = 200, .body = "n 5\n", .body_len = 4, .body_cut = true},
     JUDGE_UNKNOWN,
     "the page is longer than the 1 MiB that are read"},
    {{.ok = true, .status = 200, .body = "m 5\n<br>\n", .body_len = 9},
     JUDGE_FAILS,
     "line 2 of the page is not of the Prometheus text format"},
};

START_TEST(what_is_no_page_of_metrics_proves_nothing)
{
    const struct check check = {
        .kind = CHECK_METRIC, .metric = "n", .series = "n", .expect = &is_not_six, .expect_count = 1};
    struct metric_track track = {0};
    cleanup_buf struct buf why = {0};
    bool measured = true;

    ck_assert_int_eq(metric_judge(&check, &no_pages[_i].answer, &track, NULL, &measured, &why),
                     no_pages[_i].judgement);
    ck_assert(!measured);
    ck_assert_str_eq(buf_text(&why), no_pages[_i].why);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("metric");
    TCase *t = tcase_create("metric");

    tcase_add_loop_test(t, the_series_that_fit_are_added_up, 0, COUNT_OF(sums));
    tcase_add_test(t, no_number_is_no_number);
    tcase_add_loop_test(t, a_line_that_is_not_of_the_format_has_its_number, 0, COUNT_OF(broken));
    tcase_add_loop_test(t, what_is_missing_is_told_from_what_is_there, 0, COUNT_OF(hints));
    tcase_add_test(t, it_grows_from_what_it_stood_at_before);
    tcase_add_test(t, a_counter_that_starts_anew_has_grown_by_what_it_shows);
    tcase_add_test(t, a_gauge_falls);
    tcase_add_test(t, a_series_that_was_not_there_before_grows_from_zero);
    tcase_add_test(t, without_a_page_from_before_the_first_one_counts);
    tcase_add_test(t, what_it_stood_at_before_may_be_unknown);
    tcase_add_test(t, a_series_that_is_not_there_fails);
    tcase_add_test(t, a_value_is_compared_with_the_baselines);
    tcase_add_loop_test(t, what_is_no_page_of_metrics_proves_nothing, 0, COUNT_OF(no_pages));
    suite_add_tcase(suite, t);
    return check_main(suite);
}
