/* The delay line's arithmetic: nothing early, nothing lost, nothing overtakes. */
#include <stdlib.h>
#include <string.h>

#include "injectors/stream.h"
#include "check_main.h"

#define MS UINT64_C(1000000)

static struct stream *s;

static void set_up(void)
{
    s = calloc(1, sizeof(*s));
}

static void tear_down(void)
{
    free(s);
}

static void arrive(uint64_t seen, uint64_t at_ns, uint64_t delay_ns)
{
    struct mark mark = {.first_ns = at_ns, .arrival_ns = at_ns};

    stream_hold(&mark, 0, delay_ns);
    if (stream_joins(s, at_ns))
        stream_join(s, seen, at_ns);
    else
        stream_arrive(s, seen, &mark);
}

START_TEST(a_batch_is_due_after_its_delay_and_not_before)
{
    arrive(10, 5 * MS, 100 * MS);
    ck_assert_uint_eq(stream_due(s, 105 * MS - 1), 0);
    ck_assert_uint_eq(stream_next_ns(s, 50 * MS), 105 * MS);
    ck_assert_uint_eq(stream_due(s, 105 * MS), 10);
}
END_TEST

START_TEST(a_shorter_delay_does_not_overtake)
{
    arrive(10, 1 * MS, 100 * MS);
    arrive(30, 10 * MS, 5 * MS);
    ck_assert_uint_eq(stream_due(s, 20 * MS), 0);
    ck_assert_uint_eq(stream_due(s, 101 * MS), 30);
}
END_TEST

START_TEST(each_batch_has_its_own_time)
{
    arrive(10, 0, 100 * MS);
    arrive(30, 50 * MS, 100 * MS);
    ck_assert_uint_eq(stream_due(s, 120 * MS), 10);
    stream_consume(s, 10, 120 * MS);
    ck_assert_uint_eq(stream_due(s, 140 * MS), 0);
    ck_assert_uint_eq(stream_due(s, 150 * MS), 20);
}
END_TEST

START_TEST(what_nobody_holds_comes_behind_what_is_held)
{
    struct mark none = {.first_ns = 10 * MS, .arrival_ns = 10 * MS};

    arrive(10, 0, 100 * MS);
    stream_arrive(s, 15, &none);
    ck_assert_uint_eq(stream_due(s, 99 * MS), 0);
    ck_assert_uint_eq(stream_due(s, 100 * MS), 15);
}
END_TEST

START_TEST(a_full_line_merges_and_is_late_but_never_early)
{
    for (uint64_t i = 0; i < 10 * STREAM_MARKS; i++) {
        arrive((i + 1) * 7, i * MS, 100 * MS);
        ck_assert_uint_le(s->count, STREAM_MARKS);
    }
    for (uint64_t now = 100; now < 800; now++)
        ck_assert_uint_le(stream_due(s, now * MS), (now - 100 + 1) * 7);
    ck_assert_uint_eq(stream_due(s, 10 * STREAM_MARKS * MS + 100 * MS), 10 * STREAM_MARKS * 7);
}
END_TEST

START_TEST(an_end_comes_behind_the_data)
{
    struct mark end = {.first_ns = 1 * MS, .arrival_ns = 1 * MS};

    arrive(10, 0, 100 * MS);
    stream_end(s, &end);
    ck_assert(!stream_end_is_due(s, 50 * MS));
    ck_assert(stream_end_is_due(s, 100 * MS));
}
END_TEST

START_TEST(a_blackhole_is_never_due_and_all_of_it_when_lifted)
{
    struct table *table = calloc(1, sizeof(*table));

    table->rules[0].state = RULE_ARMED;
    arrive(10, 0, STREAM_NEVER);
    stream_reweigh(s, table);
    ck_assert_uint_eq(stream_due(s, STREAM_NEVER - 1), 0);
    table->rules[0].state = RULE_FREE;
    stream_reweigh(s, table);
    ck_assert_uint_eq(stream_due(s, 1), 10);
    free(table);
}
END_TEST

START_TEST(lifting_one_of_two_delays_leaves_the_other)
{
    struct table *table = calloc(1, sizeof(*table));
    struct mark mark = {0};

    table->rules[1].state = RULE_ARMED;
    stream_hold(&mark, 0, 100 * MS);
    stream_hold(&mark, 1, 30 * MS);
    stream_arrive(s, 10, &mark);
    ck_assert_uint_eq(stream_due(s, 129 * MS), 0);
    stream_reweigh(s, table);
    ck_assert_uint_eq(stream_due(s, 29 * MS), 0);
    ck_assert_uint_eq(stream_due(s, 30 * MS), 10);
    free(table);
}
END_TEST

START_TEST(a_bucket_lets_through_what_was_asked_and_a_tenth_of_a_second_at_once)
{
    uint64_t got = 0;

    stream_rate(s, 100000, 0);
    s->seen = 1 << 30;
    for (uint64_t now = 0; now <= 5000; now += 3) {
        uint64_t due = stream_due(s, now * MS);
        got += due;
        stream_consume(s, got, now * MS);
    }
    ck_assert_uint_ge(got, 490000);
    ck_assert_uint_le(got, 500000);
    ck_assert_uint_eq(stream_due(s, 3600 * 1000 * MS), 10000);
}
END_TEST

