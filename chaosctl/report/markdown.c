/* Markdown for a job's summary (GITHUB_STEP_SUMMARY) or a merge request.  Floor 4. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "chaosctl/base/unit.h"
#include "chaosctl/report/report.h"
#include "chaosctl/report/text.h"
#include "chaosctl/report/words.h"

#define TEXT_COLUMNS_MAX 300 /* of one text: a summary may have 1 MiB in all */

static const char *const marks[VERDICT_COUNT] = {
    [VERDICT_PASS] = "\u2705",    [VERDICT_INCONCLUSIVE] = "\u2754",    [VERDICT_REFUTED] = "\u274c",
    [VERDICT_STOPPED] = "\u26d4", [VERDICT_TOOL_FAILED] = "\U0001f4a5",
};

/* One line in which nothing is markup: CommonMark lets every ASCII punctuation be escaped; HTML needs
 * entities. */
static void put_text(struct buf *out, const char *text)
{
    cleanup_buf struct buf line = {0}, shown = {0};

    text_line(&line, text);
    text_elide(&shown, buf_text(&line), TEXT_COLUMNS_MAX);
    for (const char *p = buf_text(&shown); *p; p++) {
        if (*p == '<' || *p == '>' || *p == '&')
            buf_add(out, *p == '<' ? "&lt;" : *p == '>' ? "&gt;" : "&amp;");
        else if (strchr("\\`*_[]|~$#!@", *p))
            buf_printf(out, "\\%c", *p);
        else
            buf_add_char(out, *p);
    }
}

static void put_cell_of_row(struct buf *out, const char *text)
{
    buf_add_char(out, ' ');
    put_text(out, text);
    buf_add(out, " |");
}

static void put_paragraph(struct buf *out, const char *mark, const char *text)
{
    if (!*text)
        return;
    buf_printf(out, "\n%s", mark);
    put_text(out, text);
    buf_printf(out, "%s\n", mark);
}

static void put_title(struct buf *out, const struct run_result *result)
{
    cleanup_buf struct buf totals = {0}, trouble = {0};
    char took[UNIT_TEXT_BYTES];

    buf_printf(out, "## %s ", marks[result->verdict]);
    put_text(out, words_text(result->scenario));
    buf_printf(out, ": %s\n\n", verdict_name(result->verdict));
    words_totals(result, &totals);
    buf_printf(out, "%s, in %s. Exit code %d: %s.\n", buf_text(&totals),
               unit_format_duration(result->duration_ns, took), verdict_exit_code(result->verdict),
               words_meaning(result));
    put_paragraph(out, "**", words_trouble(result, &trouble) ? buf_text(&trouble) : "");
    put_paragraph(out, "", words_text(result->notice));
}

static void put_row(struct buf *out, const struct cell_result *cell)
{
    cleanup_buf struct buf title = {0}, recovery = {0}, why = {0};
    char took[UNIT_TEXT_BYTES];

    words_title(cell, &title);
    words_recovery(cell, &recovery);
    if (cell->verdict != VERDICT_PASS)
        words_why(cell, &why);
    buf_printf(out, "| %s %s |", marks[cell->verdict], verdict_name(cell->verdict));
    put_cell_of_row(out, buf_text(&title));
    put_cell_of_row(out, unit_format_duration(cell->duration_ns, took));
    put_cell_of_row(out, buf_text(&recovery));
    put_cell_of_row(out, buf_text(&why));
    buf_add_char(out, '\n');
}

