/* Reports of what exploring found. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/file.h"
#include "chaosctl/report/text.h"
#include "check_main.h"
#include "explore_fixture.h"

static const struct report_style narrow = {.columns = 60}, wide = {.columns = 0};

/* What breaks a line, a tag, a string, a terminal; bytes that are no UTF-8; what changes the direction of
 * text. */
static const char hostile[] =
    "a\x01\x1b[31m]]>&<b>\"'\n%25\t\xff\xc0\x80\u6f22\u202e\xed\xa0\x80\x7f end\xe2\x82";

static void render(const char *name, const struct defects *defects, const struct report_style *style,
                   struct buf *out)
{
    const struct explore_report *report = explore_report_find(name);

    ck_assert_ptr_nonnull(report);
    ck_assert_int_eq(report->render(defects, style, out), 0);
}

/* The first line that differs. */
static void assert_same(const char *path, const char *got, const char *golden)
{
    int line = 1;

    for (; *got && *got == *golden; got++, golden++)
        line += *got == '\n';
    ck_assert_msg(*got == *golden, "%s:%d: got \"%.60s\", golden is \"%.60s\"", path, line, got, golden);
}

/* Renew by REPORT_GOLDEN=1 build/tests/unit/explore_report, then read every line of the difference. */
START_TEST(every_report_says_what_its_golden_file_says)
{
    for (const struct explore_report *const *r = explore_reports; *r; r++) {
        cleanup_buf struct buf text = {0}, golden = {0};
        char path[128];
        snprintf(path, sizeof(path), "tests/golden/explore_%s.golden", (*r)->name);
        render((*r)->name, &fixture, &narrow, &text);
        if (getenv("REPORT_GOLDEN"))
            ck_assert_int_eq(report_save(path, text.data, text.len), 0);
        ck_assert_int_eq(file_read(path, 1 << 20, &golden), 0);
        assert_same(path, buf_text(&text), buf_text(&golden));
    }
}
END_TEST

/* --- every text of the program's may be anything --- */

static struct module bad_module;
static struct place bad_place;
static struct point bad_point;
static struct finding bad_finding;
static struct suppression bad_suppression;
static struct defect bad_defects[2];
static struct explore_result bad_result;
static struct uncovered bad_uncovered;
static char bad_word[sizeof(hostile)];
static char *bad_argv[] = {bad_word, NULL};
static const char *bad_notes[] = {hostile};

static struct defects hostile_defects(void)
{
    memcpy(bad_word, hostile, sizeof(hostile));
    bad_module = (struct module){hostile, hostile};
    bad_place = (struct place){.function = hostile, .file = hostile, .line = 7, .module = &bad_module};
    bad_point = (struct point){.id = "p1", .call = "malloc", .error = "ENOMEM", .about = hostile};
    bad_finding =
        (struct finding){.point = &bad_point, .outcome = ENDING_SEGV, .signal = 99, .detail = hostile};
    bad_suppression = (struct suppression){.function = "f", .reason = hostile, .until = hostile};
    bad_defects[0] = (struct defect){.finding = &bad_finding,
                                     .points = 2,
                                     .injected = {&bad_place, 1, 0, false},
                                     .crash = {&bad_place, 1, 0, true},
                                     .at = &bad_place};
    bad_defects[1] = bad_defects[0];
    bad_defects[1].state = DEFECT_SUPPRESSED;
    bad_defects[1].suppression = &bad_suppression;
    bad_uncovered = (struct uncovered){hostile, 1};
    bad_result = (struct explore_result){.argv = bad_argv,
                                         .program = hostile,
                                         .folder = hostile,
                                         .uncovered = &bad_uncovered,
                                         .uncovered_count = 1,
                                         .notes = bad_notes,
                                         .notes_count = 1};
    return (struct defects){.result = &bad_result,
                            .items = bad_defects,
                            .count = 2,
                            .counts = {[DEFECT_NEW] = 1, [DEFECT_SUPPRESSED] = 1},
                            .trouble = hostile};
}

START_TEST(no_text_acts_upon_a_terminal_or_breaks_the_width)
{
    cleanup_buf struct buf out = {0};
    struct defects defects = hostile_defects();

    render("text", &defects, &narrow, &out);
    for (const char *text = buf_text(&out); *text;) {
        size_t len = strcspn(text, "\n");
        cleanup_free char *line = strndup(text, len);
        ck_assert_msg(text_columns(line) <= 60, "%s", line);
        for (const char *p = line; *p; p++)
            ck_assert_msg((unsigned char)*p >= ' ' && *p != 0x7f, "%s", line);
        text += len + (text[len] == '\n');
    }
}
END_TEST

START_TEST(colour_is_only_there_when_asked_for)
{
    cleanup_buf struct buf plain = {0}, colour = {0};

    render("text", &fixture, &wide, &plain);
    ck_assert_ptr_null(strchr(buf_text(&plain), '\033'));
    render("text", &fixture, &(struct report_style){.colour = true}, &colour);
    ck_assert_ptr_nonnull(strstr(buf_text(&colour), "\033[31msegv\033[0m"));
}
END_TEST

