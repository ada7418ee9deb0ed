/* YAML: what is refused, and where it is said to be. */
#include "unit/scenario_case.h"

static const struct case_row malformed[] = {
    {"", "f:1:1: nothing is in this file"},
    {"# a comment\n", "f:1:1: nothing is in this file"},
    {"~", "nothing is in this file"},
    {"version: 1\nname: [a\n", "f:3:1: while parsing a flow sequence: did not find expected ',' or ']'"},
    {"version: 1\n\tname: x\n", "YAML indents with spaces, never tabs"},
    {"a: 'unfinished", "unexpected end of stream"},
    {"a: b: c", "f:1:5: mapping values are not allowed in this context"},
    {"- a", "a map (a scenario) is wanted here, not a list"},
    {"word", "a map (a scenario) is wanted here, not text"},
    {"version: 1\n---\nversion: 1\n", "f:2:1: a second document: one scenario a file"},
    {"<<: {a: 1}", "f:1:1: merge keys (<<) are not supported"},
    {"? [a]\n: b", "a key must be text"},
    {"a: !!int 5", "f:1:4: tags are not understood here"},
    {"a: !mine 5", "f:1:4: tags are not understood here"},
    {"a: *b", "no anchor &b stands before this alias"},
    {"a: &a [*a]", "f:1:8: this alias contains itself"},
    {"a: &a {b: {c: *a}}", "this alias contains itself"},
    {"a: \"x\\0y\"", "f:1:4: a NUL byte within text"},
    {"\"a\\eb\": 1", "a control character within a key"},
    {"name: a\nseed: 1\nname: b\n", "f:3:1: the key \"name\" is here twice: first at 1:1"},
    {"a: \xff\n", "f:1:4: "},
    {"a: \xc3(\n", "f:1:5: invalid trailing UTF-8 octet"},
    {"\xff\xfe"
     "a",
     "f:1:1: "},
    {"a: \x01\n", "f:1:4: control characters are not allowed"},
    {"b: x\n\xc3\xa9\xc3\xa9: \x01\n", "f:2:5: control characters are not allowed"},
};

START_TEST(malformed_yaml_is_an_error_at_its_place)
{
    check_row(parse_n(malformed[_i].fragment, strlen(malformed[_i].fragment)), malformed[_i].error);
}
END_TEST

START_TEST(a_byte_of_zero_is_an_error)
{
    ck_assert_has(parse_n("version: 1\nname: a\0b\n", 22), "f:2:8: control characters are not allowed");
}
END_TEST

START_TEST(a_column_counts_characters_not_bytes)
{
    ck_assert_has(parse("{\"\xc3\xa9\xc3\xa9\": 1, versoin: 1}"), "f:1:11: unknown key \"versoin\"");
}
END_TEST

START_TEST(a_byte_order_mark_is_skipped)
{
    ck_assert_str_eq(parse("\xEF\xBB\xBF" HEAD TAIL), "");
}
END_TEST

START_TEST(a_str_tag_means_text)
{
    ck_assert_str_eq(parse_top("name: !!str x"), "");
    ck_assert_has(parse_during("{probe: item, always: !!str true}"), "without quotes");
}
END_TEST

START_TEST(an_alias_stands_for_what_it_names)
{
    ck_assert_str_eq(parse_fault("&f {reset: {target: recs}}\n  - *f"), "");
    ck_assert_uint_eq(loaded->cells[0].faults_count, 2);
    ck_assert_str_eq(loaded->cells[0].faults[1].text, "reset recs");
}
END_TEST

static char *repeat(const char *before, const char *part, size_t times, const char *behind)
{
    struct buf text = {0};

    buf_add(&text, before);
    for (size_t i = 0; i < times; i++)
        buf_add(&text, part);
    buf_add(&text, behind);
    return buf_steal(&text);
}

static const struct {
    const char *before, *part, *behind, *error;
    size_t times;
} large[] = {
    {"a: ", "[", "", "nested too deeply", 100000},
    {"a: ", "{b: ", "", "nested too deeply", 100000},
    {"a: ", "- ", "", "f:1:4: block sequence entries are not allowed", 100000},
    {"", "- ", "x", "nested too deeply", 100000},
    {"", "? ", "x", "nested too deeply", 100000},
    {"a: [", "x,", "]", "more than 100000 values", 200000},
    {"a:\n", "- &a x\n", "", "more than 1000 anchors", 1500},
    {"a: &a [x]\nb:\n", "- *a\n", "", "aliases add more than 10000 values", 6000},
    {"a: \"", "xxxxxxxxxxxxxxxx", "\"", "larger than 4 MiB", 300000},
};

START_TEST(what_is_too_large_is_refused)
{
    char *text = repeat(large[_i].before, large[_i].part, large[_i].times, large[_i].behind);

    ck_assert_ptr_nonnull(text);
    ck_assert_has(parse_n(text, strlen(text)), large[_i].error);
    free(text);
}
END_TEST

START_TEST(a_billion_laughs_are_refused)
{
    struct buf text = {0};

    buf_add(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 10; i++) {
        buf_printf(&text, "a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++)
            buf_printf(&text, "%s*a%d", k ? ", " : "", i - 1);
        buf_add(&text, "]\n");
    }
    ck_assert_has(parse_n(buf_text(&text), text.len), "aliases add more than 10000 values");
    buf_free(&text);
}
END_TEST

START_TEST(aliases_do_not_nest_deeper_than_text)
{
    struct buf text = {0};

    buf_add(&text, "a0: &a0 x\n");
    for (int i = 1; i < 100; i++)
        buf_printf(&text, "a%d: &a%d [*a%d]\n", i, i, i - 1);
    ck_assert_has(parse_n(buf_text(&text), text.len), "nested too deeply");
    buf_free(&text);
}
END_TEST

START_TEST(thousands_of_unknown_keys_are_counted_not_listed)
{
    struct buf text = {0};

    for (int i = 0; i < 30000; i++)
        buf_printf(&text, "key_number_%d: 1\n", i);
    const char *errors = parse_n(buf_text(&text), text.len);
    ck_assert_has(errors, "f:1:1: unknown key \"key_number_0\" in a scenario");
    ck_assert_has(errors, "more\n");
    buf_free(&text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scenario_node");
    TCase *c = new_case(suite, "yaml");

    tcase_add_loop_test(c, malformed_yaml_is_an_error_at_its_place, 0, ROWS(malformed));
    tcase_add_test(c, a_byte_of_zero_is_an_error);
    tcase_add_test(c, a_column_counts_characters_not_bytes);
    tcase_add_test(c, a_byte_order_mark_is_skipped);
    tcase_add_test(c, a_str_tag_means_text);
    tcase_add_test(c, an_alias_stands_for_what_it_names);
    tcase_add_loop_test(c, what_is_too_large_is_refused, 0, ROWS(large));
    tcase_add_test(c, a_billion_laughs_are_refused);
    tcase_add_test(c, aliases_do_not_nest_deeper_than_text);
    tcase_add_test(c, thousands_of_unknown_keys_are_counted_not_listed);
    return check_main(suite);
}
