/* The delay lines of this process's connections.  Floor 1.
 *
 * A line belongs to the open socket, found by its cookie, so all numbers for it share one.  Lines are soft
 * state out of a fixed pool: the bytes lie in the kernel, and one that is lost (the pool is full: the line
 * longest not looked at goes) only makes what is unread count as having arrived now.  TCP's positions are
 * the kernel's own counters, so reads behind our back do not disturb them; a unix socket's are counted.
 *
 * A line is locked (lock.h) for some system calls at most, none of which waits. */
#ifndef PRELOAD_LINE_H
#define PRELOAD_LINE_H

#include <netinet/in.h>

#include "injectors/http.h"
#include "injectors/stream.h"
#include "preload/descriptor.h"
#include "preload/lock.h"
#include "preload/shim.h"

/* The most that a waiter stays ignorant of a lift. */
#define LINE_SLICE_NS UINT64_C(20000000)

/* A connect whose end is not told yet. */
struct opening {
    bool is_pending;
    bool is_dropped; /* blackhole: the kernel drops what comes back, and knows nothing but that */
    int fd;
    struct mark mark;
    struct sockaddr_in6 address; /* to begin again, of whatever family */
    socklen_t address_len;
};

/* Where a stream is cut short, and when. */
struct cut {
    bool is_judged;
    uint64_t at;    /* position; STREAM_NEVER: nowhere */
    uint64_t at_ns; /* or time */
    struct strike strike;
};

/* drop_response: of one request. */
struct drop {
    bool is_awaited; /* its answer is to be dropped; */
    bool is_on;      /* and is being */
    int fd;          /* when it began */
    uint16_t rule;
    uint64_t number, from; /* position behind the former answers */
};

/* A read found nothing, or less than there was, because the rest was held: nobody tells of that again who
 * told of it once (EPOLLET), so we must. */
struct denial {
    bool is_on; /* among what is left (shim_left) */
    int fd;     /* when it began */
};

/* respond: the requests that went over it, and their answers. */
struct dialogue {
    bool is_followed;
    bool is_tunnel;           /* it speaks something else from now on */
    uint32_t epoch;           /* of the table, when it was last heard of */
    uint32_t asked, answered; /* requests whose head was sent; answers that were read to their end */
    uint64_t heads;           /* which of the last 64 asked for a HEAD */
    struct http request, response;
};

/* respond: an answer of ours that is not read to its end. */
#define CANNED_MAX 8
struct canned_part {
    uint32_t len;
    uint8_t place;
};
struct canned {
    bool is_struck;  /* the request that is sent next is to be answered */
    bool is_on;      /* nothing is sent any more: whatever comes is ours */
    bool is_opaque;  /* not HTTP: each send is a request */
    bool is_shut;    /* the kernel tells of something to be read */
    bool closes;     /* there is an end behind what was answered; */
    bool is_over;    /* and nothing before it any more */
    bool is_counted; /* among what is kept (table.h) */
    int fd;          /* one of its numbers, then */
    struct strike strike;
    uint32_t serial; /* of its rule */
    uint32_t answers;
    uint64_t front; /* position at which part[0] begins */
    uint32_t parts;
    struct canned_part part[CANNED_MAX];
};

struct line {
    _Atomic uint64_t cookie;
    struct lock busy;
    _Atomic uint64_t touched_ns;
    uint32_t epoch;
    bool is_wide;                   /* its receive buffer was given room */
    bool is_fresh, is_tcp, is_loud; /* loud: poll says HUP or ERR, asked or not */
    int error;                      /* taken from the kernel while it was not due */
    uint64_t queued;                /* unix: at the last look; */
    _Atomic uint64_t taken;         /* and read since */
    _Atomic uint32_t shorts;        /* reads that left something behind */
    uint64_t born_ns;               /* when it was first looked at */
    bool is_cut;                    /* truncate: it has ended for the program; */
    struct cut end, severance;      /* or will there; and a reset that waits for its place or time */
    uint16_t rate_rule;             /* whose rate the bucket has */
    struct requests requests;       /* what the last request fits; */
    bool is_requested;              /* what arrives is the first of its answer */
    bool was_asked;                 /* a request was seen to begin */
    uint32_t unseen;                /* serial up to which rules counted it as TLS */
    struct denial denial;
    struct drop drop;
    struct dialogue dialogue;
    struct canned canned;
    struct opening opening;
    struct stream stream;
};

