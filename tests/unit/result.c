/* Verdicts: their names, their exit codes and which wins. */
#include "chaosctl/run/result.h"
#include "check_main.h"

static enum verdict_of_run of_exit_code(int code)
{
    for (int v = 0; v < VERDICT_COUNT; v++)
        if (verdict_exit_code((enum verdict_of_run)v) == code)
            return (enum verdict_of_run)v;
    ck_abort_msg("no verdict exits with %d", code);
}

START_TEST(the_worst_verdict_wins_in_the_order_of_the_contract)
{
    static const int worst_first[] = {5, 4, 1, 3, 0};

    for (int i = 0; i < 5; i++)
        for (int j = i; j < 5; j++) {
            enum verdict_of_run worse = of_exit_code(worst_first[i]), better = of_exit_code(worst_first[j]);
            ck_assert_int_eq(verdict_worse(worse, better), worse);
            ck_assert_int_eq(verdict_worse(better, worse), worse);
        }
}
END_TEST

START_TEST(an_impossible_verdict_is_never_a_pass)
{
    ck_assert_int_eq(verdict_exit_code((enum verdict_of_run)99), 5);
    ck_assert_str_eq(verdict_name((enum verdict_of_run)99), "?");
}
END_TEST

START_TEST(every_name_is_there_and_is_no_other)
{
    for (int i = 0; i < PHASE_COUNT; i++)
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(phase_name((enum phase)i), phase_name((enum phase)j));
    for (int i = 0; i < OUTCOME_COUNT; i++)
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(outcome_name((enum outcome)i), outcome_name((enum outcome)j));
    ck_assert_str_eq(verdict_name(VERDICT_TOOL_FAILED), "failed");
    ck_assert_str_eq(phase_name((enum phase) - 1), "?");
    ck_assert_str_eq(outcome_name(OUTCOME_COUNT), "?");
}
END_TEST

START_TEST(a_new_result_is_empty_and_incomplete)
{
    struct run_result *result = result_new();

    ck_assert_ptr_nonnull(result);
    ck_assert_uint_eq(result->cells_count, 0);
    ck_assert(!result->complete);
    result_free(result);
    result_free(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("result");
    TCase *tc = tcase_create("result");

    suite_add_tcase(suite, tc);
    tcase_add_test(tc, the_worst_verdict_wins_in_the_order_of_the_contract);
    tcase_add_test(tc, an_impossible_verdict_is_never_a_pass);
    tcase_add_test(tc, every_name_is_there_and_is_no_other);
    tcase_add_test(tc, a_new_result_is_empty_and_incomplete);
    return check_main(suite);
}
