/* Help while a SPEC is typed.  Floor 4.  Pure: from what is typed, and what the run told of itself. */
#ifndef REPORT_SPEC_HINT_H
#define REPORT_SPEC_HINT_H

#include <jansson.h>

#include "chaosctl/base/buf.h"

/* What may stand at the end of it, or what is wrong there, in one line. */
void spec_hint(const char *typed, const json_t *run, struct buf *ret_hint);

/* What Tab adds: what all that may stand there begin with. */
void spec_complete(const char *typed, const json_t *run, struct buf *ret_added);

#endif
