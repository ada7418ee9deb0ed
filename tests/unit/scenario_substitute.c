/* ${name}: variables, the environment, secrets. */
#include "unit/scenario_case.h"

#define VARS(vars) "vars: {" vars "}\n"

static const struct case_row wrong[] = {
    {VARS("a: \"${b}\", b: 1"), "f:6:11: a: variable \"b\" is defined further down"},
    {VARS("a: \"${a}\""), "f:6:11: a: variable \"a\" is defined further down or by itself"},
    {VARS("a: \"${b}\", b: \"${a}\""), "defined further down"},
    {VARS("base: x, a: \"${bse}\""), "a: unknown variable \"bse\" (did you mean \"base\"?)"},
    {VARS("a: \"${env.NO_SUCH_THING}\""),
     "environment variable NO_SUCH_THING is not set; ${env.NO_SUCH_THING:-default}"},
    {VARS("a: \"${env.}\""), "\"\" is no name of an environment variable"},
    {VARS("a: 1, b: \"${a:-2}\""), "a default stands behind env alone"},
    {VARS("a: \"${\""), "${ without its }"},
    {VARS("a: \"${}\""), "${} without a name"},
    {VARS("a: \"${env.X:-${b}}\""), "${} within ${} is not understood"},
    {VARS("1a: x"), "1a: a variable's name is letters, digits, _ and -"},
    {VARS("a: [1]"), "a: a value, or {secret: env.NAME}, is wanted here, not a list"},
    {VARS("a: {secret: X}"), "a value, or {secret: env.NAME}, is wanted here"},
    {VARS("a: {secret: env.X, b: 1}"), "a value, or {secret: env.NAME}, is wanted here"},
    {VARS("a: {secret: env.NO_SUCH_THING}"),
     "environment variable NO_SUCH_THING, wanted as a secret, is not set"},
    {"vars: [a]", "a map of names and values is wanted here, not a list"},
    {"name: \"${nothing}\"", "name: unknown variable \"nothing\": there is none; write it under vars"},
};

START_TEST(a_wrong_reference_is_an_error)
{
    unsetenv("NO_SUCH_THING");
    check_row(parse_top(wrong[_i].fragment), wrong[_i].error);
}
END_TEST

static const struct {
    const char *vars, *name, *result;
} right[] = {
    {"a: x", "${a}", "x"},
    {"a: x", "<${a}${a}>", "<xx>"},
    {"a: x, b: \"${a}y\"", "${b}", "xy"},
    {"a: \"$${env.HOME}\"", "${a}", "${env.HOME}"},
    {"a: x", "$${a}", "${a}"},
    {"a: x", "$a $5 {a} }", "$a $5 {a} }"},
    {"a: 1", "${env.CASE_SET}", "set"},
    {"a: 1", "${env.CASE_EMPTY}.", "."},
    {"a: 1", "${env.CASE_EMPTY:-empty}", "empty"},
    {"a: 1", "${env.NO_SUCH_THING:-unset}", "unset"},
    {"a: 1", "${env.NO_SUCH_THING:-}.", "."},
    {"a: 1", "${env.CASE_SET:-no}", "set"},
};

START_TEST(a_reference_is_replaced)
{
    setenv("CASE_SET", "set", 1);
    setenv("CASE_EMPTY", "", 1);
    unsetenv("NO_SUCH_THING");
    ck_assert_str_eq(parse(HEAD "vars: {%s}\nname: \"%s\"\n" TAIL, right[_i].vars, right[_i].name), "");
    ck_assert_str_eq(loaded->name, right[_i].result);
}
END_TEST

START_TEST(what_was_replaced_is_not_looked_at_again)
{
    setenv("CASE_SET", "${a}", 1);
    ck_assert_str_eq(parse_top("name: \"${env.CASE_SET}\""), "");
    ck_assert_str_eq(loaded->name, "${a}");
}
END_TEST

START_TEST(keys_are_not_replaced)
{
    ck_assert_has(parse_top("vars: {a: name}\n\"${a}\": x"), "unknown key \"${a}\"");
}
END_TEST

START_TEST(a_quoted_reference_keeps_the_type_of_its_variable)
{
    ck_assert_str_eq(
        parse(HEAD VARS("yes: true") "experiments:\n- name: e\n  faults: [{refuse: {target: cache}}]\n"
                                     "  during: [{probe: item, always: \"${yes}\"}]\n"),
        "");
    ck_assert_int_eq(loaded->cells[0].during[0].quantifier, ALWAYS);
    ck_assert_has(
        parse(HEAD VARS("yes: \"true\"") "experiments:\n- name: e\n  faults: [{refuse: {target: cache}}]\n"
                                         "  during: [{probe: item, always: \"${yes}\"}]\n"),
        "without quotes");
}
END_TEST

START_TEST(a_value_that_is_not_utf8_is_an_error)
{
    setenv("CASE_SET", "\xff", 1);
    ck_assert_has(parse_top("name: \"${env.CASE_SET}\""), "environment variable CASE_SET is not UTF-8");
}
END_TEST

