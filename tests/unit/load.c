/* Open-model load: intended times, queueing, and what the samples say. */
#include "tests/unit/check_main.h"
#include "tests/unit/probe_ask.h"
#include "tests/unit/probe_server.h"

#include "chaosctl/check/observation.h"
#include "chaosctl/probe/load.h"
#include "chaosctl/probe/load_run.h"

static struct server *server;
static struct load_run *run;
static struct probe probe;
static char url[64];

static void setup(void)
{
    server = server_start();
    open_prober();
}

static void teardown(void)
{
    load_free(run);
    close_prober();
    server_stop(server);
}

static void load_of(const char *path, double rate_per_s, uint32_t max_in_flight)
{
    struct load load = {.name = "browse", .rate_per_s = rate_per_s, .max_in_flight = max_in_flight};

    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", server->port, path);
    probe = (struct probe){.kind = PROBE_HTTP, .timeout_ns = 5 * NS_PER_S, .method = "GET", .url = url};
    ck_assert_int_eq(load_new(loop, prober, &probe, &load, &run), 0);
}

/* Until all that was intended is answered. */
static void finish_all(void)
{
    size_t unfinished = 1;

    for (int i = 0; i < 1000 && unfinished; i++) {
        run_for(10 * NS_PER_MS);
        load_count(run, 0, UINT64_MAX, &unfinished);
    }
    ck_assert_uint_eq(unfinished, 0);
}

static void run_load(uint64_t ns)
{
    load_start(run);
    run_for(ns);
    load_stop(run);
    finish_all();
}

/* --- sending --- */

START_TEST(requests_leave_at_the_rate)
{
    struct observation seen;

    load_of("/ok", 100, 50);
    run_load(500 * NS_PER_MS);
    load_observe(run, run->started_ns, run->started_ns + 400 * NS_PER_MS, &seen);
    ck_assert_uint_eq(seen.samples, 40); /* at 0, 10, ... 390 ms */
    ck_assert_double_eq_tol(seen.number[METRIC_rate], 100, 0.001);
    ck_assert_double_eq(seen.number[METRIC_success], 100);
    ck_assert_ptr_null(seen.note);
}
END_TEST

START_TEST(nothing_is_sent_before_the_start_and_nothing_new_after_the_stop)
{
    load_of("/ok", 100, 50);
    run_for(100 * NS_PER_MS);
    ck_assert_uint_eq(atomic_load(&server->requests), 0);
    run_load(100 * NS_PER_MS);
    size_t sent = atomic_load(&server->requests);
    run_for(100 * NS_PER_MS);
    ck_assert_uint_eq(atomic_load(&server->requests), sent);
}
END_TEST

/* A closed loop would show one slow request here.  Fifty people waited. */
static void assert_each_waited(uint64_t stall_end_ns)
{
    size_t waited = 0;

    for (size_t i = 0; i < run->count; i++) {
        const struct sample *s = &run->samples[i];
        if (s->intended_ns >= stall_end_ns)
            break;
        ck_assert(s->done && s->ok);
        ck_assert_uint_ge(s->latency_ns, stall_end_ns - s->intended_ns);
        ck_assert_uint_lt(s->latency_ns, stall_end_ns - s->intended_ns + NS_PER_S);
        waited++;
    }
    ck_assert_uint_ge(waited, 49);
    ck_assert_uint_le(waited, 51);
}

static const uint32_t limits[] = {200, 5};

START_TEST(a_stall_of_a_second_is_seen_by_all_fifty_requests_meant_in_it)
{
    struct observation seen;

    load_of("/ok", 50, limits[_i]);
    uint64_t stall_end = now_mono_ns() + NS_PER_S;
    atomic_store(&server->stalled_until_ns, stall_end);
    run_load(1300 * NS_PER_MS);
    assert_each_waited(stall_end);
    load_observe(run, run->started_ns, stall_end, &seen);
    ck_assert_double_ge(seen.number[METRIC_p50], 400e6); /* half of them waited half a second */
    ck_assert_double_ge(seen.number[METRIC_max], 900e6);
}
END_TEST

START_TEST(no_more_than_the_limit_are_in_flight)
{
    load_of("/ok", 200, 5);
    atomic_store(&server->stalled_until_ns, now_mono_ns() + 300 * NS_PER_MS);
    run_load(400 * NS_PER_MS);
    ck_assert_int_eq(atomic_load(&server->most_concurrent), 5);
}
END_TEST

START_TEST(the_rest_of_the_queue_fails_at_the_stop)
{
    struct observation seen;

    load_of("/hang", 100, 2);
    probe.timeout_ns = 1500 * NS_PER_MS;
    run_load(300 * NS_PER_MS);
    load_observe(run, 0, UINT64_MAX, &seen);
    ck_assert_uint_ge(seen.samples, 29);
    ck_assert_double_eq(seen.number[METRIC_success], 0);
    ck_assert_str_eq(seen.note, "not sent: too many in flight");
    ck_assert_uint_eq(atomic_load(&server->requests), 2);
}
END_TEST

