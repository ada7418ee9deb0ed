/* One cell, as people read it.  Floor 4. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "chaosctl/base/unit.h"
#include "chaosctl/report/page.h"
#include "chaosctl/report/text.h"
#include "chaosctl/report/words.h"

static const enum ink inks[VERDICT_COUNT] = {
    [VERDICT_PASS] = INK_GREEN,     [VERDICT_INCONCLUSIVE] = INK_YELLOW, [VERDICT_REFUTED] = INK_RED,
    [VERDICT_STOPPED] = INK_YELLOW, [VERDICT_TOOL_FAILED] = INK_RED,
};

static void put_head(const struct page *page, const struct cell_result *cell)
{
    cleanup_buf struct buf title = {0};
    char took[UNIT_TEXT_BYTES];

    words_title(cell, &title);
    buf_printf(&title, " (%s)", unit_format_duration(cell->duration_ns, took));
    page_entry(page, inks[cell->verdict], 0, words_mark(cell->verdict), buf_text(&title));
}

/* "expected  ..." under a check: a label within the text's column. */
static void put_detail(const struct page *page, const char *label, const char *text)
{
    cleanup_buf struct buf line = {0};

    if (!*words_text(text))
        return;
    buf_printf(&line, "%-10s", label);
    buf_printf(page->out, "%*s%s", PAGE_LABEL, "", buf_text(&line));
    buf_clear(&line);
    page_safe(&line, text);
    text_wrap(page->out, buf_text(&line), PAGE_LABEL + 10, PAGE_LABEL + 10, page->columns);
}

static void put_finding(const struct page *page, const struct run_result *result,
                        const struct check_result *check)
{
    cleanup_buf struct buf head = {0}, place = {0};

    buf_add(&head, words_text(check->text));
    if (check->outcome == OUTCOME_UNKNOWN)
        buf_printf(&head, " (could not be judged; %" PRIu64 " sample%s)", check->samples,
                   check->samples == 1 ? "" : "s");
    page_entry(page, check->outcome == OUTCOME_FAILED ? INK_RED : INK_YELLOW, 2, phase_name(check->phase),
               buf_text(&head));
    put_detail(page, "expected", check->expected);
    put_detail(page, "observed", check->observed);
    words_place(result, check->at, &place);
    put_detail(page, "at", buf_text(&place));
}

static void put_faults(const struct page *page, const struct run_result *result,
                       const struct cell_result *cell)
{
    for (size_t i = 0; i < cell->faults_count; i++) {
        const struct fault_result *fault = &cell->faults[i];
        cleanup_buf struct buf line = {0}, place = {0};
        buf_printf(&line, "%s: ", words_text(fault->text));
        words_fault(fault, &line);
        page_entry(page, fault->landed ? INK_DIM : INK_YELLOW, 2, "fault", buf_text(&line));
        if (fault->landed)
            continue;
        words_place(result, fault->at, &place);
        put_detail(page, "at", buf_text(&place));
    }
}

/* The name in 14 columns, then numbers to the right: 60 columns in all. */
static void put_load_row(const struct page *page, enum ink ink, const char *name, const char *const cells[5])
{
    static const int widths[5] = {8, 9, 9, 9, 9};
    cleanup_buf struct buf row = {0}, safe = {0}, shown = {0};

    text_line(&safe, name);
    text_elide(&shown, buf_text(&safe), 14);
    buf_printf(&row, "  %s%*s", buf_text(&shown), (int)(14 - text_columns(buf_text(&shown))), "");
    for (int i = 0; i < 5; i++)
        buf_printf(&row, "%*s", widths[i], cells[i]);
    page_row(page, ink, buf_text(&row));
}

static void put_load_phase(const struct page *page, const struct load_result *load)
{
    char samples[24], p50[UNIT_TEXT_BYTES], p95[UNIT_TEXT_BYTES], p99[UNIT_TEXT_BYTES];
    cleanup_buf struct buf name = {0}, success = {0}, note = {0};

    snprintf(samples, sizeof(samples), "%" PRIu64, load->samples);
    buf_printf(&name, "  %s", phase_name(load->phase));
    unit_format_duration(load->p50_ns, p50);
    unit_format_duration(load->p95_ns, p95);
    unit_format_duration(load->p99_ns, p99);
    words_percent(load->success_percent, &success);
    const char *some[5] = {samples, buf_text(&success), p50, p95, p99};
    const char *none[5] = {"0", "-", "-", "-", "-"};
    put_load_row(page, INK_NONE, buf_text(&name), load->samples ? some : none);
    if (!load->errors || !*words_text(load->note))
        return;
    buf_printf(&note, "%" PRIu64 " failed, mostly: %s", load->errors, load->note);
    page_text(page, INK_DIM, 6, buf_text(&note));
}

