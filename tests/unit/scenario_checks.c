/* Checks, their expectations, steps. */
#include "unit/scenario_case.h"

/* --- expectations --- */

#define PROBE(expect) "{probe: item, expect: {" expect "}}"
#define LOAD(expect)  "{load: browse, expect: {" expect "}}"

static const struct case_row wrong_expectations[] = {
    {PROBE(""), "an empty map expects nothing"},
    {"{probe: item, expect: 200}",
     "a map from what is measured to what is expected is wanted here, not text"},
    {PROBE("p95: \"< 3s\""),
     "f:10:28: an http probe says nothing about \"p95\"; it knows: status, body, json, headers, ok"},
    {PROBE("statsu: 200"), "unknown expectation \"statsu\" in an http probe (did you mean \"status\"?)"},
    {"{probe: port, expect: {status: 200}}",
     "a tcp probe says nothing about \"status\"; it knows: ok, latency, error"},
    {"{probe: cmd, expect: {body: x}}", "an exec probe says nothing about \"body\"; it knows: json, ok"},
    {LOAD("status: 200"), "a load check says nothing about \"status\""},
    {"{calls: {target: cache}, expect: {p95: \"< 1s\"}}",
     "a calls check says nothing about \"p95\"; it knows: count, rate, connects, concurrent, longest, "
     "per_request, retries"},
    {"{calls: {target: cache}, expect: {concurrent: 3}}", ""},
    {"{calls: {target: cache}, expect: {concurrent: \"< 2x baseline\"}}",
     "concurrent is not compared with the baseline"},
    {"{calls: {target: cache}, expect: {retries: 3}}",
     "f:10:13: retries count by a load's requests: calls: {target: NAME, load: NAME}"},
    {"{calls: {target: cache, load: browse}, expect: {retries: \"<= 1\"}}", ""},
    {"{calls: {target: cache, load: browse}, expect: {retries: \"< 2x baseline\"}}",
     "retries is not compared with the baseline"},
    {"{calls: {target: cache}, expect: {longest: \"< 3\"}}", "longest: \"3\" has no unit: 3ms or 3s?"},
    {"{calls: {target: cache}, expect: {distinct: 3}}",
     "\"distinct\" is not in this version yet; a log check"},
    {"{calls: {target: cache}, expect: {count: \"< 2x baseline\"}}",
     "count is not compared with the baseline"},
    {"{calls: {target: cache}, expect: {connects: \"< 2x baseline\"}}",
     "connects is not compared with the baseline; latency, value, rate, per_request"},
    {"{calls: {target: cache}, expect: {rate: \"< 2x baseline\"}}", ""},
    {"{service: shop, expect: {rss: \"< 2x baseline\"}}", ""},
    {"{service: shop, expect: {rss_growth: \"< 2x baseline\"}}",
     "rss_growth is not compared with the baseline"},
    {LOAD("count: \"< 2x baseline\""), ""},
    {PROBE("status: 20x"), "f:10:36: status: \"20x\" is not a number such as 5"},
    {PROBE("status: \"< 2s\""), "status: \"2s\" is not a number"},
    {PROBE("status: [200, x]"), "f:10:42: status: \"x\" is not a number"},
    {PROBE("status: []"), "status: an empty list: nothing is one of nothing"},
    {PROBE("status: {a: 1}"), "status: a number such as 5 is wanted here, not a map"},
    {PROBE("status: ~"), "status: a number such as 5 is wanted here, not nothing"},
    {PROBE("status: \"5..2\""), "status: \"5..2\" is upside down"},
    {PROBE("status: \"5..\""), "status: \"5..\" is not a number"},
    {PROBE("status: \"<\""), "status: \"<\" is not a number"},
    {PROBE("status: \"=> 5\""), "is not a number such as 5; a bound is written"},
    {PROBE("status: 0x10"), "is not a number"},
    {PROBE("latency: \"< 300\""), "latency: \"300\" has no unit: 300ms or 300s?"},
    {PROBE("latency: 300"), "latency: \"300\" has no unit: 300ms or 300s?"},
    {PROBE("latency: \"1..2s\""), "latency: \"1\" has no unit: 1ms or 1s?"},
    {PROBE("latency: \"< 9999h\""), "latency: \"9999h\" is out of range"},
    {PROBE("ok: yes"), "ok: true or false is wanted here, not \"yes\""},
    {PROBE("ok: \"< 1\""), "ok: true or false is wanted here"},
    {LOAD("success: \">= 99\""), "success: \"99\" has no unit: 99%?"},
    {LOAD("success: \">= 101%\""), "success: \"101%\" is out of range; a percentage such as 99% is wanted"},
    {LOAD("rate: \"> 5\""), "rate: \"5\" has no unit: 5/s or 5/m?"},
    {LOAD("p95: \"!= 2x baseline\""), "\"!=\" makes no sense against a measured baseline"},
    {LOAD("p95: \"< 2 baseline\""), "p95: \"2\" has no unit"},
    {LOAD("p95: \"< -2x baseline\""), "\"-2x\" is out of range"},
    {PROBE("status: \"< 2x baseline\""), "status is not compared with the baseline"},
    {"{service: shop, expect: {exit: \"< 2x baseline\"}}", "exit is not compared with the baseline"},
    {PROBE("body: 'a(b'"), "f:10:38: body: regex: missing closing parenthesis"},
    {PROBE("body: 'ab[z-a]'"), "f:10:40: body: regex: range out of order in character class"},
    {PROBE("body: '\\C'"), "body: regex: "},
    {PROBE("body: {a: b}"), "body: a regular expression is wanted here, not a map"},
    {PROBE("json: x"), "json: a map from JSON Pointers to values is wanted here"},
    {PROBE("json: {}"), "json: an empty map expects nothing"},
    {PROBE("json: {a: 1}"), "\"a\" is no JSON Pointer: /name/0/name, with ~1 for / and ~0 for ~ (RFC 6901)"},
    {PROBE("json: {\"/a~2\": 1}"), "\"/a~2\" is no JSON Pointer"},
    {PROBE("json: {/a: {b: 1}}"), "a value, a bound or a list is wanted here, not a map"},
    {PROBE("json: {/a: \"/(/\"}"), "json: regex: missing closing parenthesis"},
    {PROBE("json: {/a: \"5..2\"}"), "is upside down"},
    {PROBE("headers: {\"A B\": x}"), "\"A B\" is no name of a header"},
    {PROBE("headers: x"), "headers: a map from header names to values is wanted here"},
};

