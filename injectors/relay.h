/* A relay of TCP and unix streams: a way in for what runs where no other way reaches.  Floor 1.
 *
 * One thread, one epoll set, any number of links.  A link is two connected sockets and the bytes between
 * them; each direction is a delay line (injectors/stream.h) of bounded memory: when it is full nothing more
 * is read, so that the sender meets its own full window.  An end of file is passed on for its direction
 * alone. What becomes of the bytes is a policy's to say: relay_rules (rules of a control area, as the shim
 * has them), or somebody else's (chaosctl proxy has toxics).
 *
 * May allocate, never prints, and ends nothing but the links.  Not for the shim.  When the process dies, its
 * links end as a proxy's do: by FIN, or by RST where bytes were unread. */
#ifndef INJECTORS_RELAY_H
#define INJECTORS_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "injectors/stream.h"

/* The unit of direction: whither the bytes go. */
enum relay_way {
    RELAY_UP,   /* from the client to the upstream: requests */
    RELAY_DOWN, /* from the upstream to the client: answers */
    RELAY_WAYS,
};

struct relay;
struct relay_link;

/* --- the engine --- */

/* -errno.  One that nobody runs does nothing. */
int relay_open(struct relay **ret_relay);

/* Resets every link, closes what it owns; NULL is fine.  Watched descriptors are their owner's. */
void relay_close(struct relay *relay);

/* A descriptor that is readable when relay_turn has something to do: for an epoll set of somebody else's. */
int relay_fd(const struct relay *relay);

/* Wait so long (milliseconds; -1: for ever, 0: not at all), then do what there is to do.  -errno when waiting
 * itself failed; EINTR is 0. */
int relay_turn(struct relay *relay, int timeout_ms);

/* relay_turn until relay_stop. */
int relay_run(struct relay *relay);
void relay_stop(struct relay *relay);
bool relay_is_stopped(const struct relay *relay); /* for a loop of one's own around relay_turn */

/* Call fn when that descriptor is readable (level).  It stays its owner's: unwatch before closing.  -errno.
 */
typedef void relay_fd_fn(void *arg, int fd);
int relay_watch(struct relay *relay, int fd, relay_fd_fn *fn, void *arg);
void relay_unwatch(struct relay *relay, int fd);

/* --- links --- */

/* What holds for one direction from now on, until the next review.  All zero: bytes pass as they come. */
struct relay_shape {
    bool is_asked; /* the policy's arrive() decides about each batch */
    bool drops; /* what arrives is thrown away; once some was, and no more is, the link ends: it has a hole */
    uint64_t rate_per_s;   /* bytes; 0: no limit */
    uint64_t slice;        /* bytes that are sent at a time; 0: as many as there are */
    uint64_t slice_spread; /* more or less, evenly */
    uint64_t slice_gap_ns; /* and then a pause */
    uint64_t end_at;       /* position behind which it ends (FIN, both ways); 0: nowhere, so from 1 */
    uint64_t sever_at;     /* position at which the link is reset; 0: nowhere */
    uint64_t end_ns;       /* CLOCK_MONOTONIC at which the link ends; 0: never */
    uint64_t sever_ns;     /* or is reset; 0: never */
    uint64_t until_ns;     /* to be reviewed then; 0: never */
};

enum relay_fate {
    RELAY_PASS,  /* into the delay line, with the mark's holds */
    RELAY_DROP,  /* thrown away */
    RELAY_RESET, /* the link is reset now */
};

enum relay_event {
    RELAY_OPENED,  /* the upstream is connected */
    RELAY_FAILED,  /* it is not: error tells why; the link is gone after this */
    RELAY_ENDED,   /* end_at or end_ns came */
    RELAY_SEVERED, /* sever_at or sever_ns came */
    RELAY_GONE,    /* the link is freed after this, whatever ended it; the last that is told */
};

/* Says what becomes of links.  Functions may be NULL.  They must not call relay_drop on the link that they
 * are told of; anything else is fine. */
struct relay_policy {
    size_t link_bytes; /* of each link, zeroed, for the policy's own use: relay_link_state */

