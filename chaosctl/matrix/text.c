/* The matrix for people.  Floor 4.
 *
 * Words, not symbols, as in the terminal report; columns that no dependency has are left out. */
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/matrix/matrix.h"
#include "chaosctl/report/page.h"
#include "chaosctl/report/text.h"
#include "chaosctl/report/words.h"

#define NAME_MIN 6 /* columns for a dependency's name at least */

static const char *const marks[CELL_OUTCOME_COUNT] = {
    [CELL_OPEN] = ".",        [CELL_PASSED] = "ok",   [CELL_REFUTED] = "FAIL",
    [CELL_UNCONFIRMED] = "?", [CELL_UNREACHED] = "-", [CELL_UNCLEAR] = "?",
};

/* --- the table --- */

struct grid {
    bool has[MATRIX_FAULT_COUNT];
    size_t gap, name; /* columns before each column, and of the names */
};

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t width_of(int fault)
{
    return larger(strlen(matrix_fault_name((enum matrix_fault)fault)), strlen(marks[CELL_REFUTED]));
}

static size_t widths_of(const struct grid *grid)
{
    size_t columns = 0;

    for (int k = 0; k < MATRIX_FAULT_COUNT; k++)
        columns += grid->has[k] ? grid->gap + width_of(k) : 0;
    return columns;
}

/* The names give way last: first the gaps, which are two columns where there is room. */
static struct grid grid_of(const struct matrix *m, size_t columns)
{
    struct grid grid = {.gap = 2};
    size_t longest = 0;

    for (size_t d = 0; d < m->scenario->dependencies_count; d++) {
        longest = larger(longest, text_columns(m->scenario->dependencies[d].name));
        for (int k = 0; k < MATRIX_FAULT_COUNT; k++)
            grid.has[k] = grid.has[k] || m->faults[d][k];
    }
    grid.name = longest;
    if (columns && longest + widths_of(&grid) > columns) {
        grid.gap = 1;
        size_t taken = widths_of(&grid);
        if (longest + taken > columns)
            grid.name = columns > taken + NAME_MIN ? columns - taken : NAME_MIN;
    }
    return grid;
}

static void put_cell(struct buf *row, const struct grid *grid, int fault, const char *mark)
{
    buf_printf(row, "%*s", (int)(grid->gap + width_of(fault)), mark);
}

/* One that nobody calls was not reached, whether or not that was tried. */
static enum matrix_outcome shown_outcome(const struct matrix_cell *cell)
{
    return !cell->runs && cell->rule == SKIP_UNCALLED ? CELL_UNREACHED : cell->outcome;
}

static void put_dependency(const struct page *page, const struct matrix *m, const struct grid *grid, size_t d)
{
    cleanup_buf struct buf row = {0};
    enum ink ink = INK_NONE;

    text_elide(&row, m->scenario->dependencies[d].name, grid->name);
    buf_printf(&row, "%*s", (int)(grid->name - text_columns(buf_text(&row))), "");
    for (int k = 0; k < MATRIX_FAULT_COUNT; k++) {
        enum matrix_outcome outcome = m->faults[d][k] ? shown_outcome(&m->cells[m->single[d][k]]) : CELL_OPEN;
        if (grid->has[k])
            put_cell(&row, grid, k, m->faults[d][k] ? marks[outcome] : "");
        ink = outcome == CELL_REFUTED ? INK_RED : ink;
    }
    while (row.len && row.data[row.len - 1] == ' ')
        row.data[--row.len] = '\0';
    page_row(page, ink, buf_text(&row));
}

static void put_table(const struct page *page, const struct matrix *m)
{
    struct grid grid = grid_of(m, page->columns);
    cleanup_buf struct buf head = {0};

    buf_printf(&head, "%*s", (int)grid.name, "");
    for (int k = 0; k < MATRIX_FAULT_COUNT; k++)
        if (grid.has[k])
            put_cell(&head, &grid, k, matrix_fault_name((enum matrix_fault)k));
    page_gap(page);
    page_row(page, INK_BOLD, buf_text(&head));
    for (size_t d = 0; d < m->scenario->dependencies_count; d++)
        put_dependency(page, m, &grid, d);
}

