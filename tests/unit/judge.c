/* Conditions against observations: each comparison, each unit, what is unknown, and what is said about it. */
#include <stdio.h>
#include <string.h>

#include "chaosctl/check/judge.h"
#include "chaosctl/probe/prober.h"
#include "tests/unit/check_main.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

static enum judgement judge(const struct condition *c, const struct observation *seen,
                            const struct observation *baseline, char why[static 512])
{
    cleanup_buf struct buf text = {0};
    enum judgement j = judge_condition(c, seen, baseline, &text);

    snprintf(why, 512, "%s", buf_text(&text));
    return j;
}

static struct observation number_seen(enum metric metric, double number)
{
    struct observation seen = {.samples = 124};

    seen.has[metric] = true;
    seen.number[metric] = number;
    return seen;
}

/* --- numbers --- */

static const struct {
    enum metric metric;
    enum comparison comparison;
    double low, high, seen;
    enum judgement judgement;
    const char *why;
} numbers[] = {
    {METRIC_p95, COMPARE_LESS, 800e6, 0, 1.2e9, JUDGE_FAILS, "p95 is 1.2 s"},
    {METRIC_p95, COMPARE_LESS, 800e6, 0, 800e6, JUDGE_FAILS, "p95 is 800 ms"},
    {METRIC_p95, COMPARE_LESS, 800e6, 0, 799e6, JUDGE_HOLDS, "p95 is 799 ms"},
    {METRIC_count, COMPARE_AT_MOST, 5, 0, 6, JUDGE_FAILS, "count is 6"},
    {METRIC_count, COMPARE_AT_MOST, 5, 0, 5, JUDGE_HOLDS, "count is 5"},
    {METRIC_count, COMPARE_GREATER, 5, 0, 5, JUDGE_FAILS, "count is 5"},
    {METRIC_count, COMPARE_GREATER, 5, 0, 6, JUDGE_HOLDS, "count is 6"},
    {METRIC_success, COMPARE_AT_LEAST, 99, 0, 71, JUDGE_FAILS, "success is 71 % of 124"},
    {METRIC_success, COMPARE_AT_LEAST, 100, 0, 99.97, JUDGE_FAILS, "success is 99.97 % of 124"},
    {METRIC_success, COMPARE_AT_LEAST, 99, 0, 99, JUDGE_HOLDS, "success is 99 % of 124"},
    {METRIC_errors, COMPARE_BETWEEN, 2, 5, 1, JUDGE_FAILS, "errors is 1"},
    {METRIC_errors, COMPARE_BETWEEN, 2, 5, 6, JUDGE_FAILS, "errors is 6"},
    {METRIC_errors, COMPARE_BETWEEN, 2, 5, 2, JUDGE_HOLDS, "errors is 2"},
    {METRIC_errors, COMPARE_BETWEEN, 2, 5, 5, JUDGE_HOLDS, "errors is 5"},
    {METRIC_rate, COMPARE_AT_MOST, 5, 0, 12.5, JUDGE_FAILS, "rate is 12.5/s"},
    {METRIC_rate, COMPARE_AT_MOST, 5, 0, 1234, JUDGE_FAILS, "rate is 1234/s"},
    {METRIC_rss, COMPARE_LESS, 64 << 20, 0, 65 << 20, JUDGE_FAILS, "rss is 65 MiB"},
    {METRIC_rss_growth, COMPARE_LESS, 1 << 20, 0, -(2 << 20), JUDGE_HOLDS, "rss_growth is -2 MiB"},
    {METRIC_fds_growth, COMPARE_AT_MOST, 0, 0, -3, JUDGE_HOLDS, "fds_growth is -3"},
};

START_TEST(a_number_is_compared_with_its_bounds)
{
    struct condition c = {.metric = numbers[_i].metric,
                          .comparison = numbers[_i].comparison,
                          .low = numbers[_i].low,
                          .high = numbers[_i].high};
    struct observation seen = number_seen(c.metric, numbers[_i].seen);
    char why[512];

    ck_assert_int_eq(judge(&c, &seen, NULL, why), numbers[_i].judgement);
    ck_assert_str_eq(why, numbers[_i].why);
}
END_TEST

