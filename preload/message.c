/* Calls that move bytes through sockets only.  Floor 1.
 *
 * Accepted limit: sendmmsg and recvmmsg are judged once, by their first message. */
#include <string.h>

#include "preload/ask.h"
#include "preload/descriptor.h"
#include "preload/fastopen.h"
#include "preload/flow.h"
#include "preload/outbox.h"
#include "preload/shim.h"

EXPORT ssize_t send(int fd, const void *buf, size_t len, int flags)
{
    if (is_idle(CALL_send))
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
    if (is_idle(CALL_sendto) && !(flags & MSG_FASTOPEN))
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

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    if ((is_idle(CALL_sendmsg) && !(flags & MSG_FASTOPEN)) || !message)
        return real.sendmsg(fd, message, flags);
    if (!fastopen_connects(fd, &flags, message->msg_name, message->msg_namelen))
        return -1;
    struct ask a = {.call = CALL_sendmsg,
                    .fd = fd,
                    .flags = flags,
                    .address = message->msg_name,
                    .address_len = message->msg_namelen,
                    .parts = message->msg_iov,
                    .part_count = message->msg_iovlen};

    if (ask(&a))
        return a.is_lost ? (ssize_t)flow_size(message) : ask_answer(&a);
    ssize_t kept = outbox_send(&a, message->msg_iov, message->msg_iovlen);
    if (kept != OUTBOX_OVER)
        return kept;
    if (a.limit) {
        struct iovec parts[FLOW_PARTS];
        struct msghdr cut = *message;
        cut.msg_iov = parts;
        cut.msg_iovlen = flow_parts(message->msg_iov, message->msg_iovlen, 0, a.limit, parts);
        return ask_done(&a, real.sendmsg(fd, &cut, flags));
    }
    return ask_done(&a, real.sendmsg(fd, message, flags));
}

/* One at a time, so that what does not go into the hole is told as the kernel would. */
static int boxed_messages(struct ask *a, struct mmsghdr *messages, unsigned count)
{
    ssize_t kept = outbox_send(a, messages->msg_hdr.msg_iov, messages->msg_hdr.msg_iovlen);

    if (kept == OUTBOX_OVER)
        return (int)ask_done(a, real.sendmmsg(a->fd, messages, count, a->flags));
    if (kept < 0)
        return -1;
    messages->msg_len = (unsigned)kept;
    return 1;
}

/* One of the batch is sent, for all that the program sees; it sends the others by another call. */
static int lose_first(struct mmsghdr *messages)
{
    messages->msg_len = (unsigned)flow_size(&messages->msg_hdr);
    return 1;
}

EXPORT int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    if (is_idle(CALL_sendmmsg) || !messages || !count)
        return real.sendmmsg(fd, messages, count, flags);
    struct ask a = {.call = CALL_sendmmsg,
                    .fd = fd,
                    .flags = flags,
                    .address = messages->msg_hdr.msg_name,
                    .address_len = messages->msg_hdr.msg_namelen,
                    .parts = messages->msg_hdr.msg_iov,
                    .part_count = messages->msg_hdr.msg_iovlen};

    if (ask(&a))
        return a.is_lost ? lose_first(messages) : ask_answer(&a);
    if (a.is_boxed)
        return boxed_messages(&a, messages, count);
    return (int)ask_done(&a, real.sendmmsg(fd, messages, count, flags));
}

EXPORT ssize_t recv(int fd, void *buf, size_t len, int flags)
{
    if (is_idle(CALL_recv))
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
    if (is_idle(CALL_recv))
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
    if (is_idle(CALL_recvfrom))
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
    if (is_idle(CALL_recvfrom))
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
    if (is_idle(CALL_recvmsg))
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

static int receive_first(struct ask *a, struct mmsghdr *messages, int flags)
{
    ssize_t got = flow_receive(a, &messages->msg_hdr, flags & ~MSG_WAITFORONE);

    if (got < 0)
        return -1;
    forget_passed(&messages->msg_hdr);
    messages->msg_len = (unsigned)got;
    return 1;
}

EXPORT int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout)
{
    if (is_idle(CALL_recvmmsg))
        return (int)received(CALL_recvmmsg, fd, flags, real.recvmmsg(fd, messages, count, flags, timeout));
    struct ask a = {.call = CALL_recvmmsg, .fd = fd, .flags = flags};

    if (ask(&a))
        return ask_answer(&a);
    if (flow_is_on(&a) && messages && count)
        return receive_first(&a, messages, flags);
    int got = real.recvmmsg(fd, messages, count, flags, timeout);
    for (int i = 0; i < got; i++)
        forget_passed(&messages[i].msg_hdr);
    return (int)ask_done(&a, got);
}
