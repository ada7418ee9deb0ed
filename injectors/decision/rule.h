/* A rule: one armed fault, as every way in reads it.  Floor 0.
 *
 * Rules lie in shared memory: fixed sizes, no pointers.  The orchestrator writes one whole, then arms it; the
 * ways in only read it and count.  A decision is a function of (seed, number of the match) alone, so that a
 * journal replays. */
#ifndef DECISION_RULE_H
#define DECISION_RULE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "injectors/decision/call.h"
#include "injectors/decision/expression.h"
#include "injectors/decision/fault.h"

#define RULE_CALLER_MAX 64
#define RULE_ALWAYS     ((uint64_t)1 << 32) /* probability 1 */
#define RULE_ENDLESS    UINT64_MAX

enum rule_state {
    RULE_FREE,
    RULE_ARMED,
};

enum direction {
    DIRECTION_ANY,      /* of a rule: both; of a subject: not a connection */
    DIRECTION_OUTBOUND, /* the process connected */
    DIRECTION_INBOUND,  /* the process accepted */
};

/* How jitter is spread: uniform in +-jitter; normal with jitter as its standard deviation; pareto, a long
 * tail above. */
enum distribution {
    DISTRIBUTION_UNIFORM,
    DISTRIBUTION_NORMAL,
    DISTRIBUTION_PARETO,
};

struct rule {
    _Atomic uint32_t state; /* enum rule_state */
    uint8_t kind;           /* enum fault_kind */
    uint8_t effect;         /* enum effect */
    uint8_t direction;      /* enum direction */
    uint8_t has_request;    /* it is about requests: rule_seal derives it from request and effect */
    call_set calls;
    uint32_t targets;  /* dependencies, one bit each; 0: whatever the call is about */
    uint32_t services; /* services, one bit each; 0: all */
    uint32_t spared;   /* dependencies that it never strikes, whatever else they are */
    int32_t error;     /* errno, or an EAI_ code where the call resolves a name */
    uint32_t id;       /* the fault's ordinal in its experiment, for people */
    uint32_t serial;   /* table_arm: no other rule of the table ever has it; never 0 */
    uint64_t delay_ns;

    /* Streams only. */
    uint64_t jitter_ns;   /* latency: spread around delay_ns */
    uint64_t rate_per_s;  /* bandwidth: bytes a second; 0: no limit */
    uint64_t bytes;       /* truncate, sever: after so many received; slice: at most so many a call */
    uint64_t age_ns;      /* sever: or so long after the connection was made, or the rule armed; 0: never */
    uint8_t distribution; /* enum distribution */
    uint8_t endless;      /* blackhole: held until the lift */
    uint8_t reply;        /* respond: place in the table's replies, from 1; 0: none */
    uint8_t is_dry;       /* it counts what it would strike, and does nothing */

    /* When it strikes.  Matches are numbered from 0 in the order in which they come. */
    uint64_t seed;        /* of this rule alone */
    uint64_t probability; /* of 2^32 */
    uint64_t after;       /* matches let through first */
    uint64_t every;       /* of the rest each every-th; 1: all; never 0 */
    uint64_t times;       /* strikes at most; RULE_ENDLESS */
    uint64_t last;        /* number of the last match that may strike: rule_seal derives it from times */
    uint64_t from_ns;     /* CLOCK_MONOTONIC, inclusive */
    uint64_t until_ns;    /* exclusive */

    /* Memory only. */
    uint64_t size_min, size_max;  /* bytes asked for, both inclusive */
    uint64_t heap_min;            /* strikes only while the heap already holds this much; 0: always */
    char caller[RULE_CALLER_MAX]; /* base name of the object that calls; "" is any */

    /* Sends and streams: it strikes only while the connection's last request fits. */
    struct expression request;

    /* Counted.  matches = hits + skipped + those that the numbers above let through. */
    _Atomic uint64_t matches;
    _Atomic uint64_t hits;    /* strikes that landed */
    _Atomic uint64_t skipped; /* strikes that could not land, as a delay on a non-blocking descriptor */
    _Atomic uint64_t unseen;  /* connections whose requests nobody can match: TLS */
};

/* Derive what follows from the rest (last, has_request).  Call once, when all else is set and before it is
 * armed. */
void rule_seal(struct rule *rule);

/* Does the match of that number strike?  Pure: the same answer in every process and replay. */
bool rule_strikes(const struct rule *rule, uint64_t number);

/* Does every match strike? */
bool rule_is_certain(const struct rule *rule);

/* 64 well-mixed bits for the number-th draw of a seed: the finalizer of SplitMix64 (Steele, Lea, Flood: Fast
 * Splittable Pseudorandom Number Generators, OOPSLA 2014). */
uint64_t rule_draw(uint64_t seed, uint64_t number);

static inline bool rule_is_armed(const struct rule *rule)
{
    return atomic_load_explicit(&rule->state, memory_order_acquire) == RULE_ARMED;
}

/* Armed, and its `for` has not run out. */
static inline bool rule_lasts(const struct rule *rule, uint64_t now_ns)
{
    return rule_is_armed(rule) && now_ns < rule->until_ns;
}

#endif
