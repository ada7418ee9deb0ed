/* The matrix as people and programs read it. */
#include <jansson.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/report/text.h"
#include "unit/matrix_case.h"

#define MANY                                                                                                 \
    "dependencies: {cache: {tcp: \"127.0.0.1:6379\"}, api: {tcp: \"api.internal:80\", protocol: http}, "     \
    "a-name-that-is-longer-than-most: {tcp: \"127.0.0.1:9\"}}\n"

static const char *text_at(int columns)
{
    static char text[16384];
    cleanup_buf struct buf out = {0};

    matrix_text(matrix, 61 * NS_PER_S, &(struct report_style){.columns = columns}, &out);
    ck_assert(!out.failed);
    snprintf(text, sizeof(text), "%s", buf_text(&out));
    return text;
}

static size_t widest(const char *text)
{
    size_t most = 0;

    while (*text) {
        size_t len = strcspn(text, "\n");
        cleanup_free char *line = strndup(text, len);
        most = text_columns(line) > most ? text_columns(line) : most;
        text += len + (text[len] == '\n');
    }
    return most;
}

static void explore_shop(void)
{
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, (struct matrix_options){0}), "");
    called = CACHE_CALLED;
    ANSWER({.label = "cache hang", .verdict = VERDICT_REFUTED},
           {.label = "cache refuse", .verdict = VERDICT_INCONCLUSIVE, .is_unmet = true},
           {.label = "cache slow", .verdict = VERDICT_INCONCLUSIVE},
           {.label = "api dns", .verdict = VERDICT_INCONCLUSIVE, .is_unmet = true});
    run_all();
}

START_TEST(the_table_has_a_row_for_each_dependency_and_a_mark_for_each_fault)
{
    explore_shop();
    ck_assert_has(text_at(80), "\n       down  hang  refuse  reset  midway  slow   cut   503   dns\n"
                               "cache    ok  FAIL       -     ok      ok     ?    ok\n"
                               "api       -     -       -      -       -     -     -     -     -\n");
}
END_TEST

START_TEST(what_was_not_explored_is_a_dot)
{
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, (struct matrix_options){0}), "");
    run_some(3);
    matrix_settle(matrix);
    ck_assert_has(text_at(80), "\ncache    ok     .       .      .       .     .     .\n");
    ck_assert_has(text_at(80), "no time");
}
END_TEST

START_TEST(a_column_that_nobody_has_is_left_out)
{
    ck_assert_str_eq(matrix_of(MATRIX_HEAD MATRIX_STEADY
                               "dependencies: {cache: {tcp: \"127.0.0.1:6379\"}}\n" MATRIX_TAIL,
                               (struct matrix_options){0}),
                     "");
    ck_assert_has(text_at(80), "\n       down  hang  refuse  reset  midway  slow   cut\n");
}
END_TEST

START_TEST(each_refuted_cell_has_its_check_measured_and_expected)
{
    explore_shop();
    ck_assert_has(text_at(0), "\ncache hang\n  why         a reason\n  during      load browse: success is 0 "
                              "% of 50; mostly: 500; expected "
                              "success >= 99%\n");
    ck_assert_has(text_at(0), "REFUTED       a check failed under a fault, twice (exit code 1)");
}
END_TEST

START_TEST(what_was_left_out_is_told_with_its_rule)
{
    explore_shop();
    struct matrix_totals t = matrix_totals(matrix);
    char explored[64];
    snprintf(explored, sizeof(explored), "explored %zu of %zu; unexplored: %zu\n", t.explored, t.planned,
             t.planned - t.explored);
    ck_assert_has(text_at(0), explored);
    ck_assert_has(text_at(0), "\n  sound       ");
    ck_assert_has(text_at(0), "nobody calls it");
}
END_TEST

START_TEST(no_line_is_wider_than_the_terminal)
{
    ck_assert_str_eq(matrix_of(MATRIX_HEAD MATRIX_STEADY MANY MATRIX_TAIL, (struct matrix_options){0}), "");
    called = 7;
    ANSWER({.label = "cache hang", .verdict = VERDICT_REFUTED});
    run_some(20);
    matrix_settle(matrix);
    ck_assert_uint_le(widest(text_at(80)), 80);
    ck_assert_uint_le(widest(text_at(60)), 60);
    ck_assert_has(text_at(60), "\na-name-... ");
    ck_assert_has(text_at(60), " dns\n");
}
END_TEST

