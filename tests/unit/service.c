/* Services: in order, ready when they are, gone when they should be. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chaosctl/base/buf.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/run/service.h"
#include "check_main.h"

#define PYTHON     "/usr/bin/python3"
#define SH(script) ((char *[]){"/bin/sh", "-c", script, NULL})
#define LIMIT_S    20

/* Listens on the port that it is given, says so, and stays. */
#define LISTEN                                                                                               \
    "import socket,sys,time\n"                                                                               \
    "s=socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n"                           \
    "s.bind(('127.0.0.1', int(sys.argv[1]))); s.listen(); print('listening', flush=True)\n"                  \
    "while True: s.accept()[0].close()\n"

static char folder[64];
static struct loop *loop;
static struct control *control;
static struct prober *prober;
static struct services *services;
static struct service list[3];
static struct scenario scenario;
static struct buf events; /* "started 0, ready 0, ..." */
static char detail_seen[2000];
#define NOTHING (SERVICE_ALL_STOPPED + 1)
static unsigned awaited = NOTHING;

static void on_event(void *arg, enum service_event event, int index, int status, const char *detail)
{
    static const char *const names[] = {
        [SERVICE_STARTED] = "started", [SERVICE_READY] = "ready", [SERVICE_ALL_READY] = "all ready",
        [SERVICE_FAILED] = "failed",   [SERVICE_ENDED] = "ended", [SERVICE_ALL_STOPPED] = "all stopped"};

    (void)arg;
    (void)status;
    buf_printf(&events, "%s%s", events.len ? ", " : "", names[event]);
    if (index >= 0)
        buf_printf(&events, " %d", index);
    if (detail)
        snprintf(detail_seen, sizeof(detail_seen), "%s", detail);
    if ((unsigned)event == awaited || event == SERVICE_FAILED)
        loop_stop(loop);
}

static void too_late(void *arg)
{
    (void)arg;
    ck_abort_msg("waited %d s; so far: %s", LIMIT_S, buf_text(&events));
}

static struct timer limit = {.fn = too_late};

static void run_until(enum service_event event)
{
    awaited = event;
    loop_set_timer(loop, &limit, now_mono_ns() + LIMIT_S * NS_PER_S);
    ck_assert_int_eq(loop_run(loop), 0);
    loop_unset_timer(loop, &limit);
}

static void stop_now(void *arg)
{
    (void)arg;
    loop_stop(loop);
}

static void run_for(uint64_t ms)
{
    struct timer timer = {.fn = stop_now};

    awaited = NOTHING;
    loop_set_timer(loop, &timer, now_mono_ns() + ms * NS_PER_MS);
    loop_run(loop);
    loop_unset_timer(loop, &timer);
}

