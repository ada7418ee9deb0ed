/* Checks of metrics, and of each request in a log. */
#include "unit/scenario_case.h"

/* --- metrics --- */

#define METRIC(series, expect) "{metric: {http: \"http://h/\", " series "}, expect: {" expect "}}"

static const struct case_row wrong_metrics[] = {
    {"{metric: x, expect: {value: 3}}", "a map (metric) is wanted here, not text"},
    {"{metric: {}, expect: {value: 3}}", "f:10:14: name is missing in metric: the metric's name"},
    {"{metric: {name: n}, expect: {value: 3}}", "f:10:14: http is missing in metric: the page"},
    {"{metric: {http: \"http://h/\", name: n}}",
     "a metric check without expect proves nothing: expect: {increase: \">= 1\"}"},
    {METRIC("name: n, nmae: m", "value: 1"),
     "f:10:43: unknown key \"nmae\" in metric (did you mean \"name\"?)"},
    {METRIC("name: 'n{a=\"b\"}'", "value: 1"),
     "f:10:40: name: \"n{a=\"b\"}\" is no metric's name; labels stand under labels: {outcome: ok}"},
    {METRIC("name: 2n", "value: 1"), "f:10:40: name: \"2n\" is no metric's name: letters, digits, _ and :"},
    {METRIC("name: n, labels: {a-b: c}", "value: 1"), "f:10:52: labels: \"a-b\" is no label's name"},
    {METRIC("name: n, labels: {\"a:b\": c}", "value: 1"), "\"a:b\" is no label's name"},
    {METRIC("name: n, labels: [c]", "value: 1"),
     "labels: a map from names to texts is wanted here, not a list"},
    {METRIC("name: n", "count: 1"), "a metric check says nothing about \"count\"; it knows: value, increase"},
    {METRIC("name: n", "valeu: 1"),
     "unknown expectation \"valeu\" in a metric check (did you mean \"value\"?)"},
    {METRIC("name: n", "value: 1ms"), "value: \"1ms\" is not a number"},
    {METRIC("name: n", "increase: \"< 2x baseline\""), "increase is not compared with the baseline"},
    {METRIC("name: n", "value: \"< 2x baseline\""), ""},
    {"{metric: {http: h, name: n}, expect: {value: 1}}", "\"h\" is no URL"},
    {"{metric: {http: {get: \"http://h/\", timeout: 1s}, timeout: 1s, name: n}, expect: {value: 1}}",
     "timeout: given twice: here and within http"},
    {"{metric: {http: \"http://h/\", name: n}, probe: item, expect: {value: 1}}", "there are several"},
};

START_TEST(a_wrong_metric_check_is_an_error)
{
    check_row(parse_during(wrong_metrics[_i].fragment), wrong_metrics[_i].error);
}
END_TEST

START_TEST(a_metric_check_says_what_it_is_about)
{
    const struct check *c = during_of(
        METRIC("name: \"a:n\", labels: {a: x, b: \"\"}, timeout: 1s", "increase: \">= 1\", value: 2..5"));

    ck_assert_int_eq(c->kind, CHECK_METRIC);
    ck_assert_str_eq(c->text, "metric a:n{a=\"x\",b=\"\"}");
    ck_assert_str_eq(c->metric, "a:n");
    ck_assert_uint_eq(c->labels_count, 2);
    ck_assert_str_eq(c->labels[0].value, "x");
    ck_assert_uint_eq(c->probe->timeout_ns, NS_PER_S);
    ck_assert_uint_eq(c->expect_count, 2);
    ck_assert_str_eq(c->expect[0].text, "increase >= 1");
    ck_assert_str_eq(c->expect[1].text, "value in 2..5");
    ck_assert_int_eq(c->quantifier, AT_END);
    ck_assert_str_eq(during_of(METRIC("name: n", "value: 1"))->text, "metric n");
    ck_assert_int_eq(
        during_of("{metric: {http: \"http://h/\", name: n}, expect: {value: 1}, for: 2s}")->quantifier, FOR);
}
END_TEST

/* --- each request --- */