START_TEST(a_bucket_says_when_to_look_again)
{
    stream_rate(s, 100000, 0);
    s->seen = 5000;
    uint64_t next = stream_next_ns(s, 1 * MS);
    ck_assert_uint_eq(stream_due(s, next - 1000 * 1000), 0);
    ck_assert_uint_ge(stream_due(s, next), 1000);
}
END_TEST

START_TEST(a_corrupt_byte_is_where_the_mark_says)
{
    struct mark mark = {.flip = 0x20, .flip_at = 1};
    uint8_t bytes[10] = "abcdefghi";

    stream_arrive(s, 105, &mark); /* byte 103 */
    stream_corrupt(s, 100, bytes, 10);
    ck_assert_str_eq((char *)bytes, "abcDefghi");
}
END_TEST

static struct rule latency(enum distribution distribution)
{
    return (struct rule){.delay_ns = 100 * MS, .jitter_ns = 20 * MS, .distribution = distribution, .seed = 7};
}

START_TEST(jitter_is_spread_as_asked)
{
    for (int d = 0; d <= DISTRIBUTION_PARETO; d++) {
        struct rule rule = latency((enum distribution)d);
        uint64_t sum = 0, least = STREAM_NEVER, most = 0;
        for (uint64_t i = 0; i < 10000; i++) {
            uint64_t delay = stream_delay(&rule, i);
            ck_assert_uint_eq(delay, stream_delay(&rule, i));
            sum += delay;
            least = delay < least ? delay : least;
            most = delay > most ? delay : most;
        }
        uint64_t mean = sum / 10000, wanted = d == DISTRIBUTION_PARETO ? 120 * MS : 100 * MS;
        ck_assert_uint_ge(mean, wanted - 3 * MS);
        ck_assert_uint_le(mean, wanted + 3 * MS);
        ck_assert_uint_ge(least, d == DISTRIBUTION_UNIFORM  ? 80 * MS
                                 : d == DISTRIBUTION_PARETO ? 100 * MS
                                                            : 0);
        ck_assert_uint_le(most, d == DISTRIBUTION_UNIFORM ? 120 * MS : 600 * MS);
    }
}
END_TEST

START_TEST(the_end_of_a_fault_ends_its_holds)
{
    struct rule rule = {.delay_ns = 100 * MS, .until_ns = UINT64_MAX};
    struct mark mark = {.arrival_ns = 50 * MS};
    struct strike strike = {.rule = 3};

    ck_assert_uint_eq(stream_hold_by(&mark, &rule, &strike), 100 * MS);
    rule.until_ns = 120 * MS;
    ck_assert_uint_eq(stream_hold_by(&mark, &rule, &strike), 70 * MS);
    rule.until_ns = 150 * MS;
    ck_assert_uint_eq(stream_hold_by(&mark, &rule, &strike), 100 * MS);
    ck_assert_uint_eq(mark.holds, 3);
    ck_assert_uint_eq(mark.rule[2], 3);
}
END_TEST

START_TEST(damage_is_bounded)
{
    struct rule rule = {.delay_ns = UINT64_MAX, .jitter_ns = UINT64_MAX, .distribution = 99};

    for (uint64_t i = 0; i < 100; i++)
        ck_assert_uint_le(stream_delay(&rule, i), 2 * 3600 * 1000 * MS);
    struct mark mark = {.holds = 255};
    stream_arrive(s, 10, &mark);
    stream_due(s, 1);
    stream_rate(s, UINT64_MAX, 0);
    stream_due(s, UINT64_MAX - 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stream");
    TCase *c = tcase_create("line");

    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, a_batch_is_due_after_its_delay_and_not_before);
    tcase_add_test(c, a_shorter_delay_does_not_overtake);
    tcase_add_test(c, each_batch_has_its_own_time);
    tcase_add_test(c, what_nobody_holds_comes_behind_what_is_held);
    tcase_add_test(c, a_full_line_merges_and_is_late_but_never_early);
    tcase_add_test(c, an_end_comes_behind_the_data);
    tcase_add_test(c, a_blackhole_is_never_due_and_all_of_it_when_lifted);
    tcase_add_test(c, lifting_one_of_two_delays_leaves_the_other);
    tcase_add_test(c, a_bucket_lets_through_what_was_asked_and_a_tenth_of_a_second_at_once);
    tcase_add_test(c, a_bucket_says_when_to_look_again);
    tcase_add_test(c, a_corrupt_byte_is_where_the_mark_says);
    tcase_add_test(c, jitter_is_spread_as_asked);
    tcase_add_test(c, the_end_of_a_fault_ends_its_holds);
    tcase_add_test(c, damage_is_bounded);
    suite_add_tcase(suite, c);
    return check_main(suite);
}
