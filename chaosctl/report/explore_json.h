/* What the JSON and the SARIF report share.  Floor 4. */
#ifndef REPORT_EXPLORE_JSON_H
#define REPORT_EXPLORE_JSON_H

#include <jansson.h>

#include "chaosctl/base/buf.h"

/* A string of valid UTF-8, whatever the text; null for NULL. */
json_t *explore_json_text(const char *text);

/* What one of the sentences of explore.h came to. */
json_t *explore_json_buf(const struct buf *text);

/* Append it, with a newline, and let it go.  0 or -ENOMEM, also for NULL. */
int explore_json_put(json_t *root, struct buf *out);

#endif
