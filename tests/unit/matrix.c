/* Dependency x fault: which cells there are, their order, what is left out and why, what came of them. */
#include "unit/matrix_case.h"

static const struct matrix_options plain = {0}, exhaustive = {.exhaustive = true};

static const char *labels(size_t from, size_t to)
{
    static char text[8192];
    size_t len = 0;

    text[0] = '\0';
    for (size_t i = from; i < to; i++) {
        cleanup_buf struct buf label = {0};
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i > from ? ", " : "",
                                matrix_label(matrix, &matrix->cells[i], &label));
    }
    return text;
}

/* --- cells --- */

START_TEST(each_dependency_has_each_fault_that_it_can_have_breadth_first)
{
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, plain), "");
    ck_assert_str_eq(
        labels(0, matrix->singles),
        "cache down, api down, cache hang, api hang, cache refuse, api refuse, cache reset, "
        "api reset, cache midway, api midway, cache slow, api slow, cache cut, api cut, api 503, "
        "api dns");
}
END_TEST

START_TEST(an_http_answer_is_cut_behind_its_first_line)
{
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, plain), "");
    ck_assert_uint_eq(matrix->faults[0][MATRIX_CUT]->bytes, 4);
    ck_assert_uint_eq(matrix->faults[1][MATRIX_CUT]->bytes, 20);
    ck_assert_uint_eq(matrix->faults[1][MATRIX_MIDWAY]->bytes, 20);
}
END_TEST

START_TEST(datagrams_have_no_stream_to_break)
{
    ck_assert_str_eq(
        matrix_of(MATRIX_HEAD MATRIX_STEADY
                  "dependencies: {names: {udp: \"127.0.0.1:53\"}, cache: {unix: /s}}\n" MATRIX_TAIL,
                  plain),
        "");
    ck_assert_ptr_nonnull(matrix->faults[0][MATRIX_HANG]);
    ck_assert_ptr_null(matrix->faults[0][MATRIX_CUT]);
    ck_assert_ptr_null(matrix->faults[0][MATRIX_MIDWAY]);
    ck_assert_ptr_nonnull(matrix->faults[1][MATRIX_CUT]);
}
END_TEST

START_TEST(pairs_are_of_two_dependencies_and_begin_with_the_first_faults)
{
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, plain), "");
    ck_assert_uint_eq(matrix->count - matrix->singles, 7 * 9);
    ck_assert_str_eq(labels(matrix->singles, matrix->singles + 4),
                     "cache down + api down, cache down + api hang, cache hang + api down, "
                     "cache hang + api hang");
}
END_TEST

START_TEST(a_scenario_without_a_steady_state_is_refused)
{
    ck_assert_has(matrix_of(MATRIX_HEAD MATRIX_TWO MATRIX_TAIL, plain), "no steady_state");
}
END_TEST

START_TEST(a_scenario_without_dependencies_is_refused)
{
    ck_assert_has(matrix_of(MATRIX_HEAD MATRIX_STEADY
                            "experiments: [{name: e, faults: [{pause: {in: shop}}]}]\n",
                            plain),
                  "no dependencies");
}
END_TEST

START_TEST(the_experiment_that_injects_just_this_says_what_must_hold)
{
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, plain), "");
    run_some(6);
    ck_assert_uint_eq(cell_of("cache hang")->cell->during_count, 1);
    ck_assert_uint_eq(cell_of("cache hang")->cell->timing.hold_ns, 7 * NS_PER_S);
    ck_assert_uint_eq(cell_of("api hang")->cell->during_count, 0);
}
END_TEST

START_TEST(a_hold_that_is_asked_for_is_that_of_every_cell)
{
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, (struct matrix_options){.hold_ns = NS_PER_S}), "");
    run_some(6);
    ck_assert_uint_eq(cell_of("cache hang")->cell->timing.hold_ns, NS_PER_S);
    ck_assert_uint_eq(cell_of("api hang")->cell->timing.hold_ns, NS_PER_S);
}
END_TEST

/* --- one run --- */

