/* Experiments into cells: matrix, one_of, labels, seeds, limits. */
#include "unit/scenario_case.h"

#define EXPERIMENT "experiments:\n- name: e\n"
#define FAULTS     "  faults: [{refuse: {target: cache}}]\n"
#define STEADY     "steady_state: [{probe: item}]\n" /* last: it moves no line */

static const char *parse_experiment(const char *lines)
{
    return parse(HEAD EXPERIMENT "%s\n" STEADY, lines);
}

static const struct case_row wrong[] = {
    {"", "f:7:3: faults is missing in an experiment"},
    {"  faults: []", "an experiment without a fault proves nothing"},
    {"  faults: {refuse: {target: cache}}",
     "a list of faults, or {one_of: [...]}, is wanted here, not a map"},
    {"  faults: {one_of: []}", "an empty one_of leaves no cell"},
    {"  faults: {one_of: {refuse: {target: cache}}}",
     "a list of faults, one of which each cell has, is wanted here"},
    {"  faults: [{one_of: [{one_of: [{oom: {}}]}]}]", "one_of within one_of"},
    {"  matrix: [a]\n" FAULTS, "a map from variables to lists of values is wanted here"},
    {"  matrix: {a: 1}\n" FAULTS, "a: a list of values is wanted here, not text"},
    {"  matrix: {a: []}\n" FAULTS, "a: an empty list leaves no cell"},
    {"  matrix: {1a: [1]}\n" FAULTS, "\"1a\" is no variable's name"},
    {"  matrix: {a: [{b: c}]}\n" FAULTS, "a: a value is wanted here, not a map"},
    {"  matrix: {a: [\"${a}\"]}\n" FAULTS, "a: unknown variable \"a\""},
    {"  matrix: {dep: [cache, rces]}\n  faults: [{refuse: {target: \"${dep}\"}}]",
     "unknown target \"rces\" (did you mean \"recs\"?)"},
    {"  answers: [recover, undrstand]\n" FAULTS,
     "answers: \"undrstand\" is none of the questions (did you mean \"understand\"?)"},
    {"  answers: recover\n" FAULTS,
     "a list of monitor, disable, recover, scale and understand is wanted here"},
    {"  during: {probe: item}\n" FAULTS, "a list of checks is wanted here, not a map"},
    {"  dring: []\n" FAULTS, "unknown key \"dring\" in an experiment (did you mean \"during\"?)"},
    {FAULTS "- name: e\n" FAULTS, "f:9:9: there is an experiment \"e\" already, at 7:9"},
    {FAULTS "- name: \"\"\n" FAULTS, "name: one line of text is wanted here, not an empty one"},
    {FAULTS "- {}\n", "name is missing in an experiment"},
    {FAULTS "- x\n", "a map (an experiment) is wanted here, not text"},
};

START_TEST(a_wrong_experiment_is_an_error)
{
    check_row(parse_experiment(wrong[_i].fragment), wrong[_i].error);
}
END_TEST

static const struct case_row unchecked[] = {
    {"", "f:7:3: experiment \"e\" checks nothing: give steady_state, during or after\n"},
    {"  during: []\n  after: ~\n", "f:7:3: experiment \"e\" checks nothing"},
    {"steady_state: []\n", "f:7:3: experiment \"e\" checks nothing"},
    {"  cleanup: [{exec: [x]}]\nstop_when: [{probe: item}]\n", "f:7:3: experiment \"e\" checks nothing"},
    {"- {name: d, faults: [{oom: {}}], after: [{probe: item}]}\n", "f:7:3: experiment \"e\" checks nothing"},
    {"- {name: d, faults: [{oom: {}}]}\n", "f:9:3: experiment \"d\" checks nothing"},
    {"  during: [{probe: item}]\n", ""},
    {"  after: [{probe: item}]\n", ""},
    {"  steps: [{probe: item}]\n", ""},
    {STEADY, ""},
};

