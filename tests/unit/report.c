/* Reports: what each says of one known run, and that no text of a run breaks one. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chaosctl/base/buf.h"
#include "chaosctl/base/clean.h"
#include "chaosctl/report/journal.h"
#include "chaosctl/report/report.h"
#include "chaosctl/report/text.h"
#include "chaosctl/report/words.h"
#include "check_main.h"
#include "result_fixture.h"

static const struct report_style narrow = {.columns = 60};

/* Controls, an escape sequence, what ends CDATA, tables and commands, emoji, bytes that are no UTF-8, a wide
 * and a combining character, a direction override, a surrogate, a cut sequence. */
static const char hostile[] = "a\x01\x1b[31m]]>&<b>\"'|\n::error::x\r%25\t\U0001f600\xff\xc0\x80\u6f22"
                              "e\u0301\u202e\xed\xa0\x80\x7f\xc2\x85\uffff`*_\\ end\xe2\x82";

static struct run_result hostile_run(struct cell_result *cell, struct check_result *check,
                                     struct fault_result *fault, struct load_result *load)
{
    struct run_result run = fixture;

    *check = failed_checks[1];
    check->text = check->expected = check->observed = hostile;
    *fault = unhit_faults[0];
    fault->text = fault->hits_expected = fault->kind = hostile;
    *load = bad_loads[2];
    load->name = load->note = hostile;
    *cell = fixture_cells[1];
    cell->experiment = cell->label = cell->hypothesis = cell->reason = hostile;
    cell->checks = check;
    cell->faults = fault;
    cell->loads = load;
    cell->checks_count = cell->faults_count = cell->loads_count = 1;
    run.run = run.scenario = run.file = run.version = run.journal = run.host = run.reason = hostile;
    run.cells = cell;
    run.cells_count = 1;
    return run;
}

static void render(const char *name, const struct run_result *run, const struct report_style *style,
                   struct buf *out)
{
    const struct report *report = report_find(name);

    ck_assert_ptr_nonnull(report);
    ck_assert_int_eq(report->render(run, style, out), 0);
}

static void render_hostile(const char *name, struct buf *out)
{
    struct cell_result cell;
    struct check_result check;
    struct fault_result fault;
    struct load_result load;
    struct run_result run = hostile_run(&cell, &check, &fault, &load);

    render(name, &run, &narrow, out);
}

static char *read_file(const char *path)
{
    struct buf text = {0};
    cleanup_file FILE *file = fopen(path, "r");

    ck_assert_msg(file != NULL, "%s is missing: a report needs its golden file", path);
    for (int c; (c = getc(file)) != EOF;)
        buf_add_char(&text, (char)c);
    return buf_steal(&text);
}

static void no_line_is_wider_than(size_t columns, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        cleanup_free char *line = strndup(text, len);
        ck_assert_msg(text_columns(line) <= columns, "%s", line);
        text += len + (text[len] == '\n');
    }
}

/* Renew by REPORT_GOLDEN=1 build/tests/unit/report, then read every line of the difference. */
/* The first line that differs: whole reports are too long for a message. */
static void assert_same(const char *path, const char *got, const char *golden)
{
    int line = 1;

    for (; *got && *got == *golden; got++, golden++)
        line += *got == '\n';
    ck_assert_msg(*got == *golden, "%s:%d: got \"%.60s\", golden is \"%.60s\"", path, line, got, golden);
}

START_TEST(every_report_says_what_its_golden_file_says)
{
    for (const struct report *const *r = reports; *r; r++) {
        cleanup_buf struct buf text = {0};
        char path[128];
        snprintf(path, sizeof(path), "tests/golden/%s.golden", (*r)->name);
        render((*r)->name, &fixture, &narrow, &text);
        if (getenv("REPORT_GOLDEN"))
            ck_assert_int_eq(report_save(path, text.data, text.len), 0);
        cleanup_free char *golden = read_file(path);
        assert_same(path, buf_text(&text), golden);
    }
}
END_TEST

