/* What becomes of datagrams: none is early, none is lost that should not be, and who overtakes whom. */
#include <stdlib.h>
#include <string.h>

#include "injectors/packet.h"
#include "check_main.h"

#define MS UINT64_C(1000000)

static struct table *table;
static struct packet first, second;

static void set_up(void)
{
    table = calloc(1, sizeof(*table));
    table_init(table);
    packet_begin(&first, 10, 1, 100 * MS);
    second = (struct packet){0};
}

static void tear_down(void)
{
    free(table);
}

/* Armed, and its first strike. */
static const struct rule *armed(enum effect effect, uint64_t delay_ns, struct strike *ret_strike)
{
    struct rule rule = {.effect = (uint8_t)effect,
                        .delay_ns = delay_ns,
                        .seed = 7,
                        .until_ns = UINT64_MAX,
                        .probability = RULE_ALWAYS};
    int index = table_arm(table, &rule);

    *ret_strike = (struct strike){.rule = (uint16_t)index, .effect = (uint8_t)effect};
    return &table->rules[index];
}

static struct strike strike(struct packet *p, enum effect effect, uint64_t delay_ns)
{
    struct strike s;
    const struct rule *rule = armed(effect, delay_ns, &s);

    packet_strike(p, rule, &s);
    packet_reweigh(p, table);
    return s;
}

static enum packet_turn turn(uint64_t now_ns, uint64_t *ret_next_ns)
{
    return packet_turn(&first, &second, now_ns, ret_next_ns);
}

START_TEST(what_nothing_strikes_is_told_at_once)
{
    uint64_t next_ns;

    ck_assert_int_eq(turn(100 * MS, &next_ns), TURN_FIRST);
    ck_assert(packet_leaves(&first, TURN_FIRST));
    packet_told(&first, &first, TURN_FIRST);
    ck_assert(!first.is_known);
}
END_TEST

START_TEST(a_late_one_is_due_after_its_delay_and_not_before)
{
    uint64_t next_ns;

    strike(&first, EFFECT_HOLD, 50 * MS);
    ck_assert_int_eq(turn(150 * MS - 1, &next_ns), TURN_NONE);
    ck_assert_uint_eq(next_ns, 150 * MS);
    ck_assert_int_eq(turn(150 * MS, &next_ns), TURN_FIRST);
}
END_TEST

START_TEST(delays_add_up_and_a_lift_takes_its_own_away)
{
    uint64_t next_ns;
    struct strike s = strike(&first, EFFECT_HOLD, 50 * MS);

    strike(&first, EFFECT_HOLD, 30 * MS);
    ck_assert_int_eq(turn(179 * MS, &next_ns), TURN_NONE);
    ck_assert_uint_eq(next_ns, 180 * MS);
    table_lift(table, s.rule);
    packet_reweigh(&first, table);
    ck_assert_int_eq(turn(130 * MS, &next_ns), TURN_FIRST);
}
END_TEST

START_TEST(a_double_stays_until_it_was_told_twice)
{
    strike(&first, EFFECT_DUPLICATE, 0);
    ck_assert(!packet_leaves(&first, TURN_FIRST));
    packet_told(&first, &first, TURN_FIRST);
    ck_assert(first.is_known && !first.is_lost);
    ck_assert(packet_leaves(&first, TURN_FIRST));
    packet_told(&first, &first, TURN_FIRST);
    ck_assert(!first.is_known);
}
END_TEST

START_TEST(without_another_it_waits_so_long)
{
    uint64_t next_ns;

    strike(&first, EFFECT_REORDER, 50 * MS);
    ck_assert(packet_waits(&first, 149 * MS));
    ck_assert_int_eq(turn(120 * MS, &next_ns), TURN_NONE);
    ck_assert_uint_eq(next_ns, 120 * MS + PACKET_LOOK_NS);
    ck_assert_int_eq(turn(149 * MS, &next_ns), TURN_NONE);
    ck_assert_uint_eq(next_ns, 150 * MS);
    ck_assert(!packet_waits(&first, 150 * MS));
    ck_assert_int_eq(turn(150 * MS, &next_ns), TURN_FIRST);
}
END_TEST

START_TEST(the_next_overtakes_it_when_it_is_due)
{
    uint64_t next_ns;

    strike(&first, EFFECT_REORDER, 50 * MS);
    packet_begin(&second, 20, 2, 110 * MS);
    strike(&second, EFFECT_HOLD, 20 * MS);
    ck_assert_int_eq(turn(129 * MS, &next_ns), TURN_NONE);
    ck_assert_uint_eq(next_ns, 130 * MS);
    ck_assert_int_eq(turn(130 * MS, &next_ns), TURN_SECOND);
    ck_assert(!packet_leaves(&second, TURN_SECOND));
    packet_told(&second, &first, TURN_SECOND);
    ck_assert(second.is_lost);
    ck_assert_int_eq(turn(130 * MS, &next_ns), TURN_FIRST);
}
END_TEST