#define EACH_HEAD                                                                                            \
    "version: 1\nservices: {shop: {run: [shop]}}\ndependencies: {cache: {tcp: \"127.0.0.1:6379\"}}\n"        \
    "probes: {item: {http: {get: \"http://h/\", headers: {X-Request-Id: \"r-${request.id}\"}}}, "            \
    "plain: {http: \"http://h/\"}}\n"                                                                        \
    "load: {browse: {probe: item, rate: 50/s}, dull: {probe: plain, rate: 5/s}}\n"

static const char *parse_each(const char *check)
{
    return parse(EACH_HEAD
                 "experiments:\n- name: e\n  faults: [{refuse: {target: cache}}]\n  during:\n  - %s\n",
                 check);
}

static const struct case_row eaches[] = {
    {"{log: shop, each_failed: browse, match: \"id ${request.id}\"}", ""},
    {"{log: shop, each_request: browse, match: \"id ${request.id}\", never: x}", ""},
    {"{log: shop, each_failed: brwose, match: \"${request.id}\"}",
     "f:10:30: each_failed: unknown load \"brwose\" (did you mean \"browse\"?)"},
    {"{log: shop, each_failed: browse, never: x}",
     "f:10:30: each_failed: match is missing, with ${request.id} in it"},
    {"{log: shop, each_failed: browse, match: x}", "f:10:45: match: ${request.id} must stand in it, once"},
    {"{log: shop, each_failed: browse, match: \"${request.id} ${request.id}\"}",
     "match: ${request.id} must stand in it, once"},
    {"{log: shop, each_failed: browse, match: \"(${request.id}\"}",
     "match: regex: missing closing parenthesis"},
    {"{log: shop, each_failed: dull, match: \"${request.id}\"}",
     "each_failed: load dull sends no ${request.id}: put it into a header of probe plain"},
    {"{log: shop, each_failed: browse, each_request: browse, match: \"${request.id}\"}",
     "f:10:52: each_failed and each_request are both given: one is wanted"},
    {"{log: shop, each_failed: browse, match: \"${request.id}\", count: 3}",
     "with each_failed nothing is counted: each must be found"},
    {"{log: shop, each_request: browse, match: \"${request.id}\", eventually: 2s}",
     "no quantifier here: each request is looked for when the phase is over"},
    {"{log: shop, match: \"${request.id}\"}",
     "f:10:24: match: ${request.id} stands in the URL, headers and body"},
    {"{probe: plain, each_failed: browse}", "each_failed is for log checks"},
    {"{exec: [\"${request.id}\"]}", "${request.id} stands in the URL, headers and body of an http request"},
};

START_TEST(each_request_is_looked_for_by_its_id)
{
    check_row(parse_each(eaches[_i].fragment), eaches[_i].error);
}
END_TEST

START_TEST(a_load_without_a_probe_sends_no_id)
{
    ck_assert_has(parse("version: 1\nservices: {shop: {run: [shop]}}\nload: {browse: {rate: 50/s}}\n"
                        "dependencies: {cache: {tcp: \"127.0.0.1:6379\"}}\nexperiments:\n- name: e\n"
                        "  faults: [{refuse: {target: cache}}]\n  during:\n"
                        "  - {log: shop, each_failed: browse, match: \"${request.id}\"}\n"),
                  "probe is missing in a load");
}
END_TEST

START_TEST(each_request_is_for_phases_that_end)
{
    ck_assert_has(
        parse(EACH_HEAD "steady_state: [{log: shop, each_failed: browse, match: \"${request.id}\"}]\n" TAIL),
        "f:6:41: it is for during and after");
}
END_TEST

START_TEST(the_match_begins_with_the_id)
{
    ck_assert_str_eq(parse_each(eaches[0].fragment), "");
    const struct check *c = &loaded->cells[0].during[0];
    ck_assert_str_eq(c->match,
                     "id \\K[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-4[0-9a-fA-F]{3}-8[0-9a-fA-F]{3}-[0-9a-fA-F]{12}");
    ck_assert_str_eq(c->text, "log shop, each failed request of browse");
    ck_assert_int_eq(c->each, EACH_FAILED);
    ck_assert_str_eq(loaded->probes[0].headers[0].value, "r-${request.id}");
}
END_TEST

/* --- values that requests take in turn --- */

