/* Toxics on a link: each does what Toxiproxy's manual says, and no more. */
#include "relay.h"
#include "injectors/relay/toxics.h"

static struct toxics toxics;

static void set_up(void)
{
    relay_set_up();
    memset(&toxics, 0, sizeof(toxics));
}

static void add(uint32_t place, struct toxic toxic)
{
    toxic.seed = 42 + place;
    toxics_put(relay, &toxics, place, &toxic);
}

static void make_toxic_link(void)
{
    make_link(&relay_toxics, &toxics);
}

/* What is written, at the place of 0, to one toxic on an answer's way. */
#define DOWN(kind_, ...)                                                                                     \
    (struct toxic)                                                                                           \
    {                                                                                                        \
        .kind = kind_, .way = RELAY_DOWN, .toxicity = 1, .value = { __VA_ARGS__ }                            \
    }

START_TEST(latency_holds_one_direction_so_long)
{
    add(0, DOWN(TOXIC_LATENCY, 100, 0));
    make_toxic_link();
    put(client, "ask");
    expect(server, "ask");
    uint64_t begun_ns = now_mono_ns();
    put(server, "answer");
    expect(client, "answer");
    ck_assert_uint_ge(now_mono_ns() - begun_ns, 100 * MS);
}
END_TEST

/* A delay line, not a toll for each read. */
START_TEST(latency_is_no_rate)
{
    add(0, DOWN(TOXIC_LATENCY, 50, 0));
    make_toxic_link();
    ck_assert_uint_lt(stream_through(server, client, 2000000), 20 * NS_PER_S);
}
END_TEST

START_TEST(latencies_add_up)
{
    add(0, DOWN(TOXIC_LATENCY, 60, 0));
    add(1, DOWN(TOXIC_LATENCY, 60, 0));
    make_toxic_link();
    uint64_t begun_ns = now_mono_ns();
    put(server, "x");
    expect(client, "x");
    ck_assert_uint_ge(now_mono_ns() - begun_ns, 120 * MS);
}
END_TEST

START_TEST(jitter_stays_within_its_bounds)
{
    add(0, DOWN(TOXIC_LATENCY, 30, 20));
    make_toxic_link();
    for (int i = 0; i < 10; i++) {
        uint64_t begun_ns = now_mono_ns();
        put(server, "x");
        expect(client, "x");
        ck_assert_uint_ge(now_mono_ns() - begun_ns, 10 * MS);
    }
}
END_TEST

START_TEST(what_a_removed_latency_held_goes_at_once)
{
    add(0, DOWN(TOXIC_LATENCY, 3600000, 0));
    make_toxic_link();
    put(server, "held");
    ck_assert(is_silent(client, 30));
    toxics_remove(relay, &toxics, 0);
    expect(client, "held");
}
END_TEST

START_TEST(a_toxic_that_is_added_strikes_links_that_are_there)
{
    make_toxic_link();
    put(server, "free");
    expect(client, "free");
    add(0, DOWN(TOXIC_LATENCY, 3600000, 0));
    put(server, "held");
    ck_assert(is_silent(client, 30));
}
END_TEST

START_TEST(the_order_is_kept_when_a_latency_is_lowered)
{
    struct toxic lower = DOWN(TOXIC_LATENCY, 0, 0);

    add(0, DOWN(TOXIC_LATENCY, 200, 0));
    make_toxic_link();
    put(server, "first ");
    ck_assert(is_silent(client, 10));
    toxics_change(relay, &toxics, 0, &lower);
    put(server, "second");
    expect(client, "first second");
}
END_TEST

START_TEST(bandwidth_is_a_rate)
{
    add(0, DOWN(TOXIC_BANDWIDTH, 1000));
    make_toxic_link();
    /* A tenth of a second of it may come at once. */
    ck_assert_uint_ge(stream_through(server, client, 500000), 350 * MS);
}
END_TEST

START_TEST(slow_close_holds_the_end_alone)
{
    add(0, DOWN(TOXIC_SLOW_CLOSE, 150));
    make_toxic_link();
    put(server, "bye");
    uint64_t begun_ns = now_mono_ns();
    close(server);
    server = -1;
    expect(client, "bye");
    expect_end(client);
    ck_assert_uint_ge(now_mono_ns() - begun_ns, 150 * MS);
}
END_TEST

START_TEST(timeout_drops_and_then_ends)
{
    add(0, DOWN(TOXIC_TIMEOUT, 120));
    uint64_t begun_ns = now_mono_ns();
    make_toxic_link();
    put(server, "lost");
    expect_end(client);
    expect_end(server);
    ck_assert_uint_ge(now_mono_ns() - begun_ns, 120 * MS);
}
END_TEST

