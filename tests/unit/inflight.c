/* Places of calls that wait. */
#include "injectors/decision/inflight.h"
#include "tests/unit/check_main.h"

START_TEST(a_call_has_a_place_until_it_ends)
{
    static struct inflight places[INFLIGHT_MAX];

    ck_assert_int_eq(inflight_begin(places, 7, 1, 1000), 0);
    ck_assert_int_eq(inflight_begin(places, 8, 3, 1500), 1);
    ck_assert_int_eq(inflight_begin(places, 7, 2, 1700), 2);
    ck_assert_uint_eq(inflight_count(places, 1), 2);
    ck_assert_uint_eq(inflight_count(places, 2), 2);
    ck_assert_uint_eq(inflight_count(places, 3), 3);
    ck_assert_uint_eq(inflight_count(places, 4), 0);
    ck_assert_uint_eq(inflight_end(&places[1], 8, 1900), 400);
    ck_assert_uint_eq(inflight_count(places, 1), 1);
    ck_assert_int_eq(inflight_begin(places, 9, 1, 2000), 1);
}
END_TEST

START_TEST(a_place_is_ended_once_and_by_its_own_process)
{
    static struct inflight places[INFLIGHT_MAX];

    ck_assert_int_eq(inflight_begin(places, 7, 1, 1000), 0);
    ck_assert_uint_eq(inflight_end(&places[0], 8, 1100), UINT64_MAX);
    ck_assert_uint_eq(inflight_count(places, 1), 1);
    ck_assert_uint_eq(inflight_end(&places[0], 7, 900), 0);
    ck_assert_uint_eq(inflight_end(&places[0], 7, 1200), UINT64_MAX);
    ck_assert_uint_eq(inflight_count(places, 1), 0);
}
END_TEST

START_TEST(when_all_places_are_taken_there_is_none)
{
    static struct inflight places[INFLIGHT_MAX];

    for (int i = 0; i < INFLIGHT_MAX; i++)
        ck_assert_int_eq(inflight_begin(places, 7, 1, 1000), i);
    ck_assert_int_eq(inflight_begin(places, 7, 1, 1000), -1);
    inflight_end(&places[500], 7, 1001);
    ck_assert_int_eq(inflight_begin(places, 7, 1, 1000), 500);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("inflight");
    TCase *t = tcase_create("inflight");

    tcase_add_test(t, a_call_has_a_place_until_it_ends);
    tcase_add_test(t, a_place_is_ended_once_and_by_its_own_process);
    tcase_add_test(t, when_all_places_are_taken_there_is_none);
    suite_add_tcase(suite, t);
    return check_main(suite);
}
