/* Following epoll sets: learning them, holding registrations back, restoring them.  Floor 1.  For watch.c;
 * the sets that are handed about are locked. */
#ifndef PRELOAD_FOLLOW_H
#define PRELOAD_FOLLOW_H

#include "preload/line.h"
#include "preload/registry.h"

extern _Atomic uint32_t follow_sets HIDDEN; /* how many are followed */
extern _Atomic int follow_owner HIDDEN;     /* the process whose they are */

/* Is anything to be held at all? */
bool follow_is_wanted(void) HIDDEN;

/* The set, locked; NULL when it is not followed, or cannot be. */
struct set *follow_find(int epfd) HIDDEN;
struct set *follow_make(int epfd) HIDDEN;
struct set *follow_locked(struct set *s, int epfd) HIDDEN;
void follow_drop(struct set *s) HIDDEN;

/* The registration is held until the view says so. */
void follow_hold(struct set *s, int place, const struct line_view *v) HIDDEN;

/* Look at it, and have the kernel tell what is due; again: what is there, even if it was told. */
void follow_review(struct set *s, int place, bool again) HIDDEN;

/* Learn what is new, restore what is due, set the timer.  Returns how long may be waited at most. */
uint64_t follow_prepare(struct set *s) HIDDEN;

#endif