START_TEST(a_wrong_expectation_is_an_error)
{
    check_row(parse_during(wrong_expectations[_i].fragment), wrong_expectations[_i].error);
}
END_TEST

static const struct {
    const char *check, *text;
    enum comparison comparison;
    double low, high;
    const char *value; /* of ONE_OF and NOT, or the regex; NULL: none */
    bool relative;
} expectations[] = {
    {PROBE("status: 200"), "status = 200", COMPARE_ONE_OF, 0, 0, "200", false},
    {PROBE("status: [200, 204]"), "status one of 200, 204", COMPARE_ONE_OF, 0, 0, "200", false},
    {PROBE("status: \"< 500\""), "status < 500", COMPARE_LESS, 500, 0, NULL, false},
    {PROBE("status: \"<=500\""), "status <=500", COMPARE_AT_MOST, 500, 0, NULL, false},
    {PROBE("status: \"> 1\""), "status > 1", COMPARE_GREATER, 1, 0, NULL, false},
    {PROBE("status: \">= 1.5\""), "status >= 1.5", COMPARE_AT_LEAST, 1.5, 0, NULL, false},
    {PROBE("status: \"!= 500\""), "status != 500", COMPARE_NOT, 500, 0, "500", false},
    {PROBE("status: \"200..299\""), "status in 200..299", COMPARE_BETWEEN, 200, 299, NULL, false},
    {PROBE("latency: \"< 300ms\""), "latency < 300ms", COMPARE_LESS, 300e6, 0, NULL, false},
    {PROBE("latency: \"1ms .. 2s\""), "latency in 1ms .. 2s", COMPARE_BETWEEN, 1e6, 2e9, NULL, false},
    {PROBE("latency: \"< 2x baseline\""), "latency < 2x baseline", COMPARE_LESS, 2, 0, NULL, true},
    {PROBE("ok: true"), "ok = true", COMPARE_ONE_OF, 0, 0, "1", false},
    {PROBE("ok: false"), "ok = false", COMPARE_ONE_OF, 0, 0, "0", false},
    {PROBE("body: '^a+$'"), "body ~ /^a+$/", COMPARE_MATCH, 0, 0, "^a+$", false},
    {PROBE("body: [a, b]"), "body one of a, b", COMPARE_ONE_OF, 0, 0, "a", false},
    {PROBE("json: {/a/0: \">= 1\"}"), "json /a/0 >= 1", COMPARE_AT_LEAST, 1, 0, NULL, false},
    {PROBE("json: {/a: \"-3..-1\"}"), "json /a in -3..-1", COMPARE_BETWEEN, -3, -1, NULL, false},
    {PROBE("json: {/a: true}"), "json /a = true", COMPARE_ONE_OF, 0, 0, "true", false},
    {PROBE("json: {/a: ~}"), "json /a = null", COMPARE_ONE_OF, 0, 0, "null", false},
    {PROBE("json: {/a: \"< abc\"}"), "json /a = < abc", COMPARE_ONE_OF, 0, 0, "< abc", false},
    {PROBE("json: {/a: \"!= abc\"}"), "json /a != abc", COMPARE_NOT, 0, 0, "abc", false},
    {PROBE("json: {/a: \"/^b/\"}"), "json /a ~ /^b/", COMPARE_MATCH, 0, 0, "^b", false},
    {PROBE("json: {\"\": [1, x]}"), "json  one of 1, x", COMPARE_ONE_OF, 0, 0, "1", false},
    {PROBE("headers: {Content-Type: text/html}"), "header Content-Type = text/html", COMPARE_ONE_OF, 0, 0,
     "text/html", false},
    {LOAD("success: \">= 99.5%\""), "success >= 99.5%", COMPARE_AT_LEAST, 99.5, 0, NULL, false},
    {LOAD("success: 100%"), "success = 100%", COMPARE_ONE_OF, 0, 0, "100", false},
    {LOAD("rate: \"<= 30/m\""), "rate <= 30/m", COMPARE_AT_MOST, 0.5, 0, NULL, false},
    {LOAD("p95: \"0.5x..2x baseline\""), "p95 in 0.5x..2x baseline", COMPARE_BETWEEN, 0.5, 2, NULL, true},
    {"{service: shop, expect: {rss_growth: \"< -1MiB\"}}", "rss_growth < -1MiB", COMPARE_LESS, -1048576, 0,
     NULL, false},
    {"{service: shop, expect: {rss: \"< 64MiB\"}}", "rss < 64MiB", COMPARE_LESS, 67108864, 0, NULL, false},
};

