/* What is sent into a black hole.  Floor 1.
 *
 * As with a network that drops everything, a send succeeds and nothing of it arrives: its bytes are kept
 * here, in order, until packets get through again, and then go out before anything else does.  While some
 * process keeps something, the table says so (leftovers) and no call is idle, so that nothing overtakes.
 *
 * OUTBOX_BYTES of a connection are kept; then, as with a full send buffer, a send waits or says EAGAIN, and
 * nobody is told that the connection can be written to.
 *
 * Accepted limits: OUTBOXES connections; sends of others get through, and count as skipped.  What a program
 * leaves behind by close, exec or exit is lost.  What is spliced out of a pipe gets through. */
#ifndef PRELOAD_OUTBOX_H
#define PRELOAD_OUTBOX_H

#include "preload/ask.h"

#define OUTBOXES     64
#define OUTBOX_BYTES 16384

/* Does the send that was asked about go into a hole?  Then there is a place for it. */
bool outbox_takes(const struct ask *a) HIDDEN;

#define OUTBOX_OVER (-2) /* no hole, or it was over in between: the call is to be made */
#define OUTBOX_FULL (-3)

/* Keep it, as much as fits, if it goes into a hole.  As send, with ask_done; or OUTBOX_OVER. */
ssize_t outbox_send(struct ask *a, const struct iovec *parts, size_t count) HIDDEN;
ssize_t outbox_send_bytes(struct ask *a, const void *bytes, size_t len) HIDDEN;

/* Keep what sendfile would have sent.  As sendfile, with ask_done; or OUTBOX_OVER. */
ssize_t outbox_pull(struct ask *a, int from, off_t *offset, size_t count) HIDDEN;

/* Is something kept for that socket?  Send it, if its hole is over.  *ret_full:
 * there is space for nothing more. */
bool outbox_look(int fd, uint64_t cookie, bool *ret_full) HIDDEN;

/* The same for all. */
void outbox_settle(void) HIDDEN;

/* The sending side is to be shut: behind what is kept.  Returns false when there is nothing. */
bool outbox_shuts(int fd, int how) HIDDEN;

/* The numbers are closed, or become something else. */
void outbox_forget(unsigned first, unsigned last) HIDDEN;

/* The child of a fork has its parent's memory, and must not send it a second time. */
void outbox_forked(void) HIDDEN;

#endif
