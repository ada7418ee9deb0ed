/* Calls to watched dependencies that wait for their answer now.  Floor 0.
 *
 * Each has a place, claimed by the process that makes it and freed by it when bytes come back, when it fails,
 * or when its connection is closed; those of a process that is gone are freed by the orchestrator.  So how
 * many there are and how long they have been waiting can be read at any time, also of those that never end.
 */
#ifndef DECISION_INFLIGHT_H
#define DECISION_INFLIGHT_H

#include <stdatomic.h>
#include <stdint.h>

#define INFLIGHT_MAX 1024 /* linear scan; more at a time are counted as untold */

struct inflight {
    _Atomic uint32_t pid; /* 0: free */
    _Atomic uint32_t targets;
    _Atomic uint64_t since_ns; /* CLOCK_MONOTONIC; 0: being filled, or being freed */
};

/* A free place for a call; -1 when there is none. */
int inflight_begin(struct inflight places[static INFLIGHT_MAX], uint32_t pid, uint32_t targets,
                   uint64_t now_ns);

/* How long it waited; UINT64_MAX when the place is not, or no longer, this process's. */
uint64_t inflight_end(struct inflight *place, uint32_t pid, uint64_t now_ns);

/* How many wait that are for one of these. */
uint32_t inflight_count(const struct inflight places[static INFLIGHT_MAX], uint32_t targets);

#endif
