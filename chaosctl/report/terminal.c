/* What people see at the end of a run.  Floor 4.
 *
 * Words, not symbols: the marks read the same in a log, in a screen reader and in the C locale. */
#include <errno.h>
#include <inttypes.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/report/page.h"
#include "chaosctl/report/words.h"

/* Beyond this many cells the loads of those that passed are left to the other reports. */
#define CELLS_WITH_LOADS 8

static const enum ink answer_inks[ANSWER_COUNT] = {
    [ANSWER_UNTESTED] = INK_DIM,  [ANSWER_YES] = INK_GREEN,   [ANSWER_NO] = INK_RED,
    [ANSWER_PARTLY] = INK_YELLOW, [ANSWER_OPEN] = INK_YELLOW,
};

static void put_head(const struct page *page, const struct run_result *result)
{
    cleanup_buf struct buf line = {0};
    char when[CLOCK_TEXT_BYTES];

    page_text(page, INK_BOLD, 0, words_text(result->scenario));
    buf_printf(&line, "%s, seed %" PRIu64 ", run %s, %s on %s", words_text(result->file), result->seed,
               words_text(result->run), clock_text(result->started_wall_ns, when), words_text(result->host));
    page_text(page, INK_DIM, 0, buf_text(&line));
}

static void put_cells(const struct page *page, const struct run_result *result)
{
    for (size_t i = 0; i < result->cells_count; i++) {
        const struct cell_result *cell = &result->cells[i];
        page_gap(page);
        page_cell(page, result, cell,
                  cell->verdict != VERDICT_PASS || result->cells_count <= CELLS_WITH_LOADS);
    }
}

static void put_question(const struct page *page, const struct run_result *result, enum question question)
{
    cleanup_buf struct buf evidence = {0};
    enum answer answer = words_question(result, question, &evidence);

    page_entry(page, answer_inks[answer], 2, words_answer(answer), question_text(question));
    if (evidence.len)
        page_text(page, INK_NONE, PAGE_LABEL, buf_text(&evidence));
}

static void put_questions(const struct page *page, const struct run_result *result)
{
    page_gap(page);
    page_text(page, INK_BOLD, 0, "Five questions before production");
    for (int q = 0; q < QUESTION_COUNT; q++)
        put_question(page, result, (enum question)q);
}

static void put_verdict(const struct page *page, const struct run_result *result)
{
    static const enum ink inks[VERDICT_COUNT] = {
        [VERDICT_PASS] = INK_GREEN,     [VERDICT_INCONCLUSIVE] = INK_YELLOW, [VERDICT_REFUTED] = INK_RED,
        [VERDICT_STOPPED] = INK_YELLOW, [VERDICT_TOOL_FAILED] = INK_RED,
    };
    cleanup_buf struct buf totals = {0}, trouble = {0}, line = {0};
    char took[UNIT_TEXT_BYTES];

    page_gap(page);
    words_totals(result, &totals);
    buf_printf(&totals, ", in %s", unit_format_duration(result->duration_ns, took));
    page_text(page, INK_NONE, 0, buf_text(&totals));
    if (words_trouble(result, &trouble))
        page_text(page, INK_YELLOW, 0, buf_text(&trouble));
    if (*words_text(result->notice))
        page_text(page, INK_YELLOW, 0, result->notice);
    buf_printf(&line, "%s (exit code %d)", words_meaning(result), verdict_exit_code(result->verdict));
    page_entry(page, inks[result->verdict], 0, words_mark(result->verdict), buf_text(&line));
    if (*words_text(result->ways))
        page_entry(page, INK_DIM, 0, "seccomp", result->ways);
    if (*words_text(result->journal))
        page_entry(page, INK_DIM, 0, "journal", result->journal);
}

static int render(const struct run_result *result, const struct report_style *style, struct buf *ret_text)
{
    struct page page = page_on(ret_text, style);

    put_head(&page, result);
    put_cells(&page, result);
    put_questions(&page, result);
    put_verdict(&page, result);
    return ret_text->failed ? -ENOMEM : 0;
}

const struct report report_terminal = {
    .name = "terminal",
    .summary = "for people, within the width of the terminal",
    .render = render,
};