START_TEST(an_expectation_is_a_condition)
{
    const struct check *check = during_of(expectations[_i].check);
    const struct condition *c = &check->expect[0];

    ck_assert_uint_eq(check->expect_count, 1);
    ck_assert_str_eq(c->text, expectations[_i].text);
    ck_assert_int_eq(c->comparison, expectations[_i].comparison);
    ck_assert_double_eq_tol(c->low, expectations[_i].low, 1e-6);
    ck_assert_double_eq_tol(c->high, expectations[_i].high, 1e-6);
    ck_assert_int_eq(c->relative, expectations[_i].relative);
    if (c->comparison == COMPARE_MATCH)
        ck_assert_str_eq(c->regex, expectations[_i].value);
    else if (expectations[_i].value)
        ck_assert_str_eq(c->values[0], expectations[_i].value);
    else
        ck_assert_uint_eq(c->values_count, 0);
}
END_TEST

/* --- checks --- */

static const struct case_row wrong_checks[] = {
    {"x", "a map (a check) is wanted here, not text"},
    {"{}",
     "a check is about exactly one of probe, http, tcp, exec, load, calls, log, service and metric; there is "
     "none"},
    {"{probe: item, load: browse}", "a check is about exactly one of"},
    {"{prob: item}", "unknown key \"prob\" in a check (did you mean \"probe\"?)"},
    {"{probe: itme}", "unknown probe \"itme\" (did you mean \"item\"?)"},
    {"{probe: zzz}", "unknown probe \"zzz\"; there are: item, port, cmd"},
    {"{probe: item, timeout: 3s}", "timeout stands with the probe's definition"},
    {"{load: browse}", "a load check without expect proves nothing: expect: {success: \">= 99%\""},
    {"{calls: {target: cache}}", "a calls check without expect proves nothing: expect: {rate: \"<= 5/s\"}"},
    {"{calls: cache, expect: {count: 1}}", "a map (calls) is wanted here, not text"},
    {"{calls: {}, expect: {count: 1}}", "target is missing in calls"},
    {"{calls: {target: []}, expect: {count: 1}}", "target: an empty list names no target"},
    {"{calls: {target: chace}, expect: {count: 1}}",
     "target: unknown target \"chace\" (did you mean \"cache\"?)"},
    {"{calls: {target: cache}, expect: {per_request: \"<= 2\"}}",
     "f:10:13: per_request counts by a load's requests: calls: {target: NAME, load: NAME}"},
    {"{calls: {target: cache, load: brwose}, expect: {per_request: 1}}",
     "f:10:35: load: unknown load \"brwose\" (did you mean \"browse\"?)"},
    {"{calls: {target: cache, load: browse}, expect: {rate: 1/s}}",
     "f:10:35: load is for per_request and retries, which nothing is expected of"},
    {"{calls: {target: cache, load: browse}, expect: {per_request: 1}, min_samples: 251}",
     "min_samples 251 cannot be reached: load browse sends 50/s, and hold is 5 s"},
    {"{calls: {target: cache, load: browse}, expect: {per_request: \"< 2x baseline\"}, min_samples: 20}", ""},
    {"{calls: {target: cache}, expect: {count: 1}, min_samples: 20}",
     "min_samples is for load checks, and calls checks with a load"},
    {"{service: shop}", "a service check without expect proves nothing: expect: {alive: true}"},
    {"{service: shpo, expect: {alive: true}}", "unknown service \"shpo\" (did you mean \"shop\"?)"},
    {"{log: shop}", "a log check says match, never or every_line"},
    {"{log: shop, match: 'a(b'}", "f:10:28: match: regex: missing closing parenthesis"},
    {"{log: shop, never: true}", "never: of a log check this is a regular expression over its lines"},
    {"{log: shop, never: x, count: 1}", "count counts the lines of match, which is missing"},
    {"{log: shop, match: x, count: 1s}", "count: \"1s\" is not a number"},
    {"{log: shop, match: x, count: 1, expect: {count: 1}}", "count: given twice: here and in expect"},
    {"{probe: item, match: x}", "match is for log checks"},
    {"{probe: item, count: 3}", "count is for log checks"},
    {"{probe: item, min_samples: 3}", "min_samples is for load checks"},
    {"{load: browse, expect: {p50: \"< 1s\"}, min_samples: 0}", "min_samples: \"0\" would do nothing"},
    {"{load: browse, expect: {p50: \"< 1s\"}, min_samples: 251}",
     "f:10:5: min_samples 251 cannot be reached: load browse sends 50/s, and hold is 5 s; lengthen hold"},
    {"{probe: item, always: true, never: true}", "only one of always, eventually, never and for can hold"},
    {"{probe: item, always: yes}", "always: true or false is wanted here; \"yes\" is text"},
    {"{probe: item, eventually: 0}", "eventually: \"0\" would do nothing"},
    {"{probe: item, eventually: 6s}", "eventually: \"6s\" is longer than hold (5 s)"},
    {"{probe: item, for: 6s}", "for: \"6s\" is longer than hold (5 s)"},
    {"{log: shop, never: x, eventually: 2s}",
     "f:10:39: `never` speaks of the whole phase; eventually goes with match alone"},
    {"{log: shop, match: x, every_line: x, eventually: 2s}",
     "`every_line` speaks of the whole phase; eventually goes with match alone"},
    {"{log: shop, never: x, for: 2s}", "`never` speaks of the whole phase; for goes with match alone"},
    {"{log: shop, match: x, eventually: 2s}", ""},
    {"{log: shop, never: x, always: true}", ""},
    {"{exec: ls}", "exec: a list: program and arguments"},
    {"{http: {get: x}}", "get: \"x\" is no URL"},
};

