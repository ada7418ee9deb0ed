/* Starting programs, and what /proc tells about them. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/run/process.h"
#include "check_main.h"

#define SH(script) ((char *[]){"sh", "-c", script, NULL})

static char folder[] = "/tmp/chaosctl-unit-XXXXXX";

static void set_up(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void tear_down(void)
{
    char command[64];

    snprintf(command, sizeof(command), "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* What it writes to standard output, until it ends. */
static const char *output_of(struct spawn spawn)
{
    static char text[4096];
    size_t len = 0;
    int ends[2];

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    spawn.stdin_fd = spawn.stderr_fd = -1;
    spawn.stdout_fd = ends[1];
    pid_t pid = process_start(&spawn);
    ck_assert_int_gt(pid, 0);
    close(ends[1]);
    for (ssize_t got; (got = read(ends[0], text + len, sizeof(text) - 1 - len)) > 0; len += (size_t)got)
        continue;
    text[len] = '\0';
    close(ends[0]);
    waitpid(pid, NULL, 0);
    return text;
}

static const char *file_in_folder(const char *name, const char *content, mode_t mode)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    fputs(content, file);
    fclose(file);
    chmod(path, mode);
    return path;
}

static pid_t start_failing(char *program)
{
    struct spawn spawn = {
        .argv = (char *[]){program, NULL}, .dir = folder, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1};

    return process_start(&spawn);
}

