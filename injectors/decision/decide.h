/* What becomes of a call: the one place where rules are applied.  Floor 0: no malloc, no lock, no clock, no
 * syscall.
 *
 * The way in says what the call is about (subject) and does what the verdict says. */
#ifndef DECISION_DECIDE_H
#define DECISION_DECIDE_H

#include "injectors/decision/table.h"

#define VERDICT_STRIKES_MAX 4

/* The rules that a request fits, by serial; of more than strike at once, the rest are left out. */
struct requests {
    uint32_t serial[VERDICT_STRIKES_MAX];
};

struct subject {
    enum call call;
    uint32_t targets;  /* the dependencies that the descriptor, address or name belongs to */
    uint32_t service;  /* the process's own bit; 0 when it belongs to no service */
    uint8_t direction; /* enum direction */
    bool is_datagram;  /* the socket has no connection: nothing to refuse or reset, but each datagram */
    bool is_late;      /* the call was made and woke: only a reset can still strike */
    bool is_literal;   /* names: the host is an address already, which no dns fault can hinder */
    uint32_t only;     /* streams: one bit per enum effect that is asked about; 0: what becomes of the call */
    bool is_outgoing;  /* of what is sent, no rule that holds says something but a hole */
    uint64_t now_ns;   /* CLOCK_MONOTONIC */
    const struct requests *requests; /* what the connection's last request fits; NULL: nothing */
    bool of_request_alone;           /* rules without a request were asked before */
    uint64_t size_bytes;             /* memory: asked for */
    uint64_t heap_bytes; /* memory: what the heap holds; may be 0 unless a rule asks (decide_needs_heap) */
    const char *caller;  /* memory: base name of the calling object, or NULL when nobody asks */
};

/* What a stream rule does, it does to bytes that arrive or to the end of connecting, whichever call then
 * meets them; and what a rule about datagrams does, it does to each of them: no call is struck by it, and the
 * way in asks about it by subject.only. */
#define DECIDE_DATAGRAM (1u << EFFECT_LOSE | 1u << EFFECT_DUPLICATE | 1u << EFFECT_REORDER)
#define DECIDE_STREAM                                                                                        \
    (1u << EFFECT_HOLD | 1u << EFFECT_TRUNCATE | 1u << EFFECT_SEVER | 1u << EFFECT_CORRUPT |                 \
     1u << EFFECT_DROP | 1u << EFFECT_RESPOND | DECIDE_DATAGRAM)

/* One rule that struck.  Faults on one call compose: delays add up, and the first that ends the call ends it.
 */
struct strike {
    uint16_t rule;   /* index in the table */
    uint8_t effect;  /* enum effect */
    uint64_t number; /* of the match */
};

struct verdict {
    uint8_t effect;    /* enum effect: what ends the call, or NONE, after the wait */
    uint8_t strikes;   /* entries of strike[] */
    int32_t error;     /* for EFFECT_FAIL */
    uint64_t delay_ns; /* to wait first; 0 mostly */
    uint64_t limit;    /* SLICE: bytes that the call may move; 0: as many as it likes */
    struct strike strike[VERDICT_STRIKES_MAX];
};

/* Decide and count matches.  A strike is not a hit until the way in has made it land (decide_landed).
 * Returns true when something is to be done; *ret_verdict is set in any case. */
bool decide(struct table *table, const struct subject *subject, struct verdict *ret_verdict);

/* Which armed rules do the first bytes of a request fit?  Only subject's targets, service, direction and
 * now_ns are looked at.  Returns false when nobody can tell: it is TLS, which is counted for the rules that
 * are newer than that serial; nor can anybody answer it. */
#define REQUEST_BYTES 512 /* that are looked at */
bool decide_requests(struct table *table, const struct subject *subject, const uint8_t *bytes, size_t len,
                     uint32_t counted, struct requests *ret_requests);

/* Count the verdict's strikes as landed, or as skipped. */
void decide_landed(struct table *table, const struct strike *strike);
void decide_skipped(struct table *table, const struct strike *strike);

/* It was no strike after all: what it would have done had been done and counted already. */
void decide_taken_back(struct table *table, const struct strike *strike);

/* Does an armed rule look at the heap's size, or at the caller's name?  Both cost the way in something to
 * find out. */
bool decide_needs_heap(const struct table *table);
bool decide_needs_caller(const struct table *table);

/* May something be sent into a hole? */
bool decide_needs_outbox(const struct table *table);

/* Is a connection to be cut at a time, whether or not anything happens on it? */
bool decide_needs_time(const struct table *table);

/* The serial of the oldest rule about it that answers requests; 0: there is none. */
uint32_t decide_answers(const struct table *table, const struct subject *subject);

/* Does all that goes to and comes from it fall into a hole?  Not where it may get through: by a probability,
 * by another request, before the hole opens. */
bool decide_is_hole(const struct table *table, const struct subject *subject);

#endif
