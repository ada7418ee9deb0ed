/* What may be asked of a run: the form of a line. */
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/run/drill_request.h"
#include "unit/check_main.h"

static struct arena *arena;
static struct drill_request got;
static const char *why;

static void set_up(void)
{
    arena = arena_new();
    why = NULL;
    got = (struct drill_request){.ask = DRILL_ASK_COUNT};
}

static void tear_down(void)
{
    arena_free(arena);
}

static int read_line(const char *line)
{
    return drill_request_read(line, strlen(line), arena, &got, &why);
}

static void refused(const char *line, const char *words)
{
    ck_assert_int_eq(read_line(line), -22);
    ck_assert_ptr_nonnull(why);
    ck_assert_msg(strstr(why, words) != NULL, "%s: \"%s\" has no \"%s\"", line, why, words);
    ck_assert_int_eq(got.ask, DRILL_ASK_COUNT);
}

START_TEST(an_injection_is_read_whole)
{
    ck_assert_int_eq(read_line("{\"do\":\"inject\",\"text\":\"refuse:target=x\",\"for_ns\":5,\"seed\":"
                               "\"18446744073709551615\",\"user\":\"ann\",\"terminal\":\"/dev/pts/3\"}"),
                     0);
    ck_assert_int_eq(got.ask, DRILL_INJECT);
    ck_assert_str_eq(got.text, "refuse:target=x");
    ck_assert_uint_eq(got.for_ns, 5);
    ck_assert(got.has_seed && got.seed == UINT64_MAX);
    ck_assert_str_eq(got.user, "ann");
    ck_assert_str_eq(got.terminal, "/dev/pts/3");
}
END_TEST

START_TEST(what_is_not_given_is_nothing)
{
    ck_assert_int_eq(read_line("{\"do\":\"lift\"}"), 0);
    ck_assert(got.ask == DRILL_LIFT && !got.id && !got.has_seed && !got.text && !got.user);
}
END_TEST

START_TEST(what_is_no_object_is_refused)
{
    refused("", "not an object");
    refused("hello", "not an object");
    refused("[]", "not an object");
    refused("{\"do\":\"status\"", "not an object");
    refused("{\"do\":\"status\"}{}", "not an object");
    refused("{\"do\":\"status\",\"do\":\"down\"}", "not an object");
    refused("{\"do\":\"note\",\"text\":\"\\u0000\"}", "not an object");
    refused("{\"do\":\"note\",\"text\":\"\xff\"}", "not an object");
}
END_TEST

START_TEST(what_it_does_not_know_is_refused_and_named)
{
    refused("{}", "\"do\" is missing");
    refused("{\"do\":1}", "\"do\" is missing");
    refused("{\"do\":\"explode\"}", "\"explode\"");
    refused("{\"do\":\"lift\",\"hurry\":true}", "\"hurry\"");
    refused("{\"do\":\"lift\",\"text\":\"x\"}", "lift takes no \"text\"");
}
END_TEST

START_TEST(what_is_needed_is_asked_for)
{
    refused("{\"do\":\"inject\"}", "needs a \"text\"");
    refused("{\"do\":\"note\",\"text\":\"\"}", "must be a text");
}
END_TEST

START_TEST(values_of_another_type_or_size_are_refused)
{
    refused("{\"do\":\"lift\",\"id\":0}", "\"id\"");
    refused("{\"do\":\"lift\",\"id\":-1}", "\"id\"");
    refused("{\"do\":\"lift\",\"id\":1.5}", "\"id\"");
    refused("{\"do\":\"lift\",\"id\":\"1\"}", "\"id\"");
    refused("{\"do\":\"inject\",\"text\":\"x\",\"seed\":1}", "\"seed\"");
    refused("{\"do\":\"inject\",\"text\":\"x\",\"seed\":\"18446744073709551616\"}", "\"seed\"");
    refused("{\"do\":\"inject\",\"text\":\"x\",\"dry\":1}", "\"dry\"");
    refused("{\"do\":\"inject\",\"text\":[],\"for_ns\":1}", "\"text\"");
}
END_TEST

START_TEST(a_text_has_a_limit)
{
    char line[DRILL_TEXT_MAX + 100], text[DRILL_TEXT_MAX + 2];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    snprintf(line, sizeof(line), "{\"do\":\"note\",\"text\":\"%s\"}", text);
    refused(line, "longer than");
    snprintf(line, sizeof(line), "{\"do\":\"note\",\"text\":\"%s\"}", text + 1);
    ck_assert_int_eq(read_line(line), 0);
}
END_TEST

START_TEST(every_request_survives_the_way)
{
    for (int a = 0; a < DRILL_ASK_COUNT; a++) {
        struct drill_request sent = {.ask = (enum drill_ask)a, .user = "ann \"the\" \n", .terminal = "pts/3"};
        if (a == DRILL_INJECT || a == DRILL_NOTE)
            sent.text = "naïve\n\"quoted\"";
        if (a == DRILL_INJECT)
            sent.seed = UINT64_MAX - 1, sent.has_seed = true, sent.for_ns = 7, sent.dry = true;
        if (a == DRILL_LIFT)
            sent.id = 9;
        cleanup_free char *line = drill_request_line(&sent);
        ck_assert_ptr_nonnull(line);
        ck_assert_ptr_eq(strchr(line, '\n'), line + strlen(line) - 1);
        ck_assert_int_eq(drill_request_read(line, strlen(line) - 1, arena, &got, &why), 0);
        ck_assert(got.ask == sent.ask && got.id == sent.id && got.for_ns == sent.for_ns &&
                  got.seed == sent.seed && got.has_seed == sent.has_seed && got.dry == sent.dry);
        ck_assert_str_eq(got.user, sent.user);
        if (sent.text)
            ck_assert_str_eq(got.text, sent.text);
    }
}
END_TEST

START_TEST(a_text_that_is_no_utf8_makes_no_line)
{
    ck_assert_ptr_null(drill_request_line(&(struct drill_request){.ask = DRILL_NOTE, .text = "\xff"}));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("drill_request");
    TCase *tc = tcase_create("request");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, an_injection_is_read_whole);
    tcase_add_test(tc, what_is_not_given_is_nothing);
    tcase_add_test(tc, what_is_no_object_is_refused);
    tcase_add_test(tc, what_it_does_not_know_is_refused_and_named);
    tcase_add_test(tc, what_is_needed_is_asked_for);
    tcase_add_test(tc, values_of_another_type_or_size_are_refused);
    tcase_add_test(tc, a_text_has_a_limit);
    tcase_add_test(tc, every_request_survives_the_way);
    tcase_add_test(tc, a_text_that_is_no_utf8_makes_no_line);
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
