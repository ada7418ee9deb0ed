/* An answer of ours on a connection: where it stands, and who reads it.  Floor 1.  For respond.c, which makes
 * them. */
#ifndef PRELOAD_CANNED_H
#define PRELOAD_CANNED_H

#include "preload/ask.h"
#include "preload/line.h"

/* --- the line is locked --- */

/* Is its rule still there? */
bool canned_lasts(const struct canned *c, uint64_t now_ns) HIDDEN;

/* It is among what is kept (table.h), until it is read or the connection closed. */
void canned_count(struct canned *c) HIDDEN;

/* Have the kernel tell of something to be read. */
void canned_shut(struct canned *c, int fd, int how) HIDDEN;

/* There is an end behind what was answered. */
void canned_close(struct line *l, const struct mark *mark) HIDDEN;

/* Was all of it read? */
bool canned_is_read(const struct line *l) HIDDEN;

void canned_look(struct line *l, int fd, uint64_t now_ns) HIDDEN;
void canned_view(const struct line *l, int fd, uint64_t now_ns, struct line_view *v) HIDDEN;

/* Nothing is armed. */
void canned_settle(struct line *l) HIDDEN;
void canned_reset(struct line *l) HIDDEN;

/* --- it is not --- */

/* Are there any?  Is there one, whose rule was lifted, on the connection that was asked about? */
bool canned_are_left(void) HIDDEN;
bool canned_is_left(const struct ask *a) HIDDEN;

/* Is one there that was not read to its end? */
bool canned_is_unread(int fd) HIDDEN;

/* Read of it as much as is due, at most that much.  As recvmsg and splice, never waiting. */
ssize_t canned_read(const struct ask *a, struct msghdr *message, size_t limit, int flags) HIDDEN;
ssize_t canned_splice(struct ask *a, int to, size_t limit) HIDDEN;

/* The numbers are closed, or become something else; the child of a fork has its parent's memory. */
void canned_forget(unsigned first, unsigned last) HIDDEN;
void canned_forked(void) HIDDEN;

#endif