START_TEST(a_wrong_check_is_an_error)
{
    check_row(parse_during(wrong_checks[_i].fragment), wrong_checks[_i].error);
}
END_TEST

static const struct case_row wrong_states[] = {
    {"steady_state: {probe: item}", "a list of checks is wanted here, not a map"},
    {"steady_state: [{probe: item, eventually: 3s}]",
     "no quantifier here: a steady state holds all the time"},
    {"stop_when: [{service: shop, expect: {alive: false}, for: 3s}]",
     "no quantifier here: a run stops as soon as it holds"},
    {"steady_state: [{probe: item, expect: {latency: \"< 2x baseline\"}}]",
     "there is no baseline here to compare with"},
    {"steady_state: [{load: browse, expect: {p95: \"< 1s\"}, min_samples: 101}]",
     "f:6:16: min_samples 101 cannot be reached: load browse sends 50/s, and baseline.for is 2 s; lengthen "
     "baseline.for"},
    {"steady_state: [{load: browse, expect: {p95: \"< 1s\"}, min_samples: 101}]",
     "and recovery.stable_for is 2 s"},
    {"steady_state: [{load: browse, expect: {p95: \"< 1s\"}, min_samples: 100}]", ""},
    {"stop_when: [{service: shop, expect: {alive: false}}]", ""},
    {"steady_state: [{log: shop, never: ERROR}]", ""},
};

