/* Resetting connections from outside: those that were named, and no others. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chaosctl/run/control.h"
#include "check_main.h"

/* A connection over loopback, both ends of it ours, and its listener. */
struct connection {
    int listener, client, server;
    uint16_t port;
};

static struct connection connect_loopback(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    struct connection c;

    c.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert(!bind(c.listener, (struct sockaddr *)&at, len) && !listen(c.listener, 5));
    getsockname(c.listener, (struct sockaddr *)&at, &len);
    c.port = ntohs(at.sin_port);
    c.client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert(!connect(c.client, (struct sockaddr *)&at, len));
    c.server = accept(c.listener, NULL, NULL);
    return c;
}

static size_t reset(pid_t pid, struct target target, enum direction direction)
{
    struct dependency d = {.name = "d", .targets = &target, .targets_count = 1};
    struct scenario scenario = {.dependencies = &d, .dependencies_count = 1};

    return control_reset(NULL, &scenario, 1, direction, &pid, 1);
}

static struct target loopback(uint16_t port)
{
    struct target t = {.kind = TARGET_ADDRESS, .prefix = 128, .port = port};

    memcpy(t.address, (uint8_t[16]){[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}, 16);
    return t;
}

static int read_error(int fd)
{
    char c;
    ssize_t got = recv(fd, &c, 1, MSG_DONTWAIT);

    return got < 0 ? errno : got ? -1 : 0;
}

START_TEST(both_ends_meet_the_reset_and_other_connections_do_not)
{
    struct connection named = connect_loopback(), other = connect_loopback();

    ck_assert_uint_eq(reset(getpid(), loopback(named.port), DIRECTION_ANY), 1);
    ck_assert_int_eq(read_error(named.client), ECONNRESET);
    ck_assert_int_eq(read_error(named.server), ECONNRESET);
    ck_assert_int_eq(read_error(other.client), EAGAIN);
    ck_assert_int_eq(read_error(other.server), EAGAIN);
}
END_TEST

START_TEST(a_listener_is_never_touched)
{
    struct connection c = connect_loopback();
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(c.port)};
    int again = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    reset(getpid(), loopback(0), DIRECTION_ANY);
    reset(getpid(), loopback(c.port), DIRECTION_INBOUND);
    ck_assert(!connect(again, (struct sockaddr *)&at, sizeof(at)));
}
END_TEST

START_TEST(inbound_means_the_accepted_end)
{
    struct connection c = connect_loopback();

    close(c.client); /* otherwise its end of the same connection would be told by the peer */
    c = connect_loopback();
    ck_assert_uint_eq(reset(getpid(), loopback(c.port), DIRECTION_INBOUND), 1);
    ck_assert_int_eq(read_error(c.server), ECONNRESET);
}
END_TEST

/* A server's clients come from loopback too; a fault on all of 127.0.0.1 that is outbound must spare them. */
START_TEST(outbound_spares_what_was_accepted)
{
    struct connection c = connect_loopback();
    int ends[2];
    char ready;

    ck_assert_int_eq(pipe(ends), 0);
    pid_t server = fork();
    if (!server) {
        close(c.client);
        _exit(write(ends[1], "", 1) != 1 || pause());
    }
    close(c.listener);
    close(c.server);
    ck_assert_int_eq(read(ends[0], &ready, 1), 1);
    ck_assert_uint_eq(reset(server, loopback(0), DIRECTION_OUTBOUND), 0);
    ck_assert_int_eq(read_error(c.client), EAGAIN);
    ck_assert_uint_eq(reset(server, loopback(0), DIRECTION_INBOUND), 1);
    ck_assert_int_eq(read_error(c.client), ECONNRESET);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
}
END_TEST

START_TEST(a_call_that_waits_in_another_process_wakes)
{
    struct connection c = connect_loopback();
    char byte;
    int status;
    pid_t reader = fork();

    if (!reader)
        _exit(recv(c.client, &byte, 1, 0) < 0 && errno == ECONNRESET ? 42 : 1);
    /* In recv, which the kernel shows as a sleep ('S'). */
    char path[64], state = 0;
    snprintf(path, sizeof(path), "/proc/%d/stat", reader);
    for (int tries = 0; state != 'S' && tries < 10000; tries++) {
        FILE *file = fopen(path, "re");
        ck_assert_int_eq(fscanf(file, "%*d (%*[^)]) %c", &state), 1);
        fclose(file);
    }
    ck_assert_uint_eq(reset(reader, loopback(c.port), DIRECTION_OUTBOUND), 1);
    ck_assert_int_eq(waitpid(reader, &status, 0), reader);
    ck_assert_int_eq(WEXITSTATUS(status), 42);
}
END_TEST

START_TEST(poll_reports_the_reset)
{
    struct connection c = connect_loopback();
    struct pollfd p = {.fd = c.client, .events = POLLIN};

    ck_assert_uint_eq(reset(getpid(), loopback(c.port), DIRECTION_OUTBOUND), 1);
    ck_assert_int_eq(poll(&p, 1, 1000), 1);
    ck_assert(p.revents & (POLLERR | POLLHUP));
}
END_TEST

START_TEST(a_unix_stream_ends)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "@chaosctl-unit-reset"};
    socklen_t len = sizeof(sa_family_t) + (socklen_t)strlen(at.sun_path);
    struct target target = {.kind = TARGET_UNIX, .text = "@chaosctl-unit-reset"};
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    at.sun_path[0] = '\0';
    ck_assert(!bind(listener, (struct sockaddr *)&at, len) && !listen(listener, 1));
    ck_assert(!connect(client, (struct sockaddr *)&at, len));
    int server = accept(listener, NULL, NULL);
    ck_assert_uint_eq(reset(getpid(), target, DIRECTION_OUTBOUND), 1);
    ck_assert_int_eq(read_error(client), 0);
    ck_assert_int_eq(read_error(server), 0);
}
END_TEST

START_TEST(a_process_that_is_gone_is_no_error)
{
    pid_t pid = fork();

    if (!pid)
        _exit(0);
    waitpid(pid, NULL, 0);
    ck_assert_uint_eq(reset(pid, loopback(0), DIRECTION_ANY), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("control_reset");
    TCase *tests = tcase_create("reset");

    tcase_set_timeout(tests, 20);
    tcase_add_test(tests, both_ends_meet_the_reset_and_other_connections_do_not);
    tcase_add_test(tests, a_listener_is_never_touched);
    tcase_add_test(tests, inbound_means_the_accepted_end);
    tcase_add_test(tests, outbound_spares_what_was_accepted);
    tcase_add_test(tests, a_call_that_waits_in_another_process_wakes);
    tcase_add_test(tests, poll_reports_the_reset);
    tcase_add_test(tests, a_unix_stream_ends);
    tcase_add_test(tests, a_process_that_is_gone_is_no_error);
    suite_add_tcase(suite, tests);
    return check_main(suite);
}
