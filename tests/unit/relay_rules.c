/* A control area's rules on a link: decided, landed and counted as the shim has it. */
#include "relay.h"
#include "injectors/decision/table.h"
#include "injectors/decision/decide.h"

#define TARGET 1u

static struct table *table;
static struct relay_target target;

static void set_up(void)
{
    relay_set_up();
    table = calloc(1, sizeof(*table));
    table_init(table);
    table->lease_ns = now_mono_ns() + 3600 * NS_PER_S;
    target = (struct relay_target){.table = table, .targets = TARGET, .direction = DIRECTION_OUTBOUND};
}

static void tear_down(void)
{
    relay_tear_down();
    free(table);
}

static struct rule rule_of(enum fault_kind kind)
{
    return (struct rule){
        .kind = (uint8_t)kind,
        .effect = (uint8_t)fault_effect(kind),
        .calls = fault_calls(kind),
        .targets = TARGET,
        .seed = 1,
        .probability = RULE_ALWAYS,
        .every = 1,
        .times = RULE_ENDLESS,
        .until_ns = UINT64_MAX,
    };
}

static int arm(struct rule rule)
{
    rule_seal(&rule);
    int place = table_arm(table, &rule);
    relay_review_all(relay, &target);
    return place;
}

static void lift(int place)
{
    table_lift(table, (uint32_t)place);
    relay_review_all(relay, &target);
}

static void link_up(void)
{
    make_link(&relay_rules, &target);
}

/* The upstream is connected by the relay; server is its door's, once somebody came. */
static int begin_opening(void)
{
    struct sockaddr_in at;
    int door = listen_any(&at);
    struct relay_offer offer = {
        .policy = &relay_rules,
        .arg = &target,
        .upstream_fd = -1,
        .upstream = (struct sockaddr *)&at,
        .upstream_len = sizeof(at),
    };

    tcp_pair(&client, &offer.client_fd);
    fcntl(door, F_SETFL, O_NONBLOCK);
    ck_assert_int_eq(relay_adopt(relay, &offer, &link_), 0);
    return door;
}

static bool is_opened_within(int door, int ms)
{
    uint64_t until_ns = now_mono_ns() + (uint64_t)ms * MS;

    do {
        relay_turn(relay, 1);
        server = accept4(door, NULL, NULL, SOCK_NONBLOCK);
    } while (server < 0 && now_mono_ns() < until_ns);
    return server >= 0;
}

START_TEST(latency_holds_what_is_received_and_is_counted)
{
    struct rule rule = rule_of(FAULT_latency);

    rule.delay_ns = 80 * MS;
    link_up();
    int place = arm(rule);
    put(client, "ask");
    uint64_t begun_ns = now_mono_ns();
    expect(server, "ask");
    put(server, "answer");
    expect(client, "answer");
    ck_assert_uint_ge(now_mono_ns() - begun_ns, 80 * MS);
    ck_assert_uint_eq(table->rules[place].hits, 1);
    ck_assert_uint_eq(table->rules[place].matches, 1);
}
END_TEST

START_TEST(another_target_is_left_alone)
{
    struct rule rule = rule_of(FAULT_blackhole);

    rule.endless = 1;
    rule.targets = TARGET << 1;
    link_up();
    int place = arm(rule);
    put(client, "x");
    expect(server, "x");
    ck_assert_uint_eq(table->rules[place].matches, 0);
}
END_TEST

START_TEST(a_blackhole_holds_both_ways_until_it_is_lifted)
{
    struct rule rule = rule_of(FAULT_blackhole);

    rule.endless = 1;
    link_up();
    int place = arm(rule);
    put(client, "ask");
    put(server, "answer");
    ck_assert(is_silent(server, 30));
    ck_assert(is_silent(client, 30));
    lift(place);
    expect(server, "ask");
    expect(client, "answer");
    ck_assert_uint_ge(table->rules[place].hits, 2);
}
END_TEST