START_TEST(no_text_breaks_json_or_xml)
{
    static const char *const names[] = {"json", "sarif"};
    struct defects defects = hostile_defects();
    cleanup_buf struct buf xml = {0};

    for (int i = 0; i < 2; i++) {
        cleanup_buf struct buf out = {0};
        json_error_t error;
        render(names[i], &defects, &wide, &out);
        json_t *root = json_loads(buf_text(&out), 0, &error);
        ck_assert_msg(root != NULL, "%s: %s", names[i], error.text);
        json_decref(root);
    }
    render("junit", &defects, &wide, &xml);
    FILE *pipe = popen("xmllint --noout --nonet --schema tests/golden/junit.xsd - 2>/dev/null", "w");
    ck_assert_ptr_nonnull(pipe);
    ck_assert_uint_eq(fwrite(xml.data, 1, xml.len, pipe), xml.len);
    ck_assert_int_eq(pclose(pipe), 0);
}
END_TEST

START_TEST(nothing_new_exits_0_and_something_new_1)
{
    struct defects defects = fixture;

    ck_assert_int_eq(explore_exit_code(&defects), 1);
    defects.counts[DEFECT_NEW] = 0;
    ck_assert_int_eq(explore_exit_code(&defects), 0);
}
END_TEST

START_TEST(a_replay_command_survives_a_shell)
{
    cleanup_buf struct buf replay = {0};

    explore_replay(&fixture, &fixture_defects[0], &replay);
    ck_assert_str_eq(buf_text(&replay), "chaosctl explore --replay p1a2b -- jar --open 'the lid'\\''s.jar'");
}
END_TEST

/* --- SARIF: the part of the 2.1.0 schema that we write.  Every object has its required properties, and none
 * that the schema does not name. --- */

enum sarif {
    TEXT, /* and other plain values */
    LOG,
    RUN,
    TOOL,
    COMPONENT,
    RULE,
    CONFIGURATION,
    MESSAGE,
    INVOCATION,
    NOTIFICATION,
    RESULT,
    LOCATION,
    PHYSICAL,
    ARTIFACT,
    REGION,
    LOGICAL,
    STACK,
    FRAME,
    SUPPRESSION,
    ANY_TEXT,  /* a map of texts */
    ARTIFACTS, /* a map of artifact locations */
};

static const struct property {
    enum sarif of;
    const char *name;
    bool required, list;
    enum sarif is;
} schema[] = {
    {LOG, "$schema", false, false, TEXT},
    {LOG, "version", true, false, TEXT},
    {LOG, "runs", true, true, RUN},
    {RUN, "tool", true, false, TOOL},
    {RUN, "invocations", false, true, INVOCATION},
    {RUN, "columnKind", false, false, TEXT},
    {RUN, "originalUriBaseIds", false, false, ARTIFACTS},
    {RUN, "results", false, true, RESULT},
    {TOOL, "driver", true, false, COMPONENT},
    {COMPONENT, "name", true, false, TEXT},
    {COMPONENT, "version", false, false, TEXT},
    {COMPONENT, "rules", false, true, RULE},
    {RULE, "id", true, false, TEXT},
    {RULE, "shortDescription", false, false, MESSAGE},
    {RULE, "defaultConfiguration", false, false, CONFIGURATION},
    {CONFIGURATION, "level", false, false, TEXT},
    {MESSAGE, "text", true, false, TEXT},
    {INVOCATION, "executionSuccessful", true, false, TEXT},
    {INVOCATION, "exitCode", false, false, TEXT},
    {INVOCATION, "arguments", false, true, TEXT},
    {INVOCATION, "toolExecutionNotifications", false, true, NOTIFICATION},
    {NOTIFICATION, "message", true, false, MESSAGE},
    {NOTIFICATION, "level", false, false, TEXT},
    {RESULT, "message", true, false, MESSAGE},
    {RESULT, "ruleId", false, false, TEXT},
    {RESULT, "ruleIndex", false, false, TEXT},
    {RESULT, "level", false, false, TEXT},
    {RESULT, "locations", false, true, LOCATION},
    {RESULT, "stacks", false, true, STACK},
    {RESULT, "partialFingerprints", false, false, ANY_TEXT},
    {RESULT, "baselineState", false, false, TEXT},
    {RESULT, "suppressions", false, true, SUPPRESSION},
    {LOCATION, "physicalLocation", false, false, PHYSICAL},
    {LOCATION, "logicalLocations", false, true, LOGICAL},
    {PHYSICAL, "artifactLocation", true, false, ARTIFACT},
    {PHYSICAL, "region", false, false, REGION},
    {ARTIFACT, "uri", true, false, TEXT},
    {ARTIFACT, "uriBaseId", false, false, TEXT},
    {REGION, "startLine", true, false, TEXT},
    {LOGICAL, "name", false, false, TEXT},
    {LOGICAL, "kind", false, false, TEXT},
    {STACK, "frames", true, true, FRAME},
    {STACK, "message", false, false, MESSAGE},
    {FRAME, "location", false, false, LOCATION},
    {FRAME, "module", false, false, TEXT},
    {SUPPRESSION, "kind", true, false, TEXT},
    {SUPPRESSION, "status", false, false, TEXT},
    {SUPPRESSION, "justification", false, false, TEXT},
};
#define PROPERTIES (sizeof(schema) / sizeof(*schema))

