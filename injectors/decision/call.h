/* The intercepted calls: who they are and what role they play.  Floor 0.
 *
 * Refuses to know how a call is made; that is the shim's. */
#ifndef DECISION_CALL_H
#define DECISION_CALL_H

#include <stdint.h>

enum call {
#define CALL(symbol, role, errnos) CALL_##symbol,
#define ALIAS(symbol, call)
#define SAME(symbol, call)
#define FOLLOW(symbol)
#include "injectors/decision/call.def"
#undef CALL
#undef ALIAS
#undef SAME
#undef FOLLOW
    CALL_COUNT,
};

/* What a call does to the world, as far as a fault cares. */
enum role {
    ROLE_OPEN,       /* opens a connection */
    ROLE_ACCEPT,     /* takes one from a listener */
    ROLE_SEND,       /* bytes leave */
    ROLE_RECEIVE,    /* bytes arrive */
    ROLE_RESOLVE,    /* a name becomes an address; fails with EAI_ codes of netdb.h */
    ROLE_ALLOCATE,   /* heap memory */
    ROLE_DESCRIPTOR, /* the descriptor table changes */
    ROLE_READY,      /* tells what state descriptors are in, or waits for it */
    ROLE_COUNT,
};

/* One bit per call: the sets of calls that rules speak about. */
typedef uint64_t call_set;
_Static_assert(CALL_COUNT <= 64, "a call_set has one bit per call");

static inline call_set call_bit(enum call call)
{
    return (call_set)1 << call;
}

/* The symbol's name, as in libc. */
const char *call_name(enum call call);

/* The call of that name or alias; CALL_COUNT when there is none. */
enum call call_find(const char *name);

enum role call_role(enum call call);

/* All calls whose role is in roles, a set of 1 << enum role. */
call_set call_with_roles(uint32_t roles);

/* Space-separated errno (or EAI_) names, the default first; "" when the call cannot fail. */
const char *call_errnos(enum call call);

#endif