START_TEST(one_that_overtakes_may_be_double)
{
    uint64_t next_ns;

    strike(&first, EFFECT_REORDER, 50 * MS);
    packet_begin(&second, 20, 2, 110 * MS);
    strike(&second, EFFECT_DUPLICATE, 0);
    packet_told(&second, &first, TURN_SECOND);
    ck_assert_int_eq(turn(110 * MS, &next_ns), TURN_SECOND);
    packet_told(&second, &first, TURN_SECOND);
    ck_assert_int_eq(turn(110 * MS, &next_ns), TURN_FIRST);
}
END_TEST

START_TEST(one_that_is_lost_overtakes_nobody)
{
    uint64_t next_ns;

    strike(&first, EFFECT_REORDER, 50 * MS);
    packet_begin(&second, 20, 2, 110 * MS);
    strike(&second, EFFECT_LOSE, 0);
    ck_assert_int_eq(turn(110 * MS, &next_ns), TURN_FIRST);
}
END_TEST

START_TEST(a_lift_ends_the_waiting)
{
    uint64_t next_ns;
    struct strike s = strike(&first, EFFECT_REORDER, 50 * MS);

    table_lift(table, s.rule);
    packet_reweigh(&first, table);
    ck_assert_int_eq(turn(101 * MS, &next_ns), TURN_FIRST);
}
END_TEST

START_TEST(a_hole_loses_and_a_delay_does_not)
{
    struct strike s;
    struct rule rule = *armed(EFFECT_HOLD, MS, &s);

    ck_assert(!packet_is_lost_by(&rule, &s));
    rule.endless = 1;
    ck_assert(packet_is_lost_by(&rule, &s));
    s.effect = EFFECT_LOSE;
    rule.endless = 0;
    ck_assert(packet_is_lost_by(&rule, &s));
    packet_strike(&first, &rule, &s);
    ck_assert(first.is_lost);
}
END_TEST

START_TEST(not_everything_lands_on_everything)
{
    struct strike s;
    struct rule rule = *armed(EFFECT_REORDER, MS, &s);

    ck_assert(packet_takes(&first, &rule, &s));
    first.len = 0;
    ck_assert(!packet_takes(&first, &rule, &s));
    s.effect = EFFECT_CORRUPT;
    ck_assert(!packet_takes(&first, &rule, &s));
    s.effect = EFFECT_DUPLICATE;
    ck_assert(packet_takes(&first, &rule, &s));
    s.effect = EFFECT_HOLD;
    ck_assert(packet_takes(&first, &rule, &s));
    rule.rate_per_s = 1;
    ck_assert(!packet_takes(&first, &rule, &s));
}
END_TEST

START_TEST(one_byte_is_changed_and_it_is_within)
{
    struct strike s;
    const struct rule *rule = armed(EFFECT_CORRUPT, 0, &s);

    for (s.number = 0; s.number < 100; s.number++) {
        packet_begin(&first, 3, 1, 0);
        packet_strike(&first, rule, &s);
        ck_assert_uint_ne(first.flip, 0);
        ck_assert_uint_lt(first.flip_at, 3);
    }
}
END_TEST

START_TEST(damage_is_bounded)
{
    strike(&first, EFFECT_REORDER, UINT64_MAX);
    ck_assert_uint_le(first.waits_until_ns, 2 * 3600 * 1000 * MS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("packet");
    TCase *c = tcase_create("turns");

    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, what_nothing_strikes_is_told_at_once);
    tcase_add_test(c, a_late_one_is_due_after_its_delay_and_not_before);
    tcase_add_test(c, delays_add_up_and_a_lift_takes_its_own_away);
    tcase_add_test(c, a_double_stays_until_it_was_told_twice);
    tcase_add_test(c, without_another_it_waits_so_long);
    tcase_add_test(c, the_next_overtakes_it_when_it_is_due);
    tcase_add_test(c, one_that_overtakes_may_be_double);
    tcase_add_test(c, one_that_is_lost_overtakes_nobody);
    tcase_add_test(c, a_lift_ends_the_waiting);
    tcase_add_test(c, a_hole_loses_and_a_delay_does_not);
    tcase_add_test(c, not_everything_lands_on_everything);
    tcase_add_test(c, one_byte_is_changed_and_it_is_within);
    tcase_add_test(c, damage_is_bounded);
    suite_add_tcase(suite, c);
    return check_main(suite);
}
