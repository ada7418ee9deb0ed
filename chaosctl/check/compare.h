/* Comparing one value with a condition, and showing it.  Floor 3; chaosctl/check/ alone. */
#ifndef CHECK_COMPARE_H
#define CHECK_COMPARE_H

#include "chaosctl/check/judge.h"

/* The bounds in the value's own unit. */
struct bounds {
    double low, high;
};

/* LESS to BETWEEN.  Not for the rest. */
bool compare_bounds(enum comparison comparison, double value, struct bounds bounds);
bool comparison_has_bounds(enum comparison comparison);

/* A whole text as a number: "12", "-1.5e3".  false: it is none. */
bool parse_number(const char *text, double *ret_number);

/* "1.2 s", "71 %", "true" */
void format_in_unit(enum metric_unit unit, double number, struct buf *out);

/* Equal as numbers where both are numbers, else as texts. */
bool texts_equal(const char *a, const char *b);

/* At most 80 bytes of a text in quotes, on one line; cut at a character. */
void quote_text(const char *text, size_t len, struct buf *out);

/* A text against ONE_OF, NOT, MATCH or bounds (which need a number).  what: "body", "header Age".  cut: there
 * is more of the text that nobody has seen. */
enum judgement compare_text(const struct condition *condition, const char *what, const char *text, size_t len,
                            bool cut, struct buf *why);

/* judge_json.c: a condition on METRIC_json. */
enum judgement judge_json(const struct condition *condition, const struct observation *seen,
                          const struct observation *baseline, struct buf *why);

#endif
