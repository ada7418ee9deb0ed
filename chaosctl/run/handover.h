/* From a child that is about to execute to its supervisor: the listener of what it will be asked about.
 * Floor 3. */
#ifndef RUN_HANDOVER_H
#define RUN_HANDOVER_H

#include <linux/filter.h>
#include <stdint.h>
#include <sys/types.h>

struct supervisor;

struct handover {
    struct supervisor *supervisor; /* NULL: nothing is handed over, and all of this does nothing */
    uint32_t service;
    struct sock_fprog filter;
    int ends[2]; /* parent's, child's */
};

/* Before the fork.  -errno. */
int handover_begin(struct handover *handover, struct supervisor *supervisor, uint32_t service);

/* In the child: from now on it is asked about.  Async-signal-safe.  0, or -1 with errno. */
int handover_give(const struct handover *handover);

/* In the parent, until the child was answered. */
void handover_take(struct handover *handover, pid_t child);

void handover_end(struct handover *handover);

#endif
