/* The arithmetic of a delay line: what arrived when, and when it is due.  Floor 1, and pure: no clock, no
 * syscall, no memory but the caller's.
 *
 * The bytes themselves lie in the kernel's receive buffer.  Positions count a stream's bytes from its start.
 * A mark is a batch of bytes that were seen to arrive together, with its decisions.  Nothing overtakes: due
 * times never decrease.  A full line merges marks, to the later due time: bytes may then come late, never
 * early, and none is lost. */
#ifndef INJECTORS_STREAM_H
#define INJECTORS_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "injectors/decision/decide.h"

#define STREAM_MARKS   64         /* of a line; a power of two */
#define STREAM_NEVER   UINT64_MAX /* a time that does not come */
#define STREAM_ENDLESS UINT32_MAX /* of hold_us */

struct mark {
    uint64_t end;        /* position behind its last byte */
    uint64_t first_ns;   /* when its first byte arrived; */
    uint64_t arrival_ns; /* its last, from which the delay counts */
    uint64_t due_ns;
    uint32_t hold_us[VERDICT_STRIKES_MAX]; /* by each rule that struck; at most an hour, or STREAM_ENDLESS */
    uint16_t rule[VERDICT_STRIKES_MAX];
    uint8_t holds;    /* entries of the two above */
    uint8_t flip;     /* corrupt: what is XORed in; 0: nothing */
    uint32_t flip_at; /* and how far before the end */
};

/* Bytes that a rate lets through: at most 100 ms of it at once, 10 ms of it at a time. */
struct bucket {
    uint64_t rate_per_s; /* 0: no limit */
    uint64_t tokens;
    uint64_t filled_ns;
};

struct stream {
    uint64_t seen;      /* position behind the last byte known to have arrived */
    uint64_t consumed;  /* position of the first that was not read */
    uint32_t head;      /* oldest mark; */
    uint32_t count;     /* marks with unread bytes */
    bool ended;         /* an EOF or an error is behind the bytes: */
    struct mark at_end; /* its mark */
    struct bucket bucket;
    struct mark marks[STREAM_MARKS];
};

/* How long a rule's match of that number is held: its delay and jitter, or STREAM_NEVER. */
uint64_t stream_delay(const struct rule *rule, uint64_t number);

/* Take one more rule's hold into a mark. */
void stream_hold(struct mark *mark, uint16_t rule, uint64_t delay_ns);

/* The same for a rule that struck; returns how long it holds.  Its `for` ends the hold. */
uint64_t stream_hold_by(struct mark *mark, const struct rule *rule, const struct strike *strike);

/* Do bytes that arrive now belong to the batch that is there already? */
bool stream_joins(const struct stream *s, uint64_t now_ns);

/* Bytes up to `seen` have arrived: with the newest batch, or as a batch with holds of its own (end and due_ns
 * need not be set). */
void stream_join(struct stream *s, uint64_t seen, uint64_t now_ns);
void stream_arrive(struct stream *s, uint64_t seen, const struct mark *mark);

/* The stream has ended, behind all that arrived. */
void stream_end(struct stream *s, const struct mark *mark);

/* Everything before that position was read. */
void stream_consume(struct stream *s, uint64_t consumed, uint64_t now_ns);

/* The rate that holds from now on. */
void stream_rate(struct stream *s, uint64_t rate_per_s, uint64_t now_ns);

/* Rules were lifted: what only they held is due. */
void stream_reweigh(struct stream *s, const struct table *table);
typedef bool stream_holds_fn(const void *arg, uint16_t rule); /* does it still? */
void stream_reweigh_by(struct stream *s, stream_holds_fn *holds, const void *arg);
uint64_t stream_mark_reweigh(struct mark *mark, const struct table *table); /* returns when it is due */

/* How many unread bytes are due; when more will be (STREAM_NEVER: unknown); is the end? */
uint64_t stream_due(struct stream *s, uint64_t now_ns);
uint64_t stream_next_ns(struct stream *s, uint64_t now_ns);
bool stream_end_is_due(struct stream *s, uint64_t now_ns);

/* Change what was read from that position on, as the marks say. */
void stream_corrupt(const struct stream *s, uint64_t position, uint8_t *bytes, uint64_t len);

#endif
