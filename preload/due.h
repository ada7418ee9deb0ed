/* The held registrations of an epoll set, the one that is due first before the others.  Floor 1.  The set is
 * locked.
 *
 * A pairing heap (Fredman, Sedgewick, Sleator, Tarjan: The Pairing Heap: A New Form of Self-Adjusting Heap,
 * Algorithmica 1, 1986) whose links lie in the registrations: to put one in takes a comparison, and to take
 * any out the logarithm of their number, on the average of many. */
#ifndef PRELOAD_DUE_H
#define PRELOAD_DUE_H

#include "preload/registry.h"

/* Hold it until then.  One that is held already is moved. */
void due_put(struct set *s, int place, uint64_t at_ns) HIDDEN;

/* It is held no more.  Nothing where it was not. */
void due_take(struct set *s, int place) HIDDEN;

/* Which is due first, at its restore_ns; 0: none is held. */
int due_first(const struct set *s) HIDDEN;

#endif
