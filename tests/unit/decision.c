/* When a rule strikes, and what becomes of a call. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "injectors/decision/decide.h"
#include "check_main.h"

static struct rule rule_of(uint64_t after, uint64_t every, uint64_t times)
{
    struct rule rule = {
        .effect = EFFECT_FAIL,
        .calls = call_bit(CALL_connect),
        .error = ECONNREFUSED,
        .seed = 1,
        .probability = RULE_ALWAYS,
        .after = after,
        .every = every,
        .times = times,
        .until_ns = RULE_ENDLESS,
        .size_max = UINT64_MAX,
    };

    rule_seal(&rule);
    return rule;
}

/* The matches below 64 that strike, as bits. */
static uint64_t strikes_of(const struct rule *rule)
{
    uint64_t bits = 0;

    for (uint64_t n = 0; n < 64; n++)
        bits |= (uint64_t)rule_strikes(rule, n) << n;
    return bits;
}

START_TEST(a_plain_rule_strikes_every_match)
{
    struct rule rule = rule_of(0, 1, RULE_ENDLESS);

    ck_assert(strikes_of(&rule) == UINT64_MAX);
}
END_TEST

START_TEST(after_lets_so_many_matches_through_first)
{
    struct rule rule = rule_of(3, 1, RULE_ENDLESS);

    ck_assert(strikes_of(&rule) == UINT64_MAX << 3);
}
END_TEST

START_TEST(times_bounds_the_strikes)
{
    struct rule rule = rule_of(0, 1, 2);

    ck_assert(strikes_of(&rule) == 3);
}
END_TEST

START_TEST(every_counts_from_after)
{
    struct rule rule = rule_of(2, 3, 3);

    ck_assert(strikes_of(&rule) == (1u << 2 | 1u << 5 | 1u << 8));
}
END_TEST

START_TEST(zero_times_never_strikes)
{
    struct rule rule = rule_of(0, 1, 0);

    ck_assert(strikes_of(&rule) == 0);
}
END_TEST

START_TEST(times_bounds_the_strikes_of_a_random_rule_too)
{
    struct rule rule = rule_of(5, 2, 7);
    int strikes = 0;

    rule.probability = RULE_ALWAYS / 10;
    rule_seal(&rule);
    for (uint64_t n = 0; n < 100000; n++)
        strikes += rule_strikes(&rule, n);
    ck_assert_int_eq(strikes, 7);
    ck_assert(rule_strikes(&rule, rule.last));
}
END_TEST

START_TEST(a_rule_that_can_never_reach_its_times_is_sealed_all_the_same)
{
    struct rule rule = rule_of(0, 1, 1);

    rule.probability = 0;
    rule_seal(&rule);
    ck_assert(strikes_of(&rule) == 0);
}
END_TEST

/* Within 4 standard deviations; a wrong factor of two is hundreds away. */
START_TEST(a_probability_is_what_was_asked_for)
{
    static const double asked[] = {0.001, 0.01, 0.25, 0.5, 0.9};
    double p = asked[_i], n = 200000, hits = 0;
    struct rule rule = rule_of(0, 1, RULE_ENDLESS);

    rule.probability = (uint64_t)(p * (double)RULE_ALWAYS);
    for (uint64_t i = 0; i < (uint64_t)n; i++)
        hits += rule_strikes(&rule, i);
    ck_assert_double_eq_tol(hits, n * p, 4 * sqrt(n * p * (1 - p)));
}
END_TEST

START_TEST(the_same_seed_makes_the_same_decisions)
{
    struct rule a = rule_of(0, 1, RULE_ENDLESS), b;

    a.probability = RULE_ALWAYS / 2;
    b = a;
    ck_assert(strikes_of(&a) == strikes_of(&b));
    b.seed = 2;
    ck_assert(strikes_of(&a) != strikes_of(&b));
}
END_TEST

/* The published sequence of SplitMix64 for seed 1234567. */
START_TEST(a_draw_is_splitmix64s)
{
    static const uint64_t wanted[] = {UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
                                      UINT64_C(9817491932198370423)};

    for (uint64_t i = 0; i < 3; i++)
        ck_assert(rule_draw(1234567, i) == wanted[i]);
}
END_TEST

/* --- decide --- */

static struct table *table;

static void set_up(void)
{
    table = calloc(1, sizeof(*table));
    table_init(table);
    table->lease_ns = UINT64_MAX;
}

static void tear_down(void)
{
    free(table);
}