START_TEST(an_experiment_that_checks_nothing_is_an_error)
{
    check_row(parse(HEAD EXPERIMENT FAULTS "%s", unchecked[_i].fragment), unchecked[_i].error);
}
END_TEST

START_TEST(what_is_wrong_in_a_check_is_all_that_is_said_of_it)
{
    ck_assert_str_eq(parse(HEAD EXPERIMENT FAULTS "steady_state: [{probe: itme}]\n"),
                     "f:9:24: unknown probe \"itme\" (did you mean \"item\"?)\n");
}
END_TEST

START_TEST(a_matrix_is_not_seen_outside_of_its_experiment)
{
    ck_assert_has(parse_experiment("  matrix: {dep: [cache]}\n" FAULTS
                                   "- name: f\n  faults: [{refuse: {target: \"${dep}\"}}]"),
                  "unknown variable \"dep\"");
}
END_TEST

START_TEST(a_matrix_does_not_hide_a_variable)
{
    ck_assert_has(parse(HEAD "vars: {dep: x}\n" EXPERIMENT "  matrix: {dep: [cache]}\n" FAULTS),
                  "\"dep\" is a variable of vars already");
}
END_TEST

START_TEST(an_error_of_many_cells_is_said_once)
{
    ck_assert_str_eq(parse_experiment("  matrix: {a: [1, 2, 3, 4]}\n" FAULTS "  during: [{probe: itme}]"),
                     "f:10:20: unknown probe \"itme\" (did you mean \"item\"?)\n");
}
END_TEST

static const struct {
    const char *lines;
    const char *labels[7];
} labels[] = {
    {FAULTS, {""}},
    {"  matrix: {a: [1]}\n" FAULTS, {""}},
    {"  matrix: {dep: [recs, cache]}\n  faults: [{reset: {target: \"${dep}\"}}]", {"dep=recs", "dep=cache"}},
    {"  matrix: {a: [1, 2], b: [x, y]}\n" FAULTS, {"a=1, b=x", "a=1, b=y", "a=2, b=x", "a=2, b=y"}},
    {"  faults: {one_of: [refuse: {target: recs}, oom: {}]}", {"refuse recs", "oom"}},
    {"  faults: [{one_of: [refuse: {target: recs}, oom: {}]}]", {"refuse recs", "oom"}},
    {"  faults: {one_of: [[refuse: {target: recs}, pause: {in: shop}], oom: {}]}",
     {"refuse recs + pause shop", "oom"}},
    {"  faults: [{one_of: [oom: {}, kill: {in: shop}]}, {reset: {target: recs}}, {one_of: [dns: {}, pause: "
     "{in: shop}]}]",
     {"oom, dns nxdomain", "oom, pause shop", "kill shop, dns nxdomain", "kill shop, pause shop"}},
    {"  matrix: {dep: [recs, cache]}\n  faults: {one_of: [refuse: {target: \"${dep}\"}, reset: {target: "
     "\"${dep}\"}]}",
     {"dep=recs, refuse recs", "dep=recs, reset recs", "dep=cache, refuse cache", "dep=cache, reset cache"}},
    {"  matrix: {a: [1, 1, 1]}\n" FAULTS, {"a=1", "a=1 #2", "a=1 #3"}},
};

START_TEST(a_cell_is_labelled_by_its_choices)
{
    size_t n = 0;

    ck_assert_str_eq(parse_experiment(labels[_i].lines), "");
    for (; labels[_i].labels[n]; n++) {
        ck_assert_uint_lt(n, loaded->cells_count);
        ck_assert_str_eq(loaded->cells[n].label, labels[_i].labels[n]);
        ck_assert_str_eq(loaded->cells[n].experiment, "e");
    }
    ck_assert_uint_eq(loaded->cells_count, n);
}
END_TEST

