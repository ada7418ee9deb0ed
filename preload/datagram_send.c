/* Datagrams that are sent.  Floor 1. */
#include <errno.h>
#include <sys/syscall.h>

#include "injectors/packet.h"
#include "preload/datagram.h"
#include "preload/effect.h"

static bool loses(const struct strike *s)
{
    return packet_is_lost_by(&control.table.rules[s->rule % RULE_MAX], s);
}

/* The kernel's own answer to a copy that it does not take is the call's: it would say the same to what is
 * sent after it.  Only for want of room it takes one and not two. */
static bool send_copy(struct ask *a, const struct strike *s)
{
    struct iovec whole = {.iov_base = (void *)a->bytes, .iov_len = a->size_bytes};
    struct msghdr message = {.msg_name = (void *)a->address,
                             .msg_namelen = a->address ? a->address_len : 0,
                             .msg_iov = a->parts ? (struct iovec *)a->parts : &whole,
                             .msg_iovlen = a->parts ? a->part_count : 1,
                             .msg_control = (void *)a->control,
                             .msg_controllen = a->control_len};

    if (syscall(SYS_sendmsg, a->fd, &message, a->flags | MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
        effect_landed(a->call, a->fd, s, 0);
        return false;
    }
    int error = errno;
    effect_skipped(a->call, a->fd, s);
    if (error == EAGAIN || error == ENOBUFS)
        return false;
    a->result = -1;
    a->error = error;
    return true;
}

/* What is lost of a file would have moved its offset; a part of a datagram is none, and of what is sent
 * without a copy the program counts the ends. */
static bool can_land(const struct ask *a, const struct strike *s)
{
    return a->call != CALL_sendfile && (loses(s) || !(a->flags & (MSG_MORE | MSG_ZEROCOPY)));
}

/* Nothing else lands on what is lost. */
static bool strike(struct ask *a, const struct strike *s)
{
    if (a->is_lost != loses(s) || !can_land(a, s)) {
        effect_skipped(a->call, a->fd, s);
        return false;
    }
    if (!loses(s))
        return send_copy(a, s);
    effect_landed(a->call, a->fd, s, 0);
    return true;
}

bool datagram_send(struct ask *a)
{
    struct subject s = ask_subject(a);
    struct verdict v;
    bool ends = false;

    if (a->targets & atomic_load_explicit(&control.table.datagrams, memory_order_acquire))
        datagram_begin(a->fd);
    s.only = DECIDE_DATAGRAM | 1u << EFFECT_HOLD;
    s.is_outgoing = true;
    if (!(a->targets & atomic_load_explicit(&control.table.streams, memory_order_acquire)) ||
        !shim_has_lease(s.now_ns) || !decide(&control.table, &s, &v))
        return false;
    for (int i = 0; i < v.strikes && a->call != CALL_sendfile; i++)
        a->is_lost = a->is_lost || loses(&v.strike[i]);
    for (int i = 0; i < v.strikes; i++)
        ends = strike(a, &v.strike[i]) || ends;
    return ends;
}
