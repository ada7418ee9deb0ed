/* The screen of `chaosctl top`, without a terminal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/report/board.h"
#include "chaosctl/report/report.h"
#include "chaosctl/report/text.h"
#include "chaosctl/report/told.h"
#include "check_main.h"

static const char told[] =
    "{'run': '2026-11-24-b9e90c', 'scenario': 'a shop', 'experiment': 'hold', 'phase': 'during', 'for_s': "
    "65.43,"
    " 'services': [{'name': 'redis', 'processes_count': 1, 'processes': [{'pid': 77, 'command': "
    "'redis-server'}]},"
    "  {'name': 'shop', 'join': true, 'processes_count': 2, 'processes':"
    "   [{'pid': 1234567, 'command': 'python3', 'in_s': 12.34}, {'pid': 80, 'command': 'python3', 'in_s': "
    "3700}]},"
    "  {'name': 'gone', 'processes_count': 0, 'processes': []}],"
    " 'dependencies': [{'name': 'cache', 'counted': true, 'calls_per_s': 4.96, 'failed_per_s': 0, "
    "'latency_s': 0.2003712,"
    "   'longest_s': 0.21, 'waiting': 1, 'before': {'calls_per_s': 1203.7, 'failed_per_s': 0, 'latency_s': "
    "0.000136}},"
    "  {'name': 'recs', 'counted': false}],"
    " 'loads': [{'name': 'browse', 'rate_per_s': 50, 'success_percent': 98.5, 'p95_s': 0.31,"
    "   'before': {'rate_per_s': 50, 'success_percent': 100, 'p95_s': 0.0121}}],"
    " 'faults': [{'id': 3, 'fault': 'latency cache 200 ms', 'live': true, 'hits': 14, 'matches': 20, "
    "'left_s': 25.19}],"
    " 'deeds': [{'what': 'note', 'text': 'the first', 'ago_s': 90, 'pid': 5, 'user': 'ann', 'terminal': "
    "'/dev/pts/3'},"
    "  {'what': 'inject', 'text': 'latency cache 200 ms', 'fault': 3, 'ago_s': 4.81, 'for_ns': 30000000000, "
    "'pid': 6,"
    "   'user': 'bob'}, {'what': 'end', 'fault': 2, 'ago_s': 1, 'pid': 0}]}";

static json_t *parsed(const char *text)
{
    char *json = strdup(text);
    json_error_t error;

    for (char *p = json; *p; p++)
        *p = *p == '\'' ? '"' : *p;
    json_t *run = json_loads(json, 0, &error);
    free(json);
    ck_assert_msg(run != NULL, "%s", error.text);
    return run;
}

static struct board made(const json_t *run, const char *halt, struct board_view view)
{
    struct board board;

    ck_assert_int_eq(board_make(run, halt, &view, &board), 0);
    ck_assert_uint_eq(board.count, view.rows);
    for (size_t i = 0; i < board.count; i++)
        ck_assert_uint_le(text_columns(board.lines[i].text), view.columns);
    return board;
}

static char *joined(const struct board *board)
{
    struct buf all = {0};

    for (size_t i = 0; i < board->count; i++)
        buf_printf(&all, "%s\n", board->lines[i].text);
    return buf_steal(&all);
}

static bool shows(const struct board *board, const char *text)
{
    char *all = joined(board);
    bool found = strstr(all, text);

    free(all);
    return found;
}

/* Renew by REPORT_GOLDEN=1 build/tests/unit/board, then read every line of the difference. */
START_TEST(all_of_a_run_is_on_a_screen_that_is_large_enough)
{
    static const char path[] = "tests/golden/board.golden";
    json_t *run = parsed(told);
    struct board board = made(run, NULL, (struct board_view){.columns = 80, .rows = 30});
    char *all = joined(&board), golden[8192] = "";

    if (getenv("REPORT_GOLDEN"))
        ck_assert_int_eq(report_save(path, all, strlen(all)), 0);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_gt(fread(golden, 1, sizeof(golden) - 1, file), 0);
    fclose(file);
    ck_assert_str_eq(all, golden);
    free(all);
    board_free(&board);
    json_decref(run);
}
END_TEST

START_TEST(the_last_deed_comes_first)
{
    json_t *run = parsed(told);
    struct board board = made(run, NULL, (struct board_view){.columns = 80, .rows = 30});
    char *all = joined(&board);

    ck_assert(strstr(all, "end #2") < strstr(all, "inject #3") &&
              strstr(all, "inject #3") < strstr(all, "note the first"));
    free(all);
    board_free(&board);
    json_decref(run);
}
END_TEST

START_TEST(every_size_is_filled_and_none_is_left)
{
    json_t *run = parsed(told);
    struct board_view view = {
        .message = "a message", .prompt = "inject", .typed = "latency:target=cache,delay=200ms"};

    for (view.columns = 0; view.columns < 140; view.columns++)
        for (view.rows = 0; view.rows < 60; view.rows += 1 + view.rows / 8) {
            struct board board = made(run, "/run/chaosctl.halt", view);
            ck_assert(!board.has_cursor ||
                      (board.cursor_row < view.rows && board.cursor_column < view.columns));
            board_free(&board);
        }
    json_decref(run);
}
END_TEST

