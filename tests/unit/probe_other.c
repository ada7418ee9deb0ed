/* tcp and exec probes. */
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>

#include "tests/unit/check_main.h"
#include "tests/unit/probe_ask.h"
#include "tests/unit/probe_server.h"

static struct probe shell(const char *script)
{
    static char *argv[4];

    argv[0] = (char *)"sh";
    argv[1] = (char *)"-c";
    argv[2] = (char *)script;
    return (struct probe){.kind = PROBE_EXEC, .name = "test", .timeout_ns = 20 * NS_PER_S, .argv = argv};
}

static struct kept ask_shell(const char *script)
{
    struct probe probe = shell(script);

    return ask(&probe);
}

/* A pipe that children inherit as descriptor 9: its reading end ends when all that hold it are gone. */
static int open_inherited(void)
{
    int ends[2];

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    int reading = fcntl(ends[0], F_DUPFD_CLOEXEC, 20), writing = fcntl(ends[1], F_DUPFD_CLOEXEC, 20);
    close(ends[0]); /* either may have been 9 itself */
    close(ends[1]);
    ck_assert_int_eq(dup2(writing, 9), 9);
    close(writing);
    return reading;
}

static void assert_all_holders_are_gone(int fd)
{
    struct pollfd ended = {fd, POLLIN, 0};
    char c;

    close(9);
    do
        ck_assert_int_gt(poll(&ended, 1, 10000), 0);
    while (read(fd, &c, 1) > 0);
    close(fd);
}

/* --- tcp --- */

static struct probe tcp(const char *host, unsigned port)
{
    return (struct probe){.kind = PROBE_TCP,
                          .name = "test",
                          .timeout_ns = 300 * NS_PER_MS,
                          .host = host,
                          .port = (uint16_t)port};
}

START_TEST(a_tcp_probe_is_refused_where_nobody_listens)
{
    unsigned port;
    int fd = bound_socket(&port);
    struct probe probe = tcp("127.0.0.1", port);
    struct kept kept = ask(&probe);

    ck_assert(!kept.ok);
    ck_assert_str_eq(kept.error, "connection refused");
    close(fd);
}
END_TEST

START_TEST(a_tcp_probe_of_an_unknown_name_is_told_so)
{
    struct probe probe = tcp("no-such-host.invalid", 80);
    struct kept kept = ask(&probe);

    ck_assert(!kept.ok);
    ck_assert_ptr_eq(strstr(kept.error, "cannot resolve no-such-host.invalid: "), kept.error);
}
END_TEST

START_TEST(a_tcp_probe_that_is_never_accepted_costs_the_timeout)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    unsigned port;
    int fd = bound_socket(&port), fillers[4];
    struct probe probe = tcp("127.0.0.1", port);

    ck_assert_int_eq(listen(fd, 0), 0);
    address.sin_port = htons((uint16_t)port);
    for (int i = 0; i < 4; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)!connect(fillers[i], (struct sockaddr *)&address, sizeof(address));
    }
    struct kept kept = ask(&probe);
    ck_assert_str_eq(kept.error, "timed out after 300 ms");
    ck_assert_uint_lt(kept.latency_ns, 2 * NS_PER_S);
    for (int i = 0; i < 4; i++)
        close(fillers[i]);
    close(fd);
}
END_TEST

static const char *const names[] = {"127.0.0.1", "localhost"};

START_TEST(a_tcp_probe_succeeds_when_somebody_listens)
{
    unsigned port;
    int fd = bound_socket(&port);
    struct probe probe = tcp(names[_i], port); /* localhost: ::1 may come first, and refuses */

    ck_assert_int_eq(listen(fd, 5), 0);
    struct kept kept = ask(&probe);
    ck_assert_str_eq(kept.error, "");
    ck_assert(kept.ok);
    close(fd);
}
END_TEST

/* --- exec --- */

START_TEST(a_program_that_is_not_there_is_told_so)
{
    char *argv[] = {(char *)"no-such-program", NULL};
    struct probe probe = {.kind = PROBE_EXEC, .name = "x", .timeout_ns = NS_PER_S, .argv = argv};
    struct kept kept = ask(&probe);

    ck_assert(!kept.ok);
    ck_assert_str_eq(kept.error, "cannot run no-such-program: No such file or directory");
    ck_assert_int_eq(kept.exit_code, -1);
}
END_TEST

static const struct {
    const char *script, *error;
    int exit_code;
} ends[] = {
    {"exit 3", "exit code 3", 3},
    {"kill -9 $$", "killed by signal 9 (Killed)", 137},
    {"true", "", 0},
};

START_TEST(how_a_program_ends_is_told)
{
    struct kept kept = ask_shell(ends[_i].script);

    ck_assert_int_eq(kept.ok, !*ends[_i].error);
    ck_assert_str_eq(kept.error, ends[_i].error);
    ck_assert_int_eq(kept.exit_code, ends[_i].exit_code);
}
END_TEST

START_TEST(both_outputs_are_taken)
{
    struct kept kept = ask_shell("echo out; echo err >&2");

    ck_assert(kept.ok);
    ck_assert_str_eq(kept.body, "out\n");
    ck_assert_str_eq(kept.stderr_text, "err\n");
}
END_TEST

