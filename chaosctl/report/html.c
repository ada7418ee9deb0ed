/* One page to hand over: it needs no network, no script and no other file.  Floor 4.
 *
 * Every text goes through put_text: what a run observed never becomes markup. */
#include <errno.h>
#include <inttypes.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/report/report.h"
#include "chaosctl/report/text.h"
#include "chaosctl/report/words.h"

#define TEXT_COLUMNS_MAX 500 /* a body of kilobytes belongs in the JSON report */

static const char head[] = "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
                           "<meta name=\"viewport\" content=\"width=device-width\">\n"
                           "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                           "style-src 'unsafe-inline'\">\n";

/* Colours are told apart by their words too; both schemes have a contrast of 4.5 to 1 or more. */
static const char style_sheet[] =
    "<style>\n"
    ":root { color-scheme: light dark; --good: #116329; --bad: #a40e26; --open: #7d4e00; --line: #8888 }\n"
    "@media (prefers-color-scheme: dark) { :root { --good: #56d364; --bad: #ff7b72; --open: #e3b341 } }\n"
    "body { font: 1rem/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }\n"
    "table { border-collapse: collapse; margin: .5rem 0 1.5rem; width: 100% }\n"
    "th, td { border: 1px solid var(--line); padding: .25rem .5rem; text-align: left; vertical-align: top; "
    "overflow-wrap: anywhere }\n"
    "td.n { text-align: right; white-space: nowrap }\n"
    ".pass, .held, .yes { color: var(--good) }\n"
    ".refuted, .failed, .no, .stopped { color: var(--bad) }\n"
    ".inconclusive, .unknown, .partly, .open { color: var(--open) }\n"
    "b { font-weight: 600 }\n"
    "</style>\n";

static void put_text(struct buf *out, const char *text)
{
    cleanup_buf struct buf line = {0}, shown = {0};

    text_line(&line, text);
    text_elide(&shown, buf_text(&line), TEXT_COLUMNS_MAX);
    for (const char *p = buf_text(&shown); *p; p++)
        switch (*p) {
        case '<': buf_add(out, "&lt;"); break;
        case '>': buf_add(out, "&gt;"); break;
        case '&': buf_add(out, "&amp;"); break;
        case '"': buf_add(out, "&quot;"); break;
        case '\'': buf_add(out, "&#39;"); break;
        default: buf_add_char(out, *p);
        }
}

static void put_element(struct buf *out, const char *element, const char *text)
{
    buf_printf(out, "<%s>", element);
    put_text(out, text);
    buf_printf(out, "</%s>", element);
}

/* A word of ours that is its own class. */
static void put_marked(struct buf *out, const char *element, const char *word, const char *class)
{
    buf_printf(out, "<%s><b class=\"%s\">%s</b></%s>", element, class, word, element);
}

static void put_heads(struct buf *out, const char *const *heads)
{
    buf_add(out, "<table>\n<tr>");
    for (; *heads; heads++)
        buf_printf(out, "<th scope=\"col\">%s</th>", *heads);
    buf_add(out, "</tr>\n");
}

static void put_title(struct buf *out, const struct run_result *result)
{
    cleanup_buf struct buf totals = {0}, trouble = {0};
    char took[UNIT_TEXT_BYTES], when[CLOCK_TEXT_BYTES];

    buf_add(out, head);
    put_element(out, "title", words_text(result->scenario));
    buf_printf(out, "\n%s", style_sheet);
    put_element(out, "h1", words_text(result->scenario));
    words_totals(result, &totals);
    buf_printf(out, "\n<p><b class=\"%s\">%s</b>: %s, in %s. Exit code %d: %s.</p>\n",
               verdict_name(result->verdict), words_mark(result->verdict), buf_text(&totals),
               unit_format_duration(result->duration_ns, took), verdict_exit_code(result->verdict),
               words_meaning(result));
    if (words_trouble(result, &trouble)) {
        buf_add(out, "<p><b class=\"failed\">");
        put_text(out, buf_text(&trouble));
        buf_add(out, "</b></p>\n");
    }
    if (*words_text(result->notice)) {
        buf_add(out, "<p>");
        put_text(out, result->notice);
        buf_add(out, "</p>\n");
    }
    buf_add(out, "<p>Run ");
    put_text(out, words_text(result->run));
    buf_add(out, " of ");
    put_text(out, words_text(result->file));
    buf_printf(out, ", seed %" PRIu64 ", %s on ", result->seed, clock_text(result->started_wall_ns, when));
    put_text(out, words_text(result->host));
    buf_add(out, ", chaosctl ");
    put_text(out, words_text(result->version));
    buf_add(out, ".</p>\n");
}

static void put_row(struct buf *out, const struct cell_result *cell)
{
    cleanup_buf struct buf title = {0}, recovery = {0}, why = {0};
    char took[UNIT_TEXT_BYTES];

    words_title(cell, &title);
    words_recovery(cell, &recovery);
    if (cell->verdict != VERDICT_PASS)
        words_why(cell, &why);
    buf_add(out, "<tr>");
    put_marked(out, "td", words_mark(cell->verdict), verdict_name(cell->verdict));
    put_element(out, "td", buf_text(&title));
    buf_printf(out, "<td class=\"n\">%s</td>", unit_format_duration(cell->duration_ns, took));
    put_element(out, "td", buf_text(&recovery));
    put_element(out, "td", buf_text(&why));
    buf_add(out, "</tr>\n");
}

