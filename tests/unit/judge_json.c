/* Values in JSON: pointers as RFC 6901 has them, then comparisons. */
#include <string.h>

#include "chaosctl/check/json_pointer.h"
#include "chaosctl/check/judge.h"
#include "tests/unit/check_main.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

/* --- pointers --- */

/* The document and the pointers of RFC 6901, section 5; then those that name nothing. */
static const char rfc_document[] =
    "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,"
    "\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8}";
static const struct {
    const char *pointer, *value; /* NULL: absent */
} pointers[] = {
    {"/foo", "[\"bar\",\"baz\"]"},
    {"/foo/0", "\"bar\""},
    {"/", "0"},
    {"/a~1b", "1"},
    {"/c%d", "2"},
    {"/e^f", "3"},
    {"/g|h", "4"},
    {"/i\\j", "5"},
    {"/k\"l", "6"},
    {"/ ", "7"},
    {"/m~0n", "8"},
    {"/foo/2", NULL},
    {"/foo/-", NULL},
    {"/foo/00", NULL},
    {"/foo/+0", NULL},
    {"/foo/18446744073709551616", NULL},
    {"/foo/", NULL},
    {"/foo/0/x", NULL},
    {"/none", NULL},
    {"foo", NULL},
    {"/m~n", NULL},
    {"/m~", NULL},
};

START_TEST(a_pointer_names_what_the_rfc_says)
{
    json_t *root = json_loads(rfc_document, 0, NULL);
    const json_t *found = json_pointer_find(root, pointers[_i].pointer);
    json_t *wanted = pointers[_i].value ? json_loads(pointers[_i].value, JSON_DECODE_ANY, NULL) : NULL;

    ck_assert_int_eq(found != NULL, wanted != NULL);
    ck_assert(!wanted || json_equal(found, wanted));
    ck_assert_ptr_eq(json_pointer_find(root, ""), root);
    json_decref(wanted);
    json_decref(root);
}
END_TEST

/* --- values --- */

static const struct {
    const char *key;
    enum comparison comparison;
    const char *value; /* or the regex */
    double low;
    enum judgement judgement;
    const char *why;
} values[] = {
    {"/recs/0/id", COMPARE_AT_LEAST, "", 1, JUDGE_FAILS, "/recs/0/id is absent"},
    {"/none", COMPARE_NOT, "1", 0, JUDGE_FAILS, "/none is absent"},
    {"/n", COMPARE_AT_LEAST, "", 8, JUDGE_FAILS, "/n is 7"},
    {"/n", COMPARE_AT_LEAST, "", 7, JUDGE_HOLDS, "/n is 7"},
    {"/n", COMPARE_ONE_OF, "7.0", 0, JUDGE_HOLDS, "/n is 7"},
    {"/n", COMPARE_NOT, "7", 0, JUDGE_FAILS, "/n is 7"},
    {"/real", COMPARE_LESS, "", 2, JUDGE_HOLDS, "/real is 1.5"},
    {"/large", COMPARE_ONE_OF, "9007199254740992", 0, JUDGE_FAILS, "/large is 9007199254740993"},
    {"/large", COMPARE_ONE_OF, "9007199254740993", 0, JUDGE_HOLDS, "/large is 9007199254740993"},
    {"/s", COMPARE_ONE_OF, "cached", 0, JUDGE_HOLDS, "/s is \"cached\""},
    {"/s", COMPARE_ONE_OF, "live", 0, JUDGE_FAILS, "/s is \"cached\""},
    {"/s", COMPARE_MATCH, "^ca", 0, JUDGE_HOLDS, "/s matches /^ca/"},
    {"/s", COMPARE_AT_LEAST, "", 1, JUDGE_FAILS, "/s is not a number: \"cached\""},
    {"/digits", COMPARE_AT_LEAST, "", 1, JUDGE_FAILS, "/digits is not a number: \"12\""},
    {"/t", COMPARE_ONE_OF, "true", 0, JUDGE_HOLDS, "/t is true"},
    {"/t", COMPARE_ONE_OF, "false", 0, JUDGE_FAILS, "/t is true"},
    {"/null", COMPARE_ONE_OF, "null", 0, JUDGE_HOLDS, "/null is null"},
    {"/null", COMPARE_NOT, "null", 0, JUDGE_FAILS, "/null is null"},
    {"/list", COMPARE_MATCH, "2,3", 0, JUDGE_HOLDS, "/list matches /2,3/"},
    {"/object", COMPARE_ONE_OF, "{ \"b\": 2, \"a\": 1 }", 0, JUDGE_HOLDS, "/object is {\"a\":1,\"b\":2}"},
    {"/list", COMPARE_AT_LEAST, "", 1, JUDGE_FAILS, "/list is not a number: \"[1,2,3]\""},
};

static const char document[] =
    "{\"n\":7,\"real\":1.5,\"large\":9007199254740993,\"s\":\"cached\",\"digits\":\"12\","
    "\"t\":true,\"null\":null,\"list\":[1,2,3],\"object\":{\"a\":1,\"b\":2},\"recs\":[]}";

static struct observation json_seen(const char *text)
{
    struct observation seen = {.samples = 1};

    seen.has[METRIC_json] = true;
    seen.text[METRIC_json] = seen.text[METRIC_body] = text;
    seen.text_len[METRIC_json] = strlen(text);
    return seen;
}

START_TEST(a_value_is_judged_by_its_kind)
{
    const char *one[] = {values[_i].value};
    struct condition c = {.metric = METRIC_json,
                          .comparison = values[_i].comparison,
                          .key = values[_i].key,
                          .regex = values[_i].value,
                          .low = values[_i].low,
                          .values = one,
                          .values_count = 1};
    struct observation seen = json_seen(document);
    cleanup_buf struct buf why = {0};

    ck_assert_int_eq(judge_condition(&c, &seen, NULL, &why), values[_i].judgement);
    ck_assert_str_eq(buf_text(&why), values[_i].why);
}
END_TEST

START_TEST(what_is_not_json_fails_and_is_shown)
{
    struct condition c = {.metric = METRIC_json, .comparison = COMPARE_MATCH, .key = "/a", .regex = ""};
    struct observation seen = json_seen("<html>");
    cleanup_buf struct buf why = {0};

    ck_assert_int_eq(judge_condition(&c, &seen, NULL, &why), JUDGE_FAILS);
    ck_assert_ptr_eq(strstr(buf_text(&why), "body is not JSON ("), buf_text(&why));
    ck_assert_ptr_nonnull(strstr(buf_text(&why), "\"<html>\""));
}
END_TEST

START_TEST(depth_without_end_is_refused_without_harm)
{
    enum { DEPTH = 200000 };
    static char deep[DEPTH + 1];
    struct condition c = {.metric = METRIC_json, .comparison = COMPARE_MATCH, .key = "/0", .regex = ""};
    cleanup_buf struct buf why = {0};

    memset(deep, '[', DEPTH);
    struct observation seen = json_seen(deep);
    ck_assert_int_eq(judge_condition(&c, &seen, NULL, &why), JUDGE_FAILS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("judge json");
    TCase *t = tcase_create("json");

    tcase_add_loop_test(t, a_pointer_names_what_the_rfc_says, 0, COUNT_OF(pointers));
    tcase_add_loop_test(t, a_value_is_judged_by_its_kind, 0, COUNT_OF(values));
    tcase_add_test(t, what_is_not_json_fails_and_is_shown);
    tcase_add_test(t, depth_without_end_is_refused_without_harm);
    suite_add_tcase(suite, t);
    return check_main(suite);
}