START_TEST(what_was_refuted_once_only_is_listed_apart)
{
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, (struct matrix_options){0}), "");
    ANSWER({.label = "cache hang", .verdict = VERDICT_REFUTED, .times = 1});
    run_all();
    ck_assert_has(text_at(0), "\nRefuted once, and not the second time: fails nothing\ncache hang\n");
    ck_assert_has(text_at(0), "PASS ");
}
END_TEST

START_TEST(a_sample_that_came_out_otherwise_is_named)
{
    explore_shop();
    struct matrix_cell *cell = (struct matrix_cell *)cell_of("cache down + api down");
    cell->runs = 1;
    cell->rule = SKIP_ALIKE;
    cell->outcome = CELL_REFUTED;
    ck_assert_has(text_at(0), "\n  otherwise   cache down + api down: refuted; skipped by: passed alone");
}
END_TEST

/* --- for programs --- */

static json_t *json(void)
{
    cleanup_buf struct buf out = {0};

    ck_assert_int_eq(matrix_json(matrix, NS_PER_S, &out), 0);
    json_t *root = json_loads(buf_text(&out), 0, NULL);
    ck_assert_ptr_nonnull(root);
    return root;
}

static const char *string_in(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

START_TEST(json_has_each_cell_with_its_outcome_and_the_checks_that_failed)
{
    explore_shop();
    json_t *root = json(), *cell = json_array_get(json_object_get(root, "cells"), 2);
    const json_t *part = json_array_get(json_object_get(cell, "faults"), 0);

    ck_assert_str_eq(string_in(part, "dependency"), "cache");
    ck_assert_str_eq(string_in(part, "fault"), "hang");
    ck_assert_str_eq(string_in(cell, "outcome"), "refuted");
    ck_assert(json_is_true(json_object_get(cell, "confirmed")));
    ck_assert_str_eq(string_in(json_array_get(json_object_get(cell, "checks"), 0), "observed"),
                     "success is 0 % of 50; mostly: 500");
    ck_assert_int_eq(json_integer_value(json_object_get(root, "exit_code")), 1);
    json_decref(root);
}
END_TEST

START_TEST(reports_have_no_test_that_reached_nothing_and_no_failure_that_was_not_confirmed)
{
    struct run_result *result = result_new();

    ck_assert_str_eq(matrix_of(MATRIX_SHOP, (struct matrix_options){0}), "");
    ANSWER({.label = "cache down", .verdict = VERDICT_REFUTED, .times = 1},
           {.label = "api down", .verdict = VERDICT_INCONCLUSIVE, .is_unmet = true},
           {.label = "cache hang", .verdict = VERDICT_REFUTED});
    run_some(6);
    ck_assert_int_eq(matrix_result(matrix, result), 0);
    ck_assert_uint_eq(result->cells_count, 3);
    ck_assert_str_eq(result->cells[1].label, "cache down");
    ck_assert_int_eq(result->cells[1].verdict, VERDICT_INCONCLUSIVE);
    ck_assert_str_eq(result->cells[2].label, "cache hang");
    ck_assert_int_eq(result->cells[2].verdict, VERDICT_REFUTED);
    result_free(result);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("matrix_text");
    TCase *tc = tcase_create("matrix_text");

    tcase_add_checked_fixture(tc, NULL, forget_matrix);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, the_table_has_a_row_for_each_dependency_and_a_mark_for_each_fault);
    tcase_add_test(tc, what_was_not_explored_is_a_dot);
    tcase_add_test(tc, a_column_that_nobody_has_is_left_out);
    tcase_add_test(tc, each_refuted_cell_has_its_check_measured_and_expected);
    tcase_add_test(tc, what_was_left_out_is_told_with_its_rule);
    tcase_add_test(tc, no_line_is_wider_than_the_terminal);
    tcase_add_test(tc, what_was_refuted_once_only_is_listed_apart);
    tcase_add_test(tc, a_sample_that_came_out_otherwise_is_named);
    tcase_add_test(tc, json_has_each_cell_with_its_outcome_and_the_checks_that_failed);
    tcase_add_test(tc, reports_have_no_test_that_reached_nothing_and_no_failure_that_was_not_confirmed);
    return check_main(suite);
}
