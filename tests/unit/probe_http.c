/* HTTP probes against servers that behave well and badly. */
#include "tests/unit/check_main.h"
#include "tests/unit/probe_ask.h"
#include "tests/unit/probe_server.h"

static struct server *server;

static void setup(void)
{
    server = server_start();
    open_prober();
}

static void teardown(void)
{
    close_prober();
    server_stop(server);
}

static struct probe get(const char *path)
{
    static char url[256];

    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", server->port, path);
    return (struct probe){
        .kind = PROBE_HTTP, .name = "test", .timeout_ns = 5 * NS_PER_S, .method = "GET", .url = url};
}

static struct kept ask_path(const char *path)
{
    struct probe probe = get(path);

    return ask(&probe);
}

/* --- what goes wrong, in words --- */

static const struct {
    const char *path, *error;
    long status;
} failures[] = {
    {"/reset", "connection reset", 0},
    {"/empty", "empty reply", 0},
    {"/half", "the answer ends after 20 of 100 bytes", 200},
    {"/garbage", "not an HTTP answer", 0},
};

START_TEST(a_bad_end_is_told_in_words)
{
    struct kept kept = ask_path(failures[_i].path);

    ck_assert(!kept.ok);
    ck_assert_str_eq(kept.error, failures[_i].error);
    ck_assert_int_eq(kept.status, failures[_i].status);
}
END_TEST

START_TEST(a_port_that_nobody_listens_on_refuses)
{
    struct probe probe = get("/ok");
    char url[64];
    unsigned port;
    int fd = bound_socket(&port);

    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", port);
    probe.url = url;
    struct kept kept = ask(&probe);
    ck_assert(!kept.ok);
    ck_assert_str_eq(kept.error, "connection refused");
    close(fd);
}
END_TEST

START_TEST(a_name_that_does_not_exist_is_told_so)
{
    struct probe probe = get("/ok");

    probe.url = "http://no-such-host.invalid/";
    struct kept kept = ask(&probe);
    ck_assert(!kept.ok);
    ck_assert_str_eq(kept.error, "cannot resolve the name");
}
END_TEST

START_TEST(a_hanging_server_costs_the_timeout_and_no_more)
{
    struct probe probe = get("/hang");

    probe.timeout_ns = 200 * NS_PER_MS;
    struct kept kept = ask(&probe);
    ck_assert(!kept.ok);
    ck_assert_str_eq(kept.error, "timed out after 200 ms");
    ck_assert_uint_ge(kept.latency_ns, 200 * NS_PER_MS);
    ck_assert_uint_lt(kept.latency_ns, 2 * NS_PER_S);
}
END_TEST

START_TEST(a_connection_that_is_never_made_costs_the_timeout_too)
{
    struct probe probe = get("/ok");
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    unsigned port;
    int fd = bound_socket(&port), fillers[4];
    char url[64];

    ck_assert_int_eq(listen(fd, 0), 0); /* a full backlog drops what comes: a black hole */
    address.sin_port = htons((uint16_t)port);
    for (int i = 0; i < 4; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)!connect(fillers[i], (struct sockaddr *)&address, sizeof(address));
    }
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", port);
    probe.url = url;
    probe.timeout_ns = 300 * NS_PER_MS;
    struct kept kept = ask(&probe);
    ck_assert_str_eq(kept.error, "timed out after 300 ms");
    ck_assert_uint_lt(kept.latency_ns, 2 * NS_PER_S);
    for (int i = 0; i < 4; i++)
        close(fillers[i]);
    close(fd);
}
END_TEST

START_TEST(redirects_without_end_are_given_up)
{
    struct probe probe = get("/loop");

    probe.follow = true;
    ck_assert_str_eq(ask(&probe).error, "more than 10 redirects");
}
END_TEST

/* --- answers --- */