static void validate(const json_t *value, enum sarif is, const char *name);

static void validate_property(const json_t *value, enum sarif of, const char *name)
{
    for (size_t i = 0; i < PROPERTIES; i++) {
        if (schema[i].of != of || strcmp(schema[i].name, name))
            continue;
        ck_assert_msg(json_is_array(value) == schema[i].list, "%s: a list, or none", name);
        for (size_t j = 0; j < json_array_size(value); j++)
            validate(json_array_get(value, j), schema[i].is, name);
        if (!schema[i].list)
            validate(value, schema[i].is, name);
        return;
    }
    ck_abort_msg("SARIF has no property %s there", name);
}

static void validate(const json_t *value, enum sarif is, const char *name)
{
    const char *key;
    json_t *child;

    ck_assert_msg(json_is_object(value) == (is != TEXT) && !json_is_null(value), "%s is of another type",
                  name);
    for (size_t i = 0; i < PROPERTIES; i++)
        if (schema[i].of == is && schema[i].required)
            ck_assert_msg(json_object_get(value, schema[i].name) != NULL, "%s needs %s", name,
                          schema[i].name);
    json_object_foreach((json_t *)value, key, child)
    {
        if (is == ANY_TEXT || is == ARTIFACTS)
            validate(child, is == ANY_TEXT ? TEXT : ARTIFACT, key);
        else
            validate_property(child, is, key);
    }
}

static json_t *sarif_of(const struct defects *defects)
{
    cleanup_buf struct buf out = {0};

    render("sarif", defects, &wide, &out);
    json_t *root = json_loads(buf_text(&out), 0, NULL);
    ck_assert_ptr_nonnull(root);
    return root;
}

static const json_t *run_of(const json_t *root)
{
    return json_array_get(json_object_get(root, "runs"), 0);
}

START_TEST(sarif_has_what_its_schema_requires_and_nothing_else)
{
    struct defects defects[] = {fixture, hostile_defects(), {.result = &fixture_result}};

    for (int i = 0; i < 3; i++) {
        json_t *root = sarif_of(&defects[i]);
        validate(root, LOG, "log");
        ck_assert_str_eq(json_string_value(json_object_get(root, "version")), "2.1.0");
        ck_assert_uint_eq(json_array_size(json_object_get(run_of(root), "results")), defects[i].count);
        json_decref(root);
    }
}
END_TEST

START_TEST(sarif_results_name_the_rule_at_their_index)
{
    json_t *root = sarif_of(&fixture), *result;
    const json_t *run = run_of(root);
    const json_t *rules = json_object_get(json_object_get(json_object_get(run, "tool"), "driver"), "rules");
    size_t i;

    json_array_foreach(json_object_get(run, "results"), i, result)
    {
        size_t index = (size_t)json_integer_value(json_object_get(result, "ruleIndex"));
        const json_t *id = json_object_get(json_array_get(rules, index), "id");
        ck_assert_str_eq(json_string_value(id), json_string_value(json_object_get(result, "ruleId")));
    }
    json_decref(root);
}
END_TEST

START_TEST(sarif_says_of_all_results_whether_they_are_new_or_of_none)
{
    struct defects alone = fixture;

    alone.has_baseline = false;
    for (int with = 0; with < 2; with++) {
        json_t *root = sarif_of(with ? &fixture : &alone), *result;
        size_t i;
        json_array_foreach(json_object_get(run_of(root), "results"), i, result)
            ck_assert_int_eq(json_object_get(result, "baselineState") != NULL, with);
        json_decref(root);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("explore_report");
    TCase *tc = tcase_create("explore_report");

    suite_add_tcase(suite, tc);
    tcase_add_test(tc, every_report_says_what_its_golden_file_says);
    tcase_add_test(tc, no_text_acts_upon_a_terminal_or_breaks_the_width);
    tcase_add_test(tc, colour_is_only_there_when_asked_for);
    tcase_add_test(tc, no_text_breaks_json_or_xml);
    tcase_add_test(tc, nothing_new_exits_0_and_something_new_1);
    tcase_add_test(tc, a_replay_command_survives_a_shell);
    tcase_add_test(tc, sarif_has_what_its_schema_requires_and_nothing_else);
    tcase_add_test(tc, sarif_results_name_the_rule_at_their_index);
    tcase_add_test(tc, sarif_says_of_all_results_whether_they_are_new_or_of_none);
    return check_main(suite);
}