START_TEST(a_journal_renders_as_the_run_did)
{
    char path[] = "/tmp/chaosctl-report-XXXXXX";
    static const struct scenario no_secrets = {0};
    struct journal *journal = NULL;
    struct run_result *result = NULL;
    char *why = NULL;

    close(mkstemp(path));
    ck_assert_int_eq(journal_open(path, "run", &no_secrets, &journal), 0);
    journal_run_started(journal, &fixture);
    for (size_t i = 0; i < fixture.cells_count; i++)
        journal_cell(journal, &fixture.cells[i]);
    journal_run_ended(journal, &fixture);
    journal_close(journal);
    ck_assert_int_eq(journal_read(path, &result, &why), 0);
    for (const struct report *const *r = reports; *r; r++) {
        cleanup_buf struct buf live = {0}, past = {0};
        render((*r)->name, &fixture, &narrow, &live);
        render((*r)->name, result, &narrow, &past);
        ck_assert_str_eq(buf_text(&live), buf_text(&past));
    }
    result_free(result);
    unlink(path);
}
END_TEST

START_TEST(a_result_without_texts_is_rendered)
{
    static const struct check_result check = {.outcome = OUTCOME_FAILED};
    static const struct fault_result fault = {0};
    static const struct load_result load = {.errors = 1, .samples = 1};
    static const struct cell_result cell = {.verdict = VERDICT_REFUTED,
                                            .checks = &check,
                                            .checks_count = 1,
                                            .faults = &fault,
                                            .faults_count = 1,
                                            .loads = &load,
                                            .loads_count = 1,
                                            .answers = 31};
    static const struct run_result run = {.cells = &cell, .cells_count = 1}, empty = {0};

    for (const struct report *const *r = reports; *r; r++) {
        cleanup_buf struct buf one = {0}, none = {0};
        render((*r)->name, &run, &narrow, &one);
        render((*r)->name, &empty, &narrow, &none);
        ck_assert(one.len && none.len);
    }
}
END_TEST

START_TEST(the_terminal_keeps_within_its_columns)
{
    for (int columns = 40; columns <= 130; columns++) {
        struct report_style style = {.columns = columns};
        cleanup_buf struct buf text = {0};
        render("terminal", &fixture, &style, &text);
        no_line_is_wider_than((size_t)columns, buf_text(&text));
    }
}
END_TEST

START_TEST(hostile_text_keeps_within_the_columns_and_reaches_no_terminal)
{
    cleanup_buf struct buf text = {0};

    render_hostile("terminal", &text);
    no_line_is_wider_than(60, buf_text(&text));
    for (const char *p = buf_text(&text); *p;) {
        uint32_t c = text_next(&p);
        ck_assert_msg(c == '\n' || (c >= ' ' && c != 0x7f && !(c >= 0x80 && c <= 0x9f)), "U+%04X", c);
        ck_assert_uint_ne(c, 0x202e);
    }
}
END_TEST

static int xmllint(const char *xml)
{
    FILE *pipe = popen("xmllint --noout --nonet --schema tests/golden/junit.xsd - 2>/dev/null", "w");

    ck_assert_ptr_nonnull(pipe);
    fputs(xml, pipe);
    return pclose(pipe);
}

START_TEST(hostile_text_leaves_xml_well_formed_and_valid)
{
    cleanup_buf struct buf text = {0};

    render_hostile("junit", &text);
    ck_assert_int_eq(xmllint(buf_text(&text)), 0);
    ck_assert_int_ne(xmllint("<testsuites><testsuite/></testsuites>"), 0);
    for (const char *p = buf_text(&text); *p;) {
        uint32_t c = text_next(&p);
        ck_assert_msg(c == '\n' || (c >= ' ' && c != 0xffff), "U+%04X", c);
    }
    ck_assert_ptr_null(strstr(buf_text(&text), "]]>"));
    ck_assert_ptr_nonnull(strstr(buf_text(&text), "\U0001f600"));
}
END_TEST

START_TEST(junit_never_skips_and_never_passes_what_is_not_a_pass)
{
    for (int v = 0; v < VERDICT_COUNT; v++) {
        struct cell_result cell = fixture_cells[2];
        struct run_result run = fixture;
        cleanup_buf struct buf text = {0};
        cell.verdict = run.verdict = (enum verdict_of_run)v;
        run.cells = &cell;
        run.cells_count = 1;
        render("junit", &run, &narrow, &text);
        bool failure = strstr(buf_text(&text), "<failure"), error = strstr(buf_text(&text), "<error");
        ck_assert_int_eq(failure, v == VERDICT_REFUTED);
        ck_assert_int_eq(error, v != VERDICT_REFUTED && v != VERDICT_PASS);
        ck_assert_ptr_null(strstr(buf_text(&text), "<skipped"));
    }
}
END_TEST