static struct subject connecting(void)
{
    return (struct subject){
        .call = CALL_connect, .targets = 1, .service = 1, .direction = DIRECTION_OUTBOUND, .now_ns = 1000};
}

static bool strikes(const struct subject *subject)
{
    struct verdict verdict;

    return decide(table, subject, &verdict);
}

START_TEST(an_expired_lease_never_fires)
{
    struct rule rule = rule_of(0, 1, RULE_ENDLESS);
    struct subject s = connecting();

    table_arm(table, &rule);
    table->lease_ns = s.now_ns;
    ck_assert(!strikes(&s));
    table->lease_ns = s.now_ns + 1;
    ck_assert(strikes(&s));
}
END_TEST

START_TEST(a_zeroed_area_passes_everything)
{
    struct subject s = connecting();

    memset(table, 0, sizeof(*table));
    ck_assert(!strikes(&s));
}
END_TEST

START_TEST(a_lifted_rule_never_fires)
{
    struct rule rule = rule_of(0, 1, RULE_ENDLESS);
    struct subject s = connecting();
    int index = table_arm(table, &rule);

    table_lift(table, (uint32_t)index);
    ck_assert(!strikes(&s));
}
END_TEST

START_TEST(what_was_not_named_is_not_struck)
{
    struct rule rule = rule_of(0, 1, RULE_ENDLESS);
    struct subject good = connecting(), s;

    rule.targets = 1;
    rule.services = 1;
    rule.direction = DIRECTION_OUTBOUND;
    rule.from_ns = 500;
    rule.until_ns = 2000;
    table_arm(table, &rule);
    s = good, s.call = CALL_send;
    ck_assert(!strikes(&s));
    s = good, s.targets = 2;
    ck_assert(!strikes(&s));
    s = good, s.service = 2;
    ck_assert(!strikes(&s));
    s = good, s.direction = DIRECTION_INBOUND;
    ck_assert(!strikes(&s));
    s = good, s.now_ns = 499;
    ck_assert(!strikes(&s));
    s = good, s.now_ns = 2000;
    ck_assert(!strikes(&s));
    ck_assert_uint_eq(table->rules[0].matches, 0);
    ck_assert(strikes(&good));
}
END_TEST

START_TEST(an_allocation_is_struck_by_size_heap_and_caller)
{
    struct rule rule = rule_of(0, 1, RULE_ENDLESS);
    struct subject good = {.call = CALL_malloc,
                           .size_bytes = 100,
                           .heap_bytes = 1000,
                           .caller = "libssl.so.3"},
                   s;

    rule.calls = call_bit(CALL_malloc);
    rule.size_min = 100;
    rule.size_max = 200;
    rule.heap_min = 1000;
    strcpy(rule.caller, "libssl.so.3");
    table_arm(table, &rule);
    s = good, s.size_bytes = 99;
    ck_assert(!strikes(&s));
    s = good, s.size_bytes = 201;
    ck_assert(!strikes(&s));
    s = good, s.heap_bytes = 999;
    ck_assert(!strikes(&s));
    s = good, s.caller = "libssl.so";
    ck_assert(!strikes(&s));
    s = good, s.caller = NULL;
    ck_assert(!strikes(&s));
    ck_assert(strikes(&good));
    ck_assert(decide_needs_caller(table) && decide_needs_heap(table));
}
END_TEST

START_TEST(delays_add_up_and_the_first_end_wins)
{
    struct rule slow = rule_of(0, 1, RULE_ENDLESS), fail = slow, other = slow;
    struct subject s = connecting();
    struct verdict verdict;

    slow.effect = EFFECT_WAIT;
    slow.delay_ns = 5;
    fail.error = ETIMEDOUT;
    table_arm(table, &slow);
    table_arm(table, &slow);
    table_arm(table, &fail);
    table_arm(table, &other);
    ck_assert(decide(table, &s, &verdict));
    ck_assert_uint_eq(verdict.delay_ns, 10);
    ck_assert_int_eq(verdict.effect, EFFECT_FAIL);
    ck_assert_int_eq(verdict.error, ETIMEDOUT);
    ck_assert_uint_eq(verdict.strikes, 3);
    ck_assert_uint_eq(table->rules[3].matches, 0);
}
END_TEST

START_TEST(an_outage_refuses_what_opens_and_resets_the_rest)
{
    struct rule rule = rule_of(0, 1, RULE_ENDLESS);
    struct subject s = connecting();
    struct verdict verdict;

    rule.effect = EFFECT_OUTAGE;
    rule.calls |= call_bit(CALL_recv);
    table_arm(table, &rule);
    decide(table, &s, &verdict);
    ck_assert_int_eq(verdict.effect, EFFECT_REFUSE);
    s.call = CALL_recv;
    decide(table, &s, &verdict);
    ck_assert_int_eq(verdict.effect, EFFECT_RESET);
}
END_TEST

