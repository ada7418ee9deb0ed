/* Streams that are cut short: truncate ends what is received, a reset with `after` severs the connection.
 * Floor 1.  For line.c, which holds the lock.
 *
 * Both are the kernel's own: the receiving side is shut down, or the connection disconnected (a RST goes
 * out), so that every way to wait for it sees it.  Accepted limits: what arrives after a truncate was lifted
 * can be read by a program that reads on behind an end; a thread that was asleep in the kernel when the rule
 * was armed is reset by age only when it next calls. */
#ifndef PRELOAD_CUT_H
#define PRELOAD_CUT_H

#include "preload/line.h"

/* Decide once per connection and rule; cut it when it is time.  Returns true when it is severed: it is no
 * line any more. */
bool cut_judge(struct line *l, int fd, uint64_t known, bool changed) HIDDEN;

/* A request is sent: what its rules cut is its answer. */
void cut_request(struct line *l, uint64_t known) HIDDEN;

/* Throw away what is unread. */
void cut_discard(const struct line *l, int fd) HIDDEN;

/* What may be read, at most up to the cuts; and when the next one comes. */
void cut_limit(const struct line *l, struct line_view *v) HIDDEN;

#endif