static void set_up(void)
{
    strcpy(folder, "/tmp/chaosctl-unit-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    setenv("XDG_RUNTIME_DIR", folder, 1);
    ck_assert_int_eq(loop_new(&loop), 0);
    ck_assert_int_eq(prober_new(loop, "/", &prober), 0);
    ck_assert_int_eq(control_new(&control), 0);
    for (int i = 0; i < 3; i++)
        list[i] = (struct service){.name = (const char *[]){"one", "two", "three"}[i],
                                   .dir = folder,
                                   .ready_within_ns = 10 * NS_PER_S,
                                   .inject = INJECT_NONE,
                                   .stop_signal = SIGTERM,
                                   .stop_within_ns = 5 * NS_PER_S};
    scenario = (struct scenario){.services = list};
}

static void make(size_t count)
{
    scenario.services_count = count;
    ck_assert_int_eq(control_fresh(control, &scenario, 0), 0);
    control_renew(control, 60 * NS_PER_S);
    ck_assert_int_eq(services_new(loop, control, prober, &scenario, on_event, NULL, &services), 0);
    services_start(services);
}

static void start_all(size_t count)
{
    make(count);
    run_until(SERVICE_ALL_READY);
}

static void stop_all(void)
{
    services_stop(services);
    run_until(SERVICE_ALL_STOPPED);
}

static void tear_down(void)
{
    char command[96];

    services_free(services);
    control_free(control, false);
    prober_free(prober);
    loop_free(loop);
    buf_free(&events);
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static uint16_t free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert(!bind(fd, (struct sockaddr *)&at, len) && !getsockname(fd, (struct sockaddr *)&at, &len));
    close(fd);
    return ntohs(at.sin_port);
}

static struct probe tcp_probe(uint16_t port)
{
    return (struct probe){
        .kind = PROBE_TCP, .name = "tcp", .host = "127.0.0.1", .port = port, .timeout_ns = NS_PER_S};
}

static size_t alive_of(size_t index, pid_t pids[16])
{
    return services_pids(services, index, pids, 16);
}

static const char *log_of(size_t index)
{
    static char text[4096];
    int fd = open(services_log(services, index), O_RDONLY | O_CLOEXEC);
    ssize_t len = read(fd, text, sizeof(text) - 1);

    text[len < 0 ? 0 : len] = '\0';
    close(fd);
    return text;
}

/* Until the service has written the word. */
static void await_log(size_t index, const char *word)
{
    for (int tries = 0; tries < 1000 && !strstr(log_of(index), word); tries++)
        run_for(10);
    ck_assert_ptr_nonnull(strstr(log_of(index), word));
}

/* --- starting --- */

START_TEST(services_start_in_order_and_stop_in_reverse)
{
    list[0].argv = SH(
        "echo up 0 >> order; trap 'echo down 0 >> order; exit' TERM; echo set; while :; do sleep 0.01; done");
    list[1].argv = SH(
        "echo up 1 >> order; trap 'echo down 1 >> order; exit' TERM; echo set; while :; do sleep 0.01; done");
    start_all(2);
    ck_assert_str_eq(buf_text(&events), "started 0, ready 0, started 1, ready 1, all ready");
    await_log(0, "set");
    await_log(1, "set");
    stop_all();
    char path[80], text[200] = "";
    snprintf(path, sizeof(path), "%s/order", folder);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert_int_gt(read(fd, text, sizeof(text) - 1), 0);
    close(fd);
    ck_assert_ptr_nonnull(strstr(text, "down 1\ndown 0\n"));
}
END_TEST

START_TEST(a_service_is_ready_when_its_port_answers)
{
    char port_text[8];
    uint16_t port = free_port();
    struct probe ready = tcp_probe(port);

    snprintf(port_text, sizeof(port_text), "%u", port);
    list[0].argv = (char *[]){PYTHON, "-c", "import time; time.sleep(0.3)\n" LISTEN, port_text, NULL};
    list[0].ready = &ready;
    start_all(1);
    ck_assert_ptr_nonnull(strstr(log_of(0), "listening"));
    stop_all();
}
END_TEST

START_TEST(one_that_is_not_ready_in_time_fails)
{
    struct probe ready = tcp_probe(free_port());

    list[0].argv = SH("exec sleep 100");
    list[0].ready = &ready;
    list[0].ready_within_ns = 200 * NS_PER_MS;
    start_all(2);
    ck_assert_str_eq(buf_text(&events), "started 0, failed 0");
    ck_assert_ptr_nonnull(strstr(detail_seen, "not ready within 200 ms"));
    stop_all();
}
END_TEST

START_TEST(one_that_ends_before_it_is_ready_fails_at_once_with_its_last_words)
{
    struct probe ready = tcp_probe(free_port());
    uint64_t before = now_mono_ns();

    list[0].argv = SH("echo no such table >&2; exit 3");
    list[0].ready = &ready;
    start_all(1);
    ck_assert_str_eq(buf_text(&events), "started 0, failed 0");
    ck_assert_ptr_nonnull(strstr(detail_seen, "exit code 3"));
    ck_assert_ptr_nonnull(strstr(detail_seen, "no such table"));
    ck_assert_uint_lt(now_mono_ns() - before, 5 * NS_PER_S);
    stop_all();
}
END_TEST

START_TEST(one_that_goes_into_the_background_fails_and_is_cleared_away)
{
    pid_t pids[16];
    struct probe ready = tcp_probe(free_port());

    list[0].argv = SH("setsid sleep 100 & exit 0");
    list[0].ready = &ready;
    start_all(1);
    ck_assert_ptr_nonnull(strstr(detail_seen, "foreground"));
    ck_assert_uint_eq(alive_of(0, pids), 1);
    stop_all();
    ck_assert_int_ne(kill(pids[0], 0), 0);
}
END_TEST

START_TEST(a_port_that_answers_already_is_no_readiness)
{
    char port_text[8];
    uint16_t port = free_port();
    struct probe ready = tcp_probe(port);

    snprintf(port_text, sizeof(port_text), "%u", port);
    list[0].argv = (char *[]){PYTHON, "-c", LISTEN, port_text, NULL};
    list[0].ready = &ready;
    list[1].argv = SH("exec sleep 100");
    list[1].ready = &ready;
    start_all(2);
    ck_assert_str_eq(buf_text(&events), "started 0, ready 0, failed 1");
    ck_assert_ptr_nonnull(strstr(detail_seen, "answers already: another process listens there"));
    stop_all();
}
END_TEST

START_TEST(a_program_that_is_not_there_fails_with_its_name)
{
    list[0].argv = (char *[]){"./no-such-server", NULL};
    start_all(1);
    ck_assert_str_eq(buf_text(&events), "failed 0");
    ck_assert_ptr_nonnull(strstr(detail_seen, "./no-such-server"));
    stop_all();
}
END_TEST

static void hello(void *arg)
{
    struct table *table = control_table(control);

    (void)arg;
    table->slots[0].pid = (uint32_t)getpid();
    table->slots[0].service = 0;
    table->slots[0].joined_ns = now_mono_ns();
}

START_TEST(a_joined_service_is_ready_when_a_process_of_it_has_come)
{
    struct timer timer = {.fn = hello};
    struct service_state state;

    list[0].join = true;
    make(1);
    run_for(150);
    ck_assert_str_eq(buf_text(&events), "started 0");
    loop_set_timer(loop, &timer, now_mono_ns() + 50 * NS_PER_MS);
    run_until(SERVICE_ALL_READY);
    services_state(services, 0, &state);
    ck_assert(state.alive && state.entered);
    stop_all();
    ck_assert_int_eq(kill(getpid(), 0), 0);
}
END_TEST

START_TEST(a_joined_service_that_never_comes_fails_and_says_how)
{
    list[0].join = true;
    list[0].ready_within_ns = 100 * NS_PER_MS;
    start_all(1);
    ck_assert_ptr_nonnull(strstr(detail_seen, "chaosctl env"));
    stop_all();
}
END_TEST

START_TEST(its_environment_has_the_variables_unless_inject_is_none)
{
    char shim[96];

    snprintf(shim, sizeof(shim), "%s/shim.so", folder);
    close(open(shim, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    setenv("CHAOSCTL_SHIM", shim, 1);
    const struct pair own = {"LD_PRELOAD", "/own.so"};
    list[0].argv = (char *[]){"/usr/bin/env", NULL};
    list[0].env = &own;
    list[0].env_count = 1;
    list[0].inject = INJECT_AUTO;
    list[1].argv = (char *[]){"/usr/bin/env", NULL};
    start_all(2);
    await_log(0, "CHAOSCTL_SERVICE=0");
    await_log(0, "CHAOSCTL_CONTROL=/");
    ck_assert_ptr_nonnull(strstr(log_of(0), "LD_PRELOAD=/own.so:/"));
    await_log(1, "PATH=");
    ck_assert_ptr_null(strstr(log_of(1), "CHAOSCTL_CONTROL"));
    ck_assert_ptr_null(strstr(log_of(1), "LD_PRELOAD"));
    stop_all();
}
END_TEST

/* --- ending --- */

START_TEST(one_that_ends_by_itself_is_reported)
{
    struct service_state state;

    list[0].argv = SH("sleep 0.1; exit 5");
    make(1);
    run_until(SERVICE_ENDED);
    services_state(services, 0, &state);
    ck_assert(!state.alive);
    ck_assert_int_eq(WEXITSTATUS(state.status), 5);
    stop_all();
    ck_assert_str_eq(buf_text(&events), "started 0, ready 0, all ready, ended 0, all stopped");
}
END_TEST

START_TEST(one_that_will_not_stop_is_made_to)
{
    pid_t pids[16];

    list[0].argv = SH("trap '' TERM; echo set; while :; do sleep 1; done");
    list[0].stop_within_ns = 200 * NS_PER_MS;
    start_all(1);
    await_log(0, "set");
    ck_assert_uint_ge(alive_of(0, pids), 1);
    stop_all();
    ck_assert_int_ne(kill(pids[0], 0), 0);
}
END_TEST

/* In a session of its own, orphaned, deaf to SIGTERM. */
START_TEST(what_a_service_leaves_behind_is_ended_too)
{
    pid_t pids[16];

    list[0].argv =
        SH("(setsid sh -c \"trap '' TERM; echo set; while :; do sleep 1; done\" &); exec sleep 100");
    start_all(1);
    await_log(0, "set");
    size_t n = alive_of(0, pids);
    ck_assert_uint_ge(n, 2);
    stop_all();
    for (size_t i = 0; i < n; i++)
        ck_assert_int_ne(kill(pids[i], 0), 0);
}
END_TEST

START_TEST(what_was_not_started_here_is_left_alone)
{
    pid_t child = fork(); /* as a shell's that became us by exec */

    if (!child) {
        pause();
        _exit(0);
    }
    list[0].argv = SH("exec sleep 100");
    start_all(1);
    stop_all();
    ck_assert_int_eq(kill(child, 0), 0);
    ck_assert_int_eq(waitpid(child, NULL, WNOHANG), 0);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}
END_TEST

START_TEST(stopping_nothing_is_reported_too)
{
    make(0);
    run_until(SERVICE_ALL_READY);
    stop_all();
    ck_assert_str_eq(buf_text(&events), "all ready, all stopped");
}
END_TEST

START_TEST(a_stop_while_one_is_awaited_ends_it_without_more_news)
{
    struct probe ready = tcp_probe(free_port());

    list[0].argv = SH("exec sleep 100");
    list[0].ready = &ready;
    make(2);
    run_until(SERVICE_STARTED);
    stop_all();
    ck_assert_str_eq(buf_text(&events), "started 0, all stopped");
}
END_TEST

/* --- faults --- */

START_TEST(a_kill_strikes_the_whole_tree_and_is_no_news)
{
    pid_t pids[16];
    struct service_state state;

    list[0].argv = SH("(setsid sleep 100 &); sleep 100 & echo set; wait");
    start_all(1);
    await_log(0, "set");
    size_t n = alive_of(0, pids);
    ck_assert_uint_ge(n, 3);
    ck_assert_int_eq(services_kill(services, 0, SIGKILL), 0);
    services_state(services, 0, &state);
    for (int tries = 0; tries < 500 && (alive_of(0, pids) || state.status == -1); tries++) {
        run_for(10);
        services_state(services, 0, &state);
    }
    ck_assert_uint_eq(alive_of(0, pids), 0);
    ck_assert(!state.alive && WTERMSIG(state.status) == SIGKILL);
    ck_assert_ptr_null(strstr(buf_text(&events), "ended"));
    ck_assert_int_eq(services_kill(services, 0, SIGKILL), -ESRCH);
    stop_all();
}
END_TEST

START_TEST(a_killed_service_can_be_started_again)
{
    struct service_state state;

    list[0].argv = SH("exec sleep 100");
    start_all(1);
    services_kill(services, 0, SIGKILL);
    ck_assert_int_eq(services_restart(services, 0), 0);
    run_until(SERVICE_READY);
    services_state(services, 0, &state);
    ck_assert(state.alive);
    ck_assert_uint_eq(state.restarts, 1);
    ck_assert_int_eq(state.status, -1);
    ck_assert_str_eq(buf_text(&events), "started 0, ready 0, all ready, started 0, ready 0");
    stop_all();
}
END_TEST

static char state_of(pid_t pid)
{
    char path[64], state = '?';

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return '-';
    if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
        state = '?';
    fclose(file);
    return state;
}

static void await_state(pid_t pid, bool stopped)
{
    for (int tries = 0; tries < 1000 && (state_of(pid) == 'T') != stopped; tries++)
        run_for(5);
    ck_assert_int_eq(state_of(pid) == 'T', stopped);
}

static size_t start_pair(pid_t pids[16])
{
    list[0].argv = SH("sleep 100 & echo set; wait");
    start_all(1);
    await_log(0, "set");
    size_t n = alive_of(0, pids);
    ck_assert_uint_eq(n, 2);
    return n;
}

START_TEST(a_pause_stops_the_whole_tree_until_it_is_over)
{
    pid_t pids[16];
    size_t n = start_pair(pids);

    ck_assert_int_eq(services_pause(services, 0, true), 0);
    for (size_t i = 0; i < n; i++)
        await_state(pids[i], true);
    ck_assert_int_eq(services_pause(services, 0, true), -EALREADY);
    ck_assert_int_eq(services_pause(services, 0, false), 0);
    for (size_t i = 0; i < n; i++)
        await_state(pids[i], false);
    stop_all();
}
END_TEST

START_TEST(a_pause_does_not_outlive_the_lease)
{
    pid_t pids[16];
    size_t n = start_pair(pids);

    control_renew(control, 300 * NS_PER_MS);
    ck_assert_int_eq(services_pause(services, 0, true), 0);
    for (size_t i = 0; i < n; i++)
        await_state(pids[i], true);
    for (size_t i = 0; i < n; i++)
        await_state(pids[i], false);
    stop_all();
}
END_TEST

/* In a process of its own, which is killed: we inherit what it leaves. */
START_TEST(a_pause_does_not_outlive_us)
{
    pid_t pids[16] = {0};
    int ends[2];

    ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    pid_t orchestrator = fork();
    if (!orchestrator) {
        size_t n = start_pair(pids);
        services_pause(services, 0, true);
        for (size_t i = 0; i < n; i++)
            await_state(pids[i], true);
        _exit(write(ends[1], pids, sizeof(pids)) != sizeof(pids) || pause());
    }
    ck_assert_int_eq(read(ends[0], pids, sizeof(pids)), sizeof(pids));
    kill(orchestrator, SIGKILL);
    for (int i = 0; i < 2; i++) {
        await_state(pids[i], false);
        kill(pids[i], SIGKILL);
    }
}
END_TEST

START_TEST(a_paused_service_can_be_stopped)
{
    pid_t pids[16];

    start_pair(pids);
    services_pause(services, 0, true);
    stop_all();
    ck_assert_int_ne(kill(pids[0], 0), 0);
}
END_TEST

START_TEST(a_service_survives_us_and_its_log_goes_on)
{
    pid_t pid = 0;
    int ends[2];
    char log[300] = "";

    ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    pid_t orchestrator = fork();
    if (!orchestrator) {
        pid_t pids[16];
        list[0].argv = SH("trap 'echo still here; exit' USR1; echo set; while :; do sleep 0.01; done");
        start_all(1);
        await_log(0, "set");
        alive_of(0, pids);
        snprintf(log, sizeof(log), "%s", services_log(services, 0));
        _exit(write(ends[1], pids, sizeof(pid)) < 0 || write(ends[1], log, sizeof(log)) < 0 || pause());
    }
    ck_assert_int_eq(read(ends[0], &pid, sizeof(pid)), sizeof(pid));
    ck_assert_int_eq(read(ends[0], log, sizeof(log)), sizeof(log));
    kill(orchestrator, SIGKILL);
    waitpid(orchestrator, NULL, 0);
    kill(pid, SIGUSR1);
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    char text[100] = "";
    int fd = open(log, O_RDONLY | O_CLOEXEC);
    ck_assert_int_gt(read(fd, text, sizeof(text) - 1), 0);
    close(fd);
    ck_assert_ptr_nonnull(strstr(text, "still here"));
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, services_start_in_order_and_stop_in_reverse);
    tcase_add_test(tests, a_service_is_ready_when_its_port_answers);
    tcase_add_test(tests, one_that_is_not_ready_in_time_fails);
    tcase_add_test(tests, one_that_ends_before_it_is_ready_fails_at_once_with_its_last_words);
    tcase_add_test(tests, one_that_goes_into_the_background_fails_and_is_cleared_away);
    tcase_add_test(tests, a_port_that_answers_already_is_no_readiness);
    tcase_add_test(tests, a_program_that_is_not_there_fails_with_its_name);
    tcase_add_test(tests, a_joined_service_is_ready_when_a_process_of_it_has_come);
    tcase_add_test(tests, a_joined_service_that_never_comes_fails_and_says_how);
    tcase_add_test(tests, its_environment_has_the_variables_unless_inject_is_none);
    tcase_add_test(tests, one_that_ends_by_itself_is_reported);
    tcase_add_test(tests, one_that_will_not_stop_is_made_to);
    tcase_add_test(tests, what_a_service_leaves_behind_is_ended_too);
    tcase_add_test(tests, what_was_not_started_here_is_left_alone);
    tcase_add_test(tests, stopping_nothing_is_reported_too);
    tcase_add_test(tests, a_stop_while_one_is_awaited_ends_it_without_more_news);
    tcase_add_test(tests, a_kill_strikes_the_whole_tree_and_is_no_news);
    tcase_add_test(tests, a_killed_service_can_be_started_again);
    tcase_add_test(tests, a_pause_stops_the_whole_tree_until_it_is_over);
    tcase_add_test(tests, a_pause_does_not_outlive_the_lease);
    tcase_add_test(tests, a_pause_does_not_outlive_us);
    tcase_add_test(tests, a_paused_service_can_be_stopped);
    tcase_add_test(tests, a_service_survives_us_and_its_log_goes_on);
}

int main(void)
{
    Suite *suite = suite_create("service");
    TCase *tests = tcase_create("service");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 3 * LIMIT_S);
    add_tests(tests);
    suite_add_tcase(suite, tests);
    return check_main(suite);
}