/* How a connection looks to the program. */
struct line_view {
    uint64_t cookie;    /* of the socket */
    bool is_tracked;    /* a rule concerns it; the rest says nothing otherwise */
    bool is_connecting; /* nothing is to be seen of it */
    bool is_denied;     /* who was told of it once did not get it; */
    bool is_restless;   /* a lift must be noticed although nothing is hidden */
    bool is_full;       /* nothing more can be sent */
    bool is_in_hole;    /* nothing comes out, and what was sent may be kept */
    bool is_cut;
    bool is_canned;         /* what may be read is not in the kernel: respond_read */
    bool is_dropped;        /* the rest is not to be waited for in the kernel, but thrown away now and then */
    bool ended, end_is_due; /* EOF or error */
    bool is_loud;
    bool is_datagram;      /* datagrams are counted, not bytes; */
    uint32_t size;         /* how long is the one that is due */
    uint64_t pending, due; /* bytes in the kernel; those of them that may be read */
    uint64_t position;     /* of the first of them */
    uint64_t next_ns;      /* when more is due; STREAM_NEVER: by a lift */
    uint32_t shorts;
};

static inline bool view_is_readable(const struct line_view *v)
{
    return !v->is_connecting && (v->due || v->end_is_due);
}

static inline bool view_hides_end(const struct line_view *v)
{
    return v->ended && !v->end_is_due;
}

static inline bool view_is_held(const struct line_view *v)
{
    return v->is_tracked && (v->is_connecting || v->is_restless || v->pending > v->due || view_hides_end(v));
}

/* Is some armed rule about what flows through it? */
static inline bool line_concerns(uint64_t known)
{
    return known & KNOWN_STREAM && !(known & KNOWN_APART) &&
           known_targets(known) & atomic_load_explicit(&control.table.streams, memory_order_acquire);
}

/* Or about some datagram that may wait at it?  Without a peer, its source tells. */
static inline bool datagram_concerns(uint64_t known)
{
    uint32_t about = atomic_load_explicit(&control.table.datagrams, memory_order_acquire);

    return known & KNOWN_UDP && (known & KNOWN_APART ? about : known_targets(known) & about);
}

/* What is to be decided about what flows through it: of these effects, one bit each. */
struct subject line_subject(enum call call, uint64_t known, uint32_t effects, uint64_t now_ns) HIDDEN;

/* Look at it now: note what has arrived.  known: descriptor_find's word.  errno changes. */
void line_look(int fd, uint64_t known, struct line_view *ret_view) HIDDEN;
/* The socket, whatever its numbers; 0: it is none. */
uint64_t line_cookie(int fd) HIDDEN;

/* Its line, locked, until it is given back; NULL when it has none. */
struct line *line_borrow(int fd) HIDDEN;
void line_return(struct line *l) HIDDEN;

/* The next from *place on that has an answer of ours, the same way. */
struct line *line_canned(int *place) HIDDEN;

void line_look_fd(int fd, struct line_view *ret_view) HIDDEN;

/* That many bytes of what the view shows were read: change them as corrupt rules say. */
void line_took(int fd, uint64_t known, const struct line_view *view, const struct iovec *parts, size_t count,
               uint64_t len, bool peeked, bool left_some) HIDDEN;

/* A read that does not wait got nothing of what the view shows. */
void line_denied(int fd, const struct line_view *view) HIDDEN;

/* A request is about to be sent (pipelined: perhaps one, before the last was answered): note what its first
 * bytes fit.  Without a line none is fitted. */
void line_pipelined(int fd, const struct subject *subject, const uint8_t *bytes, size_t len) HIDDEN;
void line_request(int fd, uint64_t known, const struct subject *subject, const uint8_t *bytes, size_t len,
                  struct requests *ret_requests) HIDDEN;

/* What the last one fits.  Returns false when none was seen to begin on this connection. */
bool line_requests(int fd, struct requests *ret_requests) HIDDEN;

/* Grows with each read of any line that left something behind. */
uint32_t line_shorts(void) HIDDEN;

/* The kernel told an error that is not due; and takes it again when it is (0: none). */
void line_keep_error(int fd, int error) HIDDEN;
int line_take_error(int fd) HIDDEN;

/* The end of connecting is held as the mark says. */
void line_open(int fd, const struct opening *opening) HIDDEN;

/* Is it held? */
bool line_is_opening(int fd) HIDDEN;

/* Nothing is armed: all connects go their way. */
void line_settle(void) HIDDEN;

/* The holds of one arrival, or of a connect, decided and counted.  Returns false when there are none. */
struct rate {
    uint64_t per_s; /* 0: none */
    uint16_t rule;
};
bool line_decide(int fd, uint64_t known, enum call call, uint64_t arrived, const struct requests *requests,
                 struct mark *ret_mark, struct rate *ret_rate) HIDDEN;

#endif
