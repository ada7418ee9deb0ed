/* Looking at what is sent.  Floor 1. */
#include <string.h>

#include "preload/descriptor.h"
#include "preload/line.h"
#include "preload/request.h"

struct first {
    const uint8_t *bytes;
    size_t len;
};

static size_t least(uint64_t a, uint64_t b)
{
    return (size_t)(a < b ? a : b);
}

/* Joined in `room` only where the first part is not enough. */
static struct first first_of(const struct ask *a, uint8_t room[static REQUEST_BYTES])
{
    size_t len = 0;

    if (!a->parts)
        return (struct first){a->bytes, a->bytes ? least(a->size_bytes, REQUEST_BYTES) : 0};
    for (size_t i = 0; i < a->part_count && len < REQUEST_BYTES; i++) {
        size_t more = a->parts[i].iov_base ? least(a->parts[i].iov_len, REQUEST_BYTES - len) : 0;
        if (more)
            memcpy(room + len, a->parts[i].iov_base, more);
        len += more;
    }
    return (struct first){room, len};
}

/* A frame of its own: half a kilobyte of stack, given back before anything waits. */
static __attribute__((noinline)) void request_begins(struct ask *a, bool pipelined)
{
    uint8_t room[REQUEST_BYTES];
    struct first first = first_of(a, room);
    struct subject s = ask_subject(a);

    if (!shim_has_lease(s.now_ns))
        return;
    if (pipelined)
        line_pipelined(a->fd, &s, first.bytes, first.len);
    else if (a->known & KNOWN_STREAM)
        line_request(a->fd, a->known, &s, first.bytes, first.len, &a->requests);
    else
        decide_requests(&control.table, &s, first.bytes, first.len, 0, &a->requests);
}

static bool begins(const struct ask *a)
{
    return call_role(a->call) == ROLE_SEND &&
           (!(a->known & KNOWN_STREAM) || a->known & (KNOWN_FRESH | KNOWN_ANSWERED | KNOWN_CONNECTING));
}

void request_ask(struct ask *a)
{
    enum role role = call_role(a->call);

    if (!(a->targets & atomic_load_explicit(&control.table.requests, memory_order_acquire)))
        return;
    if (a->direction == DIRECTION_INBOUND || (role != ROLE_SEND && role != ROLE_RECEIVE))
        return;
    /* The word may be of another connection that had the number before: the line is not. */
    if (begins(a) || (!line_requests(a->fd, &a->requests) && role == ROLE_SEND))
        request_begins(a, false);
    else if (role == ROLE_SEND && line_concerns(a->known))
        request_begins(a, true);
}