START_TEST(a_whole_answer_has_status_body_and_latency)
{
    struct kept kept = ask_path("/ok");

    ck_assert(kept.ok);
    ck_assert_str_eq(kept.error, "");
    ck_assert_int_eq(kept.status, 200);
    ck_assert_str_eq(kept.body, "hello");
    ck_assert_uint_eq(kept.body_len, 5);
    ck_assert_uint_gt(kept.latency_ns, 0);
    ck_assert_int_eq(kept.exit_code, -1);
}
END_TEST

START_TEST(an_error_status_is_an_answer_all_the_same)
{
    struct kept kept = ask_path("/status/503");

    ck_assert(kept.ok);
    ck_assert_int_eq(kept.status, 503);
    ck_assert_str_eq(kept.body, "");
}
END_TEST

START_TEST(latency_is_the_time_to_the_complete_answer)
{
    struct kept kept = ask_path("/slow/300");

    ck_assert(kept.ok);
    ck_assert_uint_ge(kept.latency_ns, 300 * NS_PER_MS);
}
END_TEST

START_TEST(headers_come_trimmed_and_all_of_them)
{
    ck_assert_str_eq(ask_path("/headers").headers, "X-Age=12;Set-Cookie=a;set-cookie=b;Content-Length=0;");
}
END_TEST

START_TEST(a_body_beyond_the_bound_is_cut_and_says_so)
{
    char path[64];

    snprintf(path, sizeof(path), "/big/%u", ANSWER_BODY_MAX + 1);
    struct kept kept = ask_path(path);
    ck_assert(kept.ok);
    ck_assert(kept.body_cut);
    ck_assert_uint_eq(kept.body_len, ANSWER_BODY_MAX);
}
END_TEST

START_TEST(a_body_of_just_the_bound_is_whole)
{
    char path[64];

    snprintf(path, sizeof(path), "/big/%u", ANSWER_BODY_MAX);
    struct kept kept = ask_path(path);
    ck_assert(!kept.body_cut);
    ck_assert_uint_eq(kept.body_len, ANSWER_BODY_MAX);
}
END_TEST

START_TEST(a_redirect_is_not_followed_unless_asked)
{
    struct kept kept = ask_path("/to-ok");

    ck_assert_int_eq(kept.status, 302);
    ck_assert_str_eq(kept.body, "moved");
}
END_TEST

START_TEST(a_followed_redirect_leaves_nothing_of_itself)
{
    struct probe probe = get("/to-ok");

    probe.follow = true;
    struct kept kept = ask(&probe);
    ck_assert_int_eq(kept.status, 200);
    ck_assert_str_eq(kept.body, "hello");
    ck_assert_str_eq(kept.headers, "Content-Length=5;");
}
END_TEST

/* --- requests --- */

START_TEST(a_request_carries_method_headers_and_body_and_no_invented_ones)
{
    struct probe probe = get("/echo");
    const struct pair headers[] = {{"X-Token", "abc"}, {"X-Empty", ""}};

    probe.method = "PUT";
    probe.body = "{\"a\":1}";
    probe.headers = headers;
    probe.headers_count = 2;
    struct kept kept = ask(&probe);
    ck_assert_ptr_eq(strstr(kept.body, "PUT /echo HTTP/1.1\r\n"), kept.body);
    ck_assert_ptr_nonnull(strstr(kept.body, "\r\nX-Token: abc\r\n"));
    ck_assert_ptr_nonnull(strstr(kept.body, "\r\nX-Empty:\r\n"));
    ck_assert_ptr_nonnull(strstr(kept.body, "\r\nContent-Length: 7\r\n"));
    ck_assert_ptr_nonnull(strstr(kept.body, "\r\n\r\n{\"a\":1}"));
    ck_assert_ptr_null(strstr(kept.body, "Content-Type"));
    ck_assert_ptr_null(strstr(kept.body, "Expect"));
}
END_TEST