START_TEST(timeout_of_0_drops_until_it_is_removed)
{
    add(0, DOWN(TOXIC_TIMEOUT, 0));
    make_toxic_link();
    put(server, "lost");
    put(client, "not this");
    expect(server, "not this");
    ck_assert(is_silent(client, 50));
    toxics_remove(relay, &toxics, 0);
    expect_end(client);
}
END_TEST

START_TEST(reset_peer_resets_after_the_first_data)
{
    add(0, DOWN(TOXIC_RESET_PEER, 100));
    make_toxic_link();
    ck_assert(is_silent(client, 30));
    uint64_t begun_ns = now_mono_ns();
    put(server, "lost");
    expect_reset(client);
    expect_reset(server);
    ck_assert_uint_ge(now_mono_ns() - begun_ns, 100 * MS);
}
END_TEST

START_TEST(reset_peer_of_0_resets_at_once)
{
    add(0, (struct toxic){.kind = TOXIC_RESET_PEER, .way = RELAY_UP, .toxicity = 1});
    make_toxic_link();
    put(client, "x");
    expect_reset(client);
}
END_TEST

START_TEST(an_end_is_data_to_reset_peer)
{
    add(0, DOWN(TOXIC_RESET_PEER, 50));
    make_toxic_link();
    close(server);
    server = -1;
    expect_reset(client);
}
END_TEST

START_TEST(what_was_dropped_leaves_no_hole_behind)
{
    struct toxic none = DOWN(TOXIC_TIMEOUT, 0);

    none.toxicity = 0;
    add(0, DOWN(TOXIC_TIMEOUT, 0));
    make_toxic_link();
    put(server, "lost");
    ck_assert(is_silent(client, 20));
    toxics_change(relay, &toxics, 0, &none);
    send(server, "after the hole", 14, MSG_NOSIGNAL);
    expect_end(client);
}
END_TEST

START_TEST(nor_does_a_reset_that_was_called_off)
{
    add(0, DOWN(TOXIC_RESET_PEER, 3600000));
    make_toxic_link();
    put(server, "lost");
    ck_assert(is_silent(client, 20));
    toxics_remove(relay, &toxics, 0);
    send(server, "after the hole", 14, MSG_NOSIGNAL);
    expect_end(client);
}
END_TEST

START_TEST(who_lost_nothing_goes_on)
{
    struct toxic none = DOWN(TOXIC_TIMEOUT, 0);

    none.toxicity = 0;
    add(0, DOWN(TOXIC_TIMEOUT, 0));
    make_toxic_link();
    toxics_change(relay, &toxics, 0, &none);
    put(server, "nothing was lost");
    expect(client, "nothing was lost");
}
END_TEST

START_TEST(slicer_sends_small_pieces)
{
    char piece[64];

    add(0, DOWN(TOXIC_SLICER, 10, 4, 20000));
    make_toxic_link();
    put(server, "0123456789012345678901234567890123456789");
    uint64_t begun_ns = now_mono_ns();
    ssize_t n = take(client, piece, sizeof(piece), PATIENT);
    ck_assert_int_ge(n, 6);
    /* A reader that comes late may find several. */
    for (size_t got = (size_t)n; got < 40; got += (size_t)n)
        ck_assert_int_gt(n = take(client, piece, sizeof(piece), PATIENT), 0);
    ck_assert_uint_ge(now_mono_ns() - begun_ns, 2 * 20 * MS);
}
END_TEST

START_TEST(limit_data_ends_behind_its_bytes)
{
    add(0, DOWN(TOXIC_LIMIT_DATA, 7));
    make_toxic_link();
    put(server, "0123456789");
    expect(client, "0123456");
    expect_end(client);
    expect_end(server);
}
END_TEST

START_TEST(limit_data_counts_from_its_beginning)
{
    make_toxic_link();
    put(server, "before");
    expect(client, "before");
    add(0, DOWN(TOXIC_LIMIT_DATA, 3));
    put(server, "after");
    expect(client, "aft");
    expect_end(client);
}
END_TEST

START_TEST(a_storm_arrives_whole)
{
    add(0, DOWN(TOXIC_SLICER, 1000, 900, 100));
    add(1, DOWN(TOXIC_LATENCY, 5, 4));
    add(2, (struct toxic){.kind = TOXIC_SLICER, .way = RELAY_UP, .toxicity = 1, .value = {700, 600, 50}});
    make_toxic_link();
    stream_through(server, client, 1000000);
    stream_through(client, server, 1000000);
}
END_TEST