START_TEST(a_failing_exec_is_an_error_and_leaves_no_child)
{
    file_in_folder("plain", "x", 0644);
    ck_assert_int_eq(start_failing("chaosctl-no-such-program"), -ENOENT);
    ck_assert_int_eq(start_failing("./absent"), -ENOENT);
    ck_assert_int_eq(start_failing("./plain"), -EACCES);
    ck_assert_int_eq(start_failing("/"), -EACCES);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

START_TEST(a_missing_folder_is_an_error)
{
    struct spawn spawn = {
        .argv = SH(":"), .dir = "/nonexistent", .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1};

    ck_assert_int_eq(process_start(&spawn), -ENOENT);
}
END_TEST

START_TEST(a_relative_program_is_looked_up_from_its_folder)
{
    struct spawn spawn = {.argv = (char *[]){"./hello", NULL}, .dir = folder};

    file_in_folder("hello", "#!/bin/sh\npwd\n", 0755);
    ck_assert_str_eq(strtok((char *)output_of(spawn), "\n"), folder);
}
END_TEST

START_TEST(its_environment_is_ours_with_the_pairs_in_place)
{
    static const struct pair env[] = {{"UNIT_NEW", "one"}, {"UNIT_OLD", "two"}, {"UNIT_NEW", "three"}};
    struct spawn spawn = {.argv = SH("echo $UNIT_KEPT $UNIT_OLD $UNIT_NEW; env | grep -c UNIT_NEW="),
                          .env = env,
                          .env_count = 3};

    setenv("UNIT_KEPT", "zero", 1);
    setenv("UNIT_OLD", "wrong", 1);
    ck_assert_str_eq(output_of(spawn), "zero two three\n1\n");
    ck_assert_str_eq(getenv("UNIT_OLD"), "wrong");
}
END_TEST

/* Nothing blocked, nothing ignored, whatever we do ourselves. */
START_TEST(its_signals_are_the_defaults)
{
    struct spawn spawn = {.argv = (char *[]){"grep", "-E", "^Sig(Blk|Ign):", "/proc/self/status", NULL}};
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    unsigned long long blocked = 1, ignored = 1;
    ck_assert_int_eq(sscanf(output_of(spawn), "SigBlk: %llx SigIgn: %llx", &blocked, &ignored), 2);
    ck_assert_uint_eq(blocked, 0);
    /* 32 and 33 are glibc's own: who was started by posix_spawn (as by make) ignores them, and cannot not. */
    ck_assert_uint_eq(ignored & ~(3ULL << 31), 0);
    sigset_t still;
    sigprocmask(SIG_SETMASK, NULL, &still);
    ck_assert(sigismember(&still, SIGTERM) == 1);
}
END_TEST

START_TEST(it_inherits_three_descriptors_and_no_more)
{
    struct spawn list = {.argv = (char *[]){"ls", "/proc/self/fd", NULL}};
    struct spawn input = {.argv = (char *[]){"readlink", "/proc/self/fd/0", NULL}};

    close_range(3, UINT_MAX, CLOSE_RANGE_CLOEXEC);     /* what whoever runs the tests left open is not ours */
    ck_assert_str_eq(output_of(list), "0\n1\n2\n3\n"); /* 3 is ls's own */
    ck_assert_str_eq(output_of(input), "/dev/null\n");
}
END_TEST

START_TEST(it_starts_when_we_have_no_standard_streams)
{
    int ends[2];
    char text[8] = "";

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    pid_t middle = fork();
    if (!middle) {
        int out = fcntl(ends[1], F_DUPFD_CLOEXEC, 10);
        for (int fd = 0; fd < 3; fd++)
            close(fd);
        struct spawn spawn = {.argv = SH("echo ok"), .stdin_fd = -1, .stdout_fd = out, .stderr_fd = -1};
        pid_t pid = process_start(&spawn);
        _exit(pid < 0 || waitpid(pid, NULL, 0) != pid);
    }
    close(ends[1]);
    ck_assert_int_gt(read(ends[0], text, sizeof(text) - 1), 0);
    ck_assert_str_eq(text, "ok\n");
    waitpid(middle, NULL, 0);
}
END_TEST

static pid_t start_sleep(struct spawn spawn)
{
    spawn.argv = (char *[]){"sleep", "100", NULL};
    spawn.stdin_fd = spawn.stdout_fd = spawn.stderr_fd = -1;
    pid_t pid = process_start(&spawn);
    ck_assert_int_gt(pid, 0);
    return pid;
}

static void end_child(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

START_TEST(it_leads_a_group_or_a_session_or_stays_in_ours)
{
    pid_t grouped = start_sleep((struct spawn){0}), alone = start_sleep((struct spawn){.new_session = true});
    pid_t front = start_sleep((struct spawn){.foreground = true});

    ck_assert_int_eq(getpgid(grouped), grouped);
    ck_assert_int_eq(getsid(grouped), getsid(0));
    ck_assert_int_eq(getsid(alone), alone);
    ck_assert_int_eq(getpgid(front), getpgid(0));
    end_child(grouped);
    end_child(alone);
    end_child(front);
}
END_TEST

/* A middle process starts one and dies.  Returns the pid, once the middle one is gone. */
static pid_t orphan(struct spawn spawn)
{
    int ends[2];
    pid_t pid = 0;

    process_subreaper();
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    pid_t middle = fork();
    if (!middle) {
        pid = start_sleep(spawn);
        if (spawn.continues_with_us_gone)
            ck_assert(!kill(pid, SIGSTOP) && waitpid(pid, NULL, WUNTRACED) == pid);
        _exit(write(ends[1], &pid, sizeof(pid)) != sizeof(pid));
    }
    ck_assert_int_eq(read(ends[0], &pid, sizeof(pid)), sizeof(pid));
    waitpid(middle, NULL, 0);
    return pid;
}

START_TEST(what_dies_with_us_dies)
{
    int status;
    pid_t pid = orphan((struct spawn){.dies_with_us = true});

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}
END_TEST

START_TEST(what_continues_with_us_gone_continues)
{
    int status;
    pid_t pid = orphan((struct spawn){.continues_with_us_gone = true});

    ck_assert_int_eq(waitpid(pid, &status, WCONTINUED), pid);
    ck_assert(WIFCONTINUED(status));
    end_child(pid);
}
END_TEST

START_TEST(a_program_is_found_as_it_would_be_executed)
{
    char *path = NULL;

    ck_assert_int_eq(process_find("sh", "/", &path), 0);
    ck_assert_int_eq(access(path, X_OK), 0);
    ck_assert_int_eq(path[0], '/');
    free(path);
    ck_assert_int_eq(process_find("chaosctl-no-such-program", NULL, &path), -ENOENT);
    file_in_folder("plain", "x", 0644);
    ck_assert_int_eq(process_find("./plain", folder, &path), -EACCES);
    const char *script = file_in_folder("script", "", 0755);
    ck_assert_int_eq(process_find("./script", folder, &path), 0);
    struct stat found, wanted;
    ck_assert(!stat(path, &found) && !stat(script, &wanted) && found.st_ino == wanted.st_ino);
    free(path);
    char *before = strdup(getenv("PATH"));
    setenv("PATH", folder, 1);
    ck_assert_int_eq(process_find("plain", NULL, &path), -EACCES);
    ck_assert_int_eq(process_find("script", NULL, &path), 0);
    free(path);
    setenv("PATH", before, 1);
    free(before);
}
END_TEST

/* sh, which starts a sh, which starts a sleep and tells when all are there. */
static pid_t start_family(pid_t pids[8], size_t *ret_count)
{
    struct spawn spawn = {.argv = SH("sh -c 'sleep 100 & echo; wait' & wait"),
                          .stdin_fd = -1,
                          .stderr_fd = -1,
                          .new_session = true};
    int ends[2];
    char c;

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    spawn.stdout_fd = ends[1];
    pid_t pid = process_start(&spawn);
    ck_assert_int_eq(read(ends[0], &c, 1), 1);
    *ret_count = process_descendants(pid, pids, 8);
    return pid;
}

START_TEST(descendants_of_all_generations_are_found_and_used)
{
    struct process_usage usage;
    pid_t pids[8];
    size_t count;
    pid_t pid = start_family(pids, &count);

    ck_assert_uint_eq(count, 2);
    for (size_t i = 0; i < count; i++)
        ck_assert(process_is_ours(pids[i]));
    ck_assert(!process_is_ours(getppid()));
    process_usage(pids, count, &usage);
    ck_assert_uint_eq(usage.threads, 2);
    ck_assert_uint_ge(usage.fds, 6);
    ck_assert_uint_gt(usage.rss_bytes, 100000);
    kill(-pid, SIGKILL);
    waitpid(pid, NULL, 0);
}
END_TEST

START_TEST(a_birth_is_an_identity_and_a_zombie_is_gone)
{
    pid_t pid = start_sleep((struct spawn){0});
    siginfo_t info;

    ck_assert_uint_ne(process_birth(pid), 0);
    ck_assert_uint_eq(process_birth(pid), process_birth(pid));
    ck_assert_uint_ge(process_birth(pid), process_birth(getpid()));
    kill(pid, SIGKILL);
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
    ck_assert_uint_eq(process_birth(pid), 0);
    waitpid(pid, NULL, 0);
    ck_assert_uint_eq(process_birth(pid), 0);
}
END_TEST

START_TEST(a_variable_is_found_whole)
{
    static const struct pair env[] = {{"UNIT_MARK", "run/1"}};
    pid_t pid = start_sleep((struct spawn){.env = env, .env_count = 1});

    ck_assert(process_has_variable(pid, "UNIT_MARK", "run/1"));
    ck_assert(!process_has_variable(pid, "UNIT_MARK", "run/"));
    ck_assert(!process_has_variable(pid, "UNIT", "run/1"));
    end_child(pid);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("process");
    TCase *tests = tcase_create("process");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 20);
    tcase_add_test(tests, a_failing_exec_is_an_error_and_leaves_no_child);
    tcase_add_test(tests, a_missing_folder_is_an_error);
    tcase_add_test(tests, a_relative_program_is_looked_up_from_its_folder);
    tcase_add_test(tests, its_environment_is_ours_with_the_pairs_in_place);
    tcase_add_test(tests, its_signals_are_the_defaults);
    tcase_add_test(tests, it_inherits_three_descriptors_and_no_more);
    tcase_add_test(tests, it_starts_when_we_have_no_standard_streams);
    tcase_add_test(tests, it_leads_a_group_or_a_session_or_stays_in_ours);
    tcase_add_test(tests, what_dies_with_us_dies);
    tcase_add_test(tests, what_continues_with_us_gone_continues);
    tcase_add_test(tests, a_program_is_found_as_it_would_be_executed);
    tcase_add_test(tests, descendants_of_all_generations_are_found_and_used);
    tcase_add_test(tests, a_birth_is_an_identity_and_a_zombie_is_gone);
    tcase_add_test(tests, a_variable_is_found_whole);
    suite_add_tcase(suite, tests);
    return check_main(suite);
}
