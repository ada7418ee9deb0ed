/* Text as people and machines may safely read it.  Floor 4.
 *
 * What a run observed is hostile until shown otherwise: response bodies and log lines carry control
 * characters, terminal escapes and bytes that are not UTF-8. */
#ifndef REPORT_TEXT_H
#define REPORT_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "chaosctl/base/buf.h"

#define TEXT_REPLACEMENT 0xfffdu

/* The code point at *text, which moves behind it; a byte that is not UTF-8 (RFC 3629) is TEXT_REPLACEMENT.
 * Never reads past the terminator. */
uint32_t text_next(const char **text);

void text_put(struct buf *out, uint32_t code_point);

/* Valid UTF-8: what is not is replaced.  limit: bytes at most, 0 none; what is cut is marked by "...". */
void text_valid(struct buf *out, const char *text, size_t limit);

/* One line that no terminal acts upon: white space is a blank, other controls and direction overrides are
 * shown as \xNN. */
void text_line(struct buf *out, const char *text);

/* Columns that a terminal needs; text_line's output. */
size_t text_columns(const char *text);

/* At most so many columns; what is cut is marked by "...". */
void text_elide(struct buf *out, const char *text, size_t columns);

/* Append a line, broken between words to keep within columns (0: no limit) and continued at indent.  at: the
 * column where the text begins.  A word longer than a line is cut into pieces. */
void text_wrap(struct buf *out, const char *text, size_t at, size_t indent, size_t columns);

#endif
