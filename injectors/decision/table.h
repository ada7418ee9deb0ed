/* The control area: what the orchestrator and every process of a run share.  Floor 0: its layout and its
 * arithmetic.
 *
 * One writer of rules (the orchestrator), many readers.  All zero means: nothing armed, pass everything
 * through; so a process whose map failed needs no special case.  A reader believes no index or length that it
 * finds here. */
#ifndef DECISION_TABLE_H
#define DECISION_TABLE_H

#include "injectors/decision/inflight.h"
#include "injectors/decision/ring.h"
#include "injectors/decision/rule.h"
#include "injectors/decision/seen.h"
#include "injectors/decision/target.h"

#define TABLE_MAGIC  UINT64_C(0x314c544353414843) /* "CHASCTL1" */
#define TABLE_LAYOUT ((uint32_t)(sizeof(struct table) ^ (CALL_COUNT << 24)))
#define RULE_MAX     256 /* linear scan: 256 rules fit in L2; revisit beyond that */
#define SLOT_MAX     512 /* processes of one run at a time */
#define SERVICE_MAX  32
#define REPLY_MAX    32   /* faults that answer at a time */
#define REPLY_BYTES  8192 /* of one, with its head */

/* What respond answers.  A reader bounds both lengths. */
struct reply {
    uint32_t len;
    uint32_t head_len; /* to a HEAD: so much of it */
    uint8_t is_raw;    /* not to requests of HTTP alone */
    uint8_t closes;    /* the connection ends behind it */
    uint8_t reserved[6];
    uint8_t bytes[REPLY_BYTES];
};

/* A process that took the control area in. */
struct slot {
    _Atomic uint32_t pid; /* 0: free */
    uint32_t service;     /* index */
    uint64_t joined_ns;   /* CLOCK_MONOTONIC, or: */
};
#define SLOT_RETIRED UINT64_C(1) /* it passes everything through by now, for good */

/* What a dependency was seen doing, while it is watched.  A call is a connection attempt with the first
 * request that it carries, or a further request (bytes sent after bytes were received) on an open connection.
 */
struct traffic {
    _Atomic uint64_t calls;
    _Atomic uint64_t connects; /* attempts, made or refused */
    _Atomic uint64_t accepts;
    _Atomic uint64_t most;       /* calls that waited at a time, since the orchestrator took it */
    _Atomic uint64_t longest_ns; /* of the calls that ended, likewise */
    /* Of the calls that are followed: those that bytes came back for, how long they took together, and those
     * that ended otherwise. */
    _Atomic uint64_t answered, took_ns, failed;
};

struct table {
    uint64_t magic;            /* TABLE_MAGIC, written last */
    uint32_t layout;           /* TABLE_LAYOUT: shim and tool of one build */
    uint32_t size_bytes;       /* of the file */
    _Atomic uint64_t lease_ns; /* CLOCK_MONOTONIC; no rule strikes from then on */
    _Atomic uint32_t epoch;    /* grows with each change; a futex word that delayed calls wait on */
    uint32_t rule_count;       /* rules ever used: the scan's bound */
    uint32_t last_rule;        /* index of the one armed last; the orchestrator's alone */
    uint32_t target_count;
    uint32_t watched; /* dependencies whose traffic is counted, one bit each */

    /* Dependencies whose streams an armed rule holds, ends, cuts or changes. */
    _Atomic uint32_t streams;
    /* Connections for which some process keeps what it sent into a hole.  While there are any, no call that
     * could overtake it is idle. */
    _Atomic uint32_t leftovers;
    _Atomic uint32_t is_publishing; /* what follows is not of one moment */

    /* Connections for which some process has an answer of its own.  While there are any, no call is idle
     * after the rule that answers was lifted. */
    _Atomic uint32_t kept;
    uint32_t has_lifted_answers; /* the orchestrator's alone */
    /* Those of them that are spoken to by datagrams. */
    _Atomic uint32_t datagrams;

    /* Dependencies whose requests an armed rule looks at. */
    _Atomic uint32_t requests;

    /* Dependencies whose new connections the supervisor of seccomp's way in leads through its relay. */
    _Atomic uint32_t relayed;

    /* Is it noted whom processes connect to?  Then no call that opens, sends or receives is idle. */
    _Atomic uint32_t observed;

    /* By call: the dependencies that an armed rule or a watch speaks about, TARGET_ANY where a rule names
     * none.  The one word that an idle call loads. */
    _Atomic uint32_t armed[CALL_COUNT];

    struct target targets[TARGET_MAX];
    struct rule rules[RULE_MAX];
    struct slot slots[SLOT_MAX];
    struct traffic traffic[DEPENDENCY_MAX + 1];
    struct ring ring;
    uint32_t last_reply; /* place of the one put last; the orchestrator's alone */
    struct reply replies[REPLY_MAX];
    struct seen seen[SEEN_MAX];
    /* Watched dependencies whose calls are followed from their beginning to their answer, and those calls. */
    _Atomic uint32_t followed;
    _Atomic uint64_t untold; /* calls that found no place */
    struct inflight inflight[INFLIGHT_MAX];
};

/* Make a zeroed area of sizeof(struct table) bytes a valid, empty one. */
void table_init(struct table *table);

/* Is it one of ours, of this layout and whole?  size_bytes: what is really mapped. */
bool table_is_valid(const struct table *table, uint64_t size_bytes);

/* Copy a sealed rule in and arm it.  Returns its index, or -1 when RULE_MAX are armed. */
int table_arm(struct table *table, const struct rule *rule);

/* Copy a reply in, for a rule that is armed next.  Returns its place for rule.reply, or 0 when REPLY_MAX
 * are in use. */
uint8_t table_reply(struct table *table, const struct reply *reply);

/* Lift one rule; lifting twice does nothing.  The caller wakes those who wait on epoch. */
void table_lift(struct table *table, uint32_t index);

/* By a shim: one leftover more, or one less.  Returns false, and there is none more, while the orchestrator
 * is at publishing a change: it may have looked for leftovers already, and leave a call idle.  Ask again. */
bool table_leave(struct table *table, bool more);

/* By a shim: one connection more with an answer of that rule's, or one less. */
void table_keep(struct table *table, bool more, uint32_t rule);

/* By the orchestrator, now and then: calls that were kept busy for leftovers are idle again when all are
 * gone. */
void table_tidy(struct table *table);

/* Count what these dependencies do from now on. */
void table_watch(struct table *table, uint32_t dependencies);

/* Note whom processes connect to from now on. */
void table_observe(struct table *table);

/* Is the rule in that place, which may be out of range, armed? */
static inline bool table_is_armed(const struct table *table, uint32_t index)
{
    return index < RULE_MAX && rule_is_armed(&table->rules[index]);
}

#endif