START_TEST(a_blocked_loop_catches_up_with_all_that_was_due)
{
    load_of("/ok", 100, 200);
    load_start(run);
    struct timespec blocked = {0, 300000000}; /* what is tested is the lateness itself */
    nanosleep(&blocked, NULL);
    run_for(20 * NS_PER_MS);
    load_stop(run);
    finish_all();
    ck_assert_uint_ge(run->count, 31);
    ck_assert_uint_eq(run->samples[0].intended_ns, run->started_ns);
    ck_assert_uint_ge(run->samples[0].latency_ns, 300 * NS_PER_MS);
    ck_assert_uint_eq(run->samples[30].intended_ns - run->started_ns, 300 * NS_PER_MS);
}
END_TEST

/* --- what counts as success --- */

static const struct condition hello = {
    .metric = METRIC_body, .comparison = COMPARE_MATCH, .regex = "^hello$", .text = "body"};
static const struct condition world = {
    .metric = METRIC_body, .comparison = COMPARE_MATCH, .regex = "world", .text = "body"};

static const struct {
    const char *path, *note;
    const struct condition *expect;
    double success;
} outcomes[] = {
    {"/status/503", "503", NULL, 0},
    {"/status/400", "400", NULL, 0},
    {"/reset", "connection reset", NULL, 0},
    {"/half", "the answer ends after 20 of 100 bytes", NULL, 0},
    {"/ok", "body does not match /world/: \"hello\"", &world, 0},
    {"/ok", NULL, &hello, 100},
    {"/status/399", NULL, NULL, 100},
};

START_TEST(a_request_succeeds_with_a_whole_good_answer_alone)
{
    struct observation seen;

    load_of(outcomes[_i].path, 100, 200);
    probe.expect = outcomes[_i].expect;
    probe.expect_count = outcomes[_i].expect != NULL;
    run_load(50 * NS_PER_MS);
    load_observe(run, 0, UINT64_MAX, &seen);
    ck_assert_uint_ge(seen.samples, 5);
    ck_assert_double_eq(seen.number[METRIC_success], outcomes[_i].success);
    ck_assert_double_eq(seen.number[METRIC_errors], outcomes[_i].success ? 0 : (double)seen.samples);
    ck_assert_pstr_eq(seen.note, outcomes[_i].note);
}
END_TEST

/* --- windows --- */

START_TEST(a_load_may_be_freed_with_requests_in_flight)
{
    load_of("/hang", 100, 50);
    load_start(run);
    run_for(100 * NS_PER_MS);
    ck_assert_uint_gt(prober_in_flight(prober), 0);
    load_free(run);
    run = NULL;
    ck_assert_uint_eq(prober_in_flight(prober), 0);
    run_for(50 * NS_PER_MS);
}
END_TEST

START_TEST(unfinished_requests_are_told_and_not_measured)
{
    struct observation seen;
    size_t unfinished;

    load_of("/hang", 100, 50);
    load_start(run);
    run_for(100 * NS_PER_MS);
    size_t all = load_count(run, 0, UINT64_MAX, &unfinished);
    ck_assert_uint_ge(all, 10);
    ck_assert_uint_eq(unfinished, all);
    load_observe(run, 0, UINT64_MAX, &seen);
    ck_assert_uint_eq(seen.samples, 0);
    ck_assert(!seen.has[METRIC_success]);
    ck_assert(!seen.has[METRIC_errors]); /* else "errors <= 0" would hold without a request */
    ck_assert(!seen.has[METRIC_p95]);
}
END_TEST

START_TEST(what_is_forgotten_is_gone_and_late_answers_to_it_are_ignored)
{
    size_t unfinished;

    load_of("/slow/300", 100, 50);
    load_start(run);
    run_for(100 * NS_PER_MS);
    uint64_t now = now_mono_ns();
    load_forget(run, now);
    ck_assert_uint_eq(load_count(run, 0, now, &unfinished), 0);
    run_for(50 * NS_PER_MS);
    load_stop(run);
    ck_assert_uint_ge(run->samples[0].intended_ns, now);
    for (uint32_t all = run->in_flight; run->in_flight == all;)
        run_for(NS_PER_MS);
    ck_assert(!run->samples[0].done); /* that was a forgotten one's answer */
    finish_all();
}
END_TEST

/* Latencies of 1, 2, ... n ms, in an order that is not sorted; every fourth failed, one a millisecond. */
static void fill(struct load_run *made, struct sample *samples, size_t n)
{
    static char error[] = "boom";

    *made = (struct load_run){
        .samples = samples, .count = n, .began_ns = 1, .errors = {error}, .errors_count = 1};
    for (size_t i = 0; i < n; i++) {
        bool ok = i % 4 != 3;
        samples[i] = (struct sample){.intended_ns = (i + 1) * NS_PER_MS,
                                     .latency_ns = ((i * 37) % n + 1) * NS_PER_MS,
                                     .done = true,
                                     .ok = ok,
                                     .error = ok ? 0 : 1};
    }
}

