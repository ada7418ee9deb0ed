/* Rendering a result.  Floor 4: reads the result only.  Adding one: CONTRIBUTING.md, "A report". */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "chaosctl/base/buf.h"
#include "chaosctl/run/result.h"

struct report_style {
    bool colour;
    int columns; /* width to keep within; 0: no limit */
};

struct report {
    const char *name; /* "junit" */
    const char *summary;
    /* 0 or -ENOMEM. */
    int (*render)(const struct run_result *result, const struct report_style *style, struct buf *ret_text);
};

extern const struct report report_terminal, report_json, report_junit, report_markdown, report_html,
    report_github, report_openmetrics;

extern const struct report *const reports[]; /* ends with NULL */

/* NULL when there is none of that name. */
const struct report *report_find(const char *name);

/* Replace the scenario's secrets in every text of a live result by `***`; a result read from a journal has
 * none. Call before rendering.  -ENOMEM: do not render. */
int report_mask(struct run_result *result, const struct scenario *scenario);

/* Write a rendered report: a new file appears whole or not at all, an old one is replaced or left as it was;
 * a pipe or device is written to.  0 or -errno. */
int report_save(const char *path, const char *text, size_t len);

/* Live line for a terminal: phase, time left, samples, hits; at most columns wide, no newline. */
struct progress {
    const char *experiment, *label, *phase;
    size_t cell, cells; /* from 1 */
    uint64_t left_ns;
    uint64_t samples, failures, hits;
};
void report_progress(const struct progress *progress, const struct report_style *style, struct buf *ret_text);

#endif
