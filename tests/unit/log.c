/* Watching a log: what a line is, what happens to the file, what is judged. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/check/logwatch.h"
#include "tests/unit/check_main.h"

static char path[64], other_path[80];
static struct logwatch *watch;
static struct check check;

static void append_n(const char *text, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);

    ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
    close(fd);
}

static void append(const char *text)
{
    append_n(text, strlen(text));
}

static void setup(void)
{
    strcpy(path, "/tmp/chaosctl-log-XXXXXX");
    close(mkstemp(path));
    snprintf(other_path, sizeof(other_path), "%s.1", path);
    check = (struct check){.kind = CHECK_LOG};
}

static void teardown(void)
{
    logwatch_free(watch);
    unlink(path);
    unlink(other_path);
}

static void begin(bool from_start)
{
    ck_assert_int_eq(logwatch_new(path, &check, from_start, &watch), 0);
}

static void assert_found(bool last, enum judgement judgement, const char *wanted)
{
    cleanup_buf struct buf why = {0};

    logwatch_poll(watch, last);
    ck_assert_int_eq(logwatch_judge(watch, &why), judgement);
    ck_assert_str_eq(buf_text(&why), wanted);
}

/* --- lines --- */

START_TEST(what_was_there_before_does_not_count)
{
    check.match = "hit";
    append("hit\n");
    begin(false);
    assert_found(false, JUDGE_FAILS, "0 lines match");
    append("hit\n");
    assert_found(false, JUDGE_HOLDS, "1 line matches");
}
END_TEST

START_TEST(from_start_it_does)
{
    check.match = "hit";
    append("hit\nno\n");
    begin(true);
    assert_found(false, JUDGE_HOLDS, "1 line matches");
}
END_TEST

START_TEST(half_a_line_waits_for_its_other_half)
{
    check.match = "^whole line$";
    begin(false);
    append("whole");
    assert_found(false, JUDGE_FAILS, "0 lines match");
    append(" line");
    assert_found(false, JUDGE_FAILS, "0 lines match");
    append("\n");
    assert_found(false, JUDGE_HOLDS, "1 line matches");
}
END_TEST

START_TEST(the_last_line_needs_no_newline)
{
    check.match = "^end$";
    begin(false);
    append("end");
    assert_found(false, JUDGE_FAILS, "0 lines match");
    assert_found(true, JUDGE_HOLDS, "1 line matches");
}
END_TEST

START_TEST(a_carriage_return_is_part_of_the_line_end)
{
    check.match = "^end$";
    begin(false);
    append("end\r\n");
    assert_found(false, JUDGE_HOLDS, "1 line matches");
}
END_TEST

START_TEST(a_huge_line_comes_in_pieces)
{
    size_t len = 2 * LOG_LINE_MAX + 10;
    char *line = malloc(len + 2);

    memset(line, 'x', len);
    line[len] = '\n';
    check.match = "^x+$";
    begin(false);
    append_n(line, len + 1);
    assert_found(false, JUDGE_HOLDS, "3 lines match");
    free(line);
}
END_TEST

START_TEST(a_line_of_just_the_bound_is_one_line)
{
    char *line = malloc(LOG_LINE_MAX + 1);

    memset(line, 'x', LOG_LINE_MAX);
    line[LOG_LINE_MAX] = '\n';
    check.match = "^x*$"; /* would match an empty second piece too */
    begin(false);
    append_n(line, LOG_LINE_MAX + 1);
    assert_found(false, JUDGE_HOLDS, "1 line matches");
    free(line);
}
END_TEST

START_TEST(zero_bytes_do_not_end_a_line)
{
    check.match = "after$";
    begin(false);
    append_n("before\0after\n", 13);
    assert_found(false, JUDGE_HOLDS, "1 line matches");
}
END_TEST

/* --- files --- */

START_TEST(a_truncated_file_is_read_from_its_beginning)
{
    check.match = "hit";
    append("a long line of what was before\n");
    begin(false);
    ck_assert_int_eq(truncate(path, 0), 0);
    append("hit\n");
    assert_found(false, JUDGE_HOLDS, "1 line matches");
}
END_TEST

START_TEST(a_rotated_file_is_read_to_its_end_and_then_the_new_one)
{
    check.match = "hit";
    begin(false);
    append("hit 1\n");
    ck_assert_int_eq(rename(path, other_path), 0);
    append("hit 2\nhit 3\n");
    assert_found(false, JUDGE_HOLDS, "3 lines match");
    append("hit 4\n");
    assert_found(false, JUDGE_HOLDS, "4 lines match");
}
END_TEST

START_TEST(a_file_that_comes_later_is_read_from_its_beginning)
{
    check.match = "hit";
    unlink(path);
    begin(false);
    assert_found(false, JUDGE_UNKNOWN, "cannot read the log: No such file or directory");
    append("hit\n");
    assert_found(false, JUDGE_HOLDS, "1 line matches");
}
END_TEST

START_TEST(more_than_one_reading_is_read_in_the_end)
{
    static char block[1 << 20];

    check.match = "^x+$";
    memset(block, 'x', sizeof(block));
    for (size_t i = 99; i < sizeof(block); i += 100)
        block[i] = '\n';
    begin(false);
    for (int i = 0; i < 20; i++)
        append_n(block, sizeof(block));
    append("\n");
    cleanup_buf struct buf why = {0};
    logwatch_poll(watch, true);
    ck_assert_int_eq(logwatch_judge(watch, &why), JUDGE_HOLDS);
    /* 10485 whole lines and 76 bytes a block; the rest joins the next block's first line */
    ck_assert_str_eq(buf_text(&why), "209701 lines match");
}
END_TEST

/* --- verdicts --- */