START_TEST(a_screen_that_is_too_small_is_told)
{
    json_t *run = parsed(told);
    struct board board = made(run, NULL, (struct board_view){.columns = 59, .rows = 24});

    ck_assert_str_eq(board.lines[0].text, "too small: 59x24, not 60x12");
    board_free(&board);
    board = made(run, NULL, (struct board_view){.columns = 80, .rows = 11});
    ck_assert(shows(&board, "too small"));
    board_free(&board);
    board = made(run, NULL, (struct board_view){.columns = 60, .rows = 12});
    ck_assert(!shows(&board, "too small") && shows(&board, "#3 latency") && shows(&board, " q quit"));
    board_free(&board);
    json_decref(run);
}
END_TEST

START_TEST(a_part_that_is_cut_says_so)
{
    json_t *run = parsed(told);
    struct board board = made(run, NULL, (struct board_view){.columns = 80, .rows = 17});

    ck_assert(shows(&board, "PROCESSES (2 of 4)") || shows(&board, "PROCESSES (3 of 4)"));
    board_free(&board);
    json_decref(run);
}
END_TEST

START_TEST(what_matters_most_is_told_in_words_and_in_colour)
{
    json_t *run = parsed(told);
    struct board board = made(run, "/run/chaosctl.halt", (struct board_view){.columns = 80, .rows = 24});

    ck_assert_str_eq(board.lines[1].text,
                     " HALTED by /run/chaosctl.halt: nothing is injected until r (resume)");
    ck_assert_int_eq(board.lines[1].ink, INK_RED);
    board_free(&board);
    json_object_set_new(run, "waiting", json_true());
    board = made(run, NULL, (struct board_view){.columns = 80, .rows = 24});
    ck_assert(strstr(board.lines[1].text, "WAITS"));
    board_free(&board);
    json_decref(run);
}
END_TEST

START_TEST(a_run_that_has_not_answered_yet_is_waited_for)
{
    struct board board = made(NULL, NULL, (struct board_view){.columns = 80, .rows = 24});

    ck_assert_str_eq(board.lines[0].text, " waiting for the run to answer");
    board_free(&board);
}
END_TEST

START_TEST(nothing_that_a_run_tells_moves_the_cursor)
{
    json_t *run = parsed(told);
    json_t *dependency = json_array_get(json_object_get(run, "dependencies"), 0);

    json_object_set_new(run, "scenario", json_string("\033[2J\rwide \xe6\xbc\xa2\xe5\xad\x97"));
    json_object_set_new(dependency, "name", json_string("\033]0;title\a"));
    json_object_set_new(dependency, "latency_s", json_real(1e300));
    json_object_set_new(dependency, "waiting", json_string("no number"));
    json_object_set_new(run, "faults", json_string("no list"));
    struct board board =
        made(run, "\033[31m", (struct board_view){.columns = 60, .rows = 24, .message = "\033c"});
    for (size_t i = 0; i < board.count; i++)
        for (const char *p = board.lines[i].text; *p; p++)
            ck_assert(*p < 0 || *p >= ' ');
    board_free(&board);
    json_decref(run);
}
END_TEST

START_TEST(the_end_of_what_is_typed_is_seen)
{
    char typed[300];

    memset(typed, 'x', sizeof(typed) - 1);
    strcpy(typed + sizeof(typed) - 4, "end");
    struct board board =
        made(NULL, NULL, (struct board_view){.columns = 80, .rows = 24, .prompt = "note", .typed = typed});
    ck_assert(shows(&board, "xxxend\n"));
    ck_assert_uint_eq(board.cursor_row, 23);
    ck_assert_uint_eq(board.cursor_column, 79);
    board_free(&board);
}
END_TEST

START_TEST(help_tells_each_key)
{
    struct board board = made(NULL, NULL, (struct board_view){.columns = 60, .rows = 24, .helps = true});
    static const char *const keys[] = {" i ", " l ", " h ", " r ", " n ", " c ", " q "};

    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
        ck_assert(shows(&board, keys[i]));
    ck_assert(!shows(&board, "FAULTS"));
    board_free(&board);
}
END_TEST

START_TEST(times_are_short)
{
    static const struct {
        double seconds;
        const char *text;
    } rows[] = {{0.2003712, "200 ms"}, {0.000136, "136 us"}, {1.23456, "1.23 s"},
                {0, "0 ns"},           {-1, "0 ns"},         {75, "1 m 15 s"}};
    char text[UNIT_TEXT_BYTES];

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        json_t *object = json_pack("{s:f}", "latency_s", rows[i].seconds);
        ck_assert_str_eq(told_latency(object, "latency_s", text), rows[i].text);
        json_decref(object);
    }
    ck_assert_str_eq(told_latency(NULL, "latency_s", text), "-");
    ck_assert_str_eq(told_span(12.99, text), "12.9 s");
    ck_assert_str_eq(told_span(1e300, text), "527040 m 0 s");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("board");
    TCase *t = tcase_create("board");

    tcase_add_test(t, all_of_a_run_is_on_a_screen_that_is_large_enough);
    tcase_add_test(t, the_last_deed_comes_first);
    tcase_add_test(t, every_size_is_filled_and_none_is_left);
    tcase_add_test(t, a_screen_that_is_too_small_is_told);
    tcase_add_test(t, a_part_that_is_cut_says_so);
    tcase_add_test(t, what_matters_most_is_told_in_words_and_in_colour);
    tcase_add_test(t, a_run_that_has_not_answered_yet_is_waited_for);
    tcase_add_test(t, nothing_that_a_run_tells_moves_the_cursor);
    tcase_add_test(t, the_end_of_what_is_typed_is_seen);
    tcase_add_test(t, help_tells_each_key);
    tcase_add_test(t, times_are_short);
    suite_add_tcase(suite, t);
    return check_main(suite);
}
