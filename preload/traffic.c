/* A call is a connection attempt with the first request that it carries, or a further request: the first
 * bytes sent after bytes were received.  Floor 1. */
#include <errno.h>
#include <stddef.h>

#include "preload/descriptor.h"
#include "preload/inflight.h"
#include "preload/shim.h"
#include "preload/traffic.h"

static void add(uint32_t targets, size_t member)
{
    for (uint32_t rest = targets & control.table.watched & ~TARGET_ANY; rest; rest &= rest - 1) {
        char *row = (char *)&control.table.traffic[__builtin_ctz(rest)];
        atomic_fetch_add_explicit((_Atomic uint64_t *)(void *)(row + member), 1, memory_order_relaxed);
    }
}

static void connects(const struct ask *a)
{
    add(a->targets, offsetof(struct traffic, connects));
    add(a->targets, offsetof(struct traffic, calls));
    inflight_called(a->fd, a->targets);
}

static void sends(const struct ask *a)
{
    /* A datagram with an address of its own is a request of its own. */
    if (!a->known) {
        add(a->targets, offsetof(struct traffic, calls));
        return;
    }
    if (a->direction == DIRECTION_OUTBOUND && a->known & KNOWN_ANSWERED && !(a->known & KNOWN_FRESH)) {
        add(a->targets, offsetof(struct traffic, calls));
        inflight_called(a->fd, a->targets);
    }
    inflight_sent(a->fd);
    if (a->known & (KNOWN_FRESH | KNOWN_ANSWERED | KNOWN_CONNECTING))
        descriptor_set(a->fd, a->known & ~(KNOWN_FRESH | KNOWN_ANSWERED | KNOWN_CONNECTING));
}

void traffic_ask(const struct ask *a)
{
    if (!a->targets)
        return;
    if (call_role(a->call) == ROLE_OPEN)
        connects(a);
    else if (call_role(a->call) == ROLE_SEND)
        sends(a);
}

void traffic_failed(const struct ask *a, int error)
{
    enum role role = call_role(a->call);

    if (known_targets(a->known) && (role == ROLE_SEND || role == ROLE_RECEIVE) && error != EAGAIN &&
        error != EINTR)
        inflight_failed(a->fd);
}

void traffic_done(const struct ask *a, ssize_t result)
{
    if (result < 0)
        traffic_failed(a, errno);
    if (result < 0 || !known_targets(a->known) || call_role(a->call) != ROLE_RECEIVE)
        return;
    /* The end of a stream is no answer; an empty datagram is one. */
    if (!result && a->known & KNOWN_STREAM)
        inflight_failed(a->fd);
    else
        inflight_answered(a->fd);
    if (!result)
        return;
    if (!(a->known & KNOWN_ANSWERED) && descriptor_peek(a->fd) == a->known)
        descriptor_set(a->fd, a->known | KNOWN_ANSWERED);
}

void traffic_accepted(uint32_t targets)
{
    add(targets, offsetof(struct traffic, accepts));
}