START_TEST(output_beyond_the_bound_is_cut_and_does_not_block_the_program)
{
    struct kept kept = ask_shell("head -c 3000000 /dev/zero | tr '\\0' x; exit 4");

    ck_assert_int_eq(kept.exit_code, 4);
    ck_assert(kept.body_cut);
    ck_assert_uint_eq(kept.body_len, ANSWER_BODY_MAX);
}
END_TEST

START_TEST(standard_input_is_empty)
{
    ck_assert_str_eq(ask_shell("wc -c").body, "0\n");
}
END_TEST

START_TEST(a_program_runs_in_the_probers_folder)
{
    ck_assert_str_eq(ask_shell("pwd").body, "/tmp\n");
}
END_TEST

START_TEST(variables_of_a_run_are_hidden_from_a_program)
{
    setenv("CHAOSCTL_AREA", "/run/area", 1);
    setenv("CHAOSCTL_TRACE", "all", 1);
    setenv("OTHER", "stays", 1);
    ck_assert_str_eq(ask_shell("echo \"$CHAOSCTL_AREA$CHAOSCTL_TRACE$OTHER\"").body, "stays\n");
}
END_TEST

START_TEST(what_is_left_in_the_background_does_not_hold_the_answer)
{
    int fd = open_inherited();
    struct kept kept = ask_shell("sleep 30 & echo $!");

    ck_assert(kept.ok);
    ck_assert_uint_lt(kept.latency_ns, 10 * NS_PER_S);
    kill((pid_t)atoi(kept.body), SIGKILL);
    assert_all_holders_are_gone(fd);
}
END_TEST

/* An orphan is found by its group alone, one of another session by its parents alone. */
START_TEST(a_timeout_kills_grandchildren_and_those_who_left_the_group)
{
    int fd = open_inherited();
    struct probe probe = shell("(sleep 1000 &); sleep 1000 & setsid sleep 1000 & echo started; wait");

    probe.timeout_ns = 500 * NS_PER_MS;
    struct kept kept = ask(&probe);
    ck_assert(!kept.ok);
    ck_assert_str_eq(kept.error, "timed out after 500 ms");
    ck_assert_int_eq(kept.exit_code, -1);
    ck_assert_str_eq(kept.body, "started\n");
    ck_assert_uint_lt(kept.latency_ns, 5 * NS_PER_S);
    assert_all_holders_are_gone(fd);
}
END_TEST

static void on_started(void *arg, int fd, uint32_t events)
{
    (void)arg;
    (void)fd;
    (void)events;
    loop_stop(loop);
}

START_TEST(freeing_the_prober_kills_the_program_and_answers_nobody)
{
    int fd = open_inherited();
    struct probe probe = shell("sleep 1000 & echo started >&9; wait");
    struct kept kept = {.loop = loop};

    ck_assert_int_eq(loop_add_fd(loop, fd, EPOLLIN, on_started, NULL), 0);
    ck_assert_int_eq(prober_ask(prober, &probe, keep, &kept), 0);
    loop_run(loop);
    loop_remove_fd(loop, fd);
    prober_free(prober);
    prober = NULL;
    assert_all_holders_are_gone(fd);
    run_for(50 * NS_PER_MS);
    ck_assert_uint_eq(kept.calls, 0);
}
END_TEST

/* Both have ended when prober_ask returns, and wait for their delivery. */
START_TEST(what_has_ended_may_still_be_cancelled)
{
    char *argv[] = {(char *)"no-such-program", NULL};
    struct probe program = {.kind = PROBE_EXEC, .timeout_ns = NS_PER_S, .argv = argv};
    struct probe name = tcp("no-such-host.invalid", 80);
    struct kept kept = {.loop = loop};

    ck_assert_int_eq(prober_ask(prober, &program, keep, &kept), 0);
    ck_assert_int_eq(prober_ask(prober, &name, keep, &kept), 0);
    ck_assert_uint_eq(prober_cancel(prober, &kept), 2);
    run_for(50 * NS_PER_MS);
    ck_assert_uint_eq(kept.calls, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tcp and exec probes");
    TCase *t = tcase_create("probe");

    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, open_prober, close_prober);
    tcase_add_test(t, a_tcp_probe_is_refused_where_nobody_listens);
    tcase_add_test(t, a_tcp_probe_of_an_unknown_name_is_told_so);
    tcase_add_test(t, a_tcp_probe_that_is_never_accepted_costs_the_timeout);
    tcase_add_loop_test(t, a_tcp_probe_succeeds_when_somebody_listens, 0, 2);
    tcase_add_test(t, a_program_that_is_not_there_is_told_so);
    tcase_add_loop_test(t, how_a_program_ends_is_told, 0, sizeof(ends) / sizeof(*ends));
    tcase_add_test(t, both_outputs_are_taken);
    tcase_add_test(t, output_beyond_the_bound_is_cut_and_does_not_block_the_program);
    tcase_add_test(t, standard_input_is_empty);
    tcase_add_test(t, a_program_runs_in_the_probers_folder);
    tcase_add_test(t, variables_of_a_run_are_hidden_from_a_program);
    tcase_add_test(t, what_is_left_in_the_background_does_not_hold_the_answer);
    tcase_add_test(t, a_timeout_kills_grandchildren_and_those_who_left_the_group);
    tcase_add_test(t, freeing_the_prober_kills_the_program_and_answers_nobody);
    tcase_add_test(t, what_has_ended_may_still_be_cancelled);
    suite_add_tcase(suite, t);
    return check_main(suite);
}