START_TEST(what_fails_while_the_fault_strikes_nothing_is_not_refuted_by_it)
{
    static const struct fault_result hit = {.matches = 3, .hits = 3}, unmet = {0}, skipped = {.skipped = 2};
    static const struct check_result held = {.outcome = OUTCOME_HELD}, unknown = {.outcome = OUTCOME_UNKNOWN};
    static const struct {
        enum verdict_of_run verdict;
        const struct fault_result *fault;
        const struct check_result *check;
        enum matrix_outcome outcome;
    } rows[] = {
        {VERDICT_PASS, &hit, &held, CELL_PASSED},
        {VERDICT_REFUTED, &hit, &held, CELL_REFUTED},
        {VERDICT_REFUTED, &unmet, &held, CELL_UNCLEAR},
        {VERDICT_STOPPED, &hit, &held, CELL_REFUTED},
        {VERDICT_STOPPED, NULL, &held, CELL_UNCLEAR},
        {VERDICT_INCONCLUSIVE, &unmet, &held, CELL_UNREACHED},
        {VERDICT_INCONCLUSIVE, &unmet, &unknown, CELL_UNCLEAR},
        {VERDICT_INCONCLUSIVE, &skipped, &held, CELL_UNCLEAR},
        {VERDICT_INCONCLUSIVE, &hit, &held, CELL_UNCLEAR},
        {VERDICT_INCONCLUSIVE, NULL, &held, CELL_UNCLEAR},
        {VERDICT_TOOL_FAILED, &hit, &held, CELL_UNCLEAR},
    };

    for (int i = 0; i < ROWS(rows); i++) {
        struct cell_result r = {.verdict = rows[i].verdict,
                                .faults = rows[i].fault,
                                .faults_count = rows[i].fault != NULL,
                                .checks = rows[i].check,
                                .checks_count = 1};
        ck_assert_msg(matrix_judge(&r) == rows[i].outcome, "row %d: %s", i,
                      matrix_outcome_name(matrix_judge(&r)));
    }
}
END_TEST

START_TEST(a_pair_of_which_one_strikes_nothing_is_not_reached_whatever_the_other_does)
{
    static const struct fault_result one_of_two[] = {{.matches = 3, .hits = 3}, {.hits = 0}};
    struct cell_result r = {.verdict = VERDICT_REFUTED, .faults = one_of_two, .faults_count = 2};

    ck_assert_int_eq(matrix_judge(&r), CELL_UNREACHED);
}
END_TEST

/* --- the walk --- */

START_TEST(a_clean_run_comes_first)
{
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, plain), "");
    run_some(1);
    ck_assert_str_eq(ran[0].label, "no fault");
    ck_assert_uint_eq(matrix->clean.cell->faults_count, 0);
}
END_TEST

START_TEST(a_clean_run_that_fails_ends_it)
{
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, plain), "");
    ANSWER({.label = "no fault", .verdict = VERDICT_REFUTED});
    run_all();
    ck_assert_int_eq(ran_count, 1);
    ck_assert_has(matrix->trouble, "without any fault");
    ck_assert_int_eq(matrix_exit_code(matrix), 2);
}
END_TEST

START_TEST(all_that_passes_is_exit_code_0_on_services_that_are_kept)
{
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, plain), "");
    run_all();
    ck_assert_int_eq(matrix_exit_code(matrix), 0);
    ck_assert(ran[0].fresh);
    for (int i = 1; i < ran_count; i++)
        ck_assert(!ran[i].fresh);
}
END_TEST

START_TEST(services_are_never_kept_when_that_is_asked_for)
{
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, (struct matrix_options){.fresh = true}), "");
    run_all();
    for (int i = 0; i < ran_count; i++)
        ck_assert(ran[i].fresh);
}
END_TEST

START_TEST(what_is_refuted_is_run_again_on_fresh_services)
{
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, plain), "");
    ANSWER({.label = "api down", .verdict = VERDICT_REFUTED});
    run_some(5);
    ck_assert_str_eq(ran[2].label, "api down");
    ck_assert_str_eq(ran[3].label, "api down");
    ck_assert(!ran[2].fresh && ran[3].fresh && !ran[4].fresh);
    ck_assert_int_eq(cell_of("api down")->outcome, CELL_REFUTED);
    ck_assert_int_eq(matrix_exit_code(matrix), 1);
}
END_TEST

START_TEST(what_is_refuted_once_only_is_listed_and_fails_nothing)
{
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, plain), "");
    ANSWER({.label = "api down", .verdict = VERDICT_REFUTED, .times = 1});
    run_all();
    ck_assert_int_eq(runs_of("api down"), 2);
    ck_assert_int_eq(cell_of("api down")->outcome, CELL_UNCONFIRMED);
    ck_assert_int_eq(cell_of("api down")->result->verdict, VERDICT_REFUTED);
    ck_assert_int_eq(matrix_exit_code(matrix), 0);
}
END_TEST

