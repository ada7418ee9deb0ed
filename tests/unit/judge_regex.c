/* Regexes within bounds: right answers on long texts, and an end to those that would have none. */
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/check/judge.h"
#include "tests/unit/check_main.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

#define LONG_BYTES (1u << 20)

/* A megabyte of filling with an end. */
static char *long_text(char filling, const char *end)
{
    char *text = malloc(LONG_BYTES + strlen(end) + 1);

    memset(text, filling, LONG_BYTES);
    strcpy(text + LONG_BYTES, end);
    return text;
}

static enum judgement match(const char *pattern, const char *text, uint64_t *ret_took_ns)
{
    struct regex *regex = regex_new(pattern);
    uint64_t began = now_mono_ns();

    ck_assert_ptr_nonnull(regex);
    enum judgement j = regex_match(regex, text, strlen(text));
    *ret_took_ns = now_mono_ns() - began;
    regex_free(regex);
    return j;
}

/* Exponential; quadratic over a megabyte (no limit on one start position stops that); deep. */
static const struct {
    const char *pattern;
    char filling;
    const char *end;
} bombs[] = {
    {"(a+)+$", 'a', "!"},      {"(a|aa)+$", 'a', "!"},    {"(.*a){30}b", 'a', "!b"},
    {"a.*b.*[cd]", 'a', "!b"}, {"(a|b|ab)*!!", 'a', "!"}, {"(?:a?){200}a{200}b", 'a', "!b"},
};

START_TEST(a_bomb_is_given_up_soon)
{
    char *text = long_text(bombs[_i].filling, bombs[_i].end);
    uint64_t took;

    ck_assert_int_eq(match(bombs[_i].pattern, text, &took), JUDGE_UNKNOWN);
    ck_assert_uint_lt(took, 4 * REGEX_BUDGET_NS); /* slack for a loaded machine */
    free(text);
}
END_TEST

/* No start position reaches the limit, and there are a million of them. */
START_TEST(a_million_small_bombs_are_ended_by_the_clock)
{
    char *text = long_text('a', "!");
    uint64_t took;

    for (size_t i = 17; i < LONG_BYTES; i += 18)
        text[i] = '!';
    ck_assert_int_eq(match("(a+)+$", text, &took), JUDGE_UNKNOWN);
    ck_assert_uint_lt(took, 4 * REGEX_BUDGET_NS);
    free(text);
}
END_TEST

START_TEST(a_costly_start_does_not_hide_what_comes_after)
{
    uint64_t took;

    ck_assert_int_eq(match("(a+)+$|needle", "aaaaaaaaaaaaaaa! needle", &took), JUDGE_HOLDS);
    ck_assert_int_eq(match("(a+)+$|needle", "aaaaaaaaaaaaaaa! thread", &took), JUDGE_FAILS);
}
END_TEST

START_TEST(a_bomb_in_an_expectation_is_unknown_and_says_why)
{
    struct condition c = {.metric = METRIC_body, .comparison = COMPARE_MATCH, .regex = "(a+)+$"};
    struct observation seen = {0};
    cleanup_buf struct buf why = {0};

    seen.has[METRIC_body] = true;
    seen.text[METRIC_body] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!";
    ck_assert_int_eq(judge_condition(&c, &seen, NULL, &why), JUDGE_UNKNOWN);
    ck_assert_str_eq(buf_text(&why), "body: regex gave up: too much backtracking");
}
END_TEST

/* Found and not found at the far end of a megabyte, wherever the windows fall. */
static const struct {
    const char *pattern;
    char filling;
    const char *end;
    enum judgement judgement;
} searches[] = {
    {"needle", 'x', "needle", JUDGE_HOLDS},
    {"needle", 'x', "needl", JUDGE_FAILS},
    {"needle$", 'n', "needle", JUDGE_HOLDS},
    {"^needle", 'x', "needle", JUDGE_FAILS},
    {"^x+needle$", 'x', "needle", JUDGE_HOLDS},
    {"(?<=x)n", 'x', "n", JUDGE_HOLDS},
    {"$", 'x', "", JUDGE_HOLDS},
    {"[^x]", 'x', "", JUDGE_FAILS},
    {"\\bneedle\\b", ' ', "needle", JUDGE_HOLDS},
    {"[\xc3\xa9]", 'x', "\xc3\xa9", JUDGE_HOLDS},
    {"\xa9", '\xc3', "", JUDGE_FAILS},
};

START_TEST(a_long_text_is_searched_to_its_end)
{
    char *text = long_text(searches[_i].filling, searches[_i].end);
    struct regex *regex = regex_new(searches[_i].pattern);
    uint64_t began = now_mono_ns();

    ck_assert_ptr_nonnull(regex);
    ck_assert_int_eq(regex_match(regex, text, strlen(text)), searches[_i].judgement);
    ck_assert_uint_lt(now_mono_ns() - began, REGEX_BUDGET_NS);
    regex_free(regex);
    free(text);
}
END_TEST

/* Two-byte characters, so that windows would begin inside of one. */
START_TEST(windows_never_begin_inside_a_character)
{
    enum { PAIRS = 50000 };
    static char text[2 * PAIRS + 2];
    uint64_t took;

    text[0] = 'x'; /* shift all by one */
    for (size_t i = 0; i < PAIRS; i++)
        memcpy(text + 1 + 2 * i, "\xc3\xa9", 2);
    ck_assert_int_eq(match("^x\xc3\xa9+$", text, &took), JUDGE_HOLDS);
    ck_assert_int_eq(match("[^x\xc3\xa9]", text, &took), JUDGE_FAILS);
    ck_assert_int_eq(match("(*NO_START_OPT)[^x\xc3\xa9]", text, &took), JUDGE_FAILS);
}
END_TEST

START_TEST(text_that_is_not_utf8_is_searched_as_bytes)
{
    static char text[10001];
    uint64_t took;

    memset(text, 0xa9, 10000); /* continuation bytes alone */
    text[9000] = 'x';
    ck_assert_int_eq(match("x", text, &took), JUDGE_HOLDS);
    ck_assert_int_eq(match("y", text, &took), JUDGE_FAILS);
    ck_assert_int_eq(match("\\xa9x", text, &took), JUDGE_HOLDS); /* begins among them */
    ck_assert_int_eq(match("^.*x", text, &took), JUDGE_HOLDS);
}
END_TEST

START_TEST(what_is_no_regex_is_null)
{
    ck_assert_ptr_null(regex_new("("));
    ck_assert_int_eq(regex_match(NULL, "", 0), JUDGE_UNKNOWN);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("judge regex");
    TCase *t = tcase_create("regex");

    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, a_bomb_is_given_up_soon, 0, COUNT_OF(bombs));
    tcase_add_test(t, a_million_small_bombs_are_ended_by_the_clock);
    tcase_add_test(t, a_costly_start_does_not_hide_what_comes_after);
    tcase_add_test(t, a_bomb_in_an_expectation_is_unknown_and_says_why);
    tcase_add_loop_test(t, a_long_text_is_searched_to_its_end, 0, COUNT_OF(searches));
    tcase_add_test(t, windows_never_begin_inside_a_character);
    tcase_add_test(t, text_that_is_not_utf8_is_searched_as_bytes);
    tcase_add_test(t, what_is_no_regex_is_null);
    suite_add_tcase(suite, t);
    return check_main(suite);
}
