/* The question that a wrapper puts before the call, and what comes of it.  Floor 1.
 *
 *   struct ask a = {.call = CALL_recv, .fd = fd, .flags = flags};
 *
 *   if (ask(&a))                                 the call ends here: nothing is made
 *       return ask_answer(&a);
 *   return ask_done(&a, real.recv(...));         it was made
 */
#ifndef PRELOAD_ASK_H
#define PRELOAD_ASK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "injectors/decision/decide.h"
#include "preload/shim.h"

struct ask {
    /* What the wrapper says.  Zero where the call has none of it, but for fd: -1. */
    enum call call;
    int fd;
    int flags;                      /* MSG_; only DONTWAIT and NOSIGNAL are looked at */
    const struct sockaddr *address; /* given to the call */
    socklen_t address_len;
    const char *host;          /* to be resolved */
    bool is_literal;           /* the host is an address already */
    uint64_t size_bytes;       /* asked for; of bytes */
    const void *bytes;         /* to be sent: these, */
    const struct iovec *parts; /* or these */
    size_t part_count;
    const void *control; /* along with them */
    size_t control_len;
    const void *return_address; /* of who asks for memory */

    /* What was found out. */
    uint64_t known;   /* the descriptor's word, when it was what told the targets */
    uint32_t targets; /* dependencies */
    uint8_t direction;
    int type;                 /* SO_TYPE, where an address was given */
    uint32_t epoch;           /* of the table when it was asked; */
    bool was_asked;           /* otherwise nothing of ours happened */
    struct requests requests; /* what the connection's last request fits */

    /* What became of it. */
    uint64_t limit;    /* bytes that it may move at most; 0: as many as it likes */
    int result, error; /* the answer of a call that ends: what it returns, and errno or the EAI_ code */
    bool is_counted;   /* the strike that ends the call was, before its delay */
    bool is_boxed;     /* it goes into a hole: outbox.h; */
    bool is_answered;  /* or nowhere: respond.h */
    bool is_lost;      /* the datagram is: to the program it was sent (ask_sent) */
    bool was_reset;    /* the connection was: the call that is made must not say otherwise */
};

/* Is nothing armed for the call, or nothing that this descriptor leads to?  The second costs some
 * nanoseconds, whatever the number of rules. */
bool ask_is_apart(enum call call, int fd) HIDDEN;
static inline bool passes(enum call call, int fd)
{
    return is_idle(call) || ask_is_apart(call, fd);
}

/* The same for calls that ask for readiness or state. */
static inline bool ready_passes(enum call call, int fd)
{
    return ready_is_idle(call) ||
           (!atomic_load_explicit(&shim_left, memory_order_relaxed) && ask_is_apart(call, fd));
}

/* Returns true when the call ends here. */
bool ask(struct ask *a) HIDDEN;

/* What the ended call returns; errno is set. */
int ask_answer(const struct ask *a) HIDDEN;

/* The same for a call that would have sent len bytes. */
static inline ssize_t ask_sent(const struct ask *a, size_t len)
{
    return a->is_lost ? (ssize_t)len : ask_answer(a);
}

/* What is to be decided about the call, once its targets are known. */
struct subject ask_subject(const struct ask *a) HIDDEN;

/* The call was made and returned result.  Returns what to return. */
ssize_t ask_done(struct ask *a, ssize_t result) HIDDEN;

/* How much of len bytes it may move. */
static inline size_t ask_cut(const struct ask *a, size_t len)
{
    return a->limit && a->limit < len ? a->limit : len;
}

/* For calls that receive, on the way that asks nothing: a reset from outside wakes them with EPIPE, which no
 * receiving call knows; an answer of ours with an end, which it is not; and what arrived while a rule was
 * being armed is held back as what arrives after. Costs a call that received something two comparisons. */
ssize_t ask_woken(int fd, ssize_t result) HIDDEN;
ssize_t ask_straddled(enum call call, int fd, int flags, ssize_t result) HIDDEN;
static inline ssize_t received(enum call call, int fd, int flags, ssize_t result)
{
    if (__builtin_expect(result <= 0, 0))
        return ask_woken(fd, result);
    return is_idle(call) ? result : ask_straddled(call, fd, flags, result);
}

#endif
