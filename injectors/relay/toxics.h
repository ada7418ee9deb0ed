/* Toxics, as Toxiproxy has them: a policy of the relay's.  Floor 1.
 *
 * A toxic is about one direction of a proxy's links, and strikes a link as a whole or not at all.  They
 * compose: delays add up, the lowest rate and limit hold.  (In Toxiproxy each works on what the one before it
 * lets through; here a limit_data counts what is sent, whatever stands before it.) */
#ifndef INJECTORS_RELAY_TOXICS_H
#define INJECTORS_RELAY_TOXICS_H

#include "injectors/relay.h"

#define TOXICS_MAX       32 /* of a proxy */
#define TOXIC_ATTRIBUTES 3

enum toxic_kind {
    TOXIC_NONE,
    TOXIC_LATENCY,    /* latency, jitter: milliseconds */
    TOXIC_BANDWIDTH,  /* rate: thousands of bytes a second */
    TOXIC_SLOW_CLOSE, /* delay: milliseconds that an end of file is held back */
    TOXIC_TIMEOUT,    /* timeout: data are dropped, and the link ends after so many milliseconds; 0: when the
                         toxic is removed, which ends it in any case */
    TOXIC_RESET_PEER, /* timeout: milliseconds after the first data the link is reset; they are dropped */
    TOXIC_SLICER,     /* average_size, size_variation: bytes; delay: microseconds */
    TOXIC_LIMIT_DATA, /* bytes: the link ends behind so many */
    TOXIC_COUNT,
};

struct toxic {
    uint8_t kind; /* enum toxic_kind; NONE: a free place */
    uint8_t way;  /* enum relay_way */
    double toxicity;
    int64_t value[TOXIC_ATTRIBUTES]; /* in the order above; less than 0 is 0 */
    uint64_t seed;
};

/* All of a proxy: the arg of its links. */
struct toxics {
    struct toxic toxic[TOXICS_MAX];
    uint64_t links; /* that were made: the number of the draw of each */
};

extern const struct relay_policy relay_toxics;

/* A toxic was put into that place; changed; or is to be taken out of it.  Links that are there follow at
 * once.  redraw: whom it strikes is drawn anew. */
void toxics_put(struct relay *relay, struct toxics *toxics, uint32_t place, const struct toxic *toxic);
void toxics_change(struct relay *relay, struct toxics *toxics, uint32_t place, const struct toxic *toxic);
void toxics_remove(struct relay *relay, struct toxics *toxics, uint32_t place);

/* TOXICS_MAX: none is free. */
uint32_t toxics_free_place(const struct toxics *toxics);

/* The kind of that name and the names of its attributes (NULL behind the last); NONE and NULL. */
enum toxic_kind toxic_find(const char *name);
const char *toxic_name(enum toxic_kind kind);
const char *const *toxic_attributes(enum toxic_kind kind);

#endif