static const struct {
    enum metric metric;
    enum comparison comparison;
    const char *values[3]; /* in the metric's unit, as the scenario writes them */
    double seen;
    enum judgement judgement;
    const char *why;
} choices[] = {
    {METRIC_status, COMPARE_ONE_OF, {"200"}, 500, JUDGE_FAILS, "status is 500"},
    {METRIC_status, COMPARE_ONE_OF, {"200", "204"}, 204, JUDGE_HOLDS, "status is 204"},
    {METRIC_status, COMPARE_ONE_OF, {"200.0"}, 200, JUDGE_HOLDS, "status is 200"},
    {METRIC_status, COMPARE_NOT, {"500"}, 500, JUDGE_FAILS, "status is 500"},
    {METRIC_status, COMPARE_NOT, {"500"}, 200, JUDGE_HOLDS, "status is 200"},
    {METRIC_exit, COMPARE_ONE_OF, {"0"}, 137, JUDGE_FAILS, "exit is 137"},
    {METRIC_alive, COMPARE_ONE_OF, {"1"}, 0, JUDGE_FAILS, "alive is false"},
    {METRIC_alive, COMPARE_ONE_OF, {"0"}, 0, JUDGE_HOLDS, "alive is false"},
    {METRIC_latency, COMPARE_ONE_OF, {"300000000"}, 3e8, JUDGE_HOLDS, "latency is 300 ms"},
};

START_TEST(a_number_is_one_of_several)
{
    size_t count = 0;
    while (count < 3 && choices[_i].values[count])
        count++;
    struct condition c = {.metric = choices[_i].metric,
                          .comparison = choices[_i].comparison,
                          .values = choices[_i].values,
                          .values_count = count};
    struct observation seen = number_seen(c.metric, choices[_i].seen);
    char why[512];

    ck_assert_int_eq(judge(&c, &seen, NULL, why), choices[_i].judgement);
    ck_assert_str_eq(why, choices[_i].why);
}
END_TEST

START_TEST(what_was_not_measured_is_unknown)
{
    for (int m = 0; m < METRIC_COUNT; m++) {
        struct condition c = {
            .metric = (enum metric)m, .comparison = COMPARE_LESS, .low = 1e18, .key = "k", .regex = ""};
        struct observation seen = {0};
        char why[512], wanted[128];

        ck_assert_int_eq(judge(&c, &seen, NULL, why), JUDGE_UNKNOWN);
        snprintf(wanted, sizeof(wanted), "%s was not measured", metric_info((enum metric)m)->name);
        ck_assert_str_eq(why, wanted);
    }
}
END_TEST

static const struct {
    bool has;
    double baseline, seen;
    enum judgement judgement;
    const char *why;
} relatives[] = {
    {false, 0, 3e8, JUDGE_UNKNOWN, "p95 is 300 ms, and there is no baseline to compare with"},
    {true, 1e8, 3e8, JUDGE_FAILS, "p95 is 300 ms, in the baseline 100 ms"},
    {true, 1e8, 2e8, JUDGE_FAILS, "p95 is 200 ms, in the baseline 100 ms"},
    {true, 1e8, 1.9e8, JUDGE_HOLDS, "p95 is 190 ms, in the baseline 100 ms"},
};

START_TEST(a_relative_bound_is_a_factor_of_the_baseline)
{
    struct condition c = {.metric = METRIC_p95, .comparison = COMPARE_LESS, .low = 2, .relative = true};
    struct observation seen = number_seen(METRIC_p95, relatives[_i].seen);
    struct observation baseline = number_seen(METRIC_p95, relatives[_i].baseline);
    char why[512];

    baseline.has[METRIC_p95] = relatives[_i].has;
    ck_assert_int_eq(judge(&c, &seen, &baseline, why), relatives[_i].judgement);
    ck_assert_str_eq(why, relatives[_i].why);
    if (!relatives[_i].has)
        ck_assert_int_eq(judge(&c, &seen, NULL, why), JUDGE_UNKNOWN);
}
END_TEST

/* --- answers --- */

