/* The tables of epoll sets: what is held comes out in the order in which it is due, and nothing is lost. */
#include <stdlib.h>

#include "injectors/decision/rule.h"
#include "preload/clock.c"
#include "preload/due.c"
#include "preload/lock.c"
#include "preload/registry.c"
#include "check_main.h"

struct real real = {.syscall = syscall};

#define COUNT 500
#define STEPS 20000

static struct set *s = &sets[0];
static int places[COUNT];
static uint64_t wanted[COUNT]; /* when it is due; 0: it is not held */

static void set_up(void)
{
    for (int i = 0; i < COUNT; i++) {
        places[i] = registry_put(s, i, EPOLLIN, (uint64_t)i % 7);
        wanted[i] = 0;
    }
}

static void tear_down(void)
{
    registry_clear(s);
}

static uint64_t least_wanted(void)
{
    uint64_t least = UINT64_MAX;

    for (int i = 0; i < COUNT; i++)
        least = wanted[i] && wanted[i] < least ? wanted[i] : least;
    return least;
}

static void check_first(void)
{
    int first = due_first(s);

    ck_assert_uint_eq(first ? registrations[first].restore_ns : UINT64_MAX, least_wanted());
}

/* The n-th step holds one, moves it, or lets it go, by the dice. */
static void step(uint64_t n)
{
    uint64_t draw = rule_draw(1, n);
    int i = (int)(draw % COUNT);

    if (draw >> 32 & 1) {
        wanted[i] = 1 + (draw >> 40) % 1000;
        due_put(s, places[i], wanted[i]);
    } else {
        wanted[i] = 0;
        due_take(s, places[i]);
    }
}

START_TEST(the_first_is_due_first_whatever_is_put_and_taken)
{
    for (uint64_t n = 0; n < STEPS; n++) {
        step(n);
        check_first();
    }
}
END_TEST

START_TEST(all_come_out_in_order)
{
    uint64_t last = 0;
    int count = 0;

    for (uint64_t i = 0; i < COUNT; i++)
        due_put(s, places[i], 1 + rule_draw(2, i) % 100);
    for (int first; (first = due_first(s)); count++) {
        ck_assert_uint_ge(registrations[first].restore_ns, last);
        last = registrations[first].restore_ns;
        due_take(s, first);
    }
    ck_assert_int_eq(count, COUNT);
}
END_TEST

START_TEST(what_is_dropped_is_not_due)
{
    for (uint64_t i = 0; i < COUNT; i++)
        due_put(s, places[i], 1 + i);
    for (int i = 0; i < COUNT - 1; i++)
        registry_drop(s, places[i]);
    ck_assert_int_eq(due_first(s), places[COUNT - 1]);
    due_take(s, places[COUNT - 1]);
    ck_assert_int_eq(due_first(s), 0);
}
END_TEST

START_TEST(each_is_told_once)
{
    registry_tell(s, places[3]);
    registry_tell(s, places[4]);
    registry_tell(s, places[3]);
    registry_tell(s, places[5]);
    registry_drop(s, places[4]);
    ck_assert_int_eq(registry_told(s), places[5]);
    ck_assert_int_eq(registry_told(s), places[3]);
    ck_assert_int_eq(registry_told(s), 0);
}
END_TEST

START_TEST(those_that_share_their_data_are_all_found)
{
    int count = 0;

    for (int place = registry_first(s, 3); place; place = registry_next(place, 3)) {
        ck_assert_int_eq(registrations[place].fd % 7, 3);
        count++;
    }
    ck_assert_int_eq(count, COUNT / 7 + (COUNT % 7 > 3));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("due");
    TCase *tests = tcase_create("due");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, the_first_is_due_first_whatever_is_put_and_taken);
    tcase_add_test(tests, all_come_out_in_order);
    tcase_add_test(tests, what_is_dropped_is_not_due);
    tcase_add_test(tests, each_is_told_once);
    tcase_add_test(tests, those_that_share_their_data_are_all_found);
    suite_add_tcase(suite, tests);
    return check_main(suite);
}