START_TEST(a_cell_has_its_faults_in_order)
{
    ck_assert_str_eq(
        parse_experiment(
            "  faults: [{oom: {}}, {one_of: [[dns: {}, refuse: {target: recs}]]}, {pause: {in: shop}}]"),
        "");
    const struct cell *c = &loaded->cells[0];

    ck_assert_uint_eq(c->faults_count, 4);
    ck_assert_str_eq(c->faults[0].text, "oom");
    ck_assert_str_eq(c->faults[1].text, "dns nxdomain");
    ck_assert_str_eq(c->faults[2].text, "refuse recs");
    ck_assert_str_eq(c->faults[3].text, "pause shop");
}
END_TEST

START_TEST(a_matrix_is_seen_by_all_parts_of_its_experiment)
{
    ck_assert_str_eq(parse_experiment("  matrix: {n: [7]}\n  hypothesis: holds ${n}\n  hold: ${n}s\n" FAULTS
                                      "  during: [{probe: item, expect: {status: \"< 50${n}\"}}]\n"
                                      "  steps: [{wait: \"${n}ms\"}]\n  after: [{exec: [a, \"${n}\"]}]\n"
                                      "  cleanup: [{http: \"http://h/${n}\"}]"),
                     "");
    const struct cell *c = &loaded->cells[0];

    ck_assert_str_eq(c->hypothesis, "holds 7");
    ck_assert_uint_eq(c->timing.hold_ns, 7 * NS_PER_S);
    ck_assert_double_eq(c->during[0].expect[0].low, 507);
    ck_assert_uint_eq(c->steps[0].wait_ns, 7 * NS_PER_MS);
    ck_assert_str_eq(c->after[0].text, "a 7");
    ck_assert_str_eq(c->cleanup[0].probe->url, "http://h/7");
}
END_TEST

/* --- seeds --- */

static uint64_t seed_of(const char *text, const char *experiment, const char *label)
{
    ck_assert_str_eq(parse("%s" STEADY, text), "");
    for (size_t i = 0; i < loaded->cells_count; i++)
        if (!strcmp(loaded->cells[i].experiment, experiment) && !strcmp(loaded->cells[i].label, label))
            return loaded->cells[i].seed;
    ck_abort_msg("no such cell");
    return 0;
}

START_TEST(a_seed_follows_from_seed_name_and_label_alone)
{
    uint64_t seed = seed_of(HEAD EXPERIMENT "  matrix: {a: [1, 2]}\n" FAULTS, "e", "a=2");

    ck_assert_uint_eq(seed_of(HEAD "experiments:\n- name: first\n" FAULTS
                                   "- name: e\n  matrix: {a: [3, 2, 1]}\n" FAULTS,
                              "e", "a=2"),
                      seed);
    ck_assert_uint_eq(seed_of("seed: 1\n" HEAD EXPERIMENT "  matrix: {a: [1, 2]}\n" FAULTS, "e", "a=2"),
                      seed);
    ck_assert_uint_ne(seed_of(HEAD EXPERIMENT "  matrix: {a: [1, 2]}\n" FAULTS, "e", "a=1"), seed);
    ck_assert_uint_ne(seed_of("seed: 2\n" HEAD EXPERIMENT "  matrix: {a: [1, 2]}\n" FAULTS, "e", "a=2"),
                      seed);
    ck_assert_uint_ne(seed_of(HEAD "experiments:\n- name: d\n  matrix: {a: [1, 2]}\n" FAULTS, "d", "a=2"),
                      seed);
}
END_TEST

/* --- limits --- */

static void add_list(struct buf *text, const char *before, int count, const char *after)
{
    buf_add(text, before);
    for (int i = 0; i < count; i++)
        buf_printf(text, "%s%d", i ? ", " : "", i);
    buf_add(text, after);
}

START_TEST(more_cells_than_there_may_be_are_refused)
{
    struct buf text = {0};

    buf_add(&text, HEAD EXPERIMENT);
    add_list(&text, "  matrix: {a: [", 64, "], ");
    add_list(&text, "b: [", 65, "]}\n" FAULTS);
    ck_assert_has(parse_n(buf_text(&text), text.len), "f:7:3: more than 4096 cells in all");
    buf_free(&text);
}
END_TEST

