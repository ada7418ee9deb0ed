/* Annotations: GitHub's workflow commands, shown at the line of the scenario's file.  Floor 4.
 *
 * Refuted, stopped, failed and inconclusive are all `error`: the job fails for each of them, and a failed job
 * whose annotations are mere warnings sends its reader astray; the title tells which it is.  GitHub shows ten
 * errors a step: what failed comes before what could not be judged. */
#include <errno.h>
#include <stdbool.h>

#include "chaosctl/base/unit.h"
#include "chaosctl/report/report.h"
#include "chaosctl/report/text.h"
#include "chaosctl/report/words.h"

/* As actions/toolkit does: data hides % CR LF, a property : and , besides. */
static void put_escaped(struct buf *out, const char *text, bool property)
{
    cleanup_buf struct buf valid = {0};

    text_valid(&valid, text, 0);
    for (const char *p = buf_text(&valid); *p; p++) {
        unsigned char c = (unsigned char)*p;
        bool hidden = c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ','));
        if (hidden)
            buf_printf(out, "%%%02X", c);
        else
            buf_add_char(out, c >= ' ' && c != 0x7f ? *p : '?');
    }
}

/* at.line 0: without a place. */
static void put_command(struct buf *out, const char *command, const struct run_result *result,
                        struct position at, const char *title, const char *message)
{
    buf_printf(out, "::%s ", command);
    if (at.line && *words_text(result->file)) {
        buf_add(out, "file=");
        put_escaped(out, result->file, true);
        buf_printf(out, ",line=%d,col=%d,", at.line, at.column);
    }
    buf_add(out, "title=");
    put_escaped(out, title, true);
    buf_add(out, "::");
    put_escaped(out, message, false);
    buf_add_char(out, '\n');
}

static void put_finding(struct buf *out, const struct run_result *result, const struct check_result *check,
                        const char *title)
{
    cleanup_buf struct buf message = {0};

    buf_printf(&message, "%s: %s%s\nexpected: %s\nobserved: %s", phase_name(check->phase),
               words_text(check->text), check->outcome == OUTCOME_UNKNOWN ? " (could not be judged)" : "",
               words_text(check->expected), words_text(check->observed));
    put_command(out, "error", result, check->at, title, buf_text(&message));
}

static size_t put_findings(struct buf *out, const struct run_result *result, const struct cell_result *cell,
                           const char *title)
{
    size_t count = 0;

    for (size_t i = 0; i < cell->checks_count; i++) {
        if (!words_is_finding(&cell->checks[i]))
            continue;
        put_finding(out, result, &cell->checks[i], title);
        count++;
    }
    return count;
}

static void put_cell(struct buf *out, const struct run_result *result, const struct cell_result *cell)
{
    cleanup_buf struct buf title = {0}, why = {0};

    words_title(cell, &title);
    buf_printf(&title, ": %s", verdict_name(cell->verdict));
    if (put_findings(out, result, cell, buf_text(&title)))
        return;
    words_why(cell, &why);
    put_command(out, "error", result, cell->at, buf_text(&title), buf_text(&why));
}

static void put_cells(struct buf *out, const struct run_result *result, enum verdict_of_run verdict)
{
    for (size_t i = 0; i < result->cells_count; i++)
        if (result->cells[i].verdict == verdict)
            put_cell(out, result, &result->cells[i]);
}

static void put_totals(struct buf *out, const struct run_result *result)
{
    cleanup_buf struct buf title = {0}, totals = {0};
    char took[UNIT_TEXT_BYTES];

    buf_printf(&title, "chaosctl: %s", verdict_name(result->verdict));
    buf_printf(&totals, "%s: ", words_text(result->scenario));
    words_totals(result, &totals);
    buf_printf(&totals, ", in %s", unit_format_duration(result->duration_ns, took));
    put_command(out, "notice", result, (struct position){0}, buf_text(&title), buf_text(&totals));
}

static int render(const struct run_result *result, const struct report_style *style, struct buf *out)
{
    cleanup_buf struct buf trouble = {0}, title = {0};

    (void)style;
    buf_printf(&title, "chaosctl: %s", verdict_name(result->verdict));
    if (words_trouble(result, &trouble))
        put_command(out, "error", result, (struct position){0}, buf_text(&title), buf_text(&trouble));
    put_cells(out, result, VERDICT_TOOL_FAILED);
    put_cells(out, result, VERDICT_REFUTED);
    put_cells(out, result, VERDICT_STOPPED);
    put_cells(out, result, VERDICT_INCONCLUSIVE);
    put_totals(out, result);
    return out->failed ? -ENOMEM : 0;
}

const struct report report_github = {
    .name = "github",
    .summary = "annotations for a GitHub workflow",
    .render = render,
};
