/* The journal ring: what the ways in did, for the orchestrator to read while it happens.  Floor 0.
 *
 * Many writers (threads of many processes), one reader; lock-free.  A full ring drops and counts.  A writer
 * that dies between claiming and publishing a place does not stop the reader (ring_skip).  After Vyukov's
 * bounded MPMC queue. */
#ifndef DECISION_RING_H
#define DECISION_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define RING_SIZE 2048 /* a power of two */

enum record_kind {
    RECORD_HIT,     /* a strike landed */
    RECORD_SKIPPED, /* a strike could not land */
};

struct record {
    uint64_t time_ns; /* CLOCK_MONOTONIC */
    uint64_t number;  /* of the match: with the rule's seed it makes the decision again */
    uint64_t delay_ns;
    uint32_t pid, tid;
    int32_t fd;     /* -1 where there is none */
    int32_t error;  /* errno or EAI_ code */
    uint16_t rule;  /* index in the table */
    uint8_t call;   /* enum call */
    uint8_t kind;   /* enum record_kind */
    uint8_t effect; /* enum effect */
    uint8_t service;
    uint16_t reserved;
};

struct ring_slot {
    _Atomic uint64_t turn; /* position: free to write; position + 1: readable */
    struct record record;
};

struct ring {
    _Atomic uint64_t head;    /* next place to write */
    _Atomic uint64_t dropped; /* records that found the ring full */
    uint64_t tail;            /* next place to read; the reader's alone */
    struct ring_slot slots[RING_SIZE];
};

void ring_init(struct ring *ring);

/* Store a copy; false when the ring was full, and counted. */
bool ring_put(struct ring *ring, const struct record *record);

/* The oldest record, removed; false when there is none, or the next one is not published yet. */
bool ring_take(struct ring *ring, struct record *ret_record);

/* Is a place claimed that its writer has not published?  If it stays so, the writer is dead: ring_skip. */
bool ring_is_stuck(const struct ring *ring);

/* Give the claimed place up and count it as dropped. */
void ring_skip(struct ring *ring);

#endif