START_TEST(what_is_refuted_when_it_is_stopped_is_not_confirmed)
{
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, plain), "");
    ANSWER({.label = "api down", .verdict = VERDICT_REFUTED});
    run_some(3);
    matrix_settle(matrix);
    ck_assert_int_eq(cell_of("api down")->outcome, CELL_UNCONFIRMED);
    ck_assert_int_eq(matrix_exit_code(matrix), 0);
}
END_TEST

START_TEST(a_steady_state_that_does_not_come_back_starts_the_services_anew)
{
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, plain), "");
    ANSWER({.label = "cache down", .verdict = VERDICT_PASS, .is_lost = true});
    run_some(4);
    ck_assert(!ran[1].fresh && ran[2].fresh && !ran[3].fresh);
}
END_TEST

START_TEST(what_could_not_be_judged_is_tried_once_more_on_fresh_services)
{
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, plain), "");
    ANSWER({.label = "cache down", .verdict = VERDICT_INCONCLUSIVE, .times = 1},
           {.label = "api down", .verdict = VERDICT_INCONCLUSIVE});
    run_all();
    ck_assert_int_eq(runs_of("cache down"), 2);
    ck_assert_int_eq(cell_of("cache down")->outcome, CELL_PASSED);
    ck_assert_int_eq(runs_of("api down"), 2);
    ck_assert_int_eq(cell_of("api down")->outcome, CELL_UNCLEAR);
    ck_assert_int_eq(matrix_exit_code(matrix), 2);
}
END_TEST

START_TEST(services_that_start_no_more_end_it)
{
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, plain), "");
    ANSWER({.label = "cache down", .verdict = VERDICT_INCONCLUSIVE, .is_unstarted = true, .is_lost = true});
    run_all();
    ck_assert_int_eq(ran_count, 3);
    ck_assert_has(matrix->trouble, "do not start");
    ck_assert_int_eq(matrix_exit_code(matrix), 2);
}
END_TEST

/* --- what is left out --- */

START_TEST(what_nobody_calls_is_left_out_even_when_exhaustive)
{
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, exhaustive), "");
    called = CACHE_CALLED;
    run_all();
    ck_assert_int_eq(runs_of("api down") + runs_of("api hang") + runs_of("api 503"), 0);
    ck_assert_int_eq(cell_of("api down")->rule, SKIP_UNCALLED);
    ck_assert(matrix_rule_is_sound(SKIP_UNCALLED));
}
END_TEST

START_TEST(a_name_that_may_be_looked_up_is_tried_all_the_same)
{
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, plain), "");
    called = CACHE_CALLED;
    run_all();
    ck_assert_int_eq(runs_of("api dns"), 1);
}
END_TEST

START_TEST(one_that_the_other_keeps_from_being_called_is_left_out_as_sound)
{
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, exhaustive), "");
    ANSWER({.label = "cache down", .uncalled = API_CALLED});
    run_all();
    ck_assert_int_eq(cell_of("cache down + api hang")->rule, SKIP_UNMET);
    ck_assert_int_eq(cell_of("cache hang + api hang")->rule, SKIP_NONE);
    ck_assert(matrix_rule_is_sound(SKIP_UNMET));
}
END_TEST

START_TEST(a_fallback_that_only_the_fault_calls_makes_its_pair_worth_a_run)
{
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, plain), "");
    ANSWER({.label = "no fault", .uncalled = API_CALLED});
    run_all();
    ck_assert_int_eq(runs_of("api down"), 0);
    ck_assert_int_eq(runs_of("cache down + api down"), 1);
}
END_TEST

START_TEST(a_pair_of_what_is_refuted_alone_is_assumed_to_be)
{
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, plain), "");
    ANSWER({.label = "cache down", .verdict = VERDICT_REFUTED});
    run_all();
    ck_assert_int_eq(cell_of("cache down + api down")->rule, SKIP_REFUTED);
    ck_assert(!matrix_rule_is_sound(SKIP_REFUTED));
}
END_TEST