static const struct pair headers[] = {
    {"Content-Type", "text/html"}, {"Age", "12"}, {"Vary", "a"}, {"vary", "b"}};

static struct observation answer_seen(const struct answer *answer, enum probe_kind kind)
{
    struct probe probe = {.kind = kind};
    struct observation seen;

    observation_of_answer(&probe, answer, &seen);
    return seen;
}

static struct answer page(const char *body)
{
    return (struct answer){.ok = true,
                           .latency_ns = 5000000,
                           .status = 200,
                           .exit_code = -1,
                           .body = body,
                           .body_len = strlen(body),
                           .stderr_text = "",
                           .headers = headers,
                           .headers_count = COUNT_OF(headers)};
}

static struct answer no_answer(void)
{
    return (struct answer){
        .error = "connection refused", .latency_ns = 200000, .exit_code = -1, .body = "", .stderr_text = ""};
}

static const char *const two_hundred[] = {"200"};
static const struct condition status_200 = {
    .metric = METRIC_status, .comparison = COMPARE_ONE_OF, .values = two_hundred, .values_count = 1};
static const struct condition not_500 = {.metric = METRIC_status,
                                         .comparison = COMPARE_NOT,
                                         .values = (const char *const[]){"500"},
                                         .values_count = 1};
static const struct condition any_body = {.metric = METRIC_body, .comparison = COMPARE_MATCH, .regex = ""};
static const struct condition any_header = {
    .metric = METRIC_headers, .comparison = COMPARE_MATCH, .regex = "", .key = "Age"};
static const struct condition any_json = {
    .metric = METRIC_json, .comparison = COMPARE_MATCH, .regex = "", .key = ""};
static const struct condition fast = {.metric = METRIC_latency, .comparison = COMPARE_LESS, .low = 1e9};
static const struct condition is_ok = {.metric = METRIC_ok,
                                       .comparison = COMPARE_ONE_OF,
                                       .values = (const char *const[]){"1"},
                                       .values_count = 1};
static const struct condition is_not_ok = {.metric = METRIC_ok,
                                           .comparison = COMPARE_ONE_OF,
                                           .values = (const char *const[]){"0"},
                                           .values_count = 1};
static const struct condition refused = {
    .metric = METRIC_error, .comparison = COMPARE_MATCH, .regex = "refused"};

static const struct condition *const impossible[] = {&status_200, &not_500, &any_body, &any_header,
                                                     &any_json};

START_TEST(without_an_answer_nothing_about_its_content_holds)
{
    struct answer none = no_answer();
    struct observation seen = answer_seen(&none, PROBE_HTTP);
    char why[512];

    ck_assert_int_eq(judge(impossible[_i], &seen, NULL, why), JUDGE_FAILS);
    ck_assert_str_eq(why, "no answer: connection refused");
}
END_TEST

START_TEST(half_an_answer_has_no_status_to_be_content_with)
{
    struct answer half = page("01234");
    half.ok = false;
    half.error = "the answer ends after 5 of 100 bytes";
    struct observation seen = answer_seen(&half, PROBE_HTTP);
    char why[512];

    ck_assert_int_eq(judge(&status_200, &seen, NULL, why), JUDGE_FAILS);
    ck_assert_str_eq(why, "no answer: the answer ends after 5 of 100 bytes");
}
END_TEST

static const struct {
    const struct condition *conditions[2];
    enum judgement judgement;
    const char *why;
} refusals[] = {
    {{&fast}, JUDGE_FAILS, "no answer: connection refused"},
    {{&is_ok}, JUDGE_FAILS, "ok is false (connection refused)"},
    {{&is_not_ok}, JUDGE_HOLDS, "ok is false (connection refused)"},
    {{&refused}, JUDGE_HOLDS, "error matches /refused/"},
    {{&is_not_ok, &fast},
     JUDGE_HOLDS,
     "ok is false (connection refused), latency is 200 us (connection refused)"},
    {{&is_not_ok, &status_200}, JUDGE_FAILS, "no answer: connection refused"},
};

