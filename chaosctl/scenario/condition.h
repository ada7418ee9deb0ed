/* An expectation about one metric, as data.  Floor 2. */
#ifndef SCENARIO_CONDITION_H
#define SCENARIO_CONDITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chaosctl/base/diag.h"

enum metric {
#define METRIC(name, checks, unit, summary) METRIC_##name,
#include "chaosctl/scenario/metric.def"
#undef METRIC
    METRIC_COUNT,
};

enum metric_unit {
    UNIT_DURATION, /* nanoseconds */
    UNIT_SIZE,     /* bytes */
    UNIT_PERCENT,  /* 0..100 */
    UNIT_NUMBER,
    UNIT_RATE, /* per second */
    UNIT_BOOL, /* 0 or 1 */
    UNIT_TEXT,
    UNIT_JSON,
    UNIT_HEADER,
};

/* Where a metric may stand: one bit each. */
enum {
    ON_PROBE_HTTP = 1 << 0,
    ON_PROBE_TCP = 1 << 1,
    ON_PROBE_EXEC = 1 << 2,
    ON_LOAD = 1 << 3,
    ON_CALLS = 1 << 4,
    ON_SERVICE = 1 << 5,
    ON_LOG = 1 << 6,
    ON_METRIC = 1 << 7,
};

struct metric_info {
    const char *name, *summary;
    uint32_t checks; /* ON_x */
    enum metric_unit unit;
};

const struct metric_info *metric_info(enum metric metric);

/* The metric of that name; METRIC_COUNT when there is none. */
enum metric metric_find(const char *name);

/* Is it measured as a number? */
bool metric_is_number(enum metric metric);

enum comparison {
    COMPARE_LESS,
    COMPARE_AT_MOST,
    COMPARE_GREATER,
    COMPARE_AT_LEAST,
    COMPARE_BETWEEN, /* low..high, both inclusive */
    COMPARE_NOT,     /* "!= x" */
    COMPARE_ONE_OF,  /* equal to one of values[]; one value is the plain case */
    COMPARE_MATCH,   /* the regex occurs in the text (PCRE2) */
};

struct condition {
    enum metric metric;
    enum comparison comparison;
    double low, high; /* numbers, in the metric's unit; one bound: low */
    bool relative;    /* low and high are factors of the baseline's value */
    /* ONE_OF and NOT.  Of metrics with a number: plain numbers in the metric's unit ("300ms" is "300000000",
     * "99%" is "99", true is "1").  Of text, JSON and headers: as written; compared as numbers where both
     * sides are numbers, else as text (true, false and null are those words). */
    const char *const *values;
    size_t values_count;
    const char *regex; /* MATCH */
    const char *key;   /* METRIC_json: the pointer; METRIC_headers: the header's name */
    const char *text;  /* as shown to people: "p95 < 300ms" */
    struct position at;
};

#endif
