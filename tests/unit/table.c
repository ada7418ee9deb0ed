/* The control area: armed, lifted, published. */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "injectors/decision/table.h"
#include "check_main.h"

static struct table *table;

static void set_up(void)
{
    table = calloc(1, sizeof(*table));
    table_init(table);
}

static void tear_down(void)
{
    free(table);
}

static struct rule on(call_set calls, uint32_t targets)
{
    return (struct rule){
        .effect = EFFECT_FAIL, .calls = calls, .targets = targets, .probability = RULE_ALWAYS};
}

START_TEST(nothing_is_armed_at_first)
{
    for (int c = 0; c < CALL_COUNT; c++)
        ck_assert_uint_eq(table->armed[c], 0);
}
END_TEST

START_TEST(a_call_is_armed_with_the_targets_of_its_rules)
{
    struct rule a = on(call_bit(CALL_connect) | call_bit(CALL_recv), 1 << 2),
                b = on(call_bit(CALL_connect), 1 << 5);

    table_arm(table, &a);
    table_arm(table, &b);
    ck_assert_uint_eq(table->armed[CALL_connect], 1 << 2 | 1 << 5);
    ck_assert_uint_eq(table->armed[CALL_recv], 1 << 2);
    ck_assert_uint_eq(table->armed[CALL_send], 0);
    ck_assert_uint_eq(table->armed[CALL_malloc], 0);
}
END_TEST

START_TEST(what_flows_as_datagrams_is_told_apart)
{
    struct rule late = on(call_bit(CALL_recv), 1 << 0 | 1 << 1 | 1 << 2), lost = late, failing = late;

    table->targets[0] = (struct target){.kind = TARGET_ADDRESS, .bit = 0, .protocol = PROTOCOL_TCP};
    table->targets[1] = (struct target){.kind = TARGET_NAME, .bit = 1, .protocol = PROTOCOL_UDP};
    table->targets[2] = (struct target){.kind = TARGET_UNIX, .bit = 2, .protocol = PROTOCOL_UDP};
    table->target_count = 3;
    table_arm(table, &failing);
    ck_assert_uint_eq(table->datagrams, 0);
    late.effect = EFFECT_HOLD;
    lost.effect = EFFECT_LOSE;
    int index = table_arm(table, &late);
    ck_assert_uint_eq(table->datagrams, 1 << 1);
    ck_assert_uint_eq(table->streams, 7);
    table_lift(table, (uint32_t)index);
    ck_assert_uint_eq(table->datagrams, 0);
    table_arm(table, &lost);
    ck_assert_uint_eq(table->datagrams, 1 << 1);
}
END_TEST

START_TEST(a_rule_without_targets_arms_for_any)
{
    struct rule rule = on(call_bit(CALL_malloc), 0);

    table_arm(table, &rule);
    ck_assert_uint_eq(table->armed[CALL_malloc], TARGET_ANY);
}
END_TEST

START_TEST(descriptors_are_followed_while_traffic_is_armed)
{
    struct rule traffic = on(call_bit(CALL_recv), 1 << 2), memory = on(call_bit(CALL_malloc), 0);

    table_arm(table, &memory);
    ck_assert_uint_eq(table->armed[CALL_close], 0);
    int index = table_arm(table, &traffic);
    ck_assert_uint_eq(table->armed[CALL_close], 1 << 2);
    ck_assert_uint_eq(table->armed[CALL_connect], 1 << 2);
    table_lift(table, (uint32_t)index);
    ck_assert_uint_eq(table->armed[CALL_close], 0);
}
END_TEST

START_TEST(a_lift_disarms_its_rule_alone_and_changes_the_epoch)
{
    struct rule a = on(call_bit(CALL_connect), 1), b = on(call_bit(CALL_connect), 2);
    int first = table_arm(table, &a);
    table_arm(table, &b);
    uint32_t epoch = table->epoch;

    table_lift(table, (uint32_t)first);
    ck_assert_uint_eq(table->armed[CALL_connect], 2);
    ck_assert_uint_ne(table->epoch, epoch);
    epoch = table->epoch;
    table_lift(table, (uint32_t)first);
    table_lift(table, 12345);
    ck_assert_uint_eq(table->epoch, epoch);
}
END_TEST