START_TEST(down_and_hang_stand_for_what_ends_alike)
{
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, plain), "");
    ANSWER({.label = "api down", .verdict = VERDICT_REFUTED});
    run_all();
    ck_assert_int_eq(runs_of("cache hang + api hang"), 1);
    ck_assert_int_eq(cell_of("cache cut + api hang")->rule, SKIP_ALIKE);
    ck_assert_int_eq(cell_of("cache hang + api cut")->rule,
                     SKIP_NONE); /* api down was refuted: no stand-in */
    ck_assert(!matrix_rule_is_sound(SKIP_ALIKE));
}
END_TEST

START_TEST(what_strikes_nothing_alone_is_assumed_to_strike_nothing_beside_another)
{
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, plain), "");
    ANSWER({.label = "api refuse", .verdict = VERDICT_INCONCLUSIVE, .is_unmet = true});
    run_all();
    ck_assert_int_eq(cell_of("api refuse")->outcome, CELL_UNREACHED);
    ck_assert_int_eq(cell_of("cache down + api refuse")->rule, SKIP_IDLE);
    ck_assert(!matrix_rule_is_sound(SKIP_IDLE));
}
END_TEST

START_TEST(a_sample_that_is_not_reached_is_no_miss)
{
    struct matrix_cell cell = {.count = 2, .runs = 1, .outcome = CELL_UNREACHED, .rule = SKIP_REFUTED};

    ck_assert(!matrix_is_missed(&cell));
    cell.outcome = CELL_PASSED;
    ck_assert(matrix_is_missed(&cell));
    cell.rule = SKIP_ALIKE;
    ck_assert(!matrix_is_missed(&cell));
}
END_TEST

START_TEST(what_is_refuted_and_what_strikes_nothing_are_no_pair)
{
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, plain), "");
    ANSWER({.label = "api refuse", .verdict = VERDICT_INCONCLUSIVE, .is_unmet = true},
           {.label = "cache down", .verdict = VERDICT_REFUTED});
    run_all();
    ck_assert_int_eq(cell_of("cache down + api refuse")->rule, SKIP_IDLE);
}
END_TEST

START_TEST(exhaustive_assumes_nothing)
{
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, exhaustive), "");
    ANSWER({.label = "cache down", .verdict = VERDICT_REFUTED});
    run_all();
    ck_assert_uint_eq(matrix_totals(matrix).explored, matrix->count);
}
END_TEST

START_TEST(of_what_is_left_out_two_percent_are_tried_last)
{
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, plain), "");
    run_all();
    struct matrix_totals t = matrix_totals(matrix);
    size_t skipped = t.planned - t.explored + t.sampled;
    ck_assert_uint_eq(t.sampled, (skipped * 2 + 99) / 100);
    ck_assert_uint_gt(t.sampled, 0);
    ck_assert(cell_of(ran[ran_count - 1].label)->sampled);
    ck_assert_uint_eq(t.missed, 0);
}
END_TEST

START_TEST(a_sample_that_is_refuted_as_assumed_is_not_run_again)
{
    static char labels_of_all[79][64];
    static struct answer refuted[79];

    ck_assert_str_eq(matrix_of(MATRIX_SHOP, plain), "");
    for (size_t i = 0; i < matrix->count; i++) {
        cleanup_buf struct buf label = {0};
        snprintf(labels_of_all[i], 64, "%s", matrix_label(matrix, &matrix->cells[i], &label));
        refuted[i] = (struct answer){.label = labels_of_all[i], .verdict = VERDICT_REFUTED};
    }
    answers = refuted;
    answers_count = (int)matrix->count;
    run_all();
    struct matrix_totals t = matrix_totals(matrix);
    ck_assert_uint_gt(t.sampled, 0);
    ck_assert_uint_eq(t.missed, 0);
    ck_assert_int_eq(runs_of(ran[ran_count - 1].label), 1);
    ck_assert_int_eq(cell_of(ran[ran_count - 1].label)->outcome, CELL_REFUTED);
}
END_TEST

START_TEST(a_sample_against_its_rule_is_a_miss_and_a_finding)
{
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, plain), "");
    run_all();
    char sampled[64];
    snprintf(sampled, sizeof(sampled), "%s", ran[ran_count - 1].label);
    struct answer refuted[] = {{.label = sampled, .verdict = VERDICT_REFUTED}};
    forget_matrix();
    ran_count = 0;
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, plain), "");
    answers = refuted;
    answers_count = 1;
    run_all();
    ck_assert_uint_eq(matrix_totals(matrix).missed, 1);
    ck_assert_int_eq(runs_of(sampled), 2);
    ck_assert_int_eq(matrix_exit_code(matrix), 1);
}
END_TEST

