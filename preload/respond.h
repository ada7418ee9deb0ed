/* respond: a request is not sent, and an answer of ours is read.  Floor 1.
 *
 * From the first byte of a request that is struck nothing of the connection goes to the dependency any more:
 * what is sent is swallowed, and when the request is whole its answer has arrived, for all that the program
 * sees.  Its bytes lie in the control area and are never in the kernel; but the receiving side is shut there,
 * which is what wakes whoever waits in it, in every way to wait, and what is read is answered here.  In the
 * line's stream the answer stands as if it had come over the wire, so latency, bandwidth, truncate, reset,
 * slice and corrupt do to it what they do to any.  (Rejected: another connection under the program's numbers,
 * by dup3 or by connecting anew.  It is another open file, or another address, in epoll sets, dup'ed numbers
 * and forked processes that nobody can all find; or one that a second thread sees fail in between.)
 *
 * Behind the answer the connection ends, as Connection: close says, and the dependency sees it end; a
 * program's next request comes on a new one, where it is decided anew.  Where a rule strikes every request
 * the connection is kept, and further requests are answered in order.
 *
 * A request is skipped, and counted so, while a former one waits for its answer (pipelining), and where it is
 * no HTTP and the answer is.  TLS counts as unseen.
 *
 * What is not read by the lift can be read after it: until it was, and until a kept connection is shut, the
 * table says so (kept), and after the lift no call is idle.
 *
 * Accepted limits: CANNED_MAX answers are queued on a connection, then it closes.  A thread that slept in a
 * receiving call since before the rule was armed meets EINTR, and the answer when it calls again.  Who waits
 * for the next answer on a kept connection in poll or select, in another thread than sends, is told
 * LINE_SLICE_NS late at most.  What was left by exec or exit is lost.  Of sendmmsg only the first message is
 * looked at.  Bytes that were not read by the C library's calls (stdio, inline ones) end without an answer.
 */
#ifndef PRELOAD_RESPOND_H
#define PRELOAD_RESPOND_H

#include "preload/ask.h"
#include "preload/line.h"

/* --- for ask.c, outbox.c and pipe.c: the line is not locked --- */

/* Is the send that was asked about swallowed? */
bool respond_takes(struct ask *a) HIDDEN;

/* Swallow it.  As send and sendfile, with ask_done. */
ssize_t respond_swallow(struct ask *a, const struct iovec *parts, size_t count) HIDDEN;
ssize_t respond_pull(struct ask *a, int from, off_t *offset, size_t count) HIDDEN;

/* A send that was not swallowed was made. */
void respond_sent(const struct ask *a, ssize_t result) HIDDEN;

/* --- for line.c, which has it locked --- */

/* A request begins, as far as is_first tells: what was sent before was answered.  Is it to be answered? */
void respond_request(struct line *l, int fd, const struct subject *subject, const struct requests *requests,
                     const uint8_t *bytes, size_t len, bool is_first) HIDDEN;
void respond_pipelined(struct line *l, int fd, const struct subject *subject, const uint8_t *bytes,
                       size_t len) HIDDEN;

/* That was read of what the dependency sent. */
void respond_heard(struct line *l, const struct iovec *parts, size_t count, uint64_t len) HIDDEN;

#endif