static void put_rows(struct buf *out, const struct run_result *result)
{
    if (!result->cells_count)
        return;
    buf_add(out, "\n| Verdict | Experiment | Took | Recovery | Why |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < result->cells_count; i++)
        put_row(out, &result->cells[i]);
}

static void put_findings(struct buf *out, const struct run_result *result, const struct cell_result *cell)
{
    const char *head = "\n| Phase | Check | Expected | Observed | Where |\n|---|---|---|---|---|\n";

    for (size_t i = 0; i < cell->checks_count; i++) {
        const struct check_result *check = &cell->checks[i];
        cleanup_buf struct buf place = {0};
        if (!words_is_finding(check))
            continue;
        words_place(result, check->at, &place);
        buf_printf(out, "%s|", head);
        put_cell_of_row(out, phase_name(check->phase));
        put_cell_of_row(out, words_text(check->text));
        put_cell_of_row(out, words_text(check->expected));
        put_cell_of_row(out, words_text(check->observed));
        put_cell_of_row(out, buf_text(&place));
        buf_add_char(out, '\n');
        head = "";
    }
}

static void put_faults(struct buf *out, const struct cell_result *cell)
{
    buf_add(out, cell->faults_count ? "\n" : "");
    for (size_t i = 0; i < cell->faults_count; i++) {
        cleanup_buf struct buf words = {0};
        words_fault(&cell->faults[i], &words);
        buf_add(out, "- ");
        put_text(out, words_text(cell->faults[i].text));
        buf_add(out, ": ");
        put_text(out, buf_text(&words));
        buf_add_char(out, '\n');
    }
}

static void put_deeds(struct buf *out, const struct cell_result *cell)
{
    buf_add(out, cell->deeds_count ? "\n" : "");
    for (size_t i = 0; i < cell->deeds_count; i++) {
        cleanup_buf struct buf words = {0};
        char at[UNIT_TEXT_BYTES];
        words_deed(&cell->deeds[i], &words);
        buf_printf(out, "- live, at %s: ", unit_format_duration(cell->deeds[i].at_ns, at));
        put_text(out, buf_text(&words));
        buf_add_char(out, '\n');
    }
}

static void put_load(struct buf *out, const struct load_result *load)
{
    cleanup_buf struct buf success = {0};
    char text[UNIT_TEXT_BYTES];
    const uint64_t times[] = {load->p50_ns, load->p95_ns, load->p99_ns};

    words_percent(load->success_percent, &success);
    buf_add_char(out, '|');
    put_cell_of_row(out, words_text(load->name));
    put_cell_of_row(out, phase_name(load->phase));
    buf_printf(out, " %" PRIu64 " | %s |", load->samples, load->samples ? buf_text(&success) : "-");
    for (int i = 0; i < 3; i++)
        buf_printf(out, " %s |", load->samples ? unit_format_duration(times[i], text) : "-");
    put_cell_of_row(out, load->errors ? words_text(load->note) : "");
    buf_add_char(out, '\n');
}

static void put_loads(struct buf *out, const struct cell_result *cell)
{
    if (!cell->loads_count)
        return;
    buf_add(out, "\n| Load | Phase | Samples | Success | p50 | p95 | p99 | Mostly |\n"
                 "|---|---|--:|--:|--:|--:|--:|---|\n");
    for (size_t i = 0; i < cell->loads_count; i++)
        put_load(out, &cell->loads[i]);
}

static void put_details(struct buf *out, const struct run_result *result, const struct cell_result *cell)
{
    cleanup_buf struct buf title = {0};

    words_title(cell, &title);
    buf_printf(out, "\n### %s ", marks[cell->verdict]);
    put_text(out, buf_text(&title));
    buf_add_char(out, '\n');
    if (*words_text(cell->hypothesis)) {
        buf_add(out, "\nHypothesis: ");
        put_text(out, cell->hypothesis);
        buf_add_char(out, '\n');
    }
    put_findings(out, result, cell);
    put_faults(out, cell);
    put_deeds(out, cell);
    put_loads(out, cell);
}

static void put_questions(struct buf *out, const struct run_result *result)
{
    buf_add(out,
            "\n### Five questions before production\n\n| Question | Answer | Evidence |\n|---|---|---|\n");
    for (int q = 0; q < QUESTION_COUNT; q++) {
        cleanup_buf struct buf evidence = {0};
        enum answer answer = words_question(result, (enum question)q, &evidence);
        buf_add_char(out, '|');
        put_cell_of_row(out, question_text((enum question)q));
        put_cell_of_row(out, words_answer(answer));
        put_cell_of_row(out, buf_text(&evidence));
        buf_add_char(out, '\n');
    }
}

static void put_foot(struct buf *out, const struct run_result *result)
{
    buf_add(out, "\nRun ");
    put_text(out, words_text(result->run));
    buf_add(out, " of ");
    put_text(out, words_text(result->file));
    buf_printf(out, ", seed %" PRIu64 ", chaosctl ", result->seed);
    put_text(out, words_text(result->version));
    buf_add(out, ".\n");
}

static int render(const struct run_result *result, const struct report_style *style, struct buf *out)
{
    (void)style;
    put_title(out, result);
    put_rows(out, result);
    for (size_t i = 0; i < result->cells_count; i++)
        if (result->cells[i].verdict != VERDICT_PASS || result->cells[i].deeds_count)
            put_details(out, result, &result->cells[i]);
    put_questions(out, result);
    put_foot(out, result);
    return out->failed ? -ENOMEM : 0;
}

const struct report report_markdown = {
    .name = "markdown",
    .summary = "tables for a job summary or a merge request",
    .render = render,
};
