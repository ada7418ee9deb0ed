/* A page of metrics in the Prometheus text format, version 0.0.4
 * (prometheus.io/docs/instrumenting/exposition_formats), and of OpenMetrics what reads alike.  Floor 3; pure:
 * text in, numbers out. */
#ifndef CHECK_EXPOSITION_H
#define CHECK_EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>

#include "chaosctl/base/buf.h"
#include "chaosctl/scenario/scenario.h"

/* The series of one name whose labels include these.  A label with an empty value is one that is not there,
 * as in PromQL. */
struct series_query {
    const char *name;
    const struct pair *labels;
    size_t labels_count;
};

struct series_sum {
    size_t count;  /* series that fit */
    double value;  /* theirs together; may be infinite, or no number */
    bool is_gauge; /* by its TYPE line: it may fall; all else falls only when it starts anew */
};

/* Returns 0, or the number of the first line, from 1, that is not of the format; then nothing is set. */
size_t exposition_sum(const char *text, size_t len, const struct series_query *query, struct series_sum *ret);

/* For people, where nothing fits: the nearest name there is, or the labels that the name has. */
void exposition_hint(const char *text, size_t len, const struct series_query *query, struct buf *out);

#endif
