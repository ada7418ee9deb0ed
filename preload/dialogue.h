/* Requests and answers on a connection, as the program sends and reads them.  Floor 1.  For respond.c, which
 * has the line locked.
 *
 * Two things are to be known before a request can be answered in its dependency's place: that what is sent
 * begins one, and that no former one waits for its answer still.  What cannot be framed, or was not seen, is
 * not followed any more, until the next request that comes after an answer. */
#ifndef PRELOAD_DIALOGUE_H
#define PRELOAD_DIALOGUE_H

#include "preload/line.h"

/* From here on: nothing is under way. */
void dialogue_start(struct dialogue *d) HIDDEN;

/* Is the next byte that is sent the first of a request?  Was every former one answered? */
bool dialogue_is_between(const struct dialogue *d) HIDDEN;
bool dialogue_is_settled(const struct dialogue *d) HIDDEN;

/* Bytes were sent: those up to the end of a request at most.  Returns how many that were. */
size_t dialogue_sent(struct dialogue *d, const uint8_t *bytes, size_t len) HIDDEN;
/* Bytes that nobody saw were. */
void dialogue_sent_unseen(struct dialogue *d, uint64_t len) HIDDEN;

/* Bytes were read. */
void dialogue_heard(struct dialogue *d, const uint8_t *bytes, size_t len) HIDDEN;

#endif