START_TEST(a_lifted_rules_counts_stay_readable)
{
    struct rule rule = on(call_bit(CALL_connect), 1);
    int index = table_arm(table, &rule);

    table->rules[index].hits = 3;
    table_lift(table, (uint32_t)index);
    ck_assert_int_ne(table_arm(table, &rule), index);
    ck_assert_uint_eq(table->rules[index].hits, 3);
}
END_TEST

START_TEST(a_full_table_refuses)
{
    struct rule rule = on(call_bit(CALL_connect), 1);

    for (int i = 0; i < RULE_MAX; i++)
        ck_assert_int_eq(table_arm(table, &rule), i);
    ck_assert_int_eq(table_arm(table, &rule), -1);
}
END_TEST

START_TEST(a_watch_arms_what_flows_and_nothing_else)
{
    table_watch(table, 1 << 4 | TARGET_ANY);
    ck_assert_uint_eq(table->armed[CALL_connect], 1 << 4);
    ck_assert_uint_eq(table->armed[CALL_send], 1 << 4);
    ck_assert_uint_eq(table->armed[CALL_read], 1 << 4);
    ck_assert_uint_eq(table->armed[CALL_malloc], 0);
    ck_assert_uint_eq(table->armed[CALL_getaddrinfo], 0);
}
END_TEST

START_TEST(leftovers_keep_calls_busy_through_a_lift)
{
    struct rule hole = on(call_bit(CALL_send), 1 << 2);
    int index = table_arm(table, &hole);

    table_leave(table, true);
    table_lift(table, (uint32_t)index);
    ck_assert(table->armed[CALL_send] && table->armed[CALL_recv] && table->armed[CALL_epoll_wait] &&
              table->armed[CALL_shutdown]);
    ck_assert_uint_eq(table->armed[CALL_malloc], 0);
    ck_assert_uint_eq(table->armed[CALL_connect], 0);
    table_tidy(table);
    ck_assert(table->armed[CALL_send]);
    table_leave(table, false);
    table_tidy(table);
    for (int c = 0; c < CALL_COUNT; c++)
        ck_assert_uint_eq(table->armed[c], 0);
}
END_TEST

static struct rule answering(void)
{
    struct rule rule = on(call_bit(CALL_recv), 1 << 2);

    rule.effect = EFFECT_RESPOND;
    return rule;
}

START_TEST(kept_answers_keep_calls_busy_from_the_lift_on)
{
    struct rule rule = answering();
    int index = table_arm(table, &rule);

    table_keep(table, true, (uint32_t)index);
    ck_assert_uint_eq(table->armed[CALL_splice], 0);
    table_lift(table, (uint32_t)index);
    ck_assert_uint_eq(table->armed[CALL_splice], TARGET_ANY);
    table_tidy(table);
    ck_assert_uint_eq(table->armed[CALL_recv], TARGET_ANY);
    table_keep(table, false, (uint32_t)index);
    table_tidy(table);
    ck_assert_uint_eq(table->armed[CALL_recv], 0);
    ck_assert_uint_eq(table->armed[CALL_splice], 0);
}
END_TEST

START_TEST(what_is_kept_when_the_lift_has_passed_keeps_them_busy_too)
{
    struct rule rule = answering();
    int index = table_arm(table, &rule);

    table_lift(table, (uint32_t)index);
    ck_assert_uint_eq(table->armed[CALL_recv], 0);
    table_keep(table, true, (uint32_t)index);
    ck_assert_uint_eq(table->armed[CALL_recv], TARGET_ANY);
}
END_TEST

START_TEST(a_reply_in_use_is_not_overwritten)
{
    struct rule rule = answering();
    struct reply reply = {.len = 1};
    bool taken[REPLY_MAX + 1] = {false};

    for (int i = 0; i < REPLY_MAX; i++) {
        rule.reply = table_reply(table, &reply);
        ck_assert(rule.reply && rule.reply <= REPLY_MAX && !taken[rule.reply]);
        taken[rule.reply] = true;
        ck_assert_int_eq(table_arm(table, &rule), i);
    }
    ck_assert_uint_eq(table_reply(table, &reply), 0);
    table_lift(table, 3);
    ck_assert_uint_eq(table_reply(table, &reply), table->rules[3].reply);
}
END_TEST