static bool is_hole(uint32_t targets, enum direction direction)
{
    struct subject s = connecting();

    s.targets = targets;
    s.direction = (uint8_t)direction;
    return decide_is_hole(table, &s);
}

START_TEST(a_hole_is_one_only_where_nothing_gets_through)
{
    struct rule whole = rule_of(0, 1, RULE_ENDLESS), rows[5];

    whole.effect = EFFECT_HOLD;
    whole.endless = 1;
    for (int i = 0; i < 5; i++)
        rows[i] = whole;
    rows[0].probability = RULE_ALWAYS / 2;
    rows[1].has_request = 1;
    rows[2].from_ns = connecting().now_ns + 1;
    rows[3].services = 2;
    rows[4].after = 1;
    for (int i = 0; i < 5; i++) {
        int index = table_arm(table, &rows[i]);
        ck_assert_msg(!is_hole(1, DIRECTION_OUTBOUND), "row %d", i);
        table_lift(table, (uint32_t)index);
    }
    table_arm(table, &whole);
    ck_assert(is_hole(1, DIRECTION_OUTBOUND));
}
END_TEST

/* A delay of what arrives says nothing of what is sent; a hole does. */
START_TEST(of_what_is_sent_only_a_hole_says_something)
{
    struct rule slow = rule_of(0, 1, RULE_ENDLESS), hole;
    struct subject s = connecting();

    slow.effect = EFFECT_HOLD;
    slow.targets = 1;
    hole = slow;
    hole.endless = 1;
    hole.direction = DIRECTION_OUTBOUND;
    s.only = 1u << EFFECT_HOLD;
    s.is_outgoing = true;
    table_arm(table, &slow);
    ck_assert(!strikes(&s));
    ck_assert(!is_hole(1, DIRECTION_OUTBOUND));
    int index = table_arm(table, &hole);
    ck_assert(strikes(&s));
    ck_assert(is_hole(1, DIRECTION_OUTBOUND));
    ck_assert(!is_hole(1, DIRECTION_INBOUND));
    ck_assert(!is_hole(2, DIRECTION_OUTBOUND));
    table_lift(table, (uint32_t)index);
    ck_assert(!is_hole(1, DIRECTION_OUTBOUND));
}
END_TEST

START_TEST(datagrams_are_lost_doubled_and_overtaken_and_nothing_else_is)
{
    static const enum effect effects[] = {EFFECT_LOSE, EFFECT_DUPLICATE, EFFECT_REORDER};

    for (size_t i = 0; i < sizeof(effects) / sizeof(*effects); i++) {
        struct rule rule = rule_of(0, 1, RULE_ENDLESS);
        struct subject s = connecting();
        rule.effect = (uint8_t)effects[i];
        rule.calls = call_with_roles(1u << ROLE_SEND | 1u << ROLE_RECEIVE | 1u << ROLE_READY);
        int index = table_arm(table, &rule);
        s.call = CALL_recv;
        ck_assert_msg(!strikes(&s), "the call itself");
        s.is_datagram = true;
        ck_assert_msg(!strikes(&s), "nor for datagrams");
        s.only = DECIDE_DATAGRAM;
        ck_assert(strikes(&s));
        s.call = CALL_sendto;
        s.is_outgoing = true;
        ck_assert_msg(strikes(&s), "and what is sent");
        s.is_datagram = false;
        ck_assert_msg(!strikes(&s), "a stream");
        table_lift(table, (uint32_t)index);
    }
}
END_TEST

START_TEST(only_a_reset_by_time_has_to_be_looked_for)
{
    struct rule rule = rule_of(0, 1, RULE_ENDLESS);

    rule.effect = EFFECT_SEVER;
    rule.bytes = 5;
    int index = table_arm(table, &rule);
    ck_assert(!decide_needs_time(table));
    rule.age_ns = 5;
    table_lift(table, (uint32_t)index);
    index = table_arm(table, &rule);
    ck_assert(decide_needs_time(table));
    table_lift(table, (uint32_t)index);
    ck_assert(!decide_needs_time(table));
}
END_TEST

