/* Receiving from a stream that is held, cut or changed.  Floor 1.
 *
 * The real call is made for as much as is due, and never waits; we wait instead, for what arrives in the
 * kernel (with MSG_PEEK, so that time-outs and signals are the kernel's own) and for what is held on the
 * table's epoch.
 *
 * Accepted limits: of a stream recvmmsg receives one message; more than FLOW_PARTS parts are filled by
 * further calls. */
#ifndef PRELOAD_FLOW_H
#define PRELOAD_FLOW_H

#include "preload/ask.h"
#include "preload/line.h"

#define FLOW_PARTS 8 /* of an iovec at a time: stacks may be small */

/* Is the call, which was asked about, on such a stream, or on datagrams? */
bool flow_is_on(const struct ask *a) HIDDEN;

/* As recvmsg and recv, with ask_done. */
ssize_t flow_receive(struct ask *a, struct msghdr *message, int flags) HIDDEN;
ssize_t flow_receive_into(struct ask *a, void *buf, size_t len, int flags) HIDDEN;

/* Wait as a receiving call does until something may be read, or the stream has ended.  Returns 0, with what
 * is there, or the errno that ends the call. */
int flow_await(struct ask *a, struct line_view *ret_view) HIDDEN;

/* That many bytes were moved on without us. */
void flow_spliced(struct ask *a, const struct line_view *view, size_t got, bool left_some) HIDDEN;

/* Copy the part of an iovec that begins at skip and is limit bytes at most.  Returns how many parts. */
size_t flow_parts(const struct iovec *from, size_t count, size_t skip, size_t limit,
                  struct iovec to[static FLOW_PARTS]) HIDDEN;

/* The bytes that a message has room for. */
size_t flow_size(const struct msghdr *message) HIDDEN;

/* A call that was not held received bytes while a rule was being armed: hold them as long.  errno is kept. */
void flow_late(enum call call, int fd, int flags) HIDDEN;

#endif
