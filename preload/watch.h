/* What we know of epoll sets, and do to them, so that a held descriptor is not reported.  Floor 1.
 *
 * While nothing is armed nothing is followed.  The first wait in an epoch of the table reads what is
 * registered from /proc/self/fdinfo; then epoll_ctl is followed.  An event of a held descriptor is taken out;
 * where it would come again at once (level) or never again (oneshot), the kernel's registration is changed to
 * edge-triggered until the data is due: so each further arrival still tells us, and none spins.  What was
 * changed stands in unused bits of the registration itself, so that it can be undone by who knows nothing
 * else: another epoch, another number for the set, a forked child.  Restoring by EPOLL_CTL_MOD makes the
 * kernel look again, which re-arms an edge too.
 *
 * A set that holds something has one timerfd, registered with DATA, so that whoever waits on the set, or on
 * a set around it, wakes in time.
 *
 * Accepted limits: SETS sets and REGISTRATIONS registrations; of what is beyond, events are reported early
 * and reads find nothing.  poll on a set reports it when an event was taken out of it.  A set that is closed
 * after a lift and before any call that waits leaves its timerfd open until such a call.  A thread that
 * sleeps in the kernel since before a rule was armed, is told there of a oneshot, and does not run before the
 * rule is lifted, may be told of it as well as another; no report is lost. */
#ifndef PRELOAD_WATCH_H
#define PRELOAD_WATCH_H

#include <sys/epoll.h>

#include "preload/shim.h"

/* Undo everything, when nothing is armed any more and something is left (shim_left). */
void watch_settle(void) HIDDEN;

/* Before waiting: what is due is restored.  Returns how long may be waited at most without a timer. */
uint64_t watch_prepare(int epfd) HIDDEN;

/* After it: returns how many of the events are left.  What a oneshot reported before the set was learned is
 * left, for nobody can tell any more what it waited for. */
int watch_filter(int epfd, struct epoll_event *events, int count) HIDDEN;

/* Both at once, without waiting, in a set with a oneshot: returns false where the set has none, and waits as
 * others do.  The kernel's report and what we make of it are one thing under the set's lock, so that of
 * several threads one is told.  How many the kernel told, and how many are left; -1 and errno. */
bool watch_fetch(int epfd, struct epoll_event *events, int max, int *ret_got, int *ret_kept) HIDDEN;

/* A descriptor may have become held without an event. */
void watch_stir(int fd) HIDDEN;

/* Make the call, and note what it changes.  A thread that the set tells of it at once looks at it afterwards.
 * As epoll_ctl. */
int watch_change(int epfd, int op, int fd, struct epoll_event *event) HIDDEN;

/* It was changed while a rule was being armed: what is known of it is learned again. */
void watch_changed_unseen(int epfd) HIDDEN;

/* The numbers are closed, or become something else. */
void watch_forget(unsigned first, unsigned last) HIDDEN;

/* The child of a fork shares the sets, but not our numbers. */
void watch_forked(void) HIDDEN;

#endif
