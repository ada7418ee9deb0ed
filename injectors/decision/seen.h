/* Whom processes were seen connecting to, while they are observed.  Floor 0.
 *
 * Written by many processes at once, read by the orchestrator.  A row is taken once and never given back; two
 * that take one for the same end at the same moment leave two rows, which the reader adds up.  Whoever reads
 * believes no length. */
#ifndef DECISION_SEEN_H
#define DECISION_SEEN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "injectors/decision/target.h"

#define SEEN_MAX         64
#define SEEN_FIRST_BYTES 512 /* enough for the server's name in a TLS hello */
#define SEEN_PATH_BYTES  108
#define SEEN_TIMES       40

enum seen_state {
    SEEN_FREE,
    SEEN_TAKEN, /* being filled */
    SEEN_READY,
};

struct seen {
    _Atomic uint32_t state; /* enum seen_state */
    uint8_t is_unix;
    uint8_t path_len;
    uint16_t port; /* host order */
    uint8_t address[16];
    char path[SEEN_PATH_BYTES]; /* '@' first for an abstract one; not terminated */
    _Atomic uint64_t connects;
    _Atomic uint64_t failures;          /* of those */
    _Atomic uint64_t calls;             /* requests: bytes sent first of all, or after bytes were received */
    _Atomic uint64_t answers;           /* of those: bytes came back */
    _Atomic uint64_t greetings;         /* connections whose far end spoke first */
    _Atomic uint64_t times[SEEN_TIMES]; /* answers, by how long they took: seen_time */
    _Atomic uint32_t first_state;       /* enum seen_state */
    uint32_t first_len;
    uint8_t first[SEEN_FIRST_BYTES]; /* what was sent first on some connection */
};

/* The row of that end, taken if need be; -1 when all are taken by others. */
int seen_find(struct seen rows[static SEEN_MAX], const struct endpoint *end);

/* Which of times[] an answer counts in: each is twice as long as the one before, the first ends at 1 us. */
unsigned seen_time(uint64_t took_ns);

#endif
