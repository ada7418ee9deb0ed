/* The fault kinds and what each does to a call.  Floor 0. */
#ifndef DECISION_FAULT_H
#define DECISION_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "injectors/decision/call.h"

enum fault_kind {
#define FAULT(kind, way, effect, roles, keys, summary) FAULT_##kind,
#define LATER(kind, summary)
#include "injectors/decision/fault.def"
#undef FAULT
#undef LATER
    FAULT_COUNT,
};

/* Who carries a fault out. */
enum way {
    WAY_SHIM,    /* the preloaded library, call by call */
    WAY_PROCESS, /* the orchestrator, to whole processes */
};

/* What becomes of a call that a rule strikes.  A new effect adds one case per way in. */
enum effect {
    EFFECT_NONE,
    EFFECT_FAIL,     /* it is not made; it fails with the rule's error */
    EFFECT_REFUSE,   /* a connection attempt meets a closed port: the kernel itself refuses it */
    EFFECT_RESET,    /* the connection is reset by the kernel, then the call is made and meets that */
    EFFECT_OUTAGE,   /* REFUSE where a connection is opened, RESET elsewhere; never in a verdict */
    EFFECT_WAIT,     /* it is made later */
    EFFECT_HOLD,     /* received data, and the end of connecting, are held back until they are due */
    EFFECT_TRUNCATE, /* received data end after so many bytes */
    EFFECT_SEVER,    /* the connection is reset after so many received bytes, or so long */
    EFFECT_SLICE,    /* the call moves at most so many bytes */
    EFFECT_CORRUPT,  /* some received byte is changed */
    EFFECT_DROP,     /* the request is sent, and what arrives after it is thrown away */
    EFFECT_RESPOND,  /* the request is not sent, and an answer of ours is received */
    EFFECT_LOSE, /* a datagram is not sent, and the call says that it was; or it is received and thrown away
                  */
    EFFECT_DUPLICATE, /* a datagram is sent, or received, twice */
    EFFECT_REORDER,   /* a received datagram is overtaken by the next */
    EFFECT_COUNT,
};

const char *fault_name(enum fault_kind kind);

/* The kind of that name; FAULT_COUNT when there is none. */
enum fault_kind fault_find(const char *name);

/* Is it in the contract, but not in this version? */
bool fault_is_later(const char *name);

enum way fault_way(enum fault_kind kind);
enum effect fault_effect(enum fault_kind kind);

/* The calls that it strikes; 0 when its `call` key names them, or when it strikes processes. */
call_set fault_calls(enum fault_kind kind);

/* The keys that it takes beside the common ones, space-separated, `!` behind those that must be given. */
const char *fault_keys(enum fault_kind kind);
const char *fault_summary(enum fault_kind kind);

/* "refused", "reset"...: for journals. */
const char *effect_name(enum effect effect);

#endif
