/* The loop: descriptors, timers, children and signals, whatever is added and removed meanwhile. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/run/loop.h"
#include "check_main.h"

static struct loop *loop;
static char order[64]; /* who was called, a letter each */

static void note(char who)
{
    size_t len = strlen(order);

    order[len] = who;
    order[len + 1] = '\0';
}

static void set_up(void)
{
    order[0] = '\0';
    ck_assert_int_eq(loop_new(&loop), 0);
}

static void tear_down(void)
{
    loop_free(loop);
}

static void stop(void *arg)
{
    (void)arg;
    loop_stop(loop);
}

static struct timer stopper = {.fn = stop};

static void run_for(uint64_t ms)
{
    loop_set_timer(loop, &stopper, now_mono_ns() + ms * NS_PER_MS);
    ck_assert_int_eq(loop_run(loop), 0);
}

/* --- timers --- */

static void note_letter(void *arg)
{
    note(*(char *)arg);
}

START_TEST(timers_fire_in_the_order_of_their_time)
{
    uint64_t now = now_mono_ns();
    struct timer a = {.fn = note_letter, .arg = "a"}, b = {.fn = note_letter, .arg = "b"};
    struct timer c = {.fn = note_letter, .arg = "c"};

    loop_set_timer(loop, &c, now + 3 * NS_PER_MS);
    loop_set_timer(loop, &a, now + NS_PER_MS);
    loop_set_timer(loop, &b, now + NS_PER_MS);
    run_for(10);
    ck_assert_str_eq(order, "abc");
    ck_assert(!a.set && !b.set && !c.set);
}
END_TEST

START_TEST(an_unset_timer_does_not_fire)
{
    struct timer a = {.fn = note_letter, .arg = "a"};

    loop_set_timer(loop, &a, now_mono_ns() + NS_PER_MS);
    loop_unset_timer(loop, &a);
    loop_unset_timer(loop, &a);
    run_for(5);
    ck_assert_str_eq(order, "");
}
END_TEST

START_TEST(setting_again_moves_a_timer)
{
    struct timer a = {.fn = note_letter, .arg = "a"};

    loop_set_timer(loop, &a, now_mono_ns() + NS_PER_MS);
    loop_set_timer(loop, &a, now_mono_ns() + NS_PER_S);
    run_for(5);
    ck_assert_str_eq(order, "");
    ck_assert(a.set);
    loop_unset_timer(loop, &a);
}
END_TEST

static uint64_t fired_ns;

static void note_time(void *arg)
{
    (void)arg;
    fired_ns = now_mono_ns();
    loop_stop(loop);
}

/* The best of several tries: a busy machine is late, a wrong loop is never in time. */
START_TEST(a_timer_is_never_early_and_exact_to_the_millisecond)
{
    uint64_t best = UINT64_MAX;

    for (int tries = 0; tries < 20; tries++) {
        struct timer t = {.fn = note_time};
        uint64_t due = now_mono_ns() + 2300 * NS_PER_US;
        loop_set_timer(loop, &t, due);
        loop_run(loop);
        ck_assert_uint_ge(fired_ns, due);
        if (fired_ns - due < best)
            best = fired_ns - due;
    }
    ck_assert_uint_lt(best, NS_PER_MS / 2);
}
END_TEST

static struct timer first, second;

static void unset_second(void *arg)
{
    (void)arg;
    note('1');
    loop_unset_timer(loop, &second);
}

START_TEST(a_timer_may_unset_one_that_is_due_with_it)
{
    first = (struct timer){.fn = unset_second};
    second = (struct timer){.fn = note_letter, .arg = "2"};
    loop_set_timer(loop, &first, 1);
    loop_set_timer(loop, &second, 2);
    run_for(5);
    ck_assert_str_eq(order, "1");
}
END_TEST

static int ends[2];
static int spins;

static void set_again_already_due(void *arg)
{
    spins++;
    loop_set_timer(loop, arg, 0);
}

static void read_and_stop(void *arg, int fd, uint32_t events)
{
    char c;

    (void)arg;
    (void)events;
    ck_assert_int_eq(read(fd, &c, 1), 1);
    note('r');
    loop_stop(loop);
}

START_TEST(a_timer_that_is_always_due_does_not_starve_descriptors)
{
    struct timer t = {.fn = set_again_already_due, .arg = &t};

    ck_assert_int_eq(pipe(ends), 0);
    loop_add_fd(loop, ends[0], EPOLLIN, read_and_stop, NULL);
    loop_set_timer(loop, &t, 0);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    loop_run(loop);
    ck_assert_str_eq(order, "r");
    loop_unset_timer(loop, &t);
}
END_TEST

/* --- descriptors --- */

static void note_and_remove_both(void *arg, int fd, uint32_t events)
{
    (void)arg;
    (void)fd;
    (void)events;
    note('d');
    loop_remove_fd(loop, ends[0]);
    loop_remove_fd(loop, ends[1]);
}

/* Both are ready in one batch; the second one's event must not be delivered. */
START_TEST(a_removed_descriptor_is_not_called_in_the_same_batch)
{
    int pair[2], others[2];

    ck_assert_int_eq(pipe(pair), 0);
    ck_assert_int_eq(pipe(others), 0);
    ends[0] = pair[0];
    ends[1] = others[1];
    loop_add_fd(loop, ends[0], EPOLLIN, note_and_remove_both, NULL);
    loop_add_fd(loop, ends[1], EPOLLOUT, note_and_remove_both, NULL);
    ck_assert_int_eq(write(pair[1], "x", 1), 1);
    run_for(5);
    ck_assert_str_eq(order, "d");
}
END_TEST

