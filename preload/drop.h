/* drop_response: the request goes out, and its answer never comes.  Floor 1.  For line.c, which holds the
 * lock.
 *
 * What arrives after the request is thrown away: by TCP, not kept, so that the peer can send all of it.  With
 * silence the end is hidden too, and the receiving side is shut in the kernel; after the lift the connection
 * is shut, and so at its end.  With reset it is reset when the answer begins to come.
 *
 * Accepted limits: on a unix socket the peer sees that its answer is not taken (EPIPE).  A program that was
 * in no call at the lift, and whose first call after it is one that receives, may read what came in between.
 */
#ifndef PRELOAD_DROP_H
#define PRELOAD_DROP_H

#include "preload/line.h"

/* A request is sent that l->requests tells of: is its answer to be dropped? */
void drop_request(struct line *l, int fd, const struct subject *subject) HIDDEN;

/* Something is sent before the last request was answered.  Where it is a request whose answer would have been
 * dropped, which of the answers that come is its own cannot be told: it is skipped. */
void drop_pipelined(struct line *l, int fd, const struct subject *subject, const uint8_t *bytes,
                    size_t len) HIDDEN;

/* No more: the connection is shut, so that nobody reads half an answer. */
void drop_end(struct line *l, int fd) HIDDEN;

/* Drop what has come. */
void drop_judge(struct line *l, int fd) HIDDEN;

/* What may be read: former answers. */
void drop_limit(const struct line *l, struct line_view *v) HIDDEN;

#endif
