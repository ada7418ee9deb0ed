/* Steps that do several things at the same moment. */
#include <jansson.h>

#include "chaosctl/base/unit.h"
#include "tests/unit/scenario_case.h"

/* A step at 9:5, a clean-up at 11:5. */
static const char *parse_step(const char *step)
{
    return parse(HEAD "experiments:\n- name: e\n  steps:\n  - %s\n  faults: [{refuse: {target: cache}}]\n",
                 step);
}

static const struct case_row wrong[] = {
    {"{parallel: [{wait: 1s}, {probe: item}]}",
     ":9:24: parallel has no wait: its deeds begin at once; put it before or behind, as a step"},
    {"{parallel: [{probe: item}, {parallel: [{probe: item}, {probe: port}]}]}",
     ":9:43: parallel within parallel is one parallel: put all deeds into one list"},
    {"{parallel: [{probe: item}, {}]}",
     ":9:32: a deed of parallel is exactly one of http, tcp, exec and probe"},
    {"{parallel: [{probe: item, exec: [x]}, {probe: port}]}",
     ":9:17: a deed of parallel is exactly one of http, tcp, exec and probe"},
    {"{parallel: []}", ":9:16: parallel wants two deeds or more: one alone is a step without it"},
    {"{parallel: [{probe: item}]}", ":9:16: parallel wants two deeds or more"},
    {"{parallel: {probe: item}}", "a list of deeds is wanted here"},
    {"{parallel: }", "a list of deeds is wanted here"},
    {"{parallel: [item, port]}", "a map (a deed of parallel) is wanted here"},
    {"{parallel: [{probe: item}, {probe: port}], wait: 1s}",
     ":9:5: a step is exactly one of http, tcp, exec, probe, wait and parallel"},
    {"{parallel: [{probe: item}, {probe: port}], expect: {ok: true}}",
     ":9:56: expect, timeout and env belong to each deed of parallel, not beside it"},
    {"{parallel: [{probe: item}, {probe: port}], timeout: 1s}",
     ":9:57: expect, timeout and env belong to each"},
    {"{parallel: [{exec: [x]}, {exec: [y]}], env: {A: b}}", ":9:49: expect, timeout and env belong to each"},
    {"{parallel: [{probe: item}, {probe: prot}]}", "\"prot\""},
    {"{parallel: [{probe: item}, {prob: port}]}", "unknown key \"prob\" in a deed of parallel"},
    {"{parallel: [{probe: item}, {probe: port, expect: {status: 200}}]}", "says nothing about \"status\""},
    {"{paralel: [{probe: item}, {probe: port}]}", "did you mean \"parallel\"?"},
};

START_TEST(a_wrong_parallel_is_an_error)
{
    check_row(parse_step(wrong[_i].fragment), wrong[_i].error);
}
END_TEST

START_TEST(each_deed_is_a_step_beside_the_one_before_it)
{
    ck_assert_str_eq(
        parse_step(
            "{probe: port}\n  - parallel:\n    - {http: {post: \"http://h/\"}, expect: {status: 409}}\n"
            "    - {exec: [x], timeout: 2s}\n    - {tcp: \"h:2\"}\n  - {wait: 500ms}\n"
            "  - parallel: [{probe: item}, {probe: cmd, expect: {exit: 3}}]"),
        "");
    const struct cell *cell = &loaded->cells[0];
    const bool beside[] = {false, false, true, true, false, false, true};

    ck_assert_uint_eq(cell->steps_count, 7);
    for (size_t i = 0; i < 7; i++)
        ck_assert_int_eq(cell->steps[i].beside, beside[i]);
    ck_assert_str_eq(cell->steps[1].text, "POST http://h/");
    ck_assert_str_eq(cell->steps[1].expect[0].text, "status = 409");
    ck_assert_uint_eq(cell->steps[2].probe->timeout_ns, 2 * NS_PER_S);
    ck_assert_int_eq(cell->steps[2].at.line, 12);
    ck_assert_uint_eq(cell->steps[4].wait_ns, 500 * NS_PER_MS);
    ck_assert_str_eq(cell->steps[6].text, "probe cmd");
    ck_assert_str_eq(cell->steps[6].expect[0].text, "exit = 3");
}
END_TEST

START_TEST(a_clean_up_may_be_parallel)
{
    ck_assert_str_eq(parse_step("{wait: 1s}\n  cleanup: [{parallel: [{probe: cmd}, {probe: port}]}]"), "");
    ck_assert_uint_eq(loaded->cells[0].cleanup_count, 2);
    ck_assert(!loaded->cells[0].cleanup[0].beside && loaded->cells[0].cleanup[1].beside);
}
END_TEST

/* {parallel: [...]} with so many deeds. */
static const char *parse_deeds(int count)
{
    static char step[8192];
    int n = snprintf(step, sizeof(step), "{parallel: [{probe: item}");

    for (int i = 1; i < count; i++)
        n += snprintf(step + n, sizeof(step) - (size_t)n, ", {probe: item}");
    snprintf(step + n, sizeof(step) - (size_t)n, "]}");
    return parse_step(step);
}

START_TEST(sixty_four_deeds_are_the_most)
{
    ck_assert_str_eq(parse_deeds(64), "");
    ck_assert_uint_eq(loaded->cells[0].steps_count, 64);
    ck_assert_has(parse_deeds(65),
                  ":9:16: parallel takes 64 deeds at most, and here are 65: a load asks more often");
}
END_TEST

START_TEST(the_schema_has_no_wait_among_deeds)
{
    char *text = scenario_schema();
    json_t *schema = json_loads(text, 0, NULL), *deed = NULL;
    const char *step = NULL, *of = NULL;

    free(text);
    ck_assert_int_eq(json_unpack(schema, "{s:{s:{s:{s:{s:s}}}, s:{s:{s:s}}, s:{s:o}}}", "$defs", "step",
                                 "properties", "parallel", "$ref", &step, "parallel", "items", "$ref", &of,
                                 "deed", "properties", &deed),
                     0);
    ck_assert_str_eq(step, "#/$defs/parallel");
    ck_assert_str_eq(of, "#/$defs/deed");
    ck_assert_ptr_nonnull(json_object_get(deed, "probe"));
    ck_assert_ptr_null(json_object_get(deed, "wait"));
    ck_assert_ptr_null(json_object_get(deed, "parallel"));
    json_decref(schema);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scenario_steps");
    TCase *c = new_case(suite, "steps");

    tcase_add_loop_test(c, a_wrong_parallel_is_an_error, 0, ROWS(wrong));
    tcase_add_test(c, each_deed_is_a_step_beside_the_one_before_it);
    tcase_add_test(c, a_clean_up_may_be_parallel);
    tcase_add_test(c, sixty_four_deeds_are_the_most);
    tcase_add_test(c, the_schema_has_no_wait_among_deeds);
    return check_main(suite);
}