START_TEST(a_state_is_a_list_of_checks_without_quantifiers)
{
    check_row(parse_top(wrong_states[_i].fragment), wrong_states[_i].error);
}
END_TEST

START_TEST(after_may_wait_longer_than_hold)
{
    ck_assert_str_eq(parse(HEAD "experiments:\n- name: e\n  faults: [{refuse: {target: cache}}]\n"
                                "  after: [{probe: item, eventually: 60s}]\n"),
                     "");
    ck_assert_uint_eq(loaded->cells[0].after[0].time_ns, 60 * NS_PER_S);
}
END_TEST

static const struct {
    const char *check, *text;
    enum check_kind kind;
    enum quantifier quantifier;
    uint64_t time_ns;
    const char *conditions[3];
} checks[] = {
    {"{probe: item}", "probe item", CHECK_PROBE, AT_END, 0, {"ok = true", "status < 400"}},
    {"{probe: port, always: true}", "probe port", CHECK_PROBE, ALWAYS, 0, {"ok = true"}},
    {"{probe: port, always: false}", "probe port", CHECK_PROBE, AT_END, 0, {"ok = true"}},
    {"{probe: item, eventually: 2s, expect: {status: 200}}",
     "probe item",
     CHECK_PROBE,
     EVENTUALLY,
     2 * NS_PER_S,
     {"status = 200"}},
    {"{http: \"http://h/x\", never: true, expect: {status: 500}}",
     "GET http://h/x",
     CHECK_PROBE,
     NEVER,
     0,
     {"status = 500"}},
    {"{tcp: \"[::1]:80\", for: 3s}", "connect [::1]:80", CHECK_PROBE, FOR, 3 * NS_PER_S, {"ok = true"}},
    {"{exec: [ls, -l]}", "ls -l", CHECK_PROBE, AT_END, 0, {"ok = true"}},
    {"{calls: {target: [cache, recs]}, expect: {count: 0}}",
     "calls to cache, recs",
     CHECK_CALLS,
     AT_END,
     0,
     {"count = 0"}},
    {"{service: shop, expect: {alive: true, restarts: 0}}",
     "service shop",
     CHECK_SERVICE,
     AT_END,
     0,
     {"alive = true", "restarts = 0"}},
    {"{log: shop, match: x}", "log shop", CHECK_LOG, AT_END, 0, {"count >= 1"}},
    {"{log: shop, match: x, count: \"2..5\"}", "log shop", CHECK_LOG, AT_END, 0, {"count in 2..5"}},
    {"{log: shop, match: x, expect: {count: 2}}", "log shop", CHECK_LOG, AT_END, 0, {"count = 2"}},
    {"{log: shop, never: x}", "log shop", CHECK_LOG, AT_END, 0, {NULL}},
    {"{load: browse, expect: {count: 5}}", "load browse", CHECK_LOAD, AT_END, 0, {"count = 5"}},
};

START_TEST(a_check_says_what_it_is_about)
{
    const struct check *c = during_of(checks[_i].check);
    size_t n = 0;

    ck_assert_str_eq(c->text, checks[_i].text);
    ck_assert_int_eq(c->kind, checks[_i].kind);
    ck_assert_int_eq(c->quantifier, checks[_i].quantifier);
    ck_assert_uint_eq(c->time_ns, checks[_i].time_ns);
    for (; n < 3 && checks[_i].conditions[n]; n++)
        ck_assert_str_eq(c->expect[n].text, checks[_i].conditions[n]);
    ck_assert_uint_eq(c->expect_count, n);
    ck_assert_uint_eq(c->min_samples, 1);
}
END_TEST