START_TEST(a_run_that_did_not_end_is_green_nowhere)
{
    static const struct {
        const char *report, *says;
    } rows[] = {
        {"junit", "<error type=\"inconclusive\" message=\"the run did not end: the journal stops"},
        {"github", "::error title=chaosctl%3A inconclusive::the run did not end"},
        {"markdown", "**the run did not end"},
        {"html", "<b class=\"failed\">the run did not end"},
        {"json", "\"complete\": false"},
        {"terminal", "the run did not end"},
    };
    struct run_result run = fixture;

    run.complete = false;
    run.cells_count = 1;
    run.verdict = VERDICT_INCONCLUSIVE;
    run.reason = "the run did not end: the journal stops at 3 s";
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        cleanup_buf struct buf text = {0};
        render(rows[i].report, &run, &narrow, &text);
        ck_assert_msg(strstr(buf_text(&text), rows[i].says) != NULL, "%s: %s", rows[i].report,
                      buf_text(&text));
    }
}
END_TEST

START_TEST(hostile_text_gives_github_no_command_of_its_own)
{
    cleanup_buf struct buf text = {0};
    size_t lines = 0;

    render_hostile("github", &text);
    for (const char *p = buf_text(&text); *p; p += strcspn(p, "\n") + 1, lines++)
        ck_assert(!strncmp(p, "::error file=", 13) || !strncmp(p, "::notice title=", 15) ||
                  !strncmp(p, "::error title=", 14));
    ck_assert_uint_eq(lines, 3); /* the run's trouble, the check, the totals */
    ck_assert_ptr_nonnull(strstr(buf_text(&text), "|%0A::error::x%0D%2525"));
    ck_assert_ptr_nonnull(strstr(buf_text(&text), "|%0A%3A%3Aerror%3A%3Ax%0D%2525"));
}
END_TEST

START_TEST(hostile_text_breaks_no_markdown_table)
{
    cleanup_buf struct buf text = {0};

    render_hostile("markdown", &text);
    const char *row = strstr(buf_text(&text), "| during |");
    ck_assert_ptr_nonnull(row);
    size_t bars = 0;
    for (const char *p = row; *p != '\n'; p++)
        bars += *p == '|' && (p == row || p[-1] != '\\');
    ck_assert_uint_eq(bars, 6);
    ck_assert_ptr_null(strstr(buf_text(&text), "<b>"));
    ck_assert_ptr_nonnull(strstr(buf_text(&text), "\\|"));
}
END_TEST

START_TEST(hostile_text_becomes_no_markup_in_html)
{
    cleanup_buf struct buf text = {0};
    size_t open = 0, close = 0;

    render_hostile("html", &text);
    ck_assert_ptr_null(strstr(buf_text(&text), "<b>"));
    ck_assert_ptr_nonnull(strstr(buf_text(&text), "]]&gt;&amp;&lt;b&gt;&quot;&#39;|"));
    for (const char *p = buf_text(&text); *p; p++) {
        open += *p == '<';
        close += *p == '>';
    }
    ck_assert_uint_eq(open, close);
    ck_assert_ptr_null(strstr(buf_text(&text), "<script"));
}
END_TEST

