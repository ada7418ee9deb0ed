/* Calls that move bytes through sockets only.  Floor 1. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "preload/ask.h"
#include "preload/descriptor.h"
#include "preload/fastopen.h"
#include "preload/flow.h"
#include "preload/outbox.h"
#include "preload/shim.h"

EXPORT ssize_t send(int fd, const void *buf, size_t len, int flags)
{
    if (passes(CALL_send, fd))
        return real.send(fd, buf, len, flags);
    struct ask a = {.call = CALL_send, .fd = fd, .flags = flags, .bytes = buf, .size_bytes = len};

    if (ask(&a))
        return ask_sent(&a, len);
    ssize_t kept = outbox_send_bytes(&a, buf, len);
    if (kept != OUTBOX_OVER)
        return kept;
    return ask_done(&a, real.send(fd, buf, ask_cut(&a, len), flags));
}

extern __typeof__(send) __send EXPORT __attribute__((alias("send")));

EXPORT ssize_t sendto(int fd, const void *buf, size_t len, int flags, __CONST_SOCKADDR_ARG address,
                      socklen_t address_len)
{
    if ((is_idle(CALL_sendto) || (!address.__sockaddr__ && ask_is_apart(CALL_sendto, fd))) &&
        !(flags & MSG_FASTOPEN))
        return real.sendto(fd, buf, len, flags, address, address_len);
    if (!fastopen_connects(fd, &flags, address.__sockaddr__, address_len))
        return -1;
    struct ask a = {.call = CALL_sendto,
                    .fd = fd,
                    .flags = flags,
                    .address = address.__sockaddr__,
                    .address_len = address_len,
                    .bytes = buf,
                    .size_bytes = len};

    if (ask(&a))
        return ask_sent(&a, len);
    ssize_t kept = outbox_send_bytes(&a, buf, len);
    if (kept != OUTBOX_OVER)
        return kept;
    return ask_done(&a, real.sendto(fd, buf, ask_cut(&a, len), flags, address, address_len));
}

static ssize_t send_message(struct ask *a, const struct msghdr *message)
{
    if (ask(a))
        return a->is_lost ? (ssize_t)flow_size(message) : ask_answer(a);
    ssize_t kept = outbox_send(a, message->msg_iov, message->msg_iovlen);
    if (kept != OUTBOX_OVER)
        return kept;
    if (a->limit) {
        struct iovec parts[FLOW_PARTS];
        struct msghdr cut = *message;
        cut.msg_iov = parts;
        cut.msg_iovlen = flow_parts(message->msg_iov, message->msg_iovlen, 0, a->limit, parts);
        return ask_done(a, real.sendmsg(a->fd, &cut, a->flags));
    }
    return ask_done(a, real.sendmsg(a->fd, message, a->flags));
}

static struct ask ask_of_message(enum call call, int fd, const struct msghdr *message, int flags)
{
    return (struct ask){.call = call,
                        .fd = fd,
                        .flags = flags,
                        .address = message->msg_name,
                        .address_len = message->msg_namelen,
                        .parts = message->msg_iov,
                        .part_count = message->msg_iovlen,
                        .control = message->msg_control,
                        .control_len = message->msg_controllen};
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    if (!message)
        return real.sendmsg(fd, message, flags);
    if ((is_idle(CALL_sendmsg) || (!message->msg_name && ask_is_apart(CALL_sendmsg, fd))) &&
        !(flags & MSG_FASTOPEN))
        return real.sendmsg(fd, message, flags);
    if (!fastopen_connects(fd, &flags, message->msg_name, message->msg_namelen))
        return -1;
    struct ask a = ask_of_message(CALL_sendmsg, fd, message, flags);

    return send_message(&a, message);
}

/* One at a time, as the kernel does, each judged on its own.  What fails behind others is told by the next
 * call. */
EXPORT int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    if (is_idle(CALL_sendmmsg) || !messages || !count || ask_is_apart(CALL_sendmmsg, fd))
        return real.sendmmsg(fd, messages, count, flags);
    int done = 0;

    while ((unsigned)done < count && done < IOV_MAX) {
        struct ask a = ask_of_message(CALL_sendmmsg, fd, &messages[done].msg_hdr, flags);
        ssize_t sent = send_message(&a, &messages[done].msg_hdr);
        if (sent < 0)
            return done ? done : -1;
        messages[done].msg_len = (unsigned)sent;
        if ((size_t)sent < flow_size(&messages[done++].msg_hdr))
            break;
    }
    return done;
}

EXPORT ssize_t recv(int fd, void *buf, size_t len, int flags)
{
    if (passes(CALL_recv, fd))
        return received(CALL_recv, fd, flags, real.recv(fd, buf, len, flags));
    struct ask a = {.call = CALL_recv, .fd = fd, .flags = flags};

    if (ask(&a))
        return ask_answer(&a);
    if (flow_is_on(&a))
        return flow_receive_into(&a, buf, len, flags);
    return ask_done(&a, real.recv(fd, buf, len, flags));
}

EXPORT ssize_t __recv_chk(int fd, void *buf, size_t len, size_t buf_size, int flags)
{
    if (passes(CALL_recv, fd))
        return received(CALL_recv, fd, flags, real.__recv_chk(fd, buf, len, buf_size, flags));
    struct ask a = {.call = CALL_recv, .fd = fd, .flags = flags};

    if (ask(&a))
        return ask_answer(&a);
    if (flow_is_on(&a) && len <= buf_size)
        return flow_receive_into(&a, buf, len, flags);
    return ask_done(&a, real.__recv_chk(fd, buf, len, buf_size, flags));
}

