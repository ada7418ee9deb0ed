/* Writing a page of metrics: OpenMetrics 1.0, or the text format 0.0.4 that came before it.  Floor 3.
 *
 * The formats differ in what a counter's family is called and in the last line; node_exporter's textfile
 * collector reads the older one alone. */
#ifndef RUN_OPENMETRICS_H
#define RUN_OPENMETRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "chaosctl/base/buf.h"

#define OPENMETRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define TEXT_TYPE        "text/plain; version=0.0.4; charset=utf-8"

struct page {
    struct buf *out;
    bool is_openmetrics;
    const char *family; /* that is being written */
    bool is_counter;
};

/* Samples of one family stand together, behind this. */
void page_gauge(struct page *page, const char *family, const char *help);
void page_counter(struct page *page, const char *family, const char *help); /* without _total */

void page_histogram(struct page *page, const char *family, const char *help);

/* labels: pairs of a name and a value, then NULL.  A value that is NULL is "". */
void page_sample(struct page *page, double value, const char *const *labels);
#define PAGE_LABELS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define PAGE_BARE        ((const char *const[]){NULL})

/* One more series of a histogram: suffix _bucket, _sum or _count. */
void page_part(struct page *page, const char *suffix, double value, const char *const *labels);

void page_end(struct page *page);

#endif