START_TEST(what_there_was_no_time_for_is_told_from_what_a_rule_spares)
{
    ck_assert_str_eq(matrix_of(MATRIX_SHOP, plain), "");
    called = CACHE_CALLED;
    run_some(3); /* clean, cache down, cache hang */
    matrix_settle(matrix);
    struct matrix_totals t = matrix_totals(matrix);
    ck_assert_uint_eq(t.explored, 2);
    ck_assert_int_eq(cell_of("api cut")->rule, SKIP_UNCALLED);
    ck_assert_int_eq(cell_of("cache cut")->rule, SKIP_NONE);
    ck_assert_int_eq(cell_of("cache down + api down")->rule, SKIP_UNMET);
    ck_assert_int_eq(cell_of("cache cut + api down")->rule, SKIP_NONE);
    ck_assert_uint_eq(t.explored + t.unexplored[SKIP_NONE] + t.unexplored[SKIP_UNCALLED] +
                          t.unexplored[SKIP_UNMET],
                      t.planned);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("matrix");
    TCase *tc = tcase_create("matrix");

    tcase_add_checked_fixture(tc, NULL, forget_matrix);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, each_dependency_has_each_fault_that_it_can_have_breadth_first);
    tcase_add_test(tc, an_http_answer_is_cut_behind_its_first_line);
    tcase_add_test(tc, datagrams_have_no_stream_to_break);
    tcase_add_test(tc, pairs_are_of_two_dependencies_and_begin_with_the_first_faults);
    tcase_add_test(tc, a_scenario_without_a_steady_state_is_refused);
    tcase_add_test(tc, a_scenario_without_dependencies_is_refused);
    tcase_add_test(tc, the_experiment_that_injects_just_this_says_what_must_hold);
    tcase_add_test(tc, a_hold_that_is_asked_for_is_that_of_every_cell);
    tcase_add_test(tc, what_fails_while_the_fault_strikes_nothing_is_not_refuted_by_it);
    tcase_add_test(tc, a_pair_of_which_one_strikes_nothing_is_not_reached_whatever_the_other_does);
    tcase_add_test(tc, a_clean_run_comes_first);
    tcase_add_test(tc, a_clean_run_that_fails_ends_it);
    tcase_add_test(tc, all_that_passes_is_exit_code_0_on_services_that_are_kept);
    tcase_add_test(tc, services_are_never_kept_when_that_is_asked_for);
    tcase_add_test(tc, what_is_refuted_is_run_again_on_fresh_services);
    tcase_add_test(tc, what_is_refuted_once_only_is_listed_and_fails_nothing);
    tcase_add_test(tc, what_is_refuted_when_it_is_stopped_is_not_confirmed);
    tcase_add_test(tc, a_steady_state_that_does_not_come_back_starts_the_services_anew);
    tcase_add_test(tc, what_could_not_be_judged_is_tried_once_more_on_fresh_services);
    tcase_add_test(tc, services_that_start_no_more_end_it);
    tcase_add_test(tc, what_nobody_calls_is_left_out_even_when_exhaustive);
    tcase_add_test(tc, a_name_that_may_be_looked_up_is_tried_all_the_same);
    tcase_add_test(tc, one_that_the_other_keeps_from_being_called_is_left_out_as_sound);
    tcase_add_test(tc, a_fallback_that_only_the_fault_calls_makes_its_pair_worth_a_run);
    tcase_add_test(tc, a_pair_of_what_is_refuted_alone_is_assumed_to_be);
    tcase_add_test(tc, down_and_hang_stand_for_what_ends_alike);
    tcase_add_test(tc, what_strikes_nothing_alone_is_assumed_to_strike_nothing_beside_another);
    tcase_add_test(tc, a_sample_that_is_not_reached_is_no_miss);
    tcase_add_test(tc, what_is_refuted_and_what_strikes_nothing_are_no_pair);
    tcase_add_test(tc, exhaustive_assumes_nothing);
    tcase_add_test(tc, of_what_is_left_out_two_percent_are_tried_last);
    tcase_add_test(tc, a_sample_that_is_refuted_as_assumed_is_not_run_again);
    tcase_add_test(tc, a_sample_against_its_rule_is_a_miss_and_a_finding);
    tcase_add_test(tc, what_there_was_no_time_for_is_told_from_what_a_rule_spares);
    return check_main(suite);
}