static const char *parse_load(const char *probe, const char *load)
{
    return parse(
        "version: 1\nservices: {shop: {run: [shop]}}\ndependencies: {cache: {tcp: \"127.0.0.1:6379\"}}\n"
        "probes:\n  item: {http: %s}\nload:\n  browse: {probe: item, rate: 50/s%s}\n" TAIL,
        probe, load);
}

#define ITEM "{get: \"http://h/${each.id}\", headers: {U: \"${each.user}-${request.id}\"}}"

static const struct {
    const char *probe, *load, *error;
} turns[] = {
    {ITEM, ", each: {id: [1, 2], user: [ann, bob]}", ""},
    {ITEM, "", "f:7:3: the probe of load browse has ${each.id}, which each does not have: each: {id: [...]}"},
    {ITEM, ", each: {id: [1, 2]}", "has ${each.user}, which each does not have: each: {user: [...]}"},
    {ITEM, ", each: {id: [1, 2], user: [ann]}",
     "f:7:62: each: the lists go in step: this one has 1 values, the first 2"},
    {ITEM, ", each: {id: [1, 2], user: []}", "each: a list of 1 to 1000 values is wanted here"},
    {ITEM, ", each: {id: 1, user: 2}", "each: a list of 1 to 1000 values is wanted here"},
    {ITEM, ", each: {}", "each: a map from names to lists of values is wanted here"},
    {ITEM, ", each: [1]", "each: a map from names to lists of values is wanted here, not a list"},
    {ITEM, ", each: {\"1d\": [1]}", "each: \"1d\" is no variable's name"},
    {ITEM, ", each: {id: [a b], user: [x]}", "\"http://h/a b\" is no URL: what each gives has blanks in it"},
    {ITEM, ", each: {id: [1], user: [\"x\\ny\"]}", "header U: what each gives has line breaks"},
    {ITEM, ", each: {id: [[1]], user: [x]}", "a value is wanted here, not a list"},
    {"{get: nowhere}", ", each: {id: [1]}", "get: \"nowhere\" is no URL"},
    {"{get: \"http://h/\"}", ", each: {id: [1]}",
     "each: probe item has none of it: write ${each.id} into its URL, headers or body"},
};

START_TEST(requests_take_values_in_turn)
{
    check_row(parse_load(turns[_i].probe, turns[_i].load), turns[_i].error);
}
END_TEST

START_TEST(a_load_has_a_probe_for_each_value)
{
    ck_assert_str_eq(parse_load(ITEM, ", each: {id: [1, 2], user: [ann, bob]}"), "");
    const struct load *load = &loaded->loads[0];
    ck_assert_uint_eq(load->each_count, 2);
    ck_assert_str_eq(load->each[0].url, "http://h/1");
    ck_assert_str_eq(load->each[0].headers[0].value, "ann-${request.id}");
    ck_assert_str_eq(load->each[1].url, "http://h/2");
    ck_assert_str_eq(load->each[1].headers[0].value, "bob-${request.id}");
    ck_assert_str_eq(loaded->probes[0].url, "http://h/${each.id}");
}
END_TEST

START_TEST(a_check_has_no_values_to_give)
{
    ck_assert_has(parse_each("{http: \"http://h/${each.id}\"}"),
                  "f:10:5: ${each...} has its values from a load's each");
    ck_assert_has(parse_each("{exec: [\"${each.id}\"]}"), "${each.id} stands in the URL, headers and body");
    ck_assert_has(parse_each("{metric: {http: \"http://h/${each.id}\", name: n}, expect: {value: 1}}"),
                  "${each...} has its values from a load's each");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("measured");
    TCase *c = new_case(suite, "measured");

    tcase_add_loop_test(c, a_wrong_metric_check_is_an_error, 0, ROWS(wrong_metrics));
    tcase_add_test(c, a_metric_check_says_what_it_is_about);
    tcase_add_loop_test(c, each_request_is_looked_for_by_its_id, 0, ROWS(eaches));
    tcase_add_test(c, a_load_without_a_probe_sends_no_id);
    tcase_add_test(c, each_request_is_for_phases_that_end);
    tcase_add_test(c, the_match_begins_with_the_id);
    tcase_add_loop_test(c, requests_take_values_in_turn, 0, ROWS(turns));
    tcase_add_test(c, a_load_has_a_probe_for_each_value);
    tcase_add_test(c, a_check_has_no_values_to_give);
    return check_main(suite);
}
