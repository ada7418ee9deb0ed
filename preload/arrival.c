/* Peeking at datagrams, and deciding on them.  Floor 1. */
#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "preload/arrival.h"
#include "preload/effect.h"
#include "preload/endpoint.h"

/* The control messages that tell a time; the new ones are not in every libc's headers. */
enum { STAMP = SO_TIMESTAMP, STAMPNS = SO_TIMESTAMPNS, STAMPING = SO_TIMESTAMPING };
enum { NEW_STAMP = 63, NEW_STAMPNS = 64, NEW_STAMPING = 65 };

#define SECOND_NS UINT64_C(1000000000)

/* --- when it came --- */

static uint64_t wall_ns(void)
{
    struct timespec now;

    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

/* A program that asks for stamps gets them as messages, and the ioctl tells of no more. */
static bool told_stamp(struct msghdr *message, uint64_t *ret_ns)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        int64_t time[2];
        bool is_us = c->cmsg_type == STAMP || c->cmsg_type == NEW_STAMP;
        bool is_ns = c->cmsg_type == STAMPNS || c->cmsg_type == STAMPING || c->cmsg_type == NEW_STAMPNS ||
                     c->cmsg_type == NEW_STAMPING;
        if (c->cmsg_level != SOL_SOCKET || !(is_us || is_ns) || c->cmsg_len < CMSG_LEN(sizeof(time)))
            continue;
        memcpy(time, CMSG_DATA(c), sizeof(time));
        *ret_ns = (uint64_t)time[0] * SECOND_NS + (uint64_t)time[1] * (is_us ? 1000 : 1);
        return true;
    }
    return false;
}

static uint64_t asked_stamp(int fd)
{
    struct timespec stamp;

    if (real.ioctl(fd, SIOCGSTAMPNS, &stamp))
        return 0;
    return (uint64_t)stamp.tv_sec * SECOND_NS + (uint64_t)stamp.tv_nsec;
}

/* What came before the kernel was asked for stamps gets a new one with each ioctl: it counts as having none.
 * By a message it is told the one of the first look. */
static void set_time(struct arrival *a, uint64_t stamp_ns, bool is_told, uint64_t before_ns)
{
    uint64_t age_ns = stamp_ns && stamp_ns < before_ns ? before_ns - stamp_ns : 0;

    a->arrival_ns = shim_now_ns();
    a->stamp_ns = is_told || age_ns ? stamp_ns : 0;
    a->arrival_ns -= age_ns < a->arrival_ns ? age_ns : 0;
}

void arrival_begin(int fd)
{
    asked_stamp(fd);
}

/* --- peeking --- */

void arrival_place(int fd, int at)
{
    syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_PEEK_OFF, &at, (socklen_t)sizeof(at));
}

struct source {
    struct sockaddr_in6 address; /* of whatever family */
    socklen_t len;
};

/* A frame of its own, given back before anything else is asked: stacks may be small. */
static __attribute__((noinline)) int peek_once(int fd, struct arrival *ret, struct source *ret_source)
{
    _Alignas(struct cmsghdr) char extra[CMSG_SPACE(3 * sizeof(struct timespec))];
    struct msghdr message = {.msg_name = &ret_source->address,
                             .msg_namelen = sizeof(ret_source->address),
                             .msg_control = extra,
                             .msg_controllen = sizeof(extra)};
    uint64_t before_ns = wall_ns(), stamp_ns = 0;

    ssize_t len = syscall(SYS_recvmsg, fd, &message, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
    if (len < 0)
        return errno;
    bool is_told = told_stamp(&message, &stamp_ns);
    if (!is_told)
        stamp_ns = asked_stamp(fd);
    *ret = (struct arrival){.len = (uint32_t)len};
    set_time(ret, stamp_ns, is_told, before_ns);
    ret_source->len = message.msg_namelen;
    return 0;
}

/* A peek from a place moves it. */
static int peek_at(int fd, int at, struct arrival *ret, struct source *ret_source)
{
    if (at < 0)
        return peek_once(fd, ret, ret_source);
    arrival_place(fd, at);
    int error = peek_once(fd, ret, ret_source);
    arrival_place(fd, -1);
    return error;
}

/* One that came just now has a stamp as late as if it were new: it must not have none now and one later. */
int arrival_peek(int fd, int at, struct arrival *ret)
{
    struct source source;
    int error = peek_at(fd, at, ret, &source);

    if (!error && !ret->stamp_ns)
        error = peek_at(fd, at, ret, &source);
    if (!error)
        ret->targets = endpoint_given((struct sockaddr *)&source.address, source.len, SOCK_DGRAM);
    return error;
}

/* --- deciding --- */

/* By whom it comes from, and else by whom it comes to. */
static bool judge(const struct arrival *a, uint64_t known, struct verdict *ret_verdict)
{
    uint32_t effects = DECIDE_DATAGRAM | 1u << EFFECT_HOLD | 1u << EFFECT_CORRUPT;
    uint64_t source = KNOWN | KNOWN_OUTBOUND | a->targets;
    struct subject s = line_subject(CALL_recv, source, effects, shim_now_ns());

    s.is_datagram = true;
    if (a->targets && decide(&control.table, &s, ret_verdict))
        return true;
    s.targets = known_targets(known);
    s.direction = (uint8_t)known_direction(known);
    return s.direction == DIRECTION_INBOUND && decide(&control.table, &s, ret_verdict);
}

static const struct rule *rule_of(const struct strike *s)
{
    return &control.table.rules[s->rule % RULE_MAX];
}

static bool is_lost_by(const struct verdict *v)
{
    for (int i = 0; i < v->strikes; i++)
        if (packet_is_lost_by(rule_of(&v->strike[i]), &v->strike[i]))
            return true;
    return false;
}

/* Nothing else lands on what is lost. */
static bool lands(const struct packet *p, const struct strike *s, bool lost)
{
    return lost ? packet_is_lost_by(rule_of(s), s) : packet_takes(p, rule_of(s), s);
}

void arrival_decide(const struct arrival *a, int fd, uint64_t known, struct packet *p)
{
    struct verdict v;

    packet_begin(p, a->len, a->stamp_ns, a->arrival_ns);
    if (!judge(a, known, &v))
        return;
    bool lost = is_lost_by(&v);
    for (int i = 0; i < v.strikes; i++) {
        const struct strike *s = &v.strike[i];
        if (lands(p, s, lost))
            effect_landed(CALL_recv, fd, s, packet_strike(p, rule_of(s), s));
        else
            effect_skipped(CALL_recv, fd, s);
    }
    packet_reweigh(p, &control.table);
}