START_TEST(no_fault_outlives_its_lease)
{
    struct rule rule = rule_of(FAULT_blackhole);

    rule.endless = 1;
    table->lease_ns = now_mono_ns() + 100 * MS;
    link_up();
    arm(rule);
    put(server, "held");
    expect(client, "held");
    ck_assert_uint_ge(now_mono_ns(), table->lease_ns);
}
END_TEST

START_TEST(a_rule_that_ends_by_the_clock_holds_nothing_then)
{
    struct rule rule = rule_of(FAULT_blackhole);

    rule.endless = 1;
    rule.until_ns = now_mono_ns() + 100 * MS;
    link_up();
    arm(rule);
    put(client, "held");
    expect(server, "held");
    ck_assert_uint_ge(now_mono_ns(), rule.until_ns);
}
END_TEST

START_TEST(truncate_ends_behind_its_bytes)
{
    struct rule rule = rule_of(FAULT_truncate);

    rule.bytes = 5;
    link_up();
    int place = arm(rule);
    put(server, "0123456789");
    expect(client, "01234");
    expect_end(client);
    ck_assert_uint_eq(table->rules[place].hits, 1);
}
END_TEST

START_TEST(reset_strikes_at_the_next_bytes)
{
    link_up();
    int place = arm(rule_of(FAULT_reset));
    put(client, "x");
    expect_reset(client);
    expect_reset(server);
    ck_assert_uint_eq(table->rules[place].hits, 1);
}
END_TEST

START_TEST(reset_after_a_time_needs_no_bytes)
{
    struct rule rule = rule_of(FAULT_reset);

    rule.effect = EFFECT_SEVER;
    rule.calls |= fault_calls(FAULT_truncate);
    rule.age_ns = 60 * MS;
    link_up();
    int place = arm(rule);
    uint64_t begun_ns = now_mono_ns();
    expect_reset(client);
    ck_assert_uint_ge(now_mono_ns() - begun_ns, 40 * MS);
    ck_assert_uint_eq(table->rules[place].hits, 1);
}
END_TEST

START_TEST(refuse_resets_who_connects)
{
    int place = arm(rule_of(FAULT_refuse)), door = begin_opening();

    expect_reset(client);
    ck_assert(!is_opened_within(door, 20));
    ck_assert_uint_eq(table->rules[place].hits, 1);
    close(door);
}
END_TEST

START_TEST(refuse_leaves_what_is_there)
{
    link_up();
    arm(rule_of(FAULT_refuse));
    put(client, "x");
    expect(server, "x");
}
END_TEST

START_TEST(connecting_into_a_hole_waits_for_the_lift)
{
    struct rule rule = rule_of(FAULT_blackhole);

    rule.endless = 1;
    int place = arm(rule), door = begin_opening();
    ck_assert(!is_opened_within(door, 30));
    lift(place);
    ck_assert(is_opened_within(door, PATIENT));
    put(client, "at last");
    expect(server, "at last");
    ck_assert_uint_eq(table->rules[place].hits, 1);
    close(door);
}
END_TEST

START_TEST(connecting_is_delayed_by_latency)
{
    struct rule rule = rule_of(FAULT_latency);

    rule.delay_ns = 70 * MS;
    arm(rule);
    uint64_t begun_ns = now_mono_ns();
    int door = begin_opening();
    ck_assert(is_opened_within(door, PATIENT));
    ck_assert_uint_ge(now_mono_ns() - begun_ns, 70 * MS);
    close(door);
}
END_TEST

START_TEST(bandwidth_is_a_rate)
{
    struct rule rule = rule_of(FAULT_bandwidth);

    rule.rate_per_s = 1000000;
    link_up();
    int place = arm(rule);
    ck_assert_uint_ge(stream_through(server, client, 500000), 350 * MS);
    ck_assert_uint_gt(table->rules[place].hits, 0);
    lift(place);
    stream_through(server, client, 500000);
}
END_TEST

START_TEST(corrupt_changes_one_byte_of_a_batch)
{
    char got[16] = "";
    int differ = 0;

    link_up();
    int place = arm(rule_of(FAULT_corrupt));
    put(server, "0123456789");
    ck_assert_int_eq(take(client, got, 10, PATIENT), 10);
    for (int i = 0; i < 10; i++)
        differ += got[i] != '0' + i;
    ck_assert_int_eq(differ, 1);
    ck_assert_uint_eq(table->rules[place].hits, 1);
}
END_TEST