START_TEST(as_many_cells_as_there_may_be_are_made)
{
    struct buf text = {0};

    buf_add(&text, HEAD EXPERIMENT);
    add_list(&text, "  matrix: {a: [", 64, "], ");
    add_list(&text, "b: [", 64, "]}\n" FAULTS STEADY);
    ck_assert_str_eq(parse_n(buf_text(&text), text.len), "");
    ck_assert_uint_eq(loaded->cells_count, 4096);
    ck_assert_str_eq(loaded->cells[4095].label, "a=63, b=63");
    buf_free(&text);
}
END_TEST

START_TEST(axes_that_overflow_a_number_are_refused)
{
    struct buf text = {0};

    buf_add(&text, HEAD EXPERIMENT "  matrix:\n");
    for (int i = 0; i < 16; i++) {
        buf_printf(&text, "    v%d: ", i);
        add_list(&text, "[", 1000, "]\n");
    }
    buf_add(&text, FAULTS);
    ck_assert_has(parse_n(buf_text(&text), text.len), "more than 4096 cells in all");
    buf_free(&text);
}
END_TEST

START_TEST(large_experiments_in_many_cells_are_refused)
{
    struct buf text = {0};

    buf_add(&text, HEAD EXPERIMENT FAULTS);
    add_list(&text, "  matrix: {a: [", 4000, "]}\n  during:\n");
    for (int i = 0; i < 2000; i++)
        buf_add(&text, "  - {probe: item}\n");
    ck_assert_has(parse_n(buf_text(&text), text.len), "too large: 4000 cells of ");
    buf_free(&text);
}
END_TEST

START_TEST(more_faults_than_there_are_rules_are_refused)
{
    struct buf text = {0};

    buf_add(&text, HEAD EXPERIMENT "  faults:\n");
    for (int i = 0; i < RULE_MAX + 1; i++)
        buf_add(&text, "  - oom: {}\n");
    ck_assert_has(parse_n(buf_text(&text), text.len), "more than 256 faults at once");
    buf_free(&text);
}
END_TEST

START_TEST(questions_have_names_and_words)
{
    ck_assert_str_eq(parse_experiment("  answers: [understand, monitor]\n" FAULTS), "");
    ck_assert_uint_eq(loaded->cells[0].answers, 1u << QUESTION_UNDERSTAND | 1u << QUESTION_MONITOR);
    for (int i = 0; i < QUESTION_COUNT; i++) {
        ck_assert_str_ne(question_name((enum question)i), "?");
        ck_assert_has(question_text((enum question)i), "Can I ");
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scenario_expand");
    TCase *c = new_case(suite, "expand");

    tcase_add_loop_test(c, a_wrong_experiment_is_an_error, 0, ROWS(wrong));
    tcase_add_loop_test(c, an_experiment_that_checks_nothing_is_an_error, 0, ROWS(unchecked));
    tcase_add_test(c, what_is_wrong_in_a_check_is_all_that_is_said_of_it);
    tcase_add_test(c, a_matrix_is_not_seen_outside_of_its_experiment);
    tcase_add_test(c, a_matrix_does_not_hide_a_variable);
    tcase_add_test(c, an_error_of_many_cells_is_said_once);
    tcase_add_loop_test(c, a_cell_is_labelled_by_its_choices, 0, ROWS(labels));
    tcase_add_test(c, a_cell_has_its_faults_in_order);
    tcase_add_test(c, a_matrix_is_seen_by_all_parts_of_its_experiment);
    tcase_add_test(c, a_seed_follows_from_seed_name_and_label_alone);
    tcase_add_test(c, more_cells_than_there_may_be_are_refused);
    tcase_add_test(c, as_many_cells_as_there_may_be_are_made);
    tcase_add_test(c, axes_that_overflow_a_number_are_refused);
    tcase_add_test(c, large_experiments_in_many_cells_are_refused);
    tcase_add_test(c, more_faults_than_there_are_rules_are_refused);
    tcase_add_test(c, questions_have_names_and_words);
    return check_main(suite);
}
