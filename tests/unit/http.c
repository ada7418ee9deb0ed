/* Framing: where each message ends, however its bytes are cut. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "injectors/http.h"

#define Q HTTP_REQUEST
#define R HTTP_RESPONSE

enum end { WHOLE, PARTIAL, BROKEN, ENDLESS };

/* rest: of how many bytes at its end the text is not the message's. */
static const struct row {
    const char *text;
    enum http_kind kind;
    enum end end;
    size_t rest;
} rows[] = {
    {"GET / HTTP/1.1\r\n\r\n", Q, WHOLE, 0},
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /2", Q, WHOLE, 6},
    {"\r\n\nGET / HTTP/1.1\r\n\r\n", Q, WHOLE, 0},
    {"GET / HTTP/1.1\nHost: a\n\n", Q, WHOLE, 0},
    {"GET /a?b=\xc3\xa4%20 HTTP/1.0\r\n\r\nX", Q, WHOLE, 1},
    {"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhelloPOST", Q, WHOLE, 4},
    {"POST / HTTP/1.1\r\ncontent-LENGTH:5 \r\n\r\nhello", Q, WHOLE, 0},
    {"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\nG", Q, WHOLE, 1},
    {"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhell", Q, PARTIAL, 0},
    {"POST / HTTP/1.1\r\nX-Content-Length: 5\r\n\r\nhello", Q, WHOLE, 5},
    {"POST / HTTP/1.1\r\nContent-Length-Of-Something: 5\r\n\r\nhello", Q, WHOLE, 5},
    {"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", Q, BROKEN, 0},
    {"POST / HTTP/1.1\r\nContent-Length: 5 6\r\n\r\n", Q, BROKEN, 0},
    {"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", Q, BROKEN, 0},
    {"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", Q, BROKEN, 0},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET", Q, WHOLE, 3},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n3;x=\"y\"\r\nabc\r\n00\r\n\r\n", Q, WHOLE,
     0},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n1A\r\n"
     "abcdefghijklmnopqrstuvwxyz\r\n0\r\nTrailer: x\r\nOther:y\r\n\r\nG",
     Q, WHOLE, 1},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n", Q, WHOLE, 0},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n", Q, BROKEN, 0},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", Q, BROKEN, 0},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", Q, BROKEN, 0},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", Q, BROKEN, 0},
    {"GET / HTTP/1.1\r\nX: a\r\n folded: b\r\n\r\n", Q, WHOLE, 0},
    {"GET / HTTP/1.1\r\nX:\r\nY: \r\n\r\n", Q, WHOLE, 0},
    {"GET / HTTP/1.1\r\nno colon\r\n\r\n", Q, BROKEN, 0},
    {"GET / HTTP/1.1\r\n: nameless\r\n\r\n", Q, BROKEN, 0},
    {"GET / HTTP/2.0\r\n\r\n", Q, BROKEN, 0},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Q, BROKEN, 0},
    {"GET /\r\n", Q, BROKEN, 0},
    {"GET  / HTTP/1.1\r\n\r\n", Q, BROKEN, 0},
    {"GET / HTTP/1.1 more\r\n\r\n", Q, BROKEN, 0},
    {"AVERYLONGMETHODINDEED / HTTP/1.1\r\n\r\n", Q, BROKEN, 0},
    {"*1\r\n$4\r\nPING\r\n", Q, BROKEN, 0},
    {"PING\r\n", Q, BROKEN, 0},
    {"get key\r\n", Q, BROKEN, 0},
    {"\x16\x03\x01", Q, BROKEN, 0},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP", R, WHOLE, 4},
    {"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", R, WHOLE, 0},
    {"HTTP/1.1 404 Not  Found at all\r\nContent-Length: 2\r\n\r\nok", R, WHOLE, 0},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nH", R, WHOLE, 1},
    {"HTTP/1.1 200 OK\r\n\r\nuntil the end", R, ENDLESS, 0},
    {"HTTP/1.1 204 No Content\r\n\r\nH", R, WHOLE, 1},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\nH", R, WHOLE, 1},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP", R, WHOLE, 4},
    {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nanything", R, ENDLESS, 0},
    {"HTTP/1.1 20 OK\r\n\r\n", R, BROKEN, 0},
    {"HTTP/2 200\r\n\r\n", R, BROKEN, 0},
    {"+OK\r\n", R, BROKEN, 0},
};
#define ROWS (int)(sizeof(rows) / sizeof(*rows))

static void check_end(const struct row *row, const struct http *h, size_t taken, const char *how)
{
    enum end end = http_is_broken(h)     ? BROKEN
                   : http_is_complete(h) ? WHOLE
                   : http_is_endless(h)  ? ENDLESS
                                         : PARTIAL;

    ck_assert_msg(end == row->end, "%s, %s: end %d", row->text, how, end);
    if (end != BROKEN)
        ck_assert_msg(taken == strlen(row->text) - row->rest, "%s, %s: %zu taken", row->text, how, taken);
}

/* Each part from memory of its own, so that a sanitizer sees a byte too far. */
static size_t feed(struct http *h, const char *text, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);

    memcpy(copy, text, len);
    size_t taken = http_feed(h, copy, len);
    free(copy);
    return taken;
}

START_TEST(a_message_ends_where_it_ends)
{
    struct http h;

    http_begin(&h, rows[_i].kind, false);
    size_t taken = feed(&h, rows[_i].text, strlen(rows[_i].text));
    check_end(&rows[_i], &h, taken, "whole");
}
END_TEST