START_TEST(a_quick_refusal_is_no_quick_answer)
{
    struct condition conditions[2];
    struct answer none = no_answer();
    struct observation seen = answer_seen(&none, PROBE_HTTP);
    cleanup_buf struct buf why = {0};
    size_t count = refusals[_i].conditions[1] ? 2 : 1;

    for (size_t i = 0; i < count; i++)
        conditions[i] = *refusals[_i].conditions[i];
    ck_assert_int_eq(judge_all(conditions, count, &seen, NULL, &why), refusals[_i].judgement);
    ck_assert_str_eq(buf_text(&why), refusals[_i].why);
}
END_TEST

static const struct {
    const char *regex, *body;
    enum judgement judgement;
    const char *why;
} matches[] = {
    {"x", "hello", JUDGE_FAILS, "body does not match /x/: \"hello\""},
    {"^h.*o$", "hello\n", JUDGE_HOLDS, "body matches /^h.*o$/"},
    {"b", "a\nb\x01", JUDGE_HOLDS, "body matches /b/"},
    {"c", "a\nb\x01", JUDGE_FAILS, "body does not match /c/: \"a b \""},
    {"\xc3\xa9", "caf\xc3\xa9", JUDGE_HOLDS, "body matches /\xc3\xa9/"},
    {"caf", "caf\xe9", JUDGE_HOLDS, "body matches /caf/"}, /* Latin-1 */
};

START_TEST(a_text_matches_or_says_what_it_is)
{
    struct condition c = {.metric = METRIC_body, .comparison = COMPARE_MATCH, .regex = matches[_i].regex};
    struct answer answer = page(matches[_i].body);
    struct observation seen = answer_seen(&answer, PROBE_HTTP);
    char why[512];

    ck_assert_int_eq(judge(&c, &seen, NULL, why), matches[_i].judgement);
    ck_assert_str_eq(why, matches[_i].why);
}
END_TEST

START_TEST(a_long_text_is_quoted_up_to_eighty_bytes_and_never_half_a_character)
{
    struct condition c = {.metric = METRIC_body, .comparison = COMPARE_MATCH, .regex = "z"};
    char body[201], eighty[81], why[512], wanted[512];

    memset(body, 'a', 200);
    body[200] = '\0';
    memset(eighty, 'a', 80);
    eighty[80] = '\0';
    struct answer answer = page(body);
    struct observation seen = answer_seen(&answer, PROBE_HTTP);
    judge(&c, &seen, NULL, why);
    snprintf(wanted, sizeof(wanted), "body does not match /z/: \"%s...\"", eighty);
    ck_assert_str_eq(why, wanted);
    memcpy(body + 79, "\xc3\xa9", 2); /* would be cut in its middle */
    judge(&c, &seen, NULL, why);
    snprintf(wanted, sizeof(wanted), "body does not match /z/: \"%.79s...\"", eighty);
    ck_assert_str_eq(why, wanted);
}
END_TEST

START_TEST(a_cut_body_that_does_not_match_is_unknown)
{
    struct condition c = {.metric = METRIC_body, .comparison = COMPARE_MATCH, .regex = "x"};
    struct answer answer = page("hello");
    answer.body_cut = true;
    struct observation seen = answer_seen(&answer, PROBE_HTTP);
    char why[512];

    ck_assert_int_eq(judge(&c, &seen, NULL, why), JUDGE_UNKNOWN);
    c.regex = "hello";
    ck_assert_int_eq(judge(&c, &seen, NULL, why), JUDGE_HOLDS);
    ck_assert_int_eq(judge(&any_json, &seen, NULL, why), JUDGE_UNKNOWN);
    ck_assert_str_eq(why, "body is too long to be read as JSON");
}
END_TEST

