/* Numbers of an expectation, in the unit of their metric.  Floor 2, internal to chaosctl/scenario. */
#ifndef SCENARIO_QUANTITY_H
#define SCENARIO_QUANTITY_H

#include "chaosctl/scenario/condition.h"

/* 0 and the number; -EINVAL or -ERANGE.  For JSON and headers: any decimal number. */
int quantity_parse(enum metric_unit unit, const char *text, double *ret_number);

/* What would work: "a duration such as 300ms". */
const char *quantity_wanted(enum metric_unit unit);

/* "300" -> "300ms or 300s": the unit that was probably meant; NULL where none is missing.  suffixes: two. */
bool quantity_lacks_unit(enum metric_unit unit, const char *text, const char *suffixes[2]);

/* A whole bound: "< 300ms", "2..5", "!= 5", "< 2x baseline", "5" (ONE_OF).
 *
 * 0: *ret has comparison, low, high, relative.  -ENOENT: it has no operator and is no range; for UNIT_JSON
 * and UNIT_HEADER also: what stands behind the operator is no number.  -EINVAL, -ERANGE: *ret_culprit is the
 * part that is no number of that unit; into scratch.  -EDOM: the range is upside down. */
#define QUANTITY_MAX 64
int quantity_parse_bound(enum metric_unit unit, const char *text, struct condition *ret,
                         char ret_culprit[static QUANTITY_MAX]);

#endif