static const struct {
    const char *method, *has;
} methods[] = {
    {"POST", "\r\nContent-Length: 0\r\n"},   {"PUT", "\r\nContent-Length: 0\r\n"},
    {"DELETE", "DELETE /echo HTTP/1.1\r\n"}, {"OPTIONS", "OPTIONS /echo HTTP/1.1\r\n"},
    {"GET", "GET /echo HTTP/1.1\r\n"},
};

START_TEST(each_method_is_sent_as_such_without_a_body)
{
    struct probe probe = get("/echo");

    probe.method = methods[_i].method;
    struct kept kept = ask(&probe);
    ck_assert(kept.ok);
    ck_assert_ptr_eq(strstr(kept.body, methods[_i].method), kept.body);
    ck_assert_ptr_nonnull(strstr(kept.body, methods[_i].has));
}
END_TEST

/* Ours sends the body all the same: the probe must not wait for it, nor take it. */
START_TEST(head_ends_without_a_body)
{
    struct probe probe = get("/ok");

    probe.method = "HEAD";
    struct kept kept = ask(&probe);
    ck_assert(kept.ok);
    ck_assert_int_eq(kept.status, 200);
    ck_assert_uint_eq(kept.body_len, 0);
}
END_TEST

START_TEST(a_proxy_in_the_environment_is_not_used)
{
    setenv("http_proxy", "http://127.0.0.1:1/", 1);
    setenv("all_proxy", "http://127.0.0.1:1/", 1);
    ck_assert(ask_path("/ok").ok);
}
END_TEST

START_TEST(connections_are_kept_between_probes)
{
    ask_path("/ok");
    ask_path("/ok");
    ck_assert(ask_path("/ok").ok);
    ck_assert_uint_eq(atomic_load(&server->requests), 3);
    ck_assert_uint_eq(atomic_load(&server->connections), 1);
}
END_TEST

/* --- callbacks --- */

START_TEST(each_of_many_at_once_is_answered_exactly_once)
{
    enum { MANY = 40 };
    static const char *const paths[] = {"/ok", "/reset", "/half", "/slow/50"};
    static char urls[MANY][64];
    static struct probe probes[MANY];
    static struct kept kept[MANY];

    for (int i = 0; i < MANY; i++) {
        snprintf(urls[i], sizeof(urls[i]), "http://127.0.0.1:%u%s", server->port, paths[i % 4]);
        probes[i] = get("");
        probes[i].url = urls[i];
        kept[i].loop = loop;
        ck_assert_int_eq(prober_ask(prober, &probes[i], keep, &kept[i]), 0);
    }
    ck_assert_uint_eq(prober_in_flight(prober), MANY);
    while (prober_in_flight(prober))
        loop_run(loop);
    run_for(100 * NS_PER_MS); /* a second callback would come here */
    for (int i = 0; i < MANY; i++) {
        ck_assert_uint_eq(kept[i].calls, 1);
        ck_assert_int_eq(kept[i].ok, i % 4 == 0 || i % 4 == 3);
    }
}
END_TEST

START_TEST(what_is_cancelled_is_never_answered)
{
    struct probe probe = get("/slow/50"), slow = get("/slow/50");
    struct kept gone = {.loop = loop}, stays = {.loop = loop};

    ck_assert_int_eq(prober_ask(prober, &probe, keep, &gone), 0);
    ck_assert_int_eq(prober_ask(prober, &slow, keep, &stays), 0);
    ck_assert_uint_eq(prober_cancel(prober, &gone), 1);
    ck_assert_uint_eq(prober_cancel(prober, &gone), 0);
    ck_assert_uint_eq(prober_in_flight(prober), 1);
    loop_run(loop);
    run_for(100 * NS_PER_MS);
    ck_assert_uint_eq(gone.calls, 0);
    ck_assert_uint_eq(stays.calls, 1);
}
END_TEST