static bool has_mark(const struct matrix *m, const char *mark)
{
    for (size_t i = 0; i < m->singles; i++)
        if (!strcmp(marks[shown_outcome(&m->cells[i])], mark))
            return true;
    return false;
}

static void put_legend(const struct page *page, const struct matrix *m)
{
    static const char *const meanings[][2] = {
        {"ok", "passed"},
        {"FAIL", "refuted"},
        {"-", "not reached: the fault had nothing to strike"},
        {"?", "could not be judged"},
        {".", "not explored"},
    };
    struct grid grid = grid_of(m, 0);
    cleanup_buf struct buf line = {0}, faults = {0};

    for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++)
        if (has_mark(m, meanings[i][0]))
            buf_printf(&line, "%s%s %s", line.len ? "; " : "", meanings[i][0], meanings[i][1]);
    for (int k = 0; k < MATRIX_FAULT_COUNT; k++)
        if (grid.has[k])
            buf_printf(&faults, "%s%s: %s", faults.len ? "; " : "", matrix_fault_name((enum matrix_fault)k),
                       matrix_fault_meaning((enum matrix_fault)k));
    page_gap(page);
    page_text(page, INK_DIM, 0, buf_text(&line));
    page_text(page, INK_DIM, 0, buf_text(&faults));
}

/* --- what was found --- */

static void put_check(const struct page *page, const struct check_result *check)
{
    cleanup_buf struct buf line = {0};

    if (!words_is_finding(check))
        return;
    buf_printf(&line, "%s: %s", words_text(check->text), words_text(check->observed));
    if (*words_text(check->expected))
        buf_printf(&line, "; expected %s", check->expected);
    page_entry(page, INK_NONE, 2, phase_name(check->phase), buf_text(&line));
}

/* The reason is mostly that of a check, which has a line of its own. */
static bool is_told(const struct cell_result *r)
{
    for (size_t i = 0; i < r->checks_count; i++)
        if (words_is_finding(&r->checks[i]) && strstr(r->reason, words_text(r->checks[i].observed)))
            return true;
    return false;
}

static void put_cell_result(const struct page *page, const struct matrix *m, const struct matrix_cell *cell,
                            enum ink ink)
{
    const struct cell_result *r = cell->result;
    cleanup_buf struct buf label = {0};

    page_text(page, ink, 0, matrix_label(m, cell, &label));
    if (cell->rule == SKIP_REFUTED && cell->outcome == CELL_REFUTED) {
        page_text(page, INK_DIM, 2, "as assumed: one of the two is refuted alone");
        return;
    }
    if (r && r->reason && !is_told(r))
        page_entry(page, INK_NONE, 2, "why", r->reason);
    for (size_t i = 0; r && i < r->checks_count; i++)
        put_check(page, &r->checks[i]);
}

static void put_found(const struct page *page, const struct matrix *m, enum matrix_outcome outcome,
                      const char *title, enum ink ink)
{
    bool is_first = true;

    for (size_t i = 0; i < m->count; i++) {
        if (!m->cells[i].runs || m->cells[i].outcome != outcome)
            continue;
        if (is_first) {
            page_gap(page);
            page_text(page, INK_BOLD, 0, title);
        }
        is_first = false;
        put_cell_result(page, m, &m->cells[i], ink);
    }
}

/* --- what was not --- */

static void add_share(struct buf *line, size_t count, const char *what)
{
    if (count)
        buf_printf(line, "%s%zu %s", line->len ? ", " : "", count, what);
}

static void put_pairs(const struct page *page, const struct matrix *m)
{
    cleanup_buf struct buf line = {0};
    size_t seen[CELL_OUTCOME_COUNT] = {0}, explored = 0;

    for (size_t i = m->singles; i < m->count; i++) {
        explored += m->cells[i].runs > 0;
        seen[m->cells[i].outcome]++;
    }
    if (m->singles == m->count)
        return;
    for (int o = CELL_PASSED; o < CELL_OUTCOME_COUNT; o++)
        add_share(&line, seen[o], matrix_outcome_name((enum matrix_outcome)o));
    cleanup_buf struct buf text = {0};
    buf_printf(&text, "pairs: %zu of %zu explored%s%s", explored, m->count - m->singles, line.len ? ": " : "",
               buf_text(&line));
    page_text(page, INK_NONE, 0, buf_text(&text));
}

