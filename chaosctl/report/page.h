/* Lines on a page of some width: a label, and text that wraps beside it.  Floor 4.  Every text is made safe
 * for a terminal here. */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include "chaosctl/report/report.h"

enum ink {
    INK_NONE,
    INK_BOLD,
    INK_DIM,
    INK_GREEN,
    INK_RED,
    INK_YELLOW,
    INK_COUNT,
};

struct page {
    struct buf *out;
    size_t columns; /* 0: no limit */
    bool colour;
};

#define PAGE_LABEL       14 /* column at which the text beside a label begins */
#define PAGE_COLUMNS_MIN 40 /* narrower than this a page is not laid out */

struct page page_on(struct buf *out, const struct report_style *style);

/* One line that is safe to show, and not too long. */
void page_safe(struct buf *out, const char *text);

/* The label at indent, the text from PAGE_LABEL on; a longer label pushes its first line. */
void page_entry(const struct page *page, enum ink ink, size_t indent, const char *label, const char *text);

/* Text alone, from indent on. */
void page_text(const struct page *page, enum ink ink, size_t indent, const char *text);

/* A row of a table, which is cut rather than wrapped. */
void page_row(const struct page *page, enum ink ink, const char *row);

void page_gap(const struct page *page);

/* The entries of one cell, for the terminal and for JUnit's system-out.  loads: its table of loads too. */
void page_cell(const struct page *page, const struct run_result *result, const struct cell_result *cell,
               bool loads);

#endif