static void put_rows(struct buf *out, const struct run_result *result)
{
    static const char *const heads[] = {"Verdict", "Experiment", "Took", "Recovery", "Why", NULL};

    if (!result->cells_count)
        return;
    put_heads(out, heads);
    for (size_t i = 0; i < result->cells_count; i++)
        put_row(out, &result->cells[i]);
    buf_add(out, "</table>\n");
}

static void put_check(struct buf *out, const struct run_result *result, const struct check_result *check)
{
    cleanup_buf struct buf place = {0};

    words_place(result, check->at, &place);
    buf_add(out, "<tr>");
    put_marked(out, "td", outcome_name(check->outcome), outcome_name(check->outcome));
    put_element(out, "td", phase_name(check->phase));
    put_element(out, "td", words_text(check->text));
    put_element(out, "td", words_text(check->expected));
    put_element(out, "td", words_text(check->observed));
    put_element(out, "td", buf_text(&place));
    buf_add(out, "</tr>\n");
}

static void put_checks(struct buf *out, const struct run_result *result, const struct cell_result *cell)
{
    static const char *const heads[] = {"Outcome", "Phase", "Check", "Expected", "Observed", "Where", NULL};

    if (!cell->checks_count)
        return;
    put_heads(out, heads);
    for (size_t i = 0; i < cell->checks_count; i++)
        put_check(out, result, &cell->checks[i]);
    buf_add(out, "</table>\n");
}

static void put_faults(struct buf *out, const struct cell_result *cell)
{
    static const char *const heads[] = {"Fault", "Landed", NULL};

    if (!cell->faults_count)
        return;
    put_heads(out, heads);
    for (size_t i = 0; i < cell->faults_count; i++) {
        cleanup_buf struct buf words = {0};
        words_fault(&cell->faults[i], &words);
        buf_add(out, "<tr>");
        put_element(out, "td", words_text(cell->faults[i].text));
        put_element(out, "td", buf_text(&words));
        buf_add(out, "</tr>\n");
    }
    buf_add(out, "</table>\n");
}

static void put_load(struct buf *out, const struct load_result *load)
{
    cleanup_buf struct buf success = {0};
    char text[UNIT_TEXT_BYTES];
    const uint64_t times[] = {load->p50_ns, load->p95_ns, load->p99_ns};

    words_percent(load->success_percent, &success);
    buf_add(out, "<tr>");
    put_element(out, "td", words_text(load->name));
    put_element(out, "td", phase_name(load->phase));
    buf_printf(out, "<td class=\"n\">%" PRIu64 "</td><td class=\"n\">%s</td>", load->samples,
               load->samples ? buf_text(&success) : "-");
    for (int i = 0; i < 3; i++)
        buf_printf(out, "<td class=\"n\">%s</td>",
                   load->samples ? unit_format_duration(times[i], text) : "-");
    put_element(out, "td", load->errors ? words_text(load->note) : "");
    buf_add(out, "</tr>\n");
}

static void put_loads(struct buf *out, const struct cell_result *cell)
{
    static const char *const heads[] = {"Load", "Phase", "Samples", "Success", "p50",
                                        "p95",  "p99",   "Mostly",  NULL};

    if (!cell->loads_count)
        return;
    put_heads(out, heads);
    for (size_t i = 0; i < cell->loads_count; i++)
        put_load(out, &cell->loads[i]);
    buf_add(out, "</table>\n");
}

static void put_cell(struct buf *out, const struct run_result *result, const struct cell_result *cell)
{
    cleanup_buf struct buf title = {0};

    words_title(cell, &title);
    buf_printf(out, "<h2><b class=\"%s\">%s</b> ", verdict_name(cell->verdict), words_mark(cell->verdict));
    put_text(out, buf_text(&title));
    buf_add(out, "</h2>\n");
    if (*words_text(cell->hypothesis)) {
        buf_add(out, "<p>Hypothesis: ");
        put_text(out, cell->hypothesis);
        buf_add(out, "</p>\n");
    }
    put_checks(out, result, cell);
    put_faults(out, cell);
    put_loads(out, cell);
}

static void put_questions(struct buf *out, const struct run_result *result)
{
    static const char *const heads[] = {"Question", "Answer", "Evidence", NULL};
    static const char *const classes[ANSWER_COUNT] = {
        [ANSWER_UNTESTED] = "untested", [ANSWER_YES] = "yes",   [ANSWER_NO] = "no",
        [ANSWER_PARTLY] = "partly",     [ANSWER_OPEN] = "open",
    };

    buf_add(out, "<h2>Five questions before production</h2>\n");
    put_heads(out, heads);
    for (int q = 0; q < QUESTION_COUNT; q++) {
        cleanup_buf struct buf evidence = {0};
        enum answer answer = words_question(result, (enum question)q, &evidence);
        buf_add(out, "<tr>");
        put_element(out, "td", question_text((enum question)q));
        put_marked(out, "td", words_answer(answer), classes[answer]);
        put_element(out, "td", buf_text(&evidence));
        buf_add(out, "</tr>\n");
    }
    buf_add(out, "</table>\n</html>\n");
}

static int render(const struct run_result *result, const struct report_style *style, struct buf *out)
{
    (void)style;
    put_title(out, result);
    put_rows(out, result);
    for (size_t i = 0; i < result->cells_count; i++)
        put_cell(out, result, &result->cells[i]);
    put_questions(out, result);
    return out->failed ? -ENOMEM : 0;
}

const struct report report_html = {
    .name = "html",
    .summary = "one page to hand over, with everything in it",
    .render = render,
};
