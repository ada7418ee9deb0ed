/* Shapes of single values, used by many tables.  Floor 2, internal to chaosctl/scenario. */
#ifndef SCENARIO_SHAPE_H
#define SCENARIO_SHAPE_H

#include "chaosctl/scenario/field.h"

/* What a reset waits for: one of them is given, the others are 0. */
struct cut_after {
    uint64_t matches, bytes, age_ns;
};

extern const struct shape shape_text;        /* const char * */
extern const struct shape shape_line;        /* const char *, not empty, one line */
extern const struct shape shape_regex;       /* const char *, PCRE2 that compiles */
extern const struct shape shape_bool;        /* bool */
extern const struct shape shape_count;       /* uint64_t */
extern const struct shape shape_positive;    /* uint64_t, not 0 */
extern const struct shape shape_duration;    /* uint64_t, nanoseconds */
extern const struct shape shape_time;        /* uint64_t, nanoseconds, not 0 */
extern const struct shape shape_size;        /* uint64_t */
extern const struct shape shape_bytes;       /* uint64_t, not 0 */
extern const struct shape shape_stream_size; /* uint64_t, with its unit: a place in a stream */
extern const struct shape shape_cut_after;   /* struct cut_after */
extern const struct shape shape_throughput;  /* uint64_t, bytes a second */
extern const struct shape shape_rate;        /* double */
extern const struct shape shape_probability; /* double, not 0 */
extern const struct shape shape_signal;      /* int */
extern const struct shape shape_argv;        /* char *const *: NULL-terminated */
extern const struct shape shape_pairs;       /* struct pairs: a map from names to texts */
extern const struct shape shape_any;         /* kept as its node */

struct pairs {
    const struct pair *items;
    size_t count;
};

/* Does the regex compile (PCRE2, UTF)?  Otherwise an error at its place within the node's text. */
bool regex_check(struct reader *r, const struct node *node, const char *pattern);

/* Where the offset-th byte of a scalar's text stands in the file, as well as that can be told. */
struct position node_place(const struct node *node, const char *text, size_t offset);

/* 0 when there is no such signal.  SIGTERM, TERM or 15. */
int signal_find(const char *name);

#endif