static const struct {
    const char *key;
    enum comparison comparison;
    const char *value; /* or the regex */
    double low;
    enum judgement judgement;
    const char *why;
} of_headers[] = {
    {"X-None", COMPARE_ONE_OF, "a", 0, JUDGE_FAILS, "header X-None is absent"},
    {"X-None", COMPARE_NOT, "a", 0, JUDGE_FAILS, "header X-None is absent"},
    {"content-type", COMPARE_ONE_OF, "text/html", 0, JUDGE_HOLDS, "header content-type is \"text/html\""},
    {"Content-Type", COMPARE_MATCH, "json", 0, JUDGE_FAILS,
     "header Content-Type does not match /json/: \"text/html\""},
    {"Age", COMPARE_AT_LEAST, "", 13, JUDGE_FAILS, "header Age is 12"},
    {"Age", COMPARE_AT_LEAST, "", 12, JUDGE_HOLDS, "header Age is 12"},
    {"Content-Type", COMPARE_AT_LEAST, "", 1, JUDGE_FAILS,
     "header Content-Type is not a number: \"text/html\""},
    {"Age", COMPARE_ONE_OF, "12.0", 0, JUDGE_HOLDS, "header Age is \"12\""},
    {"Vary", COMPARE_ONE_OF, "a, b", 0, JUDGE_HOLDS, "header Vary is \"a, b\""},
};

START_TEST(a_header_is_found_whatever_its_case)
{
    const char *values[] = {of_headers[_i].value};
    struct condition c = {.metric = METRIC_headers,
                          .comparison = of_headers[_i].comparison,
                          .key = of_headers[_i].key,
                          .regex = of_headers[_i].value,
                          .low = of_headers[_i].low,
                          .values = values,
                          .values_count = 1};
    struct answer answer = page("");
    struct observation seen = answer_seen(&answer, PROBE_HTTP);
    char why[512];

    ck_assert_int_eq(judge(&c, &seen, NULL, why), of_headers[_i].judgement);
    ck_assert_str_eq(why, of_headers[_i].why);
}
END_TEST

START_TEST(what_a_program_prints_is_equal_without_its_newline)
{
    const char *pong[] = {"PONG"}, *forty[] = {"40"};
    struct condition c = {
        .metric = METRIC_stdout, .comparison = COMPARE_ONE_OF, .values = pong, .values_count = 1};
    struct answer answer = page("PONG\n");
    answer.exit_code = 0;
    struct observation seen = answer_seen(&answer, PROBE_EXEC);
    char why[512];

    ck_assert_int_eq(judge(&c, &seen, NULL, why), JUDGE_HOLDS);
    c.values = forty;
    ck_assert_int_eq(judge(&c, &seen, NULL, why), JUDGE_FAILS);
    ck_assert_str_eq(why, "stdout is \"PONG \"");
}
END_TEST

START_TEST(a_program_that_had_to_be_killed_has_no_exit_code)
{
    struct condition c = {
        .metric = METRIC_exit, .comparison = COMPARE_NOT, .values = two_hundred, .values_count = 1};
    struct answer answer = no_answer();
    answer.error = "timed out after 2 s";
    struct observation seen = answer_seen(&answer, PROBE_EXEC);
    char why[512];

    ck_assert_int_eq(judge(&c, &seen, NULL, why), JUDGE_FAILS);
    ck_assert_str_eq(why, "no answer: timed out after 2 s");
}
END_TEST

/* --- all together --- */

START_TEST(all_says_what_does_not_hold)
{
    struct condition conditions[] = {
        {.metric = METRIC_success, .comparison = COMPARE_AT_LEAST, .low = 99},
        {.metric = METRIC_p95, .comparison = COMPARE_LESS, .low = 8e8},
        {.metric = METRIC_p99, .comparison = COMPARE_LESS, .low = 8e8},
    };
    struct observation seen = number_seen(METRIC_success, 100);
    cleanup_buf struct buf why = {0};

    seen.has[METRIC_p95] = true;
    seen.number[METRIC_p95] = 1e6;
    ck_assert_int_eq(judge_all(conditions, 3, &seen, NULL, &why), JUDGE_UNKNOWN);
    ck_assert_str_eq(buf_text(&why), "p99 was not measured");
    buf_clear(&why);
    seen.number[METRIC_p95] = 2e9;
    ck_assert_int_eq(judge_all(conditions, 3, &seen, NULL, &why), JUDGE_FAILS);
    ck_assert_str_eq(buf_text(&why), "p95 is 2 s, p99 was not measured");
    buf_clear(&why);
    seen.number[METRIC_p95] = 1e6;
    ck_assert_int_eq(judge_all(conditions, 2, &seen, NULL, &why), JUDGE_HOLDS);
    ck_assert_str_eq(buf_text(&why), "success is 100 % of 124, p95 is 1 ms");
}
END_TEST