START_TEST(only_requests_that_fit_are_struck)
{
    struct rule rule = rule_of(FAULT_latency);
    const char *why;
    size_t at;

    rule.delay_ns = 60 * MS;
    ck_assert(expression_compile("^GET /slow", &rule.request, &why, &at));
    link_up();
    /* What was said before somebody looked tells nothing: the next begins a request. */
    put(client, "half of ");
    expect(server, "half of ");
    int place = arm(rule);
    put(client, "GET /slow");
    expect(server, "GET /slow");
    put(server, "late");
    ck_assert(is_silent(client, 10));
    expect(client, "late");
    ck_assert_uint_eq(table->rules[place].hits, 1);
    put(client, "GET /fast");
    expect(server, "GET /fast");
    put(server, "quick");
    expect(client, "quick");
    ck_assert_uint_eq(table->rules[place].hits, 1);
    put(client, "GET /slow");
    expect(server, "GET /slow");
    uint64_t begun_ns = now_mono_ns();
    put(server, "late");
    expect(client, "late");
    ck_assert_uint_ge(now_mono_ns() - begun_ns, 60 * MS);
    ck_assert_uint_eq(table->rules[place].hits, 2);
}
END_TEST

START_TEST(what_is_watched_is_counted)
{
    table_watch(table, TARGET);
    table->followed = TARGET;
    int door = begin_opening();
    ck_assert(is_opened_within(door, PATIENT));
    for (int i = 0; i < 3; i++) {
        put(client, "ask");
        expect(server, "ask");
        ck_assert_uint_eq(inflight_count(table->inflight, TARGET), 1);
        put(server, "answer");
        expect(client, "answer");
        ck_assert_uint_eq(inflight_count(table->inflight, TARGET), 0);
    }
    ck_assert_uint_eq(table->traffic[0].connects, 1);
    ck_assert_uint_eq(table->traffic[0].calls, 3);
    ck_assert_uint_eq(table->traffic[0].most, 1);
    ck_assert_uint_gt(table->traffic[0].longest_ns, 0);
    close(door);
}
END_TEST

START_TEST(a_hit_is_in_the_journal_ring)
{
    struct rule rule = rule_of(FAULT_latency);
    struct record record;

    rule.delay_ns = MS;
    link_up();
    int place = arm(rule);
    put(server, "x");
    expect(client, "x");
    ck_assert(ring_take(&table->ring, &record));
    ck_assert_int_eq(record.rule, place);
    ck_assert_int_eq(record.kind, RECORD_HIT);
    ck_assert_int_eq(record.call, CALL_recv);
    ck_assert_uint_eq(record.delay_ns, MS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("relay_rules");
    TCase *tc = tcase_create("links");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, latency_holds_what_is_received_and_is_counted);
    tcase_add_test(tc, another_target_is_left_alone);
    tcase_add_test(tc, a_blackhole_holds_both_ways_until_it_is_lifted);
    tcase_add_test(tc, no_fault_outlives_its_lease);
    tcase_add_test(tc, a_rule_that_ends_by_the_clock_holds_nothing_then);
    tcase_add_test(tc, truncate_ends_behind_its_bytes);
    tcase_add_test(tc, reset_strikes_at_the_next_bytes);
    tcase_add_test(tc, reset_after_a_time_needs_no_bytes);
    tcase_add_test(tc, refuse_resets_who_connects);
    tcase_add_test(tc, refuse_leaves_what_is_there);
    tcase_add_test(tc, connecting_into_a_hole_waits_for_the_lift);
    tcase_add_test(tc, connecting_is_delayed_by_latency);
    tcase_add_test(tc, bandwidth_is_a_rate);
    tcase_add_test(tc, corrupt_changes_one_byte_of_a_batch);
    tcase_add_test(tc, only_requests_that_fit_are_struck);
    tcase_add_test(tc, what_is_watched_is_counted);
    tcase_add_test(tc, a_hit_is_in_the_journal_ring);
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