/* One more than the publisher looked for would be overtaken by calls that it leaves idle. */
START_TEST(nothing_is_left_while_somebody_publishes)
{
    table->is_publishing = 1;
    ck_assert(!table_leave(table, true));
    ck_assert_uint_eq(table->leftovers, 0);
    ck_assert_uint_eq(table->armed[CALL_send], 0);
    table_watch(table, 0);
    ck_assert_uint_eq(table->is_publishing, 0);
    ck_assert(table_leave(table, true));
    ck_assert_uint_eq(table->leftovers, 1);
    ck_assert(table->armed[CALL_send]);
}
END_TEST

static _Atomic bool is_over;

static void *arm_and_lift(void *unused)
{
    struct rule hole = on(call_bit(CALL_send), 1 << 2);

    while (!is_over)
        table_lift(table, (uint32_t)table_arm(table, &hole));
    return unused;
}

START_TEST(no_call_is_idle_while_something_is_left)
{
    uint64_t idle = 0;
    pthread_t publisher;

    ck_assert_int_eq(pthread_create(&publisher, NULL, arm_and_lift, NULL), 0);
    for (int i = 0; i < 200000; i++) {
        while (!table_leave(table, true))
            sched_yield();
        for (int look = 0; look < 100; look++)
            idle += !(table->armed[CALL_send] & TARGET_ANY);
        table_leave(table, false);
    }
    is_over = true;
    pthread_join(publisher, NULL);
    ck_assert_uint_eq(idle, 0);
}
END_TEST

START_TEST(tidying_disarms_nothing)
{
    struct rule any = on(call_bit(CALL_recv) | call_bit(CALL_shutdown), 0);
    uint32_t epoch;

    table_arm(table, &any);
    epoch = table->epoch;
    table_tidy(table);
    ck_assert_uint_eq(table->epoch, epoch);
    ck_assert(table->armed[CALL_recv] & TARGET_ANY);
}
END_TEST

START_TEST(only_a_whole_area_of_this_build_is_valid)
{
    ck_assert(table_is_valid(table, sizeof(*table)));
    ck_assert(!table_is_valid(table, sizeof(*table) - 1));
    table->layout++;
    ck_assert(!table_is_valid(table, sizeof(*table)));
    table->layout--;
    table->magic++;
    ck_assert(!table_is_valid(table, sizeof(*table)));
    table->magic--;
    table->rule_count = RULE_MAX + 1;
    ck_assert(!table_is_valid(table, sizeof(*table)));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("table");
    TCase *tests = tcase_create("table");

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, nothing_is_armed_at_first);
    tcase_add_test(tests, a_call_is_armed_with_the_targets_of_its_rules);
    tcase_add_test(tests, what_flows_as_datagrams_is_told_apart);
    tcase_add_test(tests, a_rule_without_targets_arms_for_any);
    tcase_add_test(tests, descriptors_are_followed_while_traffic_is_armed);
    tcase_add_test(tests, a_lift_disarms_its_rule_alone_and_changes_the_epoch);
    tcase_add_test(tests, a_lifted_rules_counts_stay_readable);
    tcase_add_test(tests, a_full_table_refuses);
    tcase_add_test(tests, a_watch_arms_what_flows_and_nothing_else);
    tcase_add_test(tests, leftovers_keep_calls_busy_through_a_lift);
    tcase_add_test(tests, kept_answers_keep_calls_busy_from_the_lift_on);
    tcase_add_test(tests, what_is_kept_when_the_lift_has_passed_keeps_them_busy_too);
    tcase_add_test(tests, a_reply_in_use_is_not_overwritten);
    tcase_add_test(tests, nothing_is_left_while_somebody_publishes);
    tcase_add_test(tests, no_call_is_idle_while_something_is_left);
    tcase_add_test(tests, tidying_disarms_nothing);
    tcase_add_test(tests, only_a_whole_area_of_this_build_is_valid);
    suite_add_tcase(suite, tests);
    return check_main(suite);
}