START_TEST(a_check_knows_its_subject)
{
    ck_assert_uint_eq(during_of("{calls: {target: [cache, recs]}, expect: {count: 0}}")->targets, 3);
    ck_assert_int_eq(during_of("{service: quiet, expect: {alive: true}}")->service, 1);
    ck_assert_int_eq(during_of("{load: browse, expect: {count: 5}}")->load, 0);
    ck_assert_ptr_eq(during_of("{probe: port}")->probe, &loaded->probes[1]);
    ck_assert_str_eq(during_of("{log: shop, every_line: '^\\{', never: b}")->every_line, "^\\{");
    ck_assert_str_eq(loaded->cells[0].during[0].never, "b");
    ck_assert_ptr_null(loaded->cells[0].during[0].match);
}
END_TEST

START_TEST(a_probe_that_says_its_status_is_not_told_another)
{
    ck_assert_str_eq(
        parse("version: 1\ndependencies: {cache: {tcp: \"127.0.0.1:6379\"}}\n"
              "probes: {p: {http: \"http://h/\", expect: {status: 500}}}\nsteady_state: [{probe: p}]\n" TAIL),
        "");
    ck_assert_uint_eq(loaded->steady[0].expect_count, 1);
    ck_assert_str_eq(loaded->steady[0].expect[0].text, "ok = true");
}
END_TEST

START_TEST(the_output_of_a_joined_service_is_not_seen)
{
    ck_assert_has(parse("version: 1\nservices: {far: {join: true}}\nsteady_state: [{log: far, never: x}]\n"),
                  "the output of a service started elsewhere (join: true) is not seen");
}
END_TEST

/* --- steps --- */

static const char *parse_step(const char *step)
{
    return parse(HEAD "experiments:\n- name: e\n  faults: [{refuse: {target: cache}}]\n  steps:\n  - %s\n",
                 step);
}

static const struct case_row steps[] = {
    {"{}", "a step is exactly one of http, tcp, exec, probe, wait and parallel"},
    {"{wait: 1s, tcp: \"h:1\"}", "a step is exactly one of"},
    {"{wait: 0}", "wait: \"0\" would do nothing"},
    {"{wait: 500}", "wait: \"500\" has no unit"},
    {"{wait: 1s, expect: {ok: true}}", "there is nothing to expect of a wait"},
    {"{sleep: 1s}", "unknown key \"sleep\" in a step"},
    {"{http: \"http://h\", expect: {p95: 3}}", "an http probe says nothing about \"p95\""},
    {"{exec: [x], expect: {latency: \"< 2x baseline\"}}", "there is no baseline here"},
};

START_TEST(a_wrong_step_is_an_error)
{
    check_row(parse_step(steps[_i].fragment), steps[_i].error);
}
END_TEST

START_TEST(a_step_expects_success_unless_told)
{
    ck_assert_str_eq(parse_step("{http: {put: \"http://h/\", json: {a: false}}}\n  - {wait: 500ms}\n  - "
                                "{exec: [x], expect: {exit: 3}}"),
                     "");
    const struct cell *cell = &loaded->cells[0];

    ck_assert_uint_eq(cell->steps_count, 3);
    ck_assert_str_eq(cell->steps[0].text, "PUT http://h/");
    ck_assert_str_eq(cell->steps[0].expect[1].text, "status < 400");
    ck_assert_ptr_null(cell->steps[1].probe);
    ck_assert_uint_eq(cell->steps[1].wait_ns, 500 * NS_PER_MS);
    ck_assert_str_eq(cell->steps[2].expect[0].text, "exit = 3");
    ck_assert_uint_eq(cell->steps[2].expect_count, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scenario_checks");
    TCase *c = new_case(suite, "checks");

    tcase_add_loop_test(c, a_wrong_expectation_is_an_error, 0, ROWS(wrong_expectations));
    tcase_add_loop_test(c, an_expectation_is_a_condition, 0, ROWS(expectations));
    tcase_add_loop_test(c, a_wrong_check_is_an_error, 0, ROWS(wrong_checks));
    tcase_add_loop_test(c, a_state_is_a_list_of_checks_without_quantifiers, 0, ROWS(wrong_states));
    tcase_add_test(c, after_may_wait_longer_than_hold);
    tcase_add_loop_test(c, a_check_says_what_it_is_about, 0, ROWS(checks));
    tcase_add_test(c, a_check_knows_its_subject);
    tcase_add_test(c, a_probe_that_says_its_status_is_not_told_another);
    tcase_add_test(c, the_output_of_a_joined_service_is_not_seen);
    tcase_add_loop_test(c, a_wrong_step_is_an_error, 0, ROWS(steps));
    tcase_add_test(c, a_step_expects_success_unless_told);
    return check_main(suite);
}