static int replacement;

/* The number is used again at once, as libcurl does. */
static void replace(void *arg, int fd, uint32_t events)
{
    (void)arg;
    (void)events;
    note('o');
    loop_remove_fd(loop, fd);
    ck_assert_int_eq(dup2(replacement, fd), fd);
    ck_assert_int_eq(loop_add_fd(loop, fd, EPOLLIN, read_and_stop, NULL), 0);
}

START_TEST(a_number_may_be_removed_and_added_within_its_callback)
{
    int others[2];

    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(pipe(others), 0);
    replacement = others[0];
    ck_assert_int_eq(write(others[1], "y", 1), 1);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    loop_add_fd(loop, ends[0], EPOLLIN, replace, NULL);
    run_for(100);
    ck_assert_str_eq(order, "or");
}
END_TEST

START_TEST(wrong_uses_are_refused)
{
    ck_assert_int_eq(loop_add_fd(loop, 1000, EPOLLIN, read_and_stop, NULL), -EBADF);
    ck_assert_int_eq(loop_change_fd(loop, 1000, EPOLLIN), -ENOENT);
    loop_remove_fd(loop, 1000);
    ck_assert_int_eq(loop_add_signal(loop, SIGCHLD, NULL, NULL), -EINVAL);
}
END_TEST

/* --- children and signals --- */

static int ended_status;

static void child_ended(void *arg, pid_t pid, int status)
{
    (void)pid;
    note(*(char *)arg);
    ended_status = status;
    loop_stop(loop);
}

static pid_t fork_exit(int code)
{
    pid_t pid = fork();

    if (!pid)
        _exit(code);
    return pid;
}

START_TEST(a_child_is_reported_once_with_its_status)
{
    pid_t pid = fork_exit(7);

    loop_add_child(loop, pid, child_ended, "c");
    ck_assert(loop_has_child(loop, pid));
    run_for(5000);
    ck_assert_str_eq(order, "c");
    ck_assert_int_eq(WEXITSTATUS(ended_status), 7);
    ck_assert(!loop_has_child(loop, pid));
}
END_TEST

START_TEST(a_child_that_ended_before_the_loop_is_reported)
{
    loop_free(loop);
    pid_t pid = fork_exit(3);
    siginfo_t info;
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
    ck_assert_int_eq(loop_new(&loop), 0);
    loop_add_child(loop, pid, child_ended, "c");
    run_for(5000);
    ck_assert_str_eq(order, "c");
}
END_TEST

START_TEST(a_stranger_is_reaped_in_passing)
{
    pid_t stranger = fork_exit(0), known = fork_exit(0);

    loop_add_child(loop, known, child_ended, "k");
    run_for(5000);
    run_for(50);
    ck_assert_int_eq(waitpid(stranger, NULL, WNOHANG), -1);
    ck_assert_str_eq(order, "k");
}
END_TEST

static bool was_sent;

static void on_signal(void *arg, int signal)
{
    (void)arg;
    ck_assert_int_eq(signal, SIGUSR1);
    was_sent = loop_signal_was_sent(loop);
    note('s');
    loop_stop(loop);
}

START_TEST(a_signal_comes_through_the_loop)
{
    ck_assert_int_eq(loop_add_signal(loop, SIGUSR1, on_signal, NULL), 0);
    kill(getpid(), SIGUSR1);
    run_for(1000);
    ck_assert_str_eq(order, "s");
    ck_assert(was_sent);
}
END_TEST

START_TEST(freeing_restores_the_mask_and_swallows_what_was_pending)
{
    sigset_t before, after;

    loop_free(loop);
    sigprocmask(SIG_SETMASK, NULL, &before);
    ck_assert_int_eq(loop_new(&loop), 0);
    loop_add_signal(loop, SIGUSR1, on_signal, NULL);
    kill(getpid(), SIGUSR1);
    loop_free(loop);
    loop = NULL;
    sigprocmask(SIG_SETMASK, NULL, &after);
    for (int s = 1; s < 32; s++)
        ck_assert_int_eq(sigismember(&before, s), sigismember(&after, s));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loop");
    TCase *tests = tcase_create("loop");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 20);
    tcase_add_test(tests, timers_fire_in_the_order_of_their_time);
    tcase_add_test(tests, an_unset_timer_does_not_fire);
    tcase_add_test(tests, setting_again_moves_a_timer);
    tcase_add_test(tests, a_timer_is_never_early_and_exact_to_the_millisecond);
    tcase_add_test(tests, a_timer_may_unset_one_that_is_due_with_it);
    tcase_add_test(tests, a_timer_that_is_always_due_does_not_starve_descriptors);
    tcase_add_test(tests, a_removed_descriptor_is_not_called_in_the_same_batch);
    tcase_add_test(tests, a_number_may_be_removed_and_added_within_its_callback);
    tcase_add_test(tests, wrong_uses_are_refused);
    tcase_add_test(tests, a_child_is_reported_once_with_its_status);
    tcase_add_test(tests, a_child_that_ended_before_the_loop_is_reported);
    tcase_add_test(tests, a_stranger_is_reaped_in_passing);
    tcase_add_test(tests, a_signal_comes_through_the_loop);
    tcase_add_test(tests, freeing_restores_the_mask_and_swallows_what_was_pending);
    suite_add_tcase(suite, tests);
    return check_main(suite);
}