static void put_missed(const struct page *page, const struct matrix *m)
{
    for (size_t i = 0; i < m->count; i++) {
        const struct matrix_cell *cell = &m->cells[i];
        cleanup_buf struct buf line = {0};
        if (!matrix_is_missed(cell))
            continue;
        (void)matrix_label(m, cell, &line);
        buf_printf(&line, ": %s; skipped by: %s", matrix_outcome_name(cell->outcome),
                   matrix_rule_meaning(cell->rule));
        page_entry(page, INK_YELLOW, 2, "otherwise", buf_text(&line));
    }
}

static void put_unexplored(const struct page *page, const struct matrix *m, const struct matrix_totals *t)
{
    cleanup_buf struct buf line = {0};
    size_t left = t->planned - t->explored;

    buf_printf(&line, "explored %zu of %zu; unexplored: %zu", t->explored, t->planned, left);
    page_text(page, INK_NONE, 0, buf_text(&line));
    for (int i = 0; i < SKIP_COUNT; i++) {
        enum matrix_rule rule = (enum matrix_rule)i;
        const char *kind = rule == SKIP_NONE ? "no time" : matrix_rule_is_sound(rule) ? "sound" : "assumed";
        if (!t->unexplored[i])
            continue;
        buf_clear(&line);
        buf_printf(&line, "%zu: %s", t->unexplored[i], matrix_rule_meaning(rule));
        page_entry(page, INK_DIM, 2, kind, buf_text(&line));
    }
    buf_clear(&line);
    buf_printf(&line, "of what was skipped %zu %s tried all the same: %zu came out otherwise", t->sampled,
               t->sampled == 1 ? "was" : "were", t->missed);
    if (t->sampled)
        page_text(page, t->missed ? INK_YELLOW : INK_NONE, 0, buf_text(&line));
    put_missed(page, m);
}

static void put_verdict(const struct page *page, const struct matrix *m, uint64_t took_ns)
{
    static const struct {
        const char *mark, *meaning;
        enum ink ink;
    } verdicts[] = {{"PASS", "nothing was refuted (exit code 0)", INK_GREEN},
                    {"REFUTED", "a check failed under a fault, twice (exit code 1)", INK_RED},
                    {"INCONCLUSIVE", "not everything could be judged (exit code 2)", INK_YELLOW}};
    struct matrix_totals t = matrix_totals(m);
    cleanup_buf struct buf line = {0};
    char took[UNIT_TEXT_BYTES];
    int code = matrix_exit_code(m);

    page_gap(page);
    put_pairs(page, m);
    put_unexplored(page, m, &t);
    for (int o = CELL_PASSED; o < CELL_OUTCOME_COUNT; o++)
        add_share(&line, t.outcomes[o], matrix_outcome_name((enum matrix_outcome)o));
    buf_printf(&line, "%sin %s", line.len ? ", " : "", unit_format_duration(took_ns, took));
    page_text(page, INK_NONE, 0, buf_text(&line));
    if (m->limited) {
        buf_clear(&line);
        buf_printf(&line, "not all was planned: %s", m->limited);
        page_text(page, INK_YELLOW, 0, buf_text(&line));
    }
    if (m->trouble)
        page_text(page, INK_YELLOW, 0, m->trouble);
    page_entry(page, verdicts[code].ink, 0, verdicts[code].mark, verdicts[code].meaning);
}

void matrix_text(const struct matrix *m, uint64_t took_ns, const struct report_style *style, struct buf *out)
{
    struct page page = page_on(out, style);
    cleanup_buf struct buf head = {0};

    buf_printf(&head, "%s (%s, seed %llu): dependency x fault", m->scenario->name, m->scenario->path,
               (unsigned long long)m->scenario->seed);
    page_text(&page, INK_BOLD, 0, buf_text(&head));
    put_table(&page, m);
    put_legend(&page, m);
    put_found(&page, m, CELL_REFUTED, "Refuted, and refuted again on services that had just started",
              INK_RED);
    put_found(&page, m, CELL_UNCONFIRMED, "Refuted once, and not the second time: fails nothing", INK_YELLOW);
    put_found(&page, m, CELL_UNCLEAR, "Could not be judged", INK_YELLOW);
    put_verdict(&page, m, took_ns);
}
