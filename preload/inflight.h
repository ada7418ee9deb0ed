/* Following calls to watched dependencies from their beginning to their answer: struct inflight.  Floor 1. */
#ifndef PRELOAD_INFLIGHT_H
#define PRELOAD_INFLIGHT_H

#include "preload/ask.h"

/* A call begins on the descriptor, for these dependencies; one that was still waiting there is given up. */
void inflight_called(int fd, uint32_t targets) HIDDEN;

/* The request of the call that waits on it, if one does, has left. */
void inflight_sent(int fd) HIDDEN;

/* Whatever waited on it does so no more: an answer, a failure, or nobody knows, for the number is another
 * file's already.  errno is kept. */
void inflight_answered(int fd) HIDDEN;
void inflight_failed(int fd) HIDDEN;
void inflight_reused(int fd) HIDDEN;

/* The numbers are about to be other files', or none's: who waited gave up.  errno is kept. */
void inflight_forget(unsigned first, unsigned last) HIDDEN;

#endif