START_TEST(freeing_the_prober_answers_nobody)
{
    struct probe hang = get("/hang");
    struct kept kept = {.loop = loop};

    ck_assert_int_eq(prober_ask(prober, &hang, keep, &kept), 0);
    run_for(50 * NS_PER_MS); /* half-way through */
    ck_assert_int_eq(prober_ask(prober, &hang, keep, &kept), 0);
    prober_free(prober);
    prober = NULL;
    run_for(50 * NS_PER_MS);
    ck_assert_uint_eq(kept.calls, 0);
}
END_TEST

static void free_it_all(void *arg, const struct answer *answer)
{
    (void)answer;
    prober_free(prober);
    prober = NULL;
    ++*(unsigned *)arg;
    loop_stop(loop);
}

START_TEST(a_callback_may_free_the_prober)
{
    struct probe probe = get("/ok");
    unsigned calls = 0;

    ck_assert_int_eq(prober_ask(prober, &probe, free_it_all, &calls), 0);
    ck_assert_int_eq(prober_ask(prober, &probe, free_it_all, &calls), 0);
    loop_run(loop);
    run_for(50 * NS_PER_MS);
    ck_assert_uint_eq(calls, 1);
}
END_TEST

static void ask_again(void *arg, const struct answer *answer)
{
    static struct probe probe;
    unsigned *left = arg;

    ck_assert(answer->ok);
    probe = get("/ok");
    if (--*left)
        ck_assert_int_eq(prober_ask(prober, &probe, ask_again, left), 0);
    else
        loop_stop(loop);
}

START_TEST(a_callback_may_ask_again)
{
    struct probe probe = get("/ok");
    unsigned left = 20;

    ck_assert_int_eq(prober_ask(prober, &probe, ask_again, &left), 0);
    loop_run(loop);
    ck_assert_uint_eq(left, 0);
    ck_assert_uint_eq(prober_in_flight(prober), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http probes");
    TCase *t = tcase_create("http");

    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, a_bad_end_is_told_in_words, 0, sizeof(failures) / sizeof(*failures));
    tcase_add_test(t, a_port_that_nobody_listens_on_refuses);
    tcase_add_test(t, a_name_that_does_not_exist_is_told_so);
    tcase_add_test(t, a_hanging_server_costs_the_timeout_and_no_more);
    tcase_add_test(t, a_connection_that_is_never_made_costs_the_timeout_too);
    tcase_add_test(t, redirects_without_end_are_given_up);
    tcase_add_test(t, a_whole_answer_has_status_body_and_latency);
    tcase_add_test(t, an_error_status_is_an_answer_all_the_same);
    tcase_add_test(t, latency_is_the_time_to_the_complete_answer);
    tcase_add_test(t, headers_come_trimmed_and_all_of_them);
    tcase_add_test(t, a_body_beyond_the_bound_is_cut_and_says_so);
    tcase_add_test(t, a_body_of_just_the_bound_is_whole);
    tcase_add_test(t, a_redirect_is_not_followed_unless_asked);
    tcase_add_test(t, a_followed_redirect_leaves_nothing_of_itself);
    tcase_add_test(t, a_request_carries_method_headers_and_body_and_no_invented_ones);
    tcase_add_loop_test(t, each_method_is_sent_as_such_without_a_body, 0, sizeof(methods) / sizeof(*methods));
    tcase_add_test(t, head_ends_without_a_body);
    tcase_add_test(t, a_proxy_in_the_environment_is_not_used);
    tcase_add_test(t, connections_are_kept_between_probes);
    tcase_add_test(t, each_of_many_at_once_is_answered_exactly_once);
    tcase_add_test(t, what_is_cancelled_is_never_answered);
    tcase_add_test(t, freeing_the_prober_answers_nobody);
    tcase_add_test(t, a_callback_may_free_the_prober);
    tcase_add_test(t, a_callback_may_ask_again);
    suite_add_tcase(suite, t);
    return check_main(suite);
}
