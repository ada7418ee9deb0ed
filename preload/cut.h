/* Truncate: a stream that ends too early.  Floor 1.  For line.c, which holds the lock.
 *
 * The end is the kernel's own: the receiving side is shut down, so that every way to wait for it sees it.
 * What came behind is thrown away.  Accepted limit: what arrives after the fault was lifted can be read by a
 * program that reads on behind an end. */
#ifndef PRELOAD_CUT_H
#define PRELOAD_CUT_H

#include "preload/line.h"

/* Decide once per connection and rule; end it when it is time. */
void cut_judge(struct line *l, int fd, uint64_t known, bool changed) HIDDEN;

/* A request is sent: what its rules cut is its answer. */
void cut_request(struct line *l, uint64_t known) HIDDEN;

/* Throw away what is unread. */
void cut_discard(const struct line *l, int fd) HIDDEN;

/* What may be read, at most up to the cut. */
void cut_limit(const struct line *l, struct line_view *v) HIDDEN;

#endif
