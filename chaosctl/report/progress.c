/* The live line.  Floor 4.  What matters most comes last to be cut: the name gives way first. */
#include <inttypes.h>

#include "chaosctl/base/unit.h"
#include "chaosctl/report/page.h"
#include "chaosctl/report/text.h"
#include "chaosctl/report/words.h"

static void add_facts(const struct progress *progress, struct buf *out)
{
    char left[UNIT_TEXT_BYTES];

    buf_printf(out, " %s", words_text(progress->phase));
    if (progress->left_ns)
        buf_printf(out, ", %s left", unit_format_duration(progress->left_ns, left));
    if (progress->samples)
        buf_printf(out, " | %" PRIu64 " sample%s", progress->samples, progress->samples == 1 ? "" : "s");
    if (progress->failures)
        buf_printf(out, ", %" PRIu64 " failed", progress->failures);
    if (progress->hits)
        buf_printf(out, " | %" PRIu64 " hit%s", progress->hits, progress->hits == 1 ? "" : "s");
}

static void add_name(const struct progress *progress, size_t columns, struct buf *out)
{
    cleanup_buf struct buf name = {0}, safe = {0};

    buf_printf(&name, "%s%s%s", words_text(progress->experiment), *words_text(progress->label) ? " " : "",
               words_text(progress->label));
    text_line(&safe, buf_text(&name));
    text_elide(out, buf_text(&safe), columns);
}

void report_progress(const struct progress *progress, const struct report_style *style, struct buf *ret_text)
{
    cleanup_buf struct buf line = {0}, facts = {0};
    size_t columns = style->columns > 0 ? (size_t)style->columns : SIZE_MAX;

    buf_printf(&line, "[%zu/%zu] ", progress->cell, progress->cells);
    add_facts(progress, &facts);
    size_t taken = text_columns(buf_text(&line)) + text_columns(buf_text(&facts)) + 1;
    add_name(progress, columns > taken + 8 ? columns - taken : 8, &line);
    buf_add_char(&line, ':');
    buf_add(&line, buf_text(&facts));
    text_elide(ret_text, buf_text(&line), columns);
}