START_TEST(so_it_does_however_it_is_cut_in_two)
{
    size_t len = strlen(rows[_i].text);
    struct http h;

    for (size_t cut = 0; cut <= len; cut++) {
        http_begin(&h, rows[_i].kind, false);
        size_t taken = feed(&h, rows[_i].text, cut);
        if (taken == cut)
            taken += feed(&h, rows[_i].text + cut, len - cut);
        check_end(&rows[_i], &h, taken, "cut");
    }
}
END_TEST

START_TEST(so_it_does_byte_by_byte)
{
    size_t len = strlen(rows[_i].text), taken = 0;
    struct http h;

    http_begin(&h, rows[_i].kind, false);
    while (taken < len && feed(&h, rows[_i].text + taken, 1))
        taken++;
    check_end(&rows[_i], &h, taken, "bytes");
}
END_TEST

static struct http request(const char *text)
{
    struct http h;

    http_begin(&h, HTTP_REQUEST, false);
    feed(&h, text, strlen(text));
    return h;
}

START_TEST(what_an_answer_must_know_of_its_request)
{
    struct http h = request("HEAD / HTTP/1.1\r\n\r\n");

    ck_assert(h.is_head && http_has_head(&h) && !http_closes(&h) && !h.expects);
    h = request("GET / HTTP/1.1\r\nConnection: keep-alive, Close\r\n\r\n");
    ck_assert(http_closes(&h) && !h.is_head);
    h = request("GET / HTTP/1.0\r\n\r\n");
    ck_assert(http_closes(&h));
    h = request("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
    ck_assert(http_closes(&h));
    h = request("PUT / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 9\r\n\r\n");
    ck_assert(h.expects && http_has_head(&h) && !http_is_complete(&h));
    h = request("CONNECT a:1 HTTP/1.1\r\n\r\n");
    ck_assert(h.is_connect);
    h = request("PUT / HTTP/1.1\r\nContent-Len");
    ck_assert(h.has_begun && !http_has_head(&h));
    h = request("\r\n");
    ck_assert(!h.has_begun);
}
END_TEST

START_TEST(the_answer_to_a_head_has_no_body)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP";
    struct http h;

    http_begin(&h, HTTP_RESPONSE, true);
    ck_assert_uint_eq(feed(&h, text, sizeof(text) - 1), sizeof(text) - 1 - 4);
    ck_assert(http_is_complete(&h));
}
END_TEST

START_TEST(an_interim_answer_is_not_the_last)
{
    struct http h;

    http_begin(&h, HTTP_RESPONSE, false);
    feed(&h, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", 38);
    ck_assert(http_is_complete(&h) && http_is_interim(&h));
    http_begin(&h, HTTP_RESPONSE, false);
    feed(&h, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 38);
    ck_assert(http_is_complete(&h) && !http_is_interim(&h));
}
END_TEST

START_TEST(unseen_bytes_are_a_body_or_break_it)
{
    struct http h = request("PUT / HTTP/1.1\r\nContent-Length: 9\r\n\r\nab");

    http_skip(&h, 6);
    ck_assert(!http_is_complete(&h) && !http_is_broken(&h));
    http_skip(&h, 1);
    ck_assert(http_is_complete(&h));
    h = request("PUT / HTTP/1.1\r\nContent-Length: 9\r\n\r\n");
    http_skip(&h, 10);
    ck_assert(http_is_broken(&h));
    h = request("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n");
    http_skip(&h, 9);
    ck_assert(http_is_broken(&h));
}
END_TEST

/* Whatever comes, it ends, takes no more than there is, and is the same in one piece and in bytes. */
START_TEST(random_bytes_do_no_harm)
{
    static const char *const bits[] = {"GET ",      "/",
                                       " HTTP/1.1", "\r\n",
                                       "\n",        "Content-Length: ",
                                       "7",         "\r\n",
                                       "chunked",   "Transfer-Encoding:",
                                       ",",         "0",
                                       "HTTP/1.1 ", "200",
                                       "\x80",      ":",
                                       " ",         "ff"};
    unsigned seed = 1;

    for (int n = 0; n < 20000; n++) {
        char text[400] = "";
        struct http whole, bytes;
        while (strlen(text) < 300 && rand_r(&seed) % 24)
            strcat(text, bits[(unsigned)rand_r(&seed) % (sizeof(bits) / sizeof(*bits))]);
        size_t len = strlen(text), at = 0;
        http_begin(&whole, n % 2 ? Q : R, false);
        http_begin(&bytes, n % 2 ? Q : R, false);
        size_t taken = http_feed(&whole, (const uint8_t *)text, len);
        while (at < len && http_feed(&bytes, (const uint8_t *)text + at, 1))
            at++;
        ck_assert(taken <= len && taken == at && !memcmp(&whole, &bytes, sizeof(whole)));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http");
    TCase *c = tcase_create("framing");

    tcase_add_loop_test(c, a_message_ends_where_it_ends, 0, ROWS);
    tcase_add_loop_test(c, so_it_does_however_it_is_cut_in_two, 0, ROWS);
    tcase_add_loop_test(c, so_it_does_byte_by_byte, 0, ROWS);
    tcase_add_test(c, what_an_answer_must_know_of_its_request);
    tcase_add_test(c, the_answer_to_a_head_has_no_body);
    tcase_add_test(c, an_interim_answer_is_not_the_last);
    tcase_add_test(c, unseen_bytes_are_a_body_or_break_it);
    tcase_add_test(c, random_bytes_do_no_harm);
    suite_add_tcase(suite, c);
    return check_main(suite);
}
