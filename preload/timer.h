/* The timerfd of an epoll set that holds something.  Floor 1.  For follow.c, which has the set locked. */
#ifndef PRELOAD_TIMER_H
#define PRELOAD_TIMER_H

#include "preload/registry.h"

/* Have it ring then, or once before: a lift is looked for anyway.  It is made when there is none.  Without
 * descriptors to be had, s->timer stays -1. */
void timer_set(struct set *s, uint64_t at_ns, uint64_t now_ns) HIDDEN;

/* Close it. */
void timer_drop(struct set *s) HIDDEN;

/* After the registrations were read: is it among them (s->timer_is_there)? */
void timer_check(struct set *s) HIDDEN;

#endif
