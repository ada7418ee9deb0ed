/* preadv2 and pwritev2.  Floor 1.
 *
 * At offset -1 they are readv and writev with flags, and so move what goes through sockets.  At any other
 * they are about files, and a socket says ESPIPE: nothing of ours. */
#include <limits.h>

#include "preload/ask.h"
#include "preload/flow.h"
#include "preload/outbox.h"
#include "preload/shim.h"

static int message_flags(int flags)
{
    return flags & RWF_NOWAIT ? MSG_DONTWAIT : 0;
}

EXPORT ssize_t preadv2(int fd, const struct iovec *parts, int count, off_t offset, int flags)
{
    if (offset != -1)
        return real.preadv2(fd, parts, count, offset, flags);
    if (is_idle(CALL_readv))
        return received(CALL_readv, fd, message_flags(flags), real.preadv2(fd, parts, count, offset, flags));
    struct ask a = {.call = CALL_readv, .fd = fd, .flags = message_flags(flags)};

    if (ask(&a))
        return ask_answer(&a);
    if (flow_is_on(&a) && count >= 0 && count <= IOV_MAX) {
        struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)count};
        return flow_receive(&a, &message, message_flags(flags));
    }
    return ask_done(&a, real.preadv2(fd, parts, count, offset, flags));
}

EXPORT ssize_t pwritev2(int fd, const struct iovec *parts, int count, off_t offset, int flags)
{
    if (offset != -1 || is_idle(CALL_writev) || count <= 0 || count > IOV_MAX)
        return real.pwritev2(fd, parts, count, offset, flags);
    struct ask a = {.call = CALL_writev,
                    .fd = fd,
                    .flags = message_flags(flags),
                    .parts = parts,
                    .part_count = (size_t)count};
    struct msghdr whole = {.msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)count};

    if (ask(&a))
        return a.is_lost ? (ssize_t)flow_size(&whole) : ask_answer(&a);
    ssize_t kept = outbox_send(&a, parts, (size_t)count);
    if (kept != OUTBOX_OVER)
        return kept;
    if (a.limit) {
        struct iovec cut[FLOW_PARTS];
        size_t cuts = flow_parts(parts, (size_t)count, 0, a.limit, cut);
        return ask_done(&a, real.pwritev2(fd, cut, (int)cuts, offset, flags));
    }
    return ask_done(&a, real.pwritev2(fd, parts, count, offset, flags));
}

/* One function where off_t has 64 bits. */
extern __typeof__(preadv64v2) preadv64v2 EXPORT __attribute__((alias("preadv2")));
extern __typeof__(pwritev64v2) pwritev64v2 EXPORT __attribute__((alias("pwritev2")));
