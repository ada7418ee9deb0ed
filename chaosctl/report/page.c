/* Layout and colour.  Floor 4. */
#include <string.h>

#include "chaosctl/report/page.h"
#include "chaosctl/report/text.h"

/* ECMA-48 SGR; the eight old colours, which every theme makes readable. */
static const char *const inks[INK_COUNT] = {
    [INK_NONE] = "",          [INK_BOLD] = "\033[1m", [INK_DIM] = "\033[2m",
    [INK_GREEN] = "\033[32m", [INK_RED] = "\033[31m", [INK_YELLOW] = "\033[33m",
};

/* A body of kilobytes belongs in the JSON report. */
#define TEXT_COLUMNS_MAX 500

void page_safe(struct buf *out, const char *text)
{
    cleanup_buf struct buf line = {0};

    text_line(&line, text);
    text_elide(out, buf_text(&line), TEXT_COLUMNS_MAX);
}

struct page page_on(struct buf *out, const struct report_style *style)
{
    size_t columns = style->columns > 0 ? (size_t)style->columns : 0;

    if (columns && columns < PAGE_COLUMNS_MIN)
        columns = PAGE_COLUMNS_MIN;
    return (struct page){out, columns, style->colour};
}

static void ink_on(const struct page *page, enum ink ink)
{
    if (page->colour)
        buf_add(page->out, inks[ink]);
}

static void ink_off(const struct page *page, enum ink ink)
{
    if (page->colour && ink != INK_NONE)
        buf_add(page->out, "\033[0m");
}

void page_entry(const struct page *page, enum ink ink, size_t indent, const char *label, const char *text)
{
    cleanup_buf struct buf line = {0};
    size_t at = indent + text_columns(label);

    buf_printf(page->out, "%*s", (int)indent, "");
    ink_on(page, ink);
    buf_add(page->out, label);
    ink_off(page, ink);
    size_t pad = at < PAGE_LABEL ? PAGE_LABEL - at : 1;
    buf_printf(page->out, "%*s", (int)pad, "");
    page_safe(&line, text);
    text_wrap(page->out, buf_text(&line), at + pad, PAGE_LABEL, page->columns);
}

void page_text(const struct page *page, enum ink ink, size_t indent, const char *text)
{
    cleanup_buf struct buf line = {0}, wrapped = {0};

    page_safe(&line, text);
    text_wrap(&wrapped, buf_text(&line), indent, indent, page->columns);
    buf_printf(page->out, "%*s", (int)indent, "");
    ink_on(page, ink);
    buf_add_n(page->out, buf_text(&wrapped), wrapped.len ? wrapped.len - 1 : 0);
    ink_off(page, ink);
    buf_add_char(page->out, '\n');
}

void page_row(const struct page *page, enum ink ink, const char *row)
{
    ink_on(page, ink);
    text_elide(page->out, row, page->columns ? page->columns : SIZE_MAX);
    ink_off(page, ink);
    buf_add_char(page->out, '\n');
}

void page_gap(const struct page *page)
{
    buf_add_char(page->out, '\n');
}
