/* Protocols by their first bytes, and the rows of whom was connected to. */
#include <string.h>

#include "chaosctl/run/protocol.h"
#include "tests/unit/check_main.h"

static const struct {
    const char *first;
    size_t len;
    bool greeted;
    const char *protocol;
} guesses[] = {
#define FIRST(text) text, sizeof(text) - 1
    {FIRST("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), false, "http"},
    {FIRST("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), false, "http"},
    {FIRST("GETTY"), false, ""},
    {FIRST("*1\r\n$4\r\nPING\r\n"), false, "redis"},
    {FIRST("*12\r\n$"), false, "redis"},
    {FIRST("PING\r\n"), false, "redis"},
    {FIRST("*\r\n$4"), false, ""},
    {FIRST("*1\r\n"), false, ""},
    {FIRST("AMQP\0\0\x09\x01"), false, "amqp"},
    {FIRST("\0\0\0\x08\x04\xd2\x16\x2f"), false, "postgresql"},        /* SSLRequest, 80877103 */
    {FIRST("\0\0\0\x14\0\x03\0\0user\0app\0\0"), false, "postgresql"}, /* start-up of 3.0 */
    {FIRST("\0\0\0\x14\0\x04\0\0user\0app\0\0"), false, ""},
    {FIRST("\x20\0\0\x01\x05\xa6\x3f\0\0\0\0\x01\x2d\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), true,
     "mysql"},
    {FIRST("\x20\0\0\x01\x05\xa6\x3f\0\0\0\0\x01\x2d\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), false,
     ""},
    {FIRST("\x16\x03\x01\x02\0\x01"), false, "tls"},
    {FIRST("\x16\x03\x01\x02\0\x02"), false, ""},
    {FIRST("EHLO h\r\n"), true, ""},
    {FIRST(""), false, ""},
    {FIRST("\0"), false, ""},
};

START_TEST(first_bytes_tell_the_protocol)
{
    ck_assert_str_eq(protocol_guess((const uint8_t *)guesses[_i].first, guesses[_i].len, guesses[_i].greeted),
                     guesses[_i].protocol);
}
END_TEST

/* Record, handshake, version, random; session of 2, two ciphers, one compression; extensions: one of type 16,
 * then the server's name, "Api.test". */
#define HELLO_HEAD "\x16\x03\x01\0\x60\x01\0\0\x5c\x03\x03" RANDOM "\x02ss\0\x04\x13\x01\x13\x02\x01\0\0\x1a"
#define RANDOM     "0123456789abcdef0123456789abcdef"
#define ALPN       "\0\x10\0\x05\0\x03\x02h2"
static const char hello[] = HELLO_HEAD ALPN "\0\0\0\x0d\0\x0b\0\0\x08"
                                            "Api.test";
static const char nameless[] = HELLO_HEAD ALPN;
static const char evil[] = HELLO_HEAD "\0\0\0\x0d\0\x0b\0\0\x08"
                                      "a\nb: {c}";

START_TEST(a_hello_says_the_servers_name)
{
    cleanup_buf struct buf name = {0};

    ck_assert(protocol_server_name((const uint8_t *)hello, sizeof(hello) - 1, &name));
    ck_assert_str_eq(buf_text(&name), "api.test");
}
END_TEST

START_TEST(a_hello_that_is_cut_anywhere_says_none)
{
    for (size_t len = 0; len < sizeof(hello) - 1; len++) {
        cleanup_buf struct buf name = {0};
        ck_assert(!protocol_server_name((const uint8_t *)hello, len, &name));
        ck_assert_str_eq(buf_text(&name), "");
    }
}
END_TEST

START_TEST(a_hello_may_say_no_name_or_none_of_a_host)
{
    cleanup_buf struct buf name = {0};

    ck_assert(!protocol_server_name((const uint8_t *)nameless, sizeof(nameless) - 1, &name));
    ck_assert(!protocol_server_name((const uint8_t *)evil, sizeof(evil) - 1, &name));
    ck_assert(!protocol_server_name((const uint8_t *)"GET / HTTP/1.1\r\n", 16, &name));
    ck_assert_str_eq(buf_text(&name), "");
}
END_TEST

/* --- rows --- */

START_TEST(each_end_has_one_row)
{
    static struct seen rows[SEEN_MAX];
    const struct endpoint a = {.port = 80, .address = {[15] = 1}}, b = {.port = 81, .address = {[15] = 1}},
                          c = {.port = 80, .address = {[15] = 2}},
                          u = {.is_unix = true, .path = "/run/a", .path_len = 6},
                          v = {.is_unix = true, .path = "/run/ab", .path_len = 7};
    const struct endpoint *ends[] = {&a, &b, &c, &u, &v};

    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 5; i++)
            ck_assert_int_eq(seen_find(rows, ends[i]), i);
    ck_assert_int_eq(atomic_load(&rows[4].state), SEEN_READY);
    ck_assert_int_eq(atomic_load(&rows[5].state), SEEN_FREE);
    ck_assert_uint_eq(rows[0].port, 80);
    ck_assert_mem_eq(rows[4].path, "/run/ab", 7);
}
END_TEST

START_TEST(when_all_rows_are_taken_there_is_none)
{
    static struct seen rows[SEEN_MAX];

    for (int i = 0; i < SEEN_MAX; i++) {
        struct endpoint end = {.port = (uint16_t)(1000 + i)};
        ck_assert_int_eq(seen_find(rows, &end), i);
    }
    ck_assert_int_eq(seen_find(rows, &(struct endpoint){.port = 1}), -1);
    ck_assert_int_eq(seen_find(rows, &(struct endpoint){.port = 1063}), 63);
}
END_TEST

static const struct {
    uint64_t took_ns;
    unsigned time;
} times[] = {{0, 0}, {999, 0}, {1000, 1}, {1999, 1}, {2000, 2}, {4000, 3}, {1000000, 10}, {UINT64_MAX, 39}};

START_TEST(times_double)
{
    ck_assert_uint_eq(seen_time(times[_i].took_ns), times[_i].time);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("protocol");
    TCase *t = tcase_create("protocol");

    tcase_add_loop_test(t, first_bytes_tell_the_protocol, 0, sizeof(guesses) / sizeof(*guesses));
    tcase_add_test(t, a_hello_says_the_servers_name);
    tcase_add_test(t, a_hello_that_is_cut_anywhere_says_none);
    tcase_add_test(t, a_hello_may_say_no_name_or_none_of_a_host);
    tcase_add_test(t, each_end_has_one_row);
    tcase_add_test(t, when_all_rows_are_taken_there_is_none);
    tcase_add_loop_test(t, times_double, 0, sizeof(times) / sizeof(*times));
    suite_add_tcase(suite, t);
    return check_main(suite);
}
