/* What a verdict does to a call.  Floor 1. */
#ifndef PRELOAD_EFFECT_H
#define PRELOAD_EFFECT_H

#include "preload/ask.h"

/* Do it, count what landed and what could not, and write it to the journal.  Returns true when the call ends
 * here, with a->result and a->error set. */
bool effect_apply(struct ask *a, const struct verdict *v) HIDDEN;

/* The same after the call came back empty-handed: only a reset can still land.  Returns true when one did. */
bool effect_apply_late(struct ask *a, const struct verdict *v) HIDDEN;

/* A strike on a stream landed: count it and write it to the journal. */
void effect_landed(enum call call, int fd, const struct strike *strike, uint64_t delay_ns) HIDDEN;

/* The kernel's own way to drop a connection: a RST goes out, pollers wake, and the next call finds
 * ECONNRESET.  Where that does not work (a unix socket; EBUSY of kernels 6.4 to 6.9 while a thread waits)
 * both directions are shut, and it returns false. */
bool effect_disconnect(int fd) HIDDEN;
/* It could not. */
void effect_skipped(enum call call, int fd, const struct strike *strike) HIDDEN;

#endif