START_TEST(toxicity_0_strikes_none_and_1_all)
{
    struct toxic never = DOWN(TOXIC_TIMEOUT, 0), always = DOWN(TOXIC_LATENCY, 20, 0);

    never.toxicity = 0;
    add(0, never);
    add(1, always);
    for (int i = 0; i < 20; i++) {
        make_toxic_link();
        uint64_t begun_ns = now_mono_ns();
        put(server, "x");
        expect(client, "x");
        ck_assert_uint_ge(now_mono_ns() - begun_ns, 20 * MS);
        relay_drop(link_);
        close(client);
        close(server);
    }
    client = server = -1;
}
END_TEST

/* Which links a toxic strikes: one bit each. */
static uint64_t struck_of(uint64_t seed)
{
    uint64_t struck = 0;
    struct toxic half = DOWN(TOXIC_LIMIT_DATA, 1);

    memset(&toxics, 0, sizeof(toxics));
    half.toxicity = 0.5;
    half.seed = seed;
    toxics_put(relay, &toxics, 0, &half);
    for (int i = 0; i < 64; i++) {
        char got[2];
        make_toxic_link();
        put(server, "xy");
        ck_assert_int_gt(take(client, got, 1, PATIENT), 0);
        struck |= (uint64_t)(take(client, got, 1, PATIENT) == 0) << i;
        relay_drop(link_);
        close(client);
        close(server);
    }
    client = server = -1;
    return struck;
}

START_TEST(toxicity_is_drawn_for_each_link_and_follows_from_the_seed)
{
    uint64_t struck = struck_of(7);

    ck_assert_int_gt(__builtin_popcountll(struck), 16);
    ck_assert_int_lt(__builtin_popcountll(struck), 48);
    ck_assert_uint_eq(struck_of(7), struck);
    ck_assert_uint_ne(struck_of(8), struck);
}
END_TEST

START_TEST(silly_numbers_do_no_harm)
{
    add(0, DOWN(TOXIC_LATENCY, INT64_MIN, -1));
    add(1, DOWN(TOXIC_SLICER, -5, INT64_MAX, -1));
    add(2, DOWN(TOXIC_BANDWIDTH, INT64_MAX));
    add(3, DOWN(TOXIC_LIMIT_DATA, INT64_MAX));
    add(4, DOWN(TOXIC_SLICER, INT64_MAX, INT64_MAX, 0));
    add(5, DOWN(TOXIC_SLOW_CLOSE, -1));
    make_toxic_link();
    put(server, "through");
    expect(client, "through");
}
END_TEST

START_TEST(kinds_have_names_and_attributes)
{
    ck_assert_int_eq(toxic_find("slicer"), TOXIC_SLICER);
    ck_assert_int_eq(toxic_find("down"), TOXIC_NONE);
    ck_assert_str_eq(toxic_name(TOXIC_RESET_PEER), "reset_peer");
    ck_assert_str_eq(toxic_attributes(TOXIC_SLICER)[1], "size_variation");
    ck_assert_ptr_null(toxic_attributes(TOXIC_BANDWIDTH)[1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("toxics");
    TCase *tc = tcase_create("links");

    tcase_add_checked_fixture(tc, set_up, relay_tear_down);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, latency_holds_one_direction_so_long);
    tcase_add_test(tc, latency_is_no_rate);
    tcase_add_test(tc, latencies_add_up);
    tcase_add_test(tc, jitter_stays_within_its_bounds);
    tcase_add_test(tc, what_a_removed_latency_held_goes_at_once);
    tcase_add_test(tc, a_toxic_that_is_added_strikes_links_that_are_there);
    tcase_add_test(tc, the_order_is_kept_when_a_latency_is_lowered);
    tcase_add_test(tc, bandwidth_is_a_rate);
    tcase_add_test(tc, slow_close_holds_the_end_alone);
    tcase_add_test(tc, timeout_drops_and_then_ends);
    tcase_add_test(tc, timeout_of_0_drops_until_it_is_removed);
    tcase_add_test(tc, reset_peer_resets_after_the_first_data);
    tcase_add_test(tc, reset_peer_of_0_resets_at_once);
    tcase_add_test(tc, an_end_is_data_to_reset_peer);
    tcase_add_test(tc, what_was_dropped_leaves_no_hole_behind);
    tcase_add_test(tc, nor_does_a_reset_that_was_called_off);
    tcase_add_test(tc, who_lost_nothing_goes_on);
    tcase_add_test(tc, slicer_sends_small_pieces);
    tcase_add_test(tc, limit_data_ends_behind_its_bytes);
    tcase_add_test(tc, limit_data_counts_from_its_beginning);
    tcase_add_test(tc, a_storm_arrives_whole);
    tcase_add_test(tc, toxicity_0_strikes_none_and_1_all);
    tcase_add_test(tc, toxicity_is_drawn_for_each_link_and_follows_from_the_seed);
    tcase_add_test(tc, silly_numbers_do_no_harm);
    tcase_add_test(tc, kinds_have_names_and_attributes);
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