static const char *const one_or_two[] = {"1", "2"};
static const struct condition at_most_one = {.metric = METRIC_count, .comparison = COMPARE_AT_MOST, .low = 1};
static const struct condition none = {.metric = METRIC_count, .comparison = COMPARE_AT_MOST, .low = 0};
static const struct condition few = {
    .metric = METRIC_count, .comparison = COMPARE_ONE_OF, .values = one_or_two, .values_count = 2};

static const struct {
    const char *match, *never, *every_line;
    const struct condition *count;
    const char *lines;
    enum judgement judgement;
    const char *why;
} verdicts[] = {
    {"hit", NULL, NULL, NULL, "no\n", JUDGE_FAILS, "0 lines match"},
    {"hit", NULL, NULL, NULL, "hit\n", JUDGE_HOLDS, "1 line matches"},
    {"hit", NULL, NULL, &at_most_one, "hit\nhit\n", JUDGE_FAILS, "2 lines match"},
    {"hit", NULL, NULL, &none, "no\n", JUDGE_HOLDS, "0 lines match"},
    {"hit", NULL, NULL, &few, "hit\nhit\nno\n", JUDGE_HOLDS, "2 lines match"},
    {NULL, NULL, NULL, &at_most_one, "a\nb\n", JUDGE_FAILS, "2 lines"},
    {NULL, "panic", NULL, NULL, "a\nb\npanic: x\npanic: y\n", JUDGE_FAILS,
     "line 3 breaks `never`: \"panic: x\""},
    {NULL, "panic", NULL, NULL, "a\n", JUDGE_HOLDS, "none of 1 lines breaks `never`"},
    {NULL, "panic", NULL, NULL, "", JUDGE_HOLDS, "none of 0 lines breaks `never`"},
    {NULL, NULL, "^\\{", NULL, "{}\noops\n", JUDGE_FAILS, "line 2 breaks `every_line`: \"oops\""},
    {NULL, NULL, "^\\{", NULL, "{}\n{}\n", JUDGE_HOLDS, "all of 2 lines match"},
    {NULL, NULL, "^\\{", NULL, "", JUDGE_UNKNOWN, "0 lines were written"},
    {"hit", "panic", NULL, NULL, "hit\npanic\n", JUDGE_FAILS, "line 2 breaks `never`: \"panic\""},
    {"hit", "panic", NULL, NULL, "no\npanic\n", JUDGE_FAILS,
     "0 lines match, line 2 breaks `never`: \"panic\""},
    {"hit", "panic", "i", NULL, "hit\n", JUDGE_HOLDS,
     "1 line matches, none of 1 lines breaks `never`, all of 1 lines match"},
};

START_TEST(lines_are_judged)
{
    check.match = verdicts[_i].match;
    check.never = verdicts[_i].never;
    check.every_line = verdicts[_i].every_line;
    check.expect = verdicts[_i].count;
    check.expect_count = verdicts[_i].count != NULL;
    begin(false);
    append(verdicts[_i].lines);
    assert_found(false, verdicts[_i].judgement, verdicts[_i].why);
}
END_TEST

START_TEST(a_broken_never_stays_broken)
{
    check.never = "panic";
    begin(false);
    append("panic\n");
    assert_found(false, JUDGE_FAILS, "line 1 breaks `never`: \"panic\"");
    append("all is well\n");
    assert_found(false, JUDGE_FAILS, "line 1 breaks `never`: \"panic\"");
}
END_TEST

START_TEST(a_regex_that_gives_up_makes_it_unknown_and_costs_its_budget_once)
{
    static char line[LOG_LINE_MAX];

    memset(line, 'a', sizeof(line));
    for (size_t i = 17; i < sizeof(line); i += 18)
        line[i] = '!'; /* no start position reaches the limit: each line would cost the whole budget */
    line[sizeof(line) - 1] = '\n';
    check.never = "(a+)+$";
    begin(false);
    for (int i = 0; i < 40; i++)
        append_n(line, sizeof(line));
    uint64_t began = now_mono_ns();
    assert_found(false, JUDGE_UNKNOWN, "`never`: regex gave up: too much backtracking");
    ck_assert_uint_lt(now_mono_ns() - began, 10 * REGEX_BUDGET_NS);
}
END_TEST

START_TEST(what_is_no_regex_is_refused)
{
    check.match = "(";
    ck_assert_int_lt(logwatch_new(path, &check, false, &watch), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("log");
    TCase *t = tcase_create("log");

    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, what_was_there_before_does_not_count);
    tcase_add_test(t, from_start_it_does);
    tcase_add_test(t, half_a_line_waits_for_its_other_half);
    tcase_add_test(t, the_last_line_needs_no_newline);
    tcase_add_test(t, a_carriage_return_is_part_of_the_line_end);
    tcase_add_test(t, a_huge_line_comes_in_pieces);
    tcase_add_test(t, a_line_of_just_the_bound_is_one_line);
    tcase_add_test(t, zero_bytes_do_not_end_a_line);
    tcase_add_test(t, a_truncated_file_is_read_from_its_beginning);
    tcase_add_test(t, a_rotated_file_is_read_to_its_end_and_then_the_new_one);
    tcase_add_test(t, a_file_that_comes_later_is_read_from_its_beginning);
    tcase_add_test(t, more_than_one_reading_is_read_in_the_end);
    tcase_add_loop_test(t, lines_are_judged, 0, sizeof(verdicts) / sizeof(*verdicts));
    tcase_add_test(t, a_broken_never_stays_broken);
    tcase_add_test(t, a_regex_that_gives_up_makes_it_unknown_and_costs_its_budget_once);
    tcase_add_test(t, what_is_no_regex_is_refused);
    suite_add_tcase(suite, t);
    return check_main(suite);
}
