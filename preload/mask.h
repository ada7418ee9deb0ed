/* Changing the kernel's registrations, and reading them.  Floor 1.  For follow.c and watch.c. */
#ifndef PRELOAD_MASK_H
#define PRELOAD_MASK_H

#include "preload/registry.h"

/* The timerfd's registration.  No program has this for a pointer or a number by chance. */
#define MASK_DATA UINT64_C(0xc4a05c711e4f5eed)

/* Edge-triggered and not oneshot from now on; and as the program has it.  False: it is not registered any
 * more. */
bool mask_set(int epfd, struct registration *r) HIDDEN;
bool mask_restore(int epfd, struct registration *r) HIDDEN;

/* As after a oneshot event. */
bool mask_spend(int epfd, struct registration *r) HIDDEN;

/* Call back for each registration that /proc/self/fdinfo shows; returns false when it cannot be read. */
struct mask_seen {
    int fd;
    uint32_t events; /* the program's */
    uint64_t data;
    bool is_masked;
};
typedef void mask_visit(struct set *s, const struct mask_seen *seen);
bool mask_each(struct set *s, mask_visit *visit) HIDDEN;

#endif
