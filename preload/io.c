/* Calls that move bytes through any descriptor.  Floor 1. */
#include <limits.h>

#include "preload/ask.h"
#include "preload/flow.h"
#include "preload/outbox.h"
#include "preload/shim.h"

EXPORT ssize_t write(int fd, const void *buf, size_t len)
{
    if (passes(CALL_write, fd))
        return real.write(fd, buf, len);
    struct ask a = {.call = CALL_write, .fd = fd, .bytes = buf, .size_bytes = len};

    if (ask(&a))
        return ask_sent(&a, len);
    ssize_t kept = outbox_send_bytes(&a, buf, len);
    if (kept != OUTBOX_OVER)
        return kept;
    return ask_done(&a, real.write(fd, buf, ask_cut(&a, len)));
}

extern __typeof__(write) __write EXPORT __attribute__((alias("write")));

EXPORT ssize_t writev(int fd, const struct iovec *parts, int count)
{
    if (passes(CALL_writev, fd) || count <= 0 || count > IOV_MAX)
        return real.writev(fd, parts, count);
    struct ask a = {.call = CALL_writev, .fd = fd, .parts = parts, .part_count = (size_t)count};
    struct msghdr whole = {.msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)count};

    if (ask(&a))
        return a.is_lost ? (ssize_t)flow_size(&whole) : ask_answer(&a);
    ssize_t kept = outbox_send(&a, parts, (size_t)count);
    if (kept != OUTBOX_OVER)
        return kept;
    if (a.limit && count > 0) {
        struct iovec cut[FLOW_PARTS];
        size_t cuts = flow_parts(parts, (size_t)count, 0, a.limit, cut);
        return ask_done(&a, real.writev(fd, cut, (int)cuts));
    }
    return ask_done(&a, real.writev(fd, parts, count));
}

EXPORT ssize_t read(int fd, void *buf, size_t len)
{
    if (passes(CALL_read, fd))
        return received(CALL_read, fd, 0, real.read(fd, buf, len));
    struct ask a = {.call = CALL_read, .fd = fd};

    if (ask(&a))
        return ask_answer(&a);
    if (flow_is_on(&a))
        return flow_receive_into(&a, buf, len, 0);
    return ask_done(&a, real.read(fd, buf, len));
}

extern __typeof__(read) __read EXPORT __attribute__((alias("read")));

EXPORT ssize_t __read_chk(int fd, void *buf, size_t len, size_t buf_size)
{
    if (passes(CALL_read, fd))
        return received(CALL_read, fd, 0, real.__read_chk(fd, buf, len, buf_size));
    struct ask a = {.call = CALL_read, .fd = fd};

    if (ask(&a))
        return ask_answer(&a);
    if (flow_is_on(&a) && len <= buf_size)
        return flow_receive_into(&a, buf, len, 0);
    return ask_done(&a, real.__read_chk(fd, buf, len, buf_size));
}

EXPORT ssize_t readv(int fd, const struct iovec *parts, int count)
{
    if (passes(CALL_readv, fd))
        return received(CALL_readv, fd, 0, real.readv(fd, parts, count));
    struct ask a = {.call = CALL_readv, .fd = fd};

    if (ask(&a))
        return ask_answer(&a);
    if (flow_is_on(&a) && count >= 0 && count <= IOV_MAX) {
        struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)count};
        return flow_receive(&a, &message, 0);
    }
    return ask_done(&a, real.readv(fd, parts, count));
}