static bool is_first_of_load(const struct cell_result *cell, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (!strcmp(words_text(cell->loads[i].name), words_text(cell->loads[at].name)))
            return false;
    return true;
}

/* Phases of one load together, in their order in time. */
static void put_loads(const struct page *page, const struct cell_result *cell)
{
    static const char *const titles[5] = {"samples", "success", "p50", "p95", "p99"};

    for (size_t i = 0; i < cell->loads_count; i++) {
        const char *name = words_text(cell->loads[i].name);
        cleanup_buf struct buf head = {0};
        if (!is_first_of_load(cell, i))
            continue;
        buf_printf(&head, "load %s", name);
        put_load_row(page, INK_DIM, buf_text(&head), titles);
        for (size_t j = i; j < cell->loads_count; j++)
            if (!strcmp(words_text(cell->loads[j].name), name))
                put_load_phase(page, &cell->loads[j]);
    }
}

static void put_findings(const struct page *page, const struct run_result *result,
                         const struct cell_result *cell)
{
    cleanup_buf struct buf why = {0};

    words_why(cell, &why);
    page_entry(page, INK_DIM, 2, "why", buf_text(&why));
    for (size_t i = 0; i < cell->checks_count; i++)
        if (words_is_finding(&cell->checks[i]))
            put_finding(page, result, &cell->checks[i]);
}

/* A pass shows what it rests on.  The steady state before and after is told by the recovery. */
#define HELD_MAX 6

static bool is_evidence(const struct check_result *check)
{
    return check->outcome == OUTCOME_HELD && (check->phase == PHASE_DURING || check->phase == PHASE_AFTER);
}

static void put_held(const struct page *page, const struct cell_result *cell)
{
    size_t shown = 0, more = 0;

    for (size_t i = 0; i < cell->checks_count; i++) {
        const struct check_result *check = &cell->checks[i];
        cleanup_buf struct buf line = {0};
        if (!is_evidence(check))
            continue;
        if (shown++ >= HELD_MAX) {
            more++;
            continue;
        }
        buf_printf(&line, "%s: %s", words_text(check->text), words_text(check->observed));
        page_entry(page, INK_DIM, 2, "held", buf_text(&line));
    }
    if (more) {
        cleanup_buf struct buf line = {0};
        buf_printf(&line, "and %zu more checks", more);
        page_entry(page, INK_DIM, 2, "held", buf_text(&line));
    }
}

/* The timeline of what people did: a cell that somebody took a hand in says so, whatever its verdict. */
static void put_deeds(const struct page *page, const struct cell_result *cell)
{
    for (size_t i = 0; i < cell->deeds_count; i++) {
        char at[UNIT_TEXT_BYTES];
        cleanup_buf struct buf line = {0};
        buf_printf(&line, "%s: ", unit_format_duration(cell->deeds[i].at_ns, at));
        words_deed(&cell->deeds[i], &line);
        page_entry(page, INK_YELLOW, 2, "live", buf_text(&line));
    }
}

void page_cell(const struct page *page, const struct run_result *result, const struct cell_result *cell,
               bool loads)
{
    cleanup_buf struct buf recovery = {0};

    put_head(page, cell);
    if (*words_text(cell->hypothesis))
        page_entry(page, INK_DIM, 2, "hypothesis", cell->hypothesis);
    if (cell->verdict != VERDICT_PASS)
        put_findings(page, result, cell);
    else
        put_held(page, cell);
    put_faults(page, result, cell);
    put_deeds(page, cell);
    words_recovery(cell, &recovery);
    page_entry(page, INK_DIM, 2, "recovery", buf_text(&recovery));
    if (loads)
        put_loads(page, cell);
    if (cell->dropped)
        page_entry(page, INK_DIM, 2, "journal", "it lacks some hits, which are counted all the same");
}
