/* The relay's inside: what its files share.  Floor 1. */
#ifndef INJECTORS_RELAY_INTERNAL_H
#define INJECTORS_RELAY_INTERNAL_H

#include "injectors/relay.h"

#define CHUNK_BYTES   (64 * 1024)
#define SPARE_CHUNKS  64                /* that are kept for the next who needs one */
#define HELD_MAX      (4 * 1024 * 1024) /* bytes of a direction that is delayed; */
#define PASSING_MAX   CHUNK_BYTES       /* of one that is not, whose receiver is slow */
#define SCRATCH_BYTES (256 * 1024)
#define TURN_ROUNDS   8                    /* reads of one link, then others have their turn */
#define DRAIN_NS      UINT64_C(1000000000) /* an ended link reads so long on what nobody gets any more */

/* Bytes that were read and not yet sent. */
struct chunk {
    struct chunk *next;
    uint32_t from, to;
    uint8_t bytes[CHUNK_BYTES];
};

struct flow {
    uint8_t way;
    bool is_readable, is_writable; /* as far as is known: edge-triggered */
    bool is_hung;                  /* its end is behind what can be read: that is read to the last */
    bool is_reset;                 /* what was sent back met a reset: so is that end */
    bool is_tcp;                   /* a short read has emptied it */
    bool has_ended;                /* nothing more is read; */
    bool ends_by_reset;            /* and that is how */
    bool is_shut;                  /* nothing more is sent */
    bool has_hole;                 /* something was thrown away */
    struct relay_shape shape;
    struct stream line; /* positions seen - consumed are in the chunks */
    struct chunk *first, *last;
    uint64_t slice_left; /* of the present slice; 0: the next is to be begun, */
    uint64_t slice_ns;   /* not before */
    uint64_t slices;     /* begun */
};

enum link_state {
    LINK_WAITING,    /* the policy holds the opening back */
    LINK_CONNECTING, /* the kernel is at it */
    LINK_OPEN,
    LINK_DRAINING, /* ended by the policy */
    LINK_DEAD,     /* to be freed at the end of the turn */
};

struct source {
    enum { SOURCE_TIMER, SOURCE_WATCH, SOURCE_LINK } kind;
    uint8_t end; /* of a link: 0 the client's, 1 the upstream's */
    int fd;
    relay_fd_fn *fn; /* watch */
    void *arg;       /* watch's, or the link */
    bool is_removed;
    struct source *next; /* watches */
};

struct relay_link {
    struct relay *relay;
    const struct relay_policy *policy;
    void *arg;
    struct relay_count *count;
    enum link_state state;
    struct source source[2];
    struct flow flow[RELAY_WAYS];
    struct relay_address upstream[RELAY_ADDRESSES];
    uint32_t upstreams, tried;
    uint64_t born_ns, open_ns, drain_ns;
    uint64_t wake_ns;    /* its place in the heap; STREAM_NEVER: none */
    uint32_t heap_index; /* from 1; 0: none */
    bool is_ready;       /* in the ready list */
    struct relay_link *ready_next;
    struct relay_link *before, *after; /* of the relay */
    uint8_t own[] __attribute__((aligned(16)));
};

struct relay {
    int epoll_fd, timer_fd;
    bool is_turning, is_stopped;
    struct source timer;
    struct source *watches;
    struct relay_link *links, *dead;
    uint32_t links_count;
    struct relay_link *ready, **ready_end;
    struct relay_link **heap; /* by wake_ns; 1 .. heap_count */
    uint32_t heap_count, heap_room;
    uint64_t armed_ns; /* what timer_fd is set to */
    struct chunk *spare;
    uint32_t spare_count;
    uint8_t scratch[SCRATCH_BYTES];
};

uint64_t relay_now_ns(void);

/* --- relay.c --- */

/* At the latest in this turn's end, or the next. */
void relay_make_ready(struct relay_link *link);

/* --- heap.c --- */

/* STREAM_NEVER takes it out.  Room for each link is made by heap_reserve: -ENOMEM. */
int heap_reserve(struct relay *relay, uint32_t count);
void heap_set(struct relay *relay, struct relay_link *link, uint64_t wake_ns);
struct relay_link *heap_first(const struct relay *relay);

/* --- chunk.c --- */

/* Where to read into, and how much fits there; NULL: out of memory. */
uint8_t *chunk_room(struct relay *relay, struct flow *f, size_t *ret_len);
void chunk_filled(struct flow *f, size_t len);
void chunk_unfilled(struct relay *relay, struct flow *f); /* nothing was read into it */
int chunk_add(struct relay *relay, struct flow *f, const uint8_t *bytes, size_t len);
void chunk_sent(struct relay *relay, struct flow *f, size_t len);
void chunk_clear(struct relay *relay, struct flow *f);
void chunk_free_spare(struct relay *relay);

/* --- flow.c --- */

/* Move what can be moved.  Returns true when it could go on at once.  The link may be dead after it. */
bool flow_run(struct relay_link *link, struct flow *f, uint64_t now_ns);

/* When it must be looked at again though nothing happens. */
uint64_t flow_next_ns(struct flow *f, uint64_t now_ns);

/* Read and throw away.  Returns true at the end of the stream. */
bool flow_drain(struct relay_link *link, struct flow *f);

static inline uint64_t flow_buffered(const struct flow *f)
{
    return f->line.seen - f->line.consumed;
}

/* --- link.c --- */

void link_run(struct relay_link *link);
void link_event(struct relay_link *link, uint32_t events, int end);
void link_tell(struct relay_link *link, enum relay_way way, enum relay_event event, int error);

/* By FIN, behind what was sent; by RST; or as close(2) has it. */
void link_end(struct relay_link *link);
void link_reset(struct relay_link *link);
void link_close(struct relay_link *link);
void link_free(struct relay_link *link);

static inline int link_from(const struct relay_link *link, const struct flow *f)
{
    return link->source[f->way == RELAY_UP ? 0 : 1].fd;
}

static inline int link_to(const struct relay_link *link, const struct flow *f)
{
    return link->source[f->way == RELAY_UP ? 1 : 0].fd;
}

static inline struct flow *link_other(struct relay_link *link, const struct flow *f)
{
    return &link->flow[f->way == RELAY_UP ? RELAY_DOWN : RELAY_UP];
}

#endif