static ssize_t receive_from(struct ask *a, void *buf, size_t len, int flags, struct sockaddr *address,
                            socklen_t *address_len)
{
    struct iovec part = {.iov_base = buf, .iov_len = len};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_name = address};

    if (address && address_len)
        message.msg_namelen = *address_len;
    ssize_t got = flow_receive(a, &message, flags);
    if (got >= 0 && address && address_len)
        *address_len = message.msg_namelen;
    return got;
}

EXPORT ssize_t recvfrom(int fd, void *restrict buf, size_t len, int flags, __SOCKADDR_ARG address,
                        socklen_t *restrict address_len)
{
    if (passes(CALL_recvfrom, fd))
        return received(CALL_recvfrom, fd, flags, real.recvfrom(fd, buf, len, flags, address, address_len));
    struct ask a = {.call = CALL_recvfrom, .fd = fd, .flags = flags};

    if (ask(&a))
        return ask_answer(&a);
    if (flow_is_on(&a))
        return receive_from(&a, buf, len, flags, address.__sockaddr__, address_len);
    return ask_done(&a, real.recvfrom(fd, buf, len, flags, address, address_len));
}

EXPORT ssize_t __recvfrom_chk(int fd, void *buf, size_t len, size_t buf_size, int flags,
                              __SOCKADDR_ARG address, socklen_t *address_len)
{
    if (passes(CALL_recvfrom, fd))
        return received(CALL_recvfrom, fd, flags,
                        real.__recvfrom_chk(fd, buf, len, buf_size, flags, address, address_len));
    struct ask a = {.call = CALL_recvfrom, .fd = fd, .flags = flags};

    if (ask(&a))
        return ask_answer(&a);
    if (flow_is_on(&a) && len <= buf_size)
        return receive_from(&a, buf, len, flags, address.__sockaddr__, address_len);
    return ask_done(&a, real.__recvfrom_chk(fd, buf, len, buf_size, flags, address, address_len));
}

/* Descriptors may have come along, under numbers that were others before. */
static void forget_passed(struct msghdr *message)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t at = 0; at + sizeof(int) <= c->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + at, sizeof(fd));
            descriptor_forget(fd);
        }
    }
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    if (is_idle(CALL_recvmsg) || (message && !message->msg_control && ask_is_apart(CALL_recvmsg, fd)))
        return received(CALL_recvmsg, fd, flags, real.recvmsg(fd, message, flags));
    struct ask a = {.call = CALL_recvmsg, .fd = fd, .flags = flags};

    if (ask(&a))
        return ask_answer(&a);
    if (flow_is_on(&a) && message) {
        ssize_t held = flow_receive(&a, message, flags);
        if (held >= 0)
            forget_passed(message);
        return held;
    }
    ssize_t got = real.recvmsg(fd, message, flags);
    if (got >= 0)
        forget_passed(message);
    return ask_done(&a, got);
}

/* What is left of it is told, as the kernel does. */
static bool is_over(struct timespec *timeout, uint64_t end_ns)
{
    uint64_t now_ns = shim_now_ns();

    if (timeout)
        *timeout = timespec_of(end_ns > now_ns ? end_ns - now_ns : 0);
    return timeout && now_ns >= end_ns;
}

/* Thirty years are for ever. */
static uint64_t span_of(const struct timespec *t)
{
    uint64_t seconds = t->tv_sec < 1000000000 ? (uint64_t)t->tv_sec : 1000000000;

    return seconds * 1000000000 + (uint64_t)t->tv_nsec;
}

static bool is_sane(const struct timespec *t)
{
    return !t || (t->tv_sec >= 0 && t->tv_nsec >= 0 && t->tv_nsec < 1000000000);
}

/* Of a stream one message; datagrams as the kernel does, which looks at the time behind each. */
static int receive_many(struct ask *a, struct mmsghdr *messages, unsigned count, struct timespec *timeout)
{
    int done = 0, saved_errno = errno;
    uint64_t end_ns = shim_now_ns();

    if (timeout)
        end_ns += span_of(timeout);
    do {
        ssize_t got = flow_receive(a, &messages[done].msg_hdr, a->flags & ~MSG_WAITFORONE);
        if (got < 0 && !done)
            return -1;
        errno = saved_errno;
        if (got < 0)
            break;
        forget_passed(&messages[done].msg_hdr);
        messages[done++].msg_len = (unsigned)got;
        a->flags |= a->flags & MSG_WAITFORONE ? MSG_DONTWAIT : 0;
    } while ((unsigned)done < count && done < IOV_MAX && !(a->known & KNOWN_STREAM) &&
             !is_over(timeout, end_ns));
    return done;
}

EXPORT int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout)
{
    if (is_idle(CALL_recvmmsg))
        return (int)received(CALL_recvmmsg, fd, flags, real.recvmmsg(fd, messages, count, flags, timeout));
    struct ask a = {.call = CALL_recvmmsg, .fd = fd, .flags = flags};

    if (ask(&a))
        return ask_answer(&a);
    if (flow_is_on(&a) && messages && count && is_sane(timeout))
        return receive_many(&a, messages, count, timeout);
    int got = real.recvmmsg(fd, messages, count, flags, timeout);
    for (int i = 0; i < got; i++)
        forget_passed(&messages[i].msg_hdr);
    return (int)ask_done(&a, got);
}
