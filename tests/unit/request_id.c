/* Ids of requests, and the lines of a log that have them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chaosctl/check/logwatch.h"
#include "chaosctl/probe/request_id.h"
#include "tests/unit/check_main.h"

static const struct request_ids ids = {.prefix = "6ba7b810-9dad-41d1-80b4-", .last = 300};

START_TEST(an_id_is_a_uuid_with_the_requests_number)
{
    char text[REQUEST_ID_BYTES];

    request_id_text(&ids, 1, text);
    ck_assert_str_eq(text, "6ba7b810-9dad-41d1-80b4-000000000001");
    request_id_text(&ids, 300, text);
    ck_assert_str_eq(text, "6ba7b810-9dad-41d1-80b4-00000000012c");
}
END_TEST

START_TEST(two_runs_have_different_ids)
{
    struct request_ids a, b;

    ck_assert_int_eq(request_ids_init(&a), 0);
    ck_assert_int_eq(request_ids_init(&b), 0);
    ck_assert_str_ne(a.prefix, b.prefix);
    ck_assert_uint_eq(strlen(a.prefix), 24);
    ck_assert_int_eq(a.prefix[14], '4');
    ck_assert_int_eq(a.prefix[19], '8');
    ck_assert_uint_eq(a.last, 0);
}
END_TEST

static const struct {
    const char *text;
    uint64_t number;
} texts[] = {
    {"6ba7b810-9dad-41d1-80b4-000000000001", 1}, {"6BA7B810-9DAD-41D1-80B4-00000000012C and more", 300},
    {"6ba7b810-9dad-41d1-80b4-00000000012d", 0}, /* never given */
    {"6ba7b811-9dad-41d1-80b4-000000000001", 0}, /* another run's */
    {"6ba7b810-9dad-41d1-80b4-00000000000", 0},  {"6ba7b810-9dad-41d1-80b4-00000000000g", 0},
    {"6ba7b810-9dad-41d1-80b4-000000000000", 0}, {"", 0},
};

START_TEST(only_ids_that_were_given_are_read)
{
    ck_assert_uint_eq(request_id_read(&ids, texts[_i].text, strlen(texts[_i].text)), texts[_i].number);
}
END_TEST

START_TEST(an_id_is_put_in_each_of_its_places)
{
    cleanup_buf struct buf room = {0};
    const char *plain = "http://h/$request.id";

    ck_assert_ptr_eq(request_id_fill(plain, "ID", &room), plain);
    ck_assert_str_eq(request_id_fill("${request.id}", "ID", &room), "ID");
    ck_assert_str_eq(request_id_fill("a${request.id}b${request.id}", "ID", &room), "aIDbID");
}
END_TEST

/* As validate makes it of `"id": "${request.id}".*failed`. */
#define MATCH                                                                                                \
    "\"id\": \"\\K[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-4[0-9a-fA-F]{3}-8[0-9a-fA-F]{3}-[0-9a-fA-F]{12}\".*failed"

START_TEST(lines_tell_whose_they_are)
{
    const struct check check = {.kind = CHECK_LOG, .match = MATCH, .each = EACH_FAILED};
    char path[] = "/tmp/chaosctl-log-XXXXXX";
    struct logwatch *watch = NULL;
    int fd = mkstemp(path);
    FILE *log = fdopen(fd, "w");
    cleanup_buf struct buf why = {0};

    ck_assert_ptr_nonnull(log);
    fputs("{\"id\": \"6ba7b810-9dad-41d1-80b4-000000000007\", \"event\": \"failed\"}\n"
          "{\"id\": \"6ba7b810-9dad-41d1-80b4-000000000008\", \"event\": \"served\"}\n"
          "{\"other\": \"6ba7b810-9dad-41d1-80b4-000000000009\", \"event\": \"failed\"}\n"
          "{\"id\": \"6ba7b811-9dad-41d1-80b4-00000000000a\", \"event\": \"failed\"}\n"
          "{\"id\": \"6ba7b810-9dad-41d1-80b4-00000000012c\", \"event\": \"failed\"}\n",
          log);
    fclose(log);
    ck_assert_int_eq(logwatch_new(path, &check, true, &watch), 0);
    logwatch_note_requests(watch, &ids);
    logwatch_poll(watch, true);
    for (uint64_t id = 1; id < 1000; id++)
        ck_assert_int_eq(logwatch_has_request(watch, id), id == 7 || id == 300);
    ck_assert_int_eq(logwatch_judge(watch, &why), JUDGE_HOLDS);
    ck_assert_str_eq(buf_text(&why), "");
    logwatch_free(watch);
    unlink(path);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("request_id");
    TCase *t = tcase_create("request_id");

    tcase_add_test(t, an_id_is_a_uuid_with_the_requests_number);
    tcase_add_test(t, two_runs_have_different_ids);
    tcase_add_loop_test(t, only_ids_that_were_given_are_read, 0, sizeof(texts) / sizeof(*texts));
    tcase_add_test(t, an_id_is_put_in_each_of_its_places);
    tcase_add_test(t, lines_tell_whose_they_are);
    suite_add_tcase(suite, t);
    return check_main(suite);
}
