/* Epoll sets and what is registered in them: the tables of watch.c, without a system call.  Floor 1.
 *
 * Fixed pools, places by number, 0 is none: so that zeroed memory is an empty table.  A registration is found
 * by its descriptor and by its data, which several may share. */
#ifndef PRELOAD_REGISTRY_H
#define PRELOAD_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "preload/lock.h"
#include "preload/real.h"

#define REGISTRY_SETS          64
#define REGISTRY_REGISTRATIONS 16384
#define REGISTRY_BUCKETS       512 /* of a set, a power of two */

struct registration {
    uint64_t data;
    uint64_t restore_ns; /* held: when it is to be looked at */
    int fd;
    uint32_t events; /* the program's */
    uint32_t shorts; /* of the line, when last looked at */
    bool is_held;    /* due.h */
    bool is_masked;  /* the kernel's registration is changed */
    bool is_spent;   /* oneshot, and the kernel has reported it: */
    bool is_told;    /* the program, too; otherwise the report may be under way */
    bool told_out;   /* masked, and writing was reported: a level is told again (in the set's list) */
    int next_by_fd, next_by_data, next_told;
    int due_below, due_next, due_back; /* due.h */
};

struct set {
    struct lock busy;
    bool is_used, timer_is_there;
    int epfd;
    int timer; /* -1: none */
    uint32_t epoch;
    uint64_t timer_ns; /* what it is set to */
    uint32_t shorts;   /* line_shorts() when it was last looked at */
    int due;           /* due.h */
    int told;          /* list */
    uint32_t oneshots; /* registrations of that kind */
    int by_fd[REGISTRY_BUCKETS], by_data[REGISTRY_BUCKETS];
};

extern struct registration registrations[REGISTRY_REGISTRATIONS + 1] HIDDEN;
extern struct set sets[REGISTRY_SETS] HIDDEN;

static inline bool is_edge(const struct registration *r)
{
    return r->events & EPOLLET;
}

/* It was learned when it was spent already: nobody knows what it waited for. */
static inline bool wants_nothing(const struct registration *r)
{
    return !(r->events &
             ~(uint32_t)(EPOLLET | EPOLLEXCLUSIVE | EPOLLONESHOT | EPOLLWAKEUP | EPOLLERR | EPOLLHUP));
}

/* What the kernel tells of it once, it tells by itself, when it was not touched: it is given back to the
 * kernel by the program alone.  Otherwise two threads might be told of it. */
static inline bool is_told_by_itself(const struct registration *r)
{
    return !r->is_masked && r->events & EPOLLONESHOT;
}

/* For these the set is locked. */
int registry_find(const struct set *s, int fd) HIDDEN;
int registry_first(const struct set *s, uint64_t data) HIDDEN;
int registry_next(int place, uint64_t data) HIDDEN; /* with the same data */
int registry_put(struct set *s, int fd, uint32_t events, uint64_t data) HIDDEN;
void registry_drop(struct set *s, int place) HIDDEN;
void registry_clear(struct set *s) HIDDEN;

/* Writing was reported of it while it was masked.  And the first of those, taken out of the list; 0: none. */
void registry_tell(struct set *s, int place) HIDDEN;
int registry_told(struct set *s) HIDDEN;

#endif
