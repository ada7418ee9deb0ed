/* The socket of a run: who is let in, how much each may hold, and what the rest never notice. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/run/drill_request.h"
#include "chaosctl/run/drill_server.h"
#include "unit/check_main.h"

static char folder[] = "/tmp/chaosctl-unit-XXXXXX";
static int folder_fd;
static struct loop *loop;
static struct drill_server *server;
static size_t asked;
static size_t answer_bytes;
static struct drill_peer last_peer;

/* "echo: LINE", or as many bytes as the test wants. */
static void echo(void *arg, const struct drill_peer *peer, const char *line, size_t len, struct buf *ret)
{
    (void)arg;
    asked++;
    last_peer = *peer;
    for (size_t i = 0; i < answer_bytes; i++)
        buf_add_char(ret, 'x');
    buf_add(ret, "echo: ");
    buf_add_n(ret, line, len);
}

static void set_up(void)
{
    snprintf(folder, sizeof(folder), "/tmp/chaosctl-unit-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_eq(loop_new(&loop), 0);
    ck_assert_int_eq(drill_server_open(loop, folder_fd, echo, NULL, &server), 0);
    asked = answer_bytes = 0;
}

static void tear_down(void)
{
    drill_server_close(server);
    loop_free(loop);
    unlinkat(folder_fd, DRILL_SOCKET, 0);
    close(folder_fd);
    rmdir(folder);
}

static void stop(void *arg)
{
    (void)arg;
    loop_stop(loop);
}

/* Let everything happen that is there to happen: a timer that is due has its turn behind the descriptors. */
static void turn(int times)
{
    for (int i = 0; i < times; i++) {
        struct timer timer = {.fn = stop};
        loop_set_timer(loop, &timer, now_mono_ns());
        ck_assert_int_eq(loop_run(loop), 0);
    }
}

static int come(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s/" DRILL_SOCKET, folder);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* What it was answered so far; "" and shut: it was shut out. */
static const char *hear(int fd, bool *ret_shut)
{
    static char text[4096];
    ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

    *ret_shut = n == 0 || (n < 0 && errno != EAGAIN);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void heard(int fd, const char *wanted)
{
    bool shut;

    turn(4);
    ck_assert_str_eq(hear(fd, &shut), wanted);
}

static bool is_shut(int fd)
{
    bool shut;

    turn(4);
    hear(fd, &shut);
    return shut;
}

START_TEST(a_line_is_answered_with_a_line)
{
    int fd = come();

    say(fd, "one\n");
    heard(fd, "echo: one\n");
    say(fd, "two\nthree\n");
    heard(fd, "echo: two\necho: three\n");
    ck_assert_int_eq(last_peer.pid, getpid());
    ck_assert_uint_eq(last_peer.uid, geteuid());
    close(fd);
}
END_TEST

START_TEST(half_a_line_waits_for_its_other_half)
{
    int fd = come();

    say(fd, "on");
    heard(fd, "");
    ck_assert_uint_eq(asked, 0);
    say(fd, "e\nt");
    heard(fd, "echo: one\n");
    close(fd);
}
END_TEST

START_TEST(a_line_without_an_end_shuts_its_sender_out)
{
    static char endless[DRILL_LINE_MAX + 1];
    int fd = come(), other = come();

    memset(endless, 'x', DRILL_LINE_MAX);
    say(fd, endless);
    ck_assert(is_shut(fd));
    ck_assert_uint_eq(asked, 0);
    say(other, "one\n");
    heard(other, "echo: one\n");
    close(fd);
    close(other);
}
END_TEST

START_TEST(who_says_all_and_leaves_is_answered)
{
    int fd = come();

    say(fd, "one\n");
    shutdown(fd, SHUT_WR);
    heard(fd, "echo: one\n");
    ck_assert(is_shut(fd));
    close(fd);
}
END_TEST

START_TEST(who_vanishes_in_mid_sentence_harms_nothing)
{
    for (int i = 0; i < 200; i++) {
        int fd = come();
        say(fd, i % 2 ? "half" : "whole\n");
        close(fd);
        turn(1);
    }
    int fd = come();
    say(fd, "one\n");
    heard(fd, "echo: one\n");
    close(fd);
}
END_TEST

START_TEST(who_does_not_read_is_not_read_from)
{
    int fd = come(), other = come();
    size_t before;

    answer_bytes = 1 << 20; /* more than a socket takes */
    for (int i = 0; i < 100; i++)
        say(fd, "more\n");
    turn(20);
    before = asked;
    ck_assert_uint_le(before, 2);
    answer_bytes = 0;
    say(other, "one\n");
    heard(other, "echo: one\n");
    ck_assert_uint_eq(asked, before + 1);
    close(fd);
    close(other);
}
END_TEST

START_TEST(an_answer_that_is_read_slowly_is_whole)
{
    static char text[65536];
    int fd = come();
    size_t got = 0;

    answer_bytes = 1 << 20;
    say(fd, "one\n");
    for (int i = 0; i < 10000 && got < answer_bytes + 10; i++) {
        turn(1);
        ssize_t n = recv(fd, text, sizeof(text), MSG_DONTWAIT);
        got += n > 0 ? (size_t)n : 0;
    }
    ck_assert_uint_eq(got, answer_bytes + strlen("echo: one\n"));
    close(fd);
}
END_TEST

START_TEST(the_first_of_a_crowd_gives_way_to_the_last)
{
    int crowd[DRILL_CLIENTS_MAX + 1];

    for (int i = 0; i <= DRILL_CLIENTS_MAX; i++) {
        crowd[i] = come();
        turn(2);
    }
    ck_assert(is_shut(crowd[0]));
    ck_assert(!is_shut(crowd[1]));
    say(crowd[DRILL_CLIENTS_MAX], "one\n");
    heard(crowd[DRILL_CLIENTS_MAX], "echo: one\n");
    for (int i = 0; i <= DRILL_CLIENTS_MAX; i++)
        close(crowd[i]);
}
END_TEST

START_TEST(the_socket_is_its_users_alone)
{
    struct stat st;

    ck_assert_int_eq(fstatat(folder_fd, DRILL_SOCKET, &st, AT_SYMLINK_NOFOLLOW), 0);
    ck_assert(S_ISSOCK(st.st_mode));
    ck_assert_uint_eq(st.st_mode & 07777, 0600);
}
END_TEST

/* As root: the folder is opened to everybody, the socket too; the kernel tells who comes. */
START_TEST(another_user_is_shut_out_where_the_modes_let_him_in)
{
    chmod(folder, 0777);
    fchmodat(folder_fd, DRILL_SOCKET, 0777, 0);
    ck_assert_int_eq(seteuid(65534), 0);
    int fd = come();
    send(fd, "one\n", 4, MSG_NOSIGNAL);
    ck_assert_int_eq(seteuid(0), 0);
    ck_assert(is_shut(fd));
    ck_assert_uint_eq(asked, 0);
    close(fd);
}
END_TEST

START_TEST(closing_shuts_everybody_out)
{
    int fd = come();

    turn(2);
    drill_server_close(server);
    server = NULL;
    bool shut;
    hear(fd, &shut);
    ck_assert(shut);
    close(fd);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("drill_server");
    TCase *tc = tcase_create("server");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_line_is_answered_with_a_line);
    tcase_add_test(tc, half_a_line_waits_for_its_other_half);
    tcase_add_test(tc, a_line_without_an_end_shuts_its_sender_out);
    tcase_add_test(tc, who_says_all_and_leaves_is_answered);
    tcase_add_test(tc, who_vanishes_in_mid_sentence_harms_nothing);
    tcase_add_test(tc, who_does_not_read_is_not_read_from);
    tcase_add_test(tc, an_answer_that_is_read_slowly_is_whole);
    tcase_add_test(tc, the_first_of_a_crowd_gives_way_to_the_last);
    tcase_add_test(tc, the_socket_is_its_users_alone);
    if (!geteuid()) /* otherwise there is nobody whom we could become */
        tcase_add_test(tc, another_user_is_shut_out_where_the_modes_let_him_in);
    tcase_add_test(tc, closing_shuts_everybody_out);
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