START_TEST(doubling_variables_do_not_fill_the_memory)
{
    struct buf text = {0};

    buf_add(&text, HEAD "vars:\n  v0: xxxxxxxxxxxxxxxx\n");
    for (int i = 1; i < 200; i++)
        buf_printf(&text, "  v%d: \"${v%d}${v%d}\"\n", i, i - 1, i - 1);
    buf_add(&text, TAIL);
    ck_assert_has(parse_n(buf_text(&text), text.len), "the scenario grows beyond 64 MiB of text");
    buf_free(&text);
}
END_TEST

START_TEST(more_variables_than_there_is_room_for_are_refused)
{
    struct buf text = {0};

    buf_add(&text, HEAD "vars:\n");
    for (int i = 0; i < 300; i++)
        buf_printf(&text, "  v%d: x\n", i);
    buf_add(&text, TAIL);
    ck_assert_has(parse_n(buf_text(&text), text.len), "more than 256 variables");
    buf_free(&text);
}
END_TEST

/* --- secrets --- */

static const char *masked(const char *text)
{
    static char result[256];
    cleanup_buf struct buf out = {0};

    scenario_mask(loaded, text, &out);
    snprintf(result, sizeof(result), "%s", buf_text(&out));
    return result;
}

START_TEST(a_secret_is_masked_wherever_it_stands)
{
    setenv("CASE_TOKEN", "hush", 1);
    setenv("CASE_LONGER", "hush-hush", 1);
    ck_assert_str_eq(parse_top("vars: {t: {secret: env.CASE_TOKEN}, u: {secret: env.CASE_LONGER}}"), "");
    ck_assert_uint_eq(loaded->secrets_count, 2);
    ck_assert_str_eq(masked("a hush b"), "a *** b");
    ck_assert_str_eq(masked("hush-hush"), "***");
    ck_assert_str_eq(masked("hushhush"), "******");
    ck_assert_str_eq(masked("hus"), "hus");
    ck_assert_str_eq(masked(""), "");
}
END_TEST

START_TEST(an_empty_secret_masks_nothing)
{
    setenv("CASE_TOKEN", "", 1);
    ck_assert_str_eq(parse_top("vars: {t: {secret: env.CASE_TOKEN}}"), "");
    ck_assert_uint_eq(loaded->secrets_count, 0);
    ck_assert_str_eq(masked("text"), "text");
}
END_TEST

START_TEST(a_secret_is_not_told_by_an_error)
{
    setenv("CASE_TOKEN", "hush", 1);
    const char *errors = parse_top("vars: {t: {secret: env.CASE_TOKEN}}\nseed: \"${t}\"");
    ck_assert_has(errors, "seed: \"***\" is not a whole number");
}
END_TEST

START_TEST(a_secret_reaches_the_header_it_was_written_for)
{
    setenv("CASE_TOKEN", "hush", 1);
    ck_assert_str_eq(
        parse("version: 1\nvars: {t: {secret: env.CASE_TOKEN}}\n"
              "dependencies: {cache: {tcp: \"127.0.0.1:6379\"}}\n"
              "probes: {p: {http: {get: \"http://h/\", headers: {Authorization: \"Bearer ${t}\"}}}}\n" TAIL),
        "");
    ck_assert_str_eq(loaded->probes[0].headers[0].value, "Bearer hush");
}
END_TEST

START_TEST(a_variable_cannot_smuggle_a_header_in)
{
    setenv("CASE_TOKEN", "x\r\nEvil: yes", 1);
    ck_assert_has(parse("version: 1\nvars: {t: {secret: env.CASE_TOKEN}}\n"
                        "probes: {p: {http: {get: \"http://h/\", headers: {A: \"${t}\"}}}}\n" TAIL),
                  "\"A\" is no header, or its value has line breaks");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scenario_substitute");
    TCase *c = new_case(suite, "substitute");

    tcase_add_loop_test(c, a_wrong_reference_is_an_error, 0, ROWS(wrong));
    tcase_add_loop_test(c, a_reference_is_replaced, 0, ROWS(right));
    tcase_add_test(c, what_was_replaced_is_not_looked_at_again);
    tcase_add_test(c, keys_are_not_replaced);
    tcase_add_test(c, a_quoted_reference_keeps_the_type_of_its_variable);
    tcase_add_test(c, a_value_that_is_not_utf8_is_an_error);
    tcase_add_test(c, doubling_variables_do_not_fill_the_memory);
    tcase_add_test(c, more_variables_than_there_is_room_for_are_refused);
    tcase_add_test(c, a_secret_is_masked_wherever_it_stands);
    tcase_add_test(c, an_empty_secret_masks_nothing);
    tcase_add_test(c, a_secret_is_not_told_by_an_error);
    tcase_add_test(c, a_secret_reaches_the_header_it_was_written_for);
    tcase_add_test(c, a_variable_cannot_smuggle_a_header_in);
    return check_main(suite);
}