START_TEST(a_damaged_rule_count_is_not_believed)
{
    struct rule rule = rule_of(0, 1, RULE_ENDLESS);
    struct subject s = connecting();

    table_arm(table, &rule);
    table->rule_count = UINT32_MAX;
    ck_assert(strikes(&s));
    decide_landed(table, &(struct strike){.rule = UINT16_MAX});
    decide_skipped(table, &(struct strike){.rule = RULE_MAX});
}
END_TEST

START_TEST(matches_are_hits_and_skipped_and_let_through)
{
    struct rule rule = rule_of(2, 1, RULE_ENDLESS);
    struct subject s = connecting();
    struct verdict verdict;

    table_arm(table, &rule);
    for (int i = 0; i < 6; i++)
        if (decide(table, &s, &verdict))
            (i == 5 ? decide_skipped : decide_landed)(table, &verdict.strike[0]);
    ck_assert_uint_eq(table->rules[0].matches, 6);
    ck_assert_uint_eq(table->rules[0].hits, 3);
    ck_assert_uint_eq(table->rules[0].skipped, 1);
}
END_TEST

START_TEST(a_dry_rule_counts_and_does_nothing)
{
    struct rule rule = rule_of(1, 2, RULE_ENDLESS);
    const struct subject subject = {.call = CALL_connect, .now_ns = 100};
    struct verdict v;

    rule.is_dry = 1;
    int index = table_arm(table, &rule);
    ck_assert_int_ge(index, 0);
    for (int i = 0; i < 5; i++) {
        ck_assert(!decide(table, &subject, &v));
        ck_assert_int_eq(v.effect, EFFECT_NONE);
    }
    ck_assert_uint_eq(atomic_load(&table->rules[index].matches), 5);
    ck_assert_uint_eq(atomic_load(&table->rules[index].hits), 2);
}
END_TEST

START_TEST(a_dependency_that_is_spared_is_never_struck)
{
    struct rule rule = rule_of(0, 1, RULE_ENDLESS);
    struct subject subject = {.call = CALL_connect, .now_ns = 100, .targets = 1u << 2};
    struct verdict v;

    rule.spared = 1u << 3;
    ck_assert_int_ge(table_arm(table, &rule), 0);
    ck_assert(decide(table, &subject, &v));
    subject.targets |= 1u << 3;
    ck_assert(!decide(table, &subject, &v));
    ck_assert_uint_eq(atomic_load(&table->rules[0].matches), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("decision");
    TCase *rule = tcase_create("rule"), *decided = tcase_create("decide");

    tcase_add_test(rule, a_plain_rule_strikes_every_match);
    tcase_add_test(rule, after_lets_so_many_matches_through_first);
    tcase_add_test(rule, times_bounds_the_strikes);
    tcase_add_test(rule, every_counts_from_after);
    tcase_add_test(rule, zero_times_never_strikes);
    tcase_add_test(rule, times_bounds_the_strikes_of_a_random_rule_too);
    tcase_add_test(rule, a_rule_that_can_never_reach_its_times_is_sealed_all_the_same);
    tcase_add_loop_test(rule, a_probability_is_what_was_asked_for, 0, 5);
    tcase_add_test(rule, the_same_seed_makes_the_same_decisions);
    tcase_add_test(rule, a_draw_is_splitmix64s);
    suite_add_tcase(suite, rule);
    tcase_add_checked_fixture(decided, set_up, tear_down);
    tcase_add_test(decided, an_expired_lease_never_fires);
    tcase_add_test(decided, a_zeroed_area_passes_everything);
    tcase_add_test(decided, a_lifted_rule_never_fires);
    tcase_add_test(decided, what_was_not_named_is_not_struck);
    tcase_add_test(decided, an_allocation_is_struck_by_size_heap_and_caller);
    tcase_add_test(decided, delays_add_up_and_the_first_end_wins);
    tcase_add_test(decided, an_outage_refuses_what_opens_and_resets_the_rest);
    tcase_add_test(decided, a_hole_is_one_only_where_nothing_gets_through);
    tcase_add_test(decided, of_what_is_sent_only_a_hole_says_something);
    tcase_add_test(decided, datagrams_are_lost_doubled_and_overtaken_and_nothing_else_is);
    tcase_add_test(decided, only_a_reset_by_time_has_to_be_looked_for);
    tcase_add_test(decided, a_damaged_rule_count_is_not_believed);
    tcase_add_test(decided, a_dry_rule_counts_and_does_nothing);
    tcase_add_test(decided, a_dependency_that_is_spared_is_never_struck);
    tcase_add_test(decided, matches_are_hits_and_skipped_and_let_through);
    suite_add_tcase(suite, decided);
    return check_main(suite);
}
