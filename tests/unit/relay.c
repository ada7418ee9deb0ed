/* The relay's engine, without a policy: bytes, ends, memory, openings. */
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include "relay.h"

START_TEST(bytes_pass_both_ways)
{
    make_link(NULL, NULL);
    put(client, "question");
    expect(server, "question");
    put(server, "answer");
    expect(client, "answer");
}
END_TEST

START_TEST(an_end_is_passed_on_for_its_direction_alone)
{
    make_link(NULL, NULL);
    put(client, "all");
    shutdown(client, SHUT_WR);
    expect(server, "all");
    expect_end(server);
    put(server, "still here");
    expect(client, "still here");
    close(server);
    server = -1;
    expect_end(client);
}
END_TEST

START_TEST(a_reset_is_passed_on)
{
    struct linger none = {.l_onoff = 1};

    make_link(NULL, NULL);
    setsockopt(server, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    close(server);
    server = -1;
    expect_reset(client);
}
END_TEST

/* A server that answers and hangs up while its client still sends. */
START_TEST(an_answer_before_a_reset_arrives)
{
    struct linger none = {.l_onoff = 1};

    make_link(NULL, NULL);
    put(server, "the last word");
    relay_turn(relay, 0);
    expect(client, "the last word");
    put(server, "and another");
    setsockopt(server, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    close(server);
    server = -1;
    put(client, "are you there?");
    ssize_t n;
    for (char byte; (n = take(client, &byte, 1, PATIENT)) > 0;)
        continue;
    ck_assert_int_eq(n, -1);
    ck_assert_int_eq(errno, ECONNRESET);
}
END_TEST

START_TEST(a_stream_arrives_whole)
{
    make_link(NULL, NULL);
    stream_through(client, server, 5000000);
    stream_through(server, client, 5000000);
}
END_TEST

/* Whoever does not read stops who sends, and no memory of ours grows. */
START_TEST(a_reader_that_is_slow_stops_the_writer)
{
    char bytes[65536] = {0};
    size_t sent = 0;
    int idle = 0;
    ssize_t n;

    make_link(NULL, NULL);
    while (idle < 20) {
        n = send(client, bytes, sizeof(bytes), MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        idle = n > 0 ? 0 : idle + 1;
        relay_turn(relay, 1);
    }
    ck_assert_uint_lt(relay_link_seen(link_, RELAY_UP) - relay_link_sent(link_, RELAY_UP), 400000);
    ck_assert_uint_gt(sent, 0);
    for (size_t got = 0; got < sent; got += (size_t)n)
        ck_assert_int_gt(n = take(server, bytes, sizeof(bytes), PATIENT), 0);
}
END_TEST

/* --- opening --- */

static int failed_with;
static bool was_opened, is_gone;

static void note(void *arg, struct relay_link *link, enum relay_way way, enum relay_event event, int error)
{
    (void)arg, (void)link, (void)way;
    was_opened |= event == RELAY_OPENED;
    is_gone |= event == RELAY_GONE;
    if (event == RELAY_FAILED)
        failed_with = error;
}

static const struct relay_policy noting = {.event = note};

static void offer_client(struct relay_offer *offer, const struct sockaddr_in *to)
{
    was_opened = is_gone = false;
    failed_with = 0;
    *offer = (struct relay_offer){.policy = &noting,
                                  .upstream_fd = -1,
                                  .upstream = (const struct sockaddr *)to,
                                  .upstream_len = sizeof(*to)};
    tcp_pair(&client, &offer->client_fd);
}

/* A port that nobody listens on. */
static struct sockaddr_in closed_port(void)
{
    struct sockaddr_in at;

    close(listen_any(&at));
    return at;
}

START_TEST(an_upstream_that_refuses_resets_the_client)
{
    struct sockaddr_in nowhere = closed_port();
    struct relay_offer offer;

    offer_client(&offer, &nowhere);
    ck_assert_int_eq(relay_adopt(relay, &offer, NULL), 0);
    expect_reset(client);
    ck_assert_int_eq(failed_with, ECONNREFUSED);
    ck_assert(is_gone && !was_opened);
}
END_TEST

START_TEST(the_next_address_is_tried)
{
    struct sockaddr_in nowhere = closed_port(), at;
    int door = listen_any(&at);
    struct relay_address other = {.len = sizeof(at)};
    struct relay_offer offer;

    offer_client(&offer, &nowhere);
    memcpy(&other.address, &at, sizeof(at));
    offer.others = &other;
    offer.others_count = 1;
    ck_assert_int_eq(relay_adopt(relay, &offer, NULL), 0);
    put(client, "hello");
    for (int i = 0; i < PATIENT && !was_opened; i++)
        relay_turn(relay, 1);
    ck_assert(was_opened);
    server = accept4(door, NULL, NULL, SOCK_NONBLOCK);
    close(door);
    expect(server, "hello");
}
END_TEST

START_TEST(descriptors_are_the_callers_when_it_fails)
{
    struct relay_offer offer = {.upstream_fd = -1, .upstream_len = sizeof(struct sockaddr_storage) + 1};

    tcp_pair(&client, &offer.client_fd);
    ck_assert_int_eq(relay_adopt(relay, &offer, NULL), -EINVAL);
    ck_assert_int_ge(fcntl(offer.client_fd, F_GETFD), 0);
    close(offer.client_fd);
}
END_TEST

START_TEST(a_link_that_is_dropped_is_gone_at_once_and_reset)
{
    make_link(&noting, NULL);
    is_gone = false;
    relay_drop(link_);
    ck_assert(is_gone);
    expect_reset(client);
    expect_reset(server);
}
END_TEST

/* --- somebody else's loop --- */

START_TEST(its_descriptor_tells_an_outer_loop)
{
    struct pollfd p;

    make_link(NULL, NULL);
    while (p = (struct pollfd){.fd = relay_fd(relay), .events = POLLIN}, poll(&p, 1, 0) == 1)
        relay_turn(relay, 0);
    put(client, "wake");
    ck_assert_int_eq(poll(&p, 1, PATIENT), 1);
    expect(server, "wake");
}
END_TEST

static int woken;

static void on_pipe(void *arg, int fd)
{
    char byte;

    (void)arg;
    woken += (int)read(fd, &byte, 1);
    relay_unwatch(relay, fd);
}

START_TEST(descriptors_of_others_are_watched_until_they_are_not)
{
    int pipe_[2];

    ck_assert_int_eq(pipe(pipe_), 0);
    woken = 0;
    ck_assert_int_eq(relay_watch(relay, pipe_[0], on_pipe, NULL), 0);
    relay_turn(relay, 0);
    ck_assert_int_eq(woken, 0);
    ck_assert_int_eq(write(pipe_[1], "xx", 2), 2);
    relay_turn(relay, PATIENT);
    relay_turn(relay, 0);
    ck_assert_int_eq(woken, 1);
    close(pipe_[0]);
    close(pipe_[1]);
}
END_TEST

START_TEST(a_thousand_links_live_beside_each_other)
{
    enum { MANY = 1000 };
    static int ends[MANY][2];

    for (int i = 0; i < MANY; i++) {
        struct relay_offer offer = {0};
        int inner[2];
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, inner), 0);
        ends[i][0] = inner[0];
        offer.client_fd = inner[1];
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, inner), 0);
        ends[i][1] = inner[0];
        offer.upstream_fd = inner[1];
        ck_assert_int_eq(relay_adopt(relay, &offer, NULL), 0);
    }
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(write(ends[i][0], &i, sizeof(i)), sizeof(i));
    for (int i = 0, got; i < MANY; i++) {
        ck_assert_int_eq(take(ends[i][1], &got, sizeof(got), PATIENT), sizeof(got));
        ck_assert_int_eq(got, i);
        close(ends[i][0]);
        close(ends[i][1]);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("relay");
    TCase *tc = tcase_create("engine");

    tcase_add_checked_fixture(tc, relay_set_up, relay_tear_down);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, bytes_pass_both_ways);
    tcase_add_test(tc, an_end_is_passed_on_for_its_direction_alone);
    tcase_add_test(tc, a_reset_is_passed_on);
    tcase_add_test(tc, an_answer_before_a_reset_arrives);
    tcase_add_test(tc, a_stream_arrives_whole);
    tcase_add_test(tc, a_reader_that_is_slow_stops_the_writer);
    tcase_add_test(tc, an_upstream_that_refuses_resets_the_client);
    tcase_add_test(tc, the_next_address_is_tried);
    tcase_add_test(tc, descriptors_are_the_callers_when_it_fails);
    tcase_add_test(tc, a_link_that_is_dropped_is_gone_at_once_and_reset);
    tcase_add_test(tc, its_descriptor_tells_an_outer_loop);
    tcase_add_test(tc, descriptors_of_others_are_watched_until_they_are_not);
    tcase_add_test(tc, a_thousand_links_live_beside_each_other);
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