START_TEST(json_is_json_and_seeds_survive)
{
    cleanup_buf struct buf text = {0}, bad = {0};

    render("json", &fixture, &narrow, &text);
    json_t *root = json_loads(buf_text(&text), JSON_REJECT_DUPLICATES, NULL);
    const json_t *cell = json_array_get(json_object_get(root, "cells"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(cell, "seed")), "18446744073709551615");
    ck_assert_int_eq(json_integer_value(json_object_get(root, "exit_code")), 4);
    json_decref(root);
    render_hostile("json", &bad);
    root = json_loads(buf_text(&bad), JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(root);
    json_decref(root);
}
END_TEST

START_TEST(an_almost_full_success_is_not_shown_as_a_hundred)
{
    static const struct {
        double percent;
        const char *shown;
    } rows[] = {{100, "100%"},   {99.999, "99.99%"}, {99.99, "99.99%"}, {71.25, "71.25%"}, {71.5, "71.5%"},
                {0.05, "0.05%"}, {0, "0%"},          {-1, "0%"},        {1e300, "0%"}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        cleanup_buf struct buf text = {0};
        words_percent(rows[i].percent, &text);
        ck_assert_str_eq(buf_text(&text), rows[i].shown);
    }
}
END_TEST

/* The load held as well, and comes first: it says least. */
START_TEST(a_question_is_answered_by_the_check_that_tells_most)
{
    const struct check_result shown[] = {
        {PHASE_DURING, "load browse", "", "success is 100%", OUTCOME_HELD, 9, {1, 1}},
        {PHASE_DURING, "log shop", "", "2 lines match", OUTCOME_HELD, 2, {2, 1}},
        {PHASE_DURING, "metric failures_total", "", "increase is 2", OUTCOME_HELD, 1, {3, 1}},
    };
    const char *const wanted[QUESTION_COUNT] = {
        [QUESTION_MONITOR] = "e: metric failures_total: increase is 2",
        [QUESTION_DISABLE] = "e: load browse: success is 100%",
        [QUESTION_RECOVER] = "e: load browse: success is 100%",
        [QUESTION_SCALE] = "e: load browse: success is 100%",
        [QUESTION_UNDERSTAND] = "e: log shop: 2 lines match",
    };
    const struct cell_result cell = {.experiment = "e",
                                     .label = "",
                                     .answers = (1u << QUESTION_COUNT) - 1,
                                     .checks = shown,
                                     .checks_count = 3};
    const struct run_result run = {.cells = &cell, .cells_count = 1};

    for (int q = 0; q < QUESTION_COUNT; q++) {
        cleanup_buf struct buf evidence = {0};
        ck_assert_int_eq(words_question(&run, (enum question)q, &evidence), ANSWER_YES);
        ck_assert_str_eq(buf_text(&evidence), wanted[q]);
    }
}
END_TEST

START_TEST(a_question_is_answered_by_all_that_speak_to_it)
{
    static const struct {
        enum verdict_of_run a, b;
        enum answer answer;
    } rows[] = {
        {VERDICT_PASS, VERDICT_PASS, ANSWER_YES},
        {VERDICT_PASS, VERDICT_REFUTED, ANSWER_NO},
        {VERDICT_INCONCLUSIVE, VERDICT_REFUTED, ANSWER_NO},
        {VERDICT_PASS, VERDICT_STOPPED, ANSWER_PARTLY},
        {VERDICT_INCONCLUSIVE, VERDICT_TOOL_FAILED, ANSWER_OPEN},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct cell_result cells[2] = {{.verdict = rows[i].a, .answers = 1u << QUESTION_SCALE},
                                             {.verdict = rows[i].b, .answers = 1u << QUESTION_SCALE}};
        struct run_result run = {.cells = cells, .cells_count = 2};
        cleanup_buf struct buf evidence = {0};
        ck_assert_int_eq(words_question(&run, QUESTION_SCALE, &evidence), rows[i].answer);
        ck_assert_int_eq(words_question(&run, QUESTION_DISABLE, &evidence), ANSWER_UNTESTED);
    }
}
END_TEST

START_TEST(colour_changes_nothing_but_the_colour)
{
    struct report_style coloured = {.colour = true, .columns = 60};
    cleanup_buf struct buf plain = {0}, colour = {0}, stripped = {0};

    render("terminal", &fixture, &narrow, &plain);
    render("terminal", &fixture, &coloured, &colour);
    for (const char *p = buf_text(&colour); *p; p++)
        if (*p == '\033')
            p = strchr(p, 'm');
        else
            buf_add_char(&stripped, *p);
    ck_assert_str_eq(buf_text(&plain), buf_text(&stripped));
    ck_assert_ptr_nonnull(strstr(buf_text(&colour), "\033[31mREFUTED\033[0m"));
}
END_TEST

START_TEST(the_live_line_keeps_within_its_columns)
{
    const struct progress progress = {.experiment = "recs-fail",
                                      .label = hostile,
                                      .phase = "during",
                                      .cell = 2,
                                      .cells = 5,
                                      .left_ns = MS(3200),
                                      .samples = 120,
                                      .failures = 3,
                                      .hits = 4};

    for (int columns = 1; columns < 200; columns++) {
        struct report_style style = {.columns = columns};
        cleanup_buf struct buf line = {0};
        report_progress(&progress, &style, &line);
        ck_assert_uint_le(text_columns(buf_text(&line)), (size_t)columns);
        ck_assert_ptr_null(strpbrk(buf_text(&line), "\n\r\033"));
    }
}
END_TEST

START_TEST(the_live_line_says_what_goes_on)
{
    const struct progress progress = {.experiment = "redis-down",
                                      .label = "",
                                      .phase = "during",
                                      .cell = 1,
                                      .cells = 3,
                                      .left_ns = MS(3200),
                                      .samples = 1,
                                      .failures = 1,
                                      .hits = 4};
    cleanup_buf struct buf line = {0};

    report_progress(&progress, &(struct report_style){.columns = 80}, &line);
    ck_assert_str_eq(buf_text(&line), "[1/3] redis-down: during, 3.2 s left | 1 sample, 1 failed | 4 hits");
}
END_TEST

START_TEST(a_number_is_not_torn_from_its_unit)
{
    cleanup_buf struct buf text = {0};

    text_wrap(&text, "timed out after 200 ms or so", 0, 2, 20);
    ck_assert_str_eq(buf_text(&text), "timed out after\n  200 ms or so\n");
}
END_TEST

START_TEST(a_report_is_saved_whole_and_devices_stay_devices)
{
    char folder[] = "/tmp/chaosctl-save-XXXXXX", file[64], link[64];
    struct stat st;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(file, sizeof(file), "%s/a", folder);
    snprintf(link, sizeof(link), "%s/b", folder);
    ck_assert_int_eq(report_save(file, "one", 3), 0);
    ck_assert_int_eq(symlink(file, link), 0);
    ck_assert_int_eq(report_save(link, "two", 3), 0);
    ck_assert_int_eq(lstat(link, &st), 0);
    ck_assert(S_ISLNK(st.st_mode));
    cleanup_free char *text = read_file(file);
    ck_assert_str_eq(text, "two");
    ck_assert_int_eq(report_save("/dev/full", "x", 1), -ENOSPC);
    ck_assert_int_eq(report_save("/dev/null", "x", 1), 0);
    ck_assert(!stat("/dev/null", &st) && S_ISCHR(st.st_mode));
    ck_assert_int_eq(report_save(folder, "x", 1), -EISDIR);
    ck_assert_int_eq(report_save("/tmp/no/such/folder", "x", 1), -ENOENT);
    unlink(link);
    unlink(file);
    rmdir(folder);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report");
    TCase *tc = tcase_create("report");

    suite_add_tcase(suite, tc);
    tcase_add_test(tc, every_report_says_what_its_golden_file_says);
    tcase_add_test(tc, a_journal_renders_as_the_run_did);
    tcase_add_test(tc, a_result_without_texts_is_rendered);
    tcase_add_test(tc, the_terminal_keeps_within_its_columns);
    tcase_add_test(tc, hostile_text_keeps_within_the_columns_and_reaches_no_terminal);
    tcase_add_test(tc, hostile_text_leaves_xml_well_formed_and_valid);
    tcase_add_test(tc, junit_never_skips_and_never_passes_what_is_not_a_pass);
    tcase_add_test(tc, a_run_that_did_not_end_is_green_nowhere);
    tcase_add_test(tc, hostile_text_gives_github_no_command_of_its_own);
    tcase_add_test(tc, hostile_text_breaks_no_markdown_table);
    tcase_add_test(tc, hostile_text_becomes_no_markup_in_html);
    tcase_add_test(tc, json_is_json_and_seeds_survive);
    tcase_add_test(tc, an_almost_full_success_is_not_shown_as_a_hundred);
    tcase_add_test(tc, a_question_is_answered_by_the_check_that_tells_most);
    tcase_add_test(tc, a_question_is_answered_by_all_that_speak_to_it);
    tcase_add_test(tc, colour_changes_nothing_but_the_colour);
    tcase_add_test(tc, the_live_line_keeps_within_its_columns);
    tcase_add_test(tc, the_live_line_says_what_goes_on);
    tcase_add_test(tc, a_number_is_not_torn_from_its_unit);
    tcase_add_test(tc, a_report_is_saved_whole_and_devices_stay_devices);
    return check_main(suite);
}
