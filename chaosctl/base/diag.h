/* What is wrong with what the user wrote: all of it in one go, each with its place.  Floor 1.
 *
 * Collects; never prints.  The commands render it. */
#ifndef BASE_DIAG_H
#define BASE_DIAG_H

#include <stdbool.h>
#include <stddef.h>

#include "chaosctl/base/buf.h"

/* A place in a file; line and column count from 1, column in characters.  line 0: no place in particular. */
struct position {
    int line, column;
};

/* Messages beyond this many are counted, not kept: a fuzzer's file has no end of them. */
#define DIAG_MAX 200

struct diag;

/* file: shown before each message; copied.  NULL when memory is out. */
struct diag *diag_new(const char *file);
void diag_free(struct diag *diag);

/* Add an error.  The same message at the same place is kept once: cells repeat what their experiment says. */
void diag_error(struct diag *diag, struct position at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

size_t diag_count(const struct diag *diag);

/* Lines `file:line:column: message`, in the order of the file; and how many more there were. */
void diag_render(const struct diag *diag, struct buf *ret_text);

/* One message by its rank in the order of the file, for JSON; borrowed. */
const char *diag_message(const struct diag *diag, size_t rank, struct position *ret_at);

#endif
