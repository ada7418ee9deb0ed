/* Calls that move bytes through any descriptor.  Floor 1. */
#include "preload/ask.h"
#include "preload/shim.h"

EXPORT ssize_t write(int fd, const void *buf, size_t len)
{
    if (is_idle(CALL_write))
        return real.write(fd, buf, len);
    struct ask a = {.call = CALL_write, .fd = fd};

    if (ask(&a))
        return ask_answer(&a);
    return ask_done(&a, real.write(fd, buf, len));
}

extern __typeof__(write) __write EXPORT __attribute__((alias("write")));

EXPORT ssize_t writev(int fd, const struct iovec *parts, int count)
{
    if (is_idle(CALL_writev))
        return real.writev(fd, parts, count);
    struct ask a = {.call = CALL_writev, .fd = fd};

    if (ask(&a))
        return ask_answer(&a);
    return ask_done(&a, real.writev(fd, parts, count));
}

/* Judged by where the bytes go. */
EXPORT ssize_t sendfile(int to, int from, off_t *offset, size_t count)
{
    if (is_idle(CALL_sendfile))
        return real.sendfile(to, from, offset, count);
    struct ask a = {.call = CALL_sendfile, .fd = to};

    if (ask(&a))
        return ask_answer(&a);
    return ask_done(&a, real.sendfile(to, from, offset, count));
}

/* One function where off_t has 64 bits, which is everywhere that we are built for. */
_Static_assert(sizeof(off_t) == sizeof(off64_t), "sendfile64 and fcntl64 are of their own here");
extern __typeof__(sendfile64) sendfile64 EXPORT __attribute__((alias("sendfile")));

EXPORT ssize_t read(int fd, void *buf, size_t len)
{
    if (is_idle(CALL_read))
        return received(fd, real.read(fd, buf, len));
    struct ask a = {.call = CALL_read, .fd = fd};

    if (ask(&a))
        return ask_answer(&a);
    return ask_done(&a, real.read(fd, buf, len));
}

extern __typeof__(read) __read EXPORT __attribute__((alias("read")));

EXPORT ssize_t __read_chk(int fd, void *buf, size_t len, size_t buf_size)
{
    if (is_idle(CALL_read))
        return received(fd, real.__read_chk(fd, buf, len, buf_size));
    struct ask a = {.call = CALL_read, .fd = fd};

    if (ask(&a))
        return ask_answer(&a);
    return ask_done(&a, real.__read_chk(fd, buf, len, buf_size));
}

EXPORT ssize_t readv(int fd, const struct iovec *parts, int count)
{
    if (is_idle(CALL_readv))
        return received(fd, real.readv(fd, parts, count));
    struct ask a = {.call = CALL_readv, .fd = fd};

    if (ask(&a))
        return ask_answer(&a);
    return ask_done(&a, real.readv(fd, parts, count));
}
