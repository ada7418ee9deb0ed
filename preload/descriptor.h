/* What is known of a descriptor: the dependencies that it leads to.  Floor 1.
 *
 * Soft state.  A word is believed only while the table's epoch is the one that it was learned in, so nothing
 * has to be followed while nothing is armed, and each change of the table makes everything unknown; it is
 * learned again when it is needed.  A vfork child, whose closes would land in its parent's words, changes
 * none.  A wrong word (a number reused behind our back) is found out before a strike: descriptor_holds. */
#ifndef PRELOAD_DESCRIPTOR_H
#define PRELOAD_DESCRIPTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "injectors/decision/rule.h"
#include "preload/real.h"

/* Beside the mask of dependencies (the low 31 bits) in a word. */
#define KNOWN            (UINT64_C(1) << 31)
#define KNOWN_OUTBOUND   (UINT64_C(1) << 32)
#define KNOWN_INBOUND    (UINT64_C(1) << 33)
#define KNOWN_STREAM     (UINT64_C(1) << 34)
#define KNOWN_FRESH      (UINT64_C(1) << 35) /* connected, and no request sent yet */
#define KNOWN_ANSWERED   (UINT64_C(1) << 36) /* received since it last sent */
#define KNOWN_CONNECTING (UINT64_C(1) << 37) /* an attempt that is to be continued, not a new one */
#define KNOWN_RESET      (UINT64_C(1) << 38) /* we reset it; it leads nowhere any more */
#define KNOWN_APART      (UINT64_C(1) << 39) /* a socket without a peer */
#define KNOWN_ALIVE      (UINT64_C(1) << 40) /* without one, but listening or still connecting */
#define KNOWN_UDP        (UINT64_C(1) << 41)

static inline uint32_t known_targets(uint64_t known)
{
    return (uint32_t)(known & (KNOWN - 1));
}

static inline enum direction known_direction(uint64_t known)
{
    return known & KNOWN_OUTBOUND  ? DIRECTION_OUTBOUND
           : known & KNOWN_INBOUND ? DIRECTION_INBOUND
                                   : DIRECTION_ANY;
}

/* What is known in this epoch, learned now if need be.  errno changes. */
uint64_t descriptor_find(int fd) HIDDEN;

/* Is it still what it was known as?  Asks the kernel.  errno changes. */
bool descriptor_holds(int fd, uint64_t known) HIDDEN;

/* The word without learning; 0 when nothing is known in this epoch. */
uint64_t descriptor_peek(int fd) HIDDEN;

/* Is it known to lead to somebody, but to none of these targets, now or before a reset?  Without a peer it
 * leads wherever each message does.  No system call. */
static inline bool descriptor_is_apart(int fd, uint32_t targets)
{
    uint64_t known = descriptor_peek(fd);

    return known && !(known & (KNOWN_RESET | KNOWN_APART)) && !(known_targets(known) & targets);
}

/* Know it as this from now on: KNOWN_ flags and a mask. */
void descriptor_set(int fd, uint64_t known) HIDDEN;

/* It is another open file now, or none. */
void descriptor_forget(int fd) HIDDEN;
void descriptor_forget_range(unsigned first, unsigned last) HIDDEN;

/* to is another number for what from is. */
void descriptor_copy(int from, int to) HIDDEN;

#endif
