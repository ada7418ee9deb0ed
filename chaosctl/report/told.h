/* What a run tells of itself (its answer to `status`), in words: for `status` and `top`.  Floor 4.
 *
 * A member that is missing, or of another type, reads as "" or 0: an older run may not tell it. */
#ifndef REPORT_TOLD_H
#define REPORT_TOLD_H

#include <jansson.h>

#include "chaosctl/base/buf.h"
#include "chaosctl/base/unit.h"

const char *told_text(const json_t *object, const char *key);
json_int_t told_count(const json_t *object, const char *key);
double told_number(const json_t *object, const char *key);
bool told_is(const json_t *object, const char *key);
bool told_has(const json_t *object, const char *key);

/* A time in seconds.  told_span: to a tenth of a second, as more would only flicker.  told_latency: "340 ms",
 * or "-" where it is not told.  Both return text. */
const char *told_span(double seconds, char text[static UNIT_TEXT_BYTES]);
const char *told_latency(const json_t *object, const char *key, char text[static UNIT_TEXT_BYTES]);

/* "12.3", "1204": a rate, or "-" where it is not told.  Returns text. */
const char *told_rate(const json_t *object, const char *key, char text[static UNIT_TEXT_BYTES]);

/* What somebody did, and who, in one line. */
void told_deed(const json_t *deed, struct buf *out);

/* status: {"halt": FILE or null, "runs": [...]}, as `status --json` prints it; every run with all that it
 * tells, for people. */
void told_status(const json_t *status, struct buf *out);

#endif