    /* The upstream is to be connected.  Returns when (CLOCK_MONOTONIC; 0: now, STREAM_NEVER: not before a
     * review); *ret_error > 0: not at all, the client is reset and RELAY_FAILED is told with it. */
    uint64_t (*open)(void *arg, struct relay_link *link, uint64_t now_ns, int *ret_error);

    /* At the opening and at each review.  shape comes zeroed.  line: what is held there, to be reweighed. */
    void (*shape)(void *arg, struct relay_link *link, enum relay_way way, uint64_t now_ns,
                  struct stream *line, struct relay_shape *shape);

    /* Bytes arrived that share a fate.  mark comes with its times set; stream_hold adds to it.  position: of
     * the first of them. */
    enum relay_fate (*arrive)(void *arg, struct relay_link *link, enum relay_way way, uint64_t position,
                              const uint8_t *bytes, size_t len, struct mark *mark);

    /* The sender has ended; mark->holds delay that.  Asked even when is_asked is not set. */
    void (*end)(void *arg, struct relay_link *link, enum relay_way way, struct mark *mark);

    void (*event)(void *arg, struct relay_link *link, enum relay_way way, enum relay_event event, int error);
};

/* Bytes of all links that share it. */
struct relay_count {
    uint64_t received[RELAY_WAYS]; /* read from the sender */
    uint64_t sent[RELAY_WAYS];     /* written to the receiver */
    uint64_t links;                /* that were made; */
    uint64_t open;                 /* that are there */
};

#define RELAY_ADDRESSES 4
struct relay_address {
    struct sockaddr_storage address;
    socklen_t len;
};

struct relay_offer {
    int client_fd;
    int upstream_fd;                 /* connected, and open() is not asked; -1: connect to: */
    const struct sockaddr *upstream; /* copied; */
    socklen_t upstream_len;
    const struct relay_address *others; /* and, where that fails, to these in turn; copied */
    uint32_t others_count;              /* of which the first RELAY_ADDRESSES - 1 count */
    const struct relay_policy *policy;  /* NULL: bytes pass */
    void *arg;                          /* outlives the link */
    struct relay_count *count;          /* likewise; may be NULL */
};

/* Make a link.  The descriptors are the relay's from then on, are made non-blocking, and are closed with the
 * link; when it returns an error they are still the caller's.  ret_link may be NULL; a link is valid until
 * RELAY_GONE.  -ENOMEM, or -errno of epoll's and fcntl's.  That the upstream cannot be connected is no error
 * here: it is told by RELAY_FAILED, from relay_turn. */
int relay_adopt(struct relay *relay, const struct relay_offer *offer, struct relay_link **ret_link);

/* End it by RST, both ends.  RELAY_GONE is told before this returns. */
void relay_drop(struct relay_link *link);

void *relay_link_state(struct relay_link *link);
void *relay_link_arg(struct relay_link *link);
uint64_t relay_link_born_ns(const struct relay_link *link);

/* Position of the next byte to arrive, and to be sent, in that direction. */
uint64_t relay_link_seen(const struct relay_link *link, enum relay_way way);
uint64_t relay_link_sent(const struct relay_link *link, enum relay_way way);

/* What the policy says has changed: its shape() is asked again.  Of one link; of all that have this arg
 * (NULL: of all). */
void relay_review(struct relay_link *link);
void relay_review_all(struct relay *relay, const void *arg);

/* relay_drop on all that have this arg. */
void relay_drop_all(struct relay *relay, const void *arg);

/* --- rules of a control area --- */

/* Whose links they are, for decide(): as a subject has it.  The table may be shared memory that somebody else
 * writes; who arms or lifts a rule tells by relay_review_all, or links that carry nothing do not see it.  A
 * lease that runs out, and a rule's own times, are seen without. */
struct relay_target {
    struct table *table;
    uint32_t targets;  /* dependencies of the upstream */
    uint32_t service;  /* whose client it is; 0: nobody's in particular */
    uint8_t direction; /* DIRECTION_OUTBOUND, mostly */
};

/* arg: a struct relay_target.  What is received is RELAY_DOWN, what is sent RELAY_UP. */
extern const struct relay_policy relay_rules;

#endif
