/* XML that any text may go into: what XML 1.0 cannot carry is replaced.  Floor 4. */
#ifndef REPORT_XML_H
#define REPORT_XML_H

#include <stdint.h>

#include "chaosctl/base/buf.h"

void xml_put(struct buf *out, const char *text);

/* A newline is kept as a reference: in an attribute it would be read as a blank. */
void xml_attribute(struct buf *out, const char *name, const char *text);

/* time="1.250" */
void xml_seconds(struct buf *out, uint64_t ns);

#endif