START_TEST(a_probe_without_expectations_expects_a_good_answer)
{
    struct probe probe = {.kind = PROBE_HTTP};
    struct answer answer = page("");
    cleanup_buf struct buf why = {0};

    struct observation seen = answer_seen(&answer, PROBE_HTTP);
    ck_assert_int_eq(judge_answer(&probe, NULL, 0, &seen, NULL, &why), JUDGE_HOLDS);
    answer.status = 503;
    seen = answer_seen(&answer, PROBE_HTTP);
    buf_clear(&why);
    ck_assert_int_eq(judge_answer(&probe, NULL, 0, &seen, NULL, &why), JUDGE_FAILS);
    ck_assert_str_eq(buf_text(&why), "status is 503");
    answer = no_answer();
    seen = answer_seen(&answer, PROBE_HTTP);
    buf_clear(&why);
    ck_assert_int_eq(judge_answer(&probe, NULL, 0, &seen, NULL, &why), JUDGE_FAILS);
    ck_assert_str_eq(buf_text(&why), "no answer: connection refused");
}
END_TEST

START_TEST(the_probes_own_expectations_count_beside_the_checks)
{
    struct condition own = {.metric = METRIC_body, .comparison = COMPARE_MATCH, .regex = "x"};
    struct probe probe = {.kind = PROBE_HTTP, .expect = &own, .expect_count = 1};
    struct answer answer = page("hello");
    struct observation seen = answer_seen(&answer, PROBE_HTTP);
    cleanup_buf struct buf why = {0};

    ck_assert_int_eq(judge_answer(&probe, &status_200, 1, &seen, NULL, &why), JUDGE_FAILS);
    ck_assert_str_eq(buf_text(&why), "body does not match /x/: \"hello\"");
}
END_TEST

START_TEST(conditions_are_listed_as_written)
{
    struct condition conditions[] = {{.text = "success >= 99%"}, {.text = "p95 < 800ms"}};
    cleanup_buf struct buf text = {0};

    conditions_text(conditions, 2, &text);
    ck_assert_str_eq(buf_text(&text), "success >= 99%, p95 < 800ms");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("judge");
    TCase *t = tcase_create("judge");

    tcase_add_loop_test(t, a_number_is_compared_with_its_bounds, 0, COUNT_OF(numbers));
    tcase_add_loop_test(t, a_number_is_one_of_several, 0, COUNT_OF(choices));
    tcase_add_test(t, what_was_not_measured_is_unknown);
    tcase_add_loop_test(t, a_relative_bound_is_a_factor_of_the_baseline, 0, COUNT_OF(relatives));
    tcase_add_loop_test(t, without_an_answer_nothing_about_its_content_holds, 0, COUNT_OF(impossible));
    tcase_add_test(t, half_an_answer_has_no_status_to_be_content_with);
    tcase_add_loop_test(t, a_quick_refusal_is_no_quick_answer, 0, COUNT_OF(refusals));
    tcase_add_loop_test(t, a_text_matches_or_says_what_it_is, 0, COUNT_OF(matches));
    tcase_add_test(t, a_long_text_is_quoted_up_to_eighty_bytes_and_never_half_a_character);
    tcase_add_test(t, a_cut_body_that_does_not_match_is_unknown);
    tcase_add_loop_test(t, a_header_is_found_whatever_its_case, 0, COUNT_OF(of_headers));
    tcase_add_test(t, what_a_program_prints_is_equal_without_its_newline);
    tcase_add_test(t, a_program_that_had_to_be_killed_has_no_exit_code);
    tcase_add_test(t, all_says_what_does_not_hold);
    tcase_add_test(t, a_probe_without_expectations_expects_a_good_answer);
    tcase_add_test(t, the_probes_own_expectations_count_beside_the_checks);
    tcase_add_test(t, conditions_are_listed_as_written);
    suite_add_tcase(suite, t);
    return check_main(suite);
}