/* Nearest rank by definition: the ceil(p/100 * n)-th smallest; the n-th smallest is n ms. */
static const struct {
    size_t n;
    double p50_ms, p90_ms, p95_ms, p99_ms, mean_ms, success;
} known[] = {
    {1, 1, 1, 1, 1, 1, 100},
    {4, 2, 4, 4, 4, 2.5, 75},
    {20, 10, 18, 19, 20, 10.5, 75},
    {100, 50, 90, 95, 99, 50.5, 75},
    {200, 100, 180, 190, 198, 100.5, 75},
};

START_TEST(percentiles_are_by_nearest_rank_over_failed_requests_too)
{
    struct sample samples[200];
    struct load_run made;
    struct observation seen;

    fill(&made, samples, known[_i].n);
    load_observe(&made, 0, UINT64_MAX, &seen);
    ck_assert_uint_eq(seen.samples, known[_i].n);
    ck_assert_double_eq(seen.number[METRIC_p50], known[_i].p50_ms * 1e6);
    ck_assert_double_eq(seen.number[METRIC_p90], known[_i].p90_ms * 1e6);
    ck_assert_double_eq(seen.number[METRIC_p95], known[_i].p95_ms * 1e6);
    ck_assert_double_eq(seen.number[METRIC_p99], known[_i].p99_ms * 1e6);
    ck_assert_double_eq(seen.number[METRIC_max], (double)known[_i].n * 1e6);
    ck_assert_double_eq(seen.number[METRIC_mean], known[_i].mean_ms * 1e6);
    ck_assert_double_eq(seen.number[METRIC_success], known[_i].success);
    ck_assert_double_eq(seen.number[METRIC_errors], (double)(known[_i].n / 4));
}
END_TEST

START_TEST(a_window_includes_its_start_and_excludes_its_end)
{
    struct sample samples[100];
    struct load_run made;
    struct observation seen;
    size_t unfinished;

    fill(&made, samples, 100);
    samples[49].done = false;
    load_observe(&made, 11 * NS_PER_MS, 61 * NS_PER_MS, &seen);
    ck_assert_uint_eq(seen.samples, 49);
    ck_assert_double_eq_tol(seen.number[METRIC_rate], 49 / 0.05, 1e-6);
    ck_assert_uint_eq(load_count(&made, 11 * NS_PER_MS, 61 * NS_PER_MS, &unfinished), 50);
    ck_assert_uint_eq(unfinished, 1);
    ck_assert_uint_eq(load_count(&made, 61 * NS_PER_MS, 11 * NS_PER_MS, &unfinished), 0);
    ck_assert_uint_eq(load_count(&made, 100 * NS_PER_MS, UINT64_MAX, &unfinished), 1);
    ck_assert_uint_eq(load_count(&made, 0, NS_PER_MS, &unfinished), 0);
}
END_TEST

START_TEST(the_note_is_the_most_frequent_error)
{
    struct sample samples[100];
    struct load_run made;
    struct observation seen;
    static char other[] = "bang";

    fill(&made, samples, 100);
    made.errors[1] = other;
    made.errors_count = 2;
    for (int i = 3; i < 60; i += 4)
        samples[i].error = 2; /* 15 of 25 */
    load_observe(&made, 0, UINT64_MAX, &seen);
    ck_assert_str_eq(seen.note, "bang");
    load_observe(&made, 61 * NS_PER_MS, UINT64_MAX, &seen);
    ck_assert_str_eq(seen.note, "boom");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("load");
    TCase *sent = tcase_create("sent"), *read = tcase_create("read");

    tcase_set_timeout(sent, 60);
    tcase_add_checked_fixture(sent, setup, teardown);
    tcase_add_test(sent, requests_leave_at_the_rate);
    tcase_add_test(sent, nothing_is_sent_before_the_start_and_nothing_new_after_the_stop);
    tcase_add_loop_test(sent, a_stall_of_a_second_is_seen_by_all_fifty_requests_meant_in_it, 0, 2);
    tcase_add_test(sent, no_more_than_the_limit_are_in_flight);
    tcase_add_test(sent, the_rest_of_the_queue_fails_at_the_stop);
    tcase_add_test(sent, a_blocked_loop_catches_up_with_all_that_was_due);
    tcase_add_loop_test(sent, a_request_succeeds_with_a_whole_good_answer_alone, 0,
                        sizeof(outcomes) / sizeof(*outcomes));
    tcase_add_test(sent, a_load_may_be_freed_with_requests_in_flight);
    tcase_add_test(sent, unfinished_requests_are_told_and_not_measured);
    tcase_add_test(sent, what_is_forgotten_is_gone_and_late_answers_to_it_are_ignored);
    tcase_add_loop_test(read, percentiles_are_by_nearest_rank_over_failed_requests_too, 0,
                        sizeof(known) / sizeof(*known));
    tcase_add_test(read, a_window_includes_its_start_and_excludes_its_end);
    tcase_add_test(read, the_note_is_the_most_frequent_error);
    suite_add_tcase(suite, sent);
    suite_add_tcase(suite, read);
    return check_main(suite);
}
