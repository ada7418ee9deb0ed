/* What becomes of a datagram that is received.  Floor 1, and pure: no clock, no syscall, no memory but the
 * caller's.
 *
 * They lie in the kernel's queue, of which the first two are looked at: the second may overtake the first. */
#ifndef INJECTORS_PACKET_H
#define INJECTORS_PACKET_H

#include "injectors/stream.h"

#define PACKET_LOOK_NS UINT64_C(2000000) /* how often it is looked whether one comes that overtakes */

struct packet {
    bool is_known;
    bool is_lost;            /* to be thrown away when it is the first: lost, or told already */
    uint8_t copies;          /* how often it is told more than once */
    uint8_t flip;            /* corrupt: what is XORed in, */
    uint32_t flip_at;        /* and where */
    uint32_t len;            /* bytes */
    uint16_t waits_for;      /* the rule that lets another overtake it, */
    uint64_t waits_until_ns; /* so long; 0: none does */
    uint64_t stamp_ns;       /* by which it is known again; 0: it has none */
    struct mark mark;        /* when it came, and when it is due */
};

/* One that came then, and nothing is decided. */
void packet_begin(struct packet *p, uint32_t len, uint64_t stamp_ns, uint64_t arrival_ns);

/* Does the strike lose it?  And else, can it land? */
bool packet_is_lost_by(const struct rule *rule, const struct strike *strike);
bool packet_takes(const struct packet *p, const struct rule *rule, const struct strike *strike);

/* The strike lands.  Returns how long it is delayed by that. */
uint64_t packet_strike(struct packet *p, const struct rule *rule, const struct strike *strike);

/* Decided; or rules were lifted: what only they did is undone. */
void packet_reweigh(struct packet *p, const struct table *table);

/* Which is told next: none before *ret_next_ns, the first, or the second, which overtakes it? */
enum packet_turn { TURN_NONE, TURN_FIRST, TURN_SECOND };

/* Must the second be looked for? */
static inline bool packet_waits(const struct packet *first, uint64_t now_ns)
{
    return first->waits_until_ns > now_ns;
}

/* second: unknown where there is none.  Once one that is lost stands there, nothing overtakes. */
enum packet_turn packet_turn(struct packet *first, const struct packet *second, uint64_t now_ns,
                             uint64_t *ret_next_ns);

/* Is it taken out of the queue when it is told?  And it was told, not only peeked at. */
bool packet_leaves(const struct packet *p, enum packet_turn turn);
void packet_told(struct packet *p, struct packet *first, enum packet_turn turn);

#endif
