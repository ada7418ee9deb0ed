/* The text of a page of metrics.  Floor 3. */
#include <math.h>

#include "chaosctl/run/openmetrics.h"

static void head(struct page *page, const char *family, const char *type, const char *help)
{
    const char *suffix = page->is_counter && !page->is_openmetrics ? "_total" : "";

    page->family = family;
    buf_printf(page->out, "# HELP %s%s %s\n# TYPE %s%s %s\n", family, suffix, help, family, suffix, type);
}

void page_gauge(struct page *page, const char *family, const char *help)
{
    page->is_counter = false;
    head(page, family, "gauge", help);
}

void page_counter(struct page *page, const char *family, const char *help)
{
    page->is_counter = true;
    head(page, family, "counter", help);
}

void page_histogram(struct page *page, const char *family, const char *help)
{
    page->is_counter = false;
    head(page, family, "histogram", help);
}

static void put_value(struct buf *out, const char *text)
{
    for (const char *p = text ? text : ""; *p; p++)
        if (*p == '\n')
            buf_add(out, "\\n");
        else if (*p == '"' || *p == '\\')
            buf_printf(out, "\\%c", *p);
        else
            buf_add_char(out, *p);
}

static void put_labels(struct buf *out, const char *const *labels)
{
    for (size_t i = 0; labels[i]; i += 2) {
        buf_printf(out, "%s%s=\"", i ? "," : "{", labels[i]);
        put_value(out, labels[i + 1]);
        buf_add_char(out, '"');
    }
    buf_add(out, labels[0] ? "} " : " ");
}

/* Whole numbers as such: a reader of 1e+06 hits would stop. */
void page_part(struct page *page, const char *suffix, double value, const char *const *labels)
{
    buf_printf(page->out, "%s%s", page->family, suffix);
    put_labels(page->out, labels);
    if (value == floor(value) && fabs(value) < 1e15)
        buf_printf(page->out, "%.0f\n", value);
    else
        buf_printf(page->out, "%.15g\n", value);
}

void page_sample(struct page *page, double value, const char *const *labels)
{
    page_part(page, page->is_counter ? "_total" : "", value, labels);
}

void page_end(struct page *page)
{
    if (page->is_openmetrics)
        buf_add(page->out, "# EOF\n");
}
