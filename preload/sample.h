/* Noting what has arrived on a connection, and deciding on it.  Floor 1.  For line.c, which holds the lock.
 */
#ifndef PRELOAD_SAMPLE_H
#define PRELOAD_SAMPLE_H

#include "preload/line.h"

void sample(struct line *l, int fd, uint64_t known, uint64_t now_ns) HIDDEN;

#endif
