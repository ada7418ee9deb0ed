/* Words about descriptors.  Floor 1. */
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

#include "preload/descriptor.h"
#include "preload/endpoint.h"
#include "preload/line.h"
#include "preload/shim.h"

/* A megabyte, whose pages cost nothing until they are used, but count against RLIMIT_AS and mlockall.  Beyond
 * it a descriptor is learned at each call. */
#define DESCRIPTOR_MAX (1u << 16)

#define EPOCH_SHIFT 42
#define STATE_MASK  ((UINT64_C(1) << EPOCH_SHIFT) - 1)
#define CARRIED     (KNOWN_FRESH | KNOWN_ANSWERED)

static _Atomic uint64_t words[DESCRIPTOR_MAX];
static _Atomic uint64_t cookies[DESCRIPTOR_MAX]; /* of the socket that descriptor_holds found behind it */
static _Atomic uint32_t highest;                 /* word ever set: bounds descriptor_forget_range */

static uint64_t in_this_epoch(uint64_t known)
{
    return (known & STATE_MASK) | (uint64_t)shim_epoch() << EPOCH_SHIFT;
}

static uint64_t word_load(int fd)
{
    if (fd < 0 || (unsigned)fd >= DESCRIPTOR_MAX)
        return 0;
    return atomic_load_explicit(&words[fd], memory_order_relaxed);
}

static void word_store(int fd, uint64_t word)
{
    if (fd < 0 || (unsigned)fd >= DESCRIPTOR_MAX)
        return;
    atomic_store_explicit(&words[fd], word, memory_order_relaxed);
    uint32_t seen = atomic_load_explicit(&highest, memory_order_relaxed);
    while (word && seen < (unsigned)fd && !atomic_compare_exchange_weak(&highest, &seen, (unsigned)fd))
        ;
}

/* What was accepted is told by its own end alone: its peer may fit some other target by chance. */
static uint64_t learn_inbound(int fd, int type, uint64_t known)
{
    uint32_t targets = endpoint_own(fd, type);

    return known | (targets ? KNOWN_INBOUND | KNOWN_ANSWERED : 0) | targets;
}

static bool is_udp(int fd, int type)
{
    int protocol = 0;
    socklen_t len = sizeof(protocol);

    return type == SOCK_DGRAM && !real.getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) &&
           protocol == IPPROTO_UDP;
}

/* Nobody saw it when the number was closed and reused while nothing was armed: what was accepted must still
 * be called at the same place. */
static bool is_still_inbound(int fd, int type, uint64_t old)
{
    return old & KNOWN_INBOUND && known_targets(old) && endpoint_own(fd, type) == known_targets(old);
}

/* The peer tells whom the process called; where it is nobody we know, its own end tells who called the
 * process. Accepted limit: on a connection that was accepted before the table last changed, and not at the
 * address of a target, a client whose own address fits a target without a port is taken for that target. */
static uint64_t learn(int fd, uint64_t old)
{
    int type = fd < 0 ? -1 : endpoint_type(fd);
    uint32_t targets = 0;

    if (type < 0)
        return KNOWN;
    uint64_t known = KNOWN | (type == SOCK_STREAM ? KNOWN_STREAM : 0) | (is_udp(fd, type) ? KNOWN_UDP : 0);
    if (endpoint_peer(fd, type, &targets))
        known |= KNOWN_APART | (endpoint_is_closed(fd) ? 0 : KNOWN_ALIVE);
    if (targets && !is_still_inbound(fd, type, old))
        return known | KNOWN_OUTBOUND | KNOWN_ANSWERED | targets;
    return learn_inbound(fd, type, known);
}

/* The orchestrator resets idle connections from outside, after it armed the rule: then the peer is gone, and
 * what was known before is all that tells whose it was.  Only a socket that is closed may have lost its peer:
 * a number that was reused for a listener or a new attempt is another's. */
static bool lost_its_peer(uint64_t old, uint64_t fresh)
{
    return fresh & KNOWN_APART && fresh & KNOWN_STREAM && old & KNOWN_STREAM && known_targets(old) &&
           !known_targets(fresh) && !(fresh & KNOWN_ALIVE) && !(old & KNOWN_APART);
}

static uint64_t reconcile(uint64_t old, uint64_t fresh)
{
    if (lost_its_peer(old, fresh))
        return old;
    if (!known_targets(fresh) || known_targets(old) != known_targets(fresh))
        return fresh;
    return (fresh & ~CARRIED) | (old & CARRIED);
}

uint64_t descriptor_peek(int fd)
{
    uint64_t word = word_load(fd);

    return word && word == in_this_epoch(word) ? word & STATE_MASK : 0;
}

uint64_t descriptor_find(int fd)
{
    uint64_t known = descriptor_peek(fd);

    if (known)
        return known;
    uint64_t old = word_load(fd) & STATE_MASK;
    known = reconcile(old, learn(fd, old));
    /* Without a peer it may still be bound, listened on or connected, unseen: not kept. */
    if (known_targets(known) || !(known & KNOWN_APART))
        descriptor_set(fd, known);
    return known;
}

/* The kernel gives no cookie twice: whoever is the same socket leads where it led. */
static bool is_same_socket(int fd, uint64_t cookie)
{
    return cookie && (unsigned)fd < DESCRIPTOR_MAX &&
           atomic_load_explicit(&cookies[fd], memory_order_relaxed) == cookie;
}

static void cookie_store(int fd, uint64_t cookie)
{
    if (fd >= 0 && (unsigned)fd < DESCRIPTOR_MAX)
        atomic_store_explicit(&cookies[fd], cookie, memory_order_relaxed);
}

static bool leads_there(int fd, uint64_t known)
{
    uint64_t fresh = learn(fd, known);

    /* It has no peer to show yet, but its line knows the socket. */
    if (known & KNOWN_CONNECTING && fresh & KNOWN_ALIVE && line_is_opening(fd))
        return true;
    if (lost_its_peer(known, fresh) || known_targets(fresh) == known_targets(known))
        return true;
    descriptor_set(fd, fresh);
    return false;
}

bool descriptor_holds(int fd, uint64_t known)
{
    uint64_t cookie = line_cookie(fd);

    if (is_same_socket(fd, cookie))
        return true;
    bool holds = leads_there(fd, known);
    cookie_store(fd, holds ? cookie : 0);
    return holds;
}

void descriptor_set(int fd, uint64_t known)
{
    word_store(fd, in_this_epoch(known | KNOWN));
}

void descriptor_forget(int fd)
{
    if (shim_is_guest())
        return;
    word_store(fd, 0);
}

void descriptor_forget_range(unsigned first, unsigned last)
{
    uint32_t end = atomic_load_explicit(&highest, memory_order_relaxed);

    if (shim_is_guest())
        return;
    for (unsigned fd = first; fd <= last && fd <= end; fd++)
        descriptor_forget((int)fd);
}

void descriptor_copy(int from, int to)
{
    if (shim_is_guest())
        return;
    word_store(to, word_load(from));
}
