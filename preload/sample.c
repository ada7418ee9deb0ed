/* Asking the kernel what is there.  Floor 1.
 *
 * When bytes arrived is known exactly to who was waiting for them.  TCP tells it to a jiffy to who comes
 * late, for the last bytes that came; a unix socket tells nothing: there it is the time of the look. */
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "preload/effect.h"
#include "preload/sample.h"

struct counters {
    uint64_t seen, queued;
    uint64_t quiet_ns; /* for at least so long nothing came */
};

/* Not libc's poll: that is a cancellation point. */
static int poll_now(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN | POLLRDHUP};
    struct timespec none = {0};

    return syscall(SYS_ppoll, &p, 1, &none, NULL, 0) > 0 ? p.revents : 0;
}

/* The kernel counts in jiffies: what is told may be one too much. */
static uint64_t quiet_of(uint64_t told_ms)
{
    struct timespec tick = {0};

    clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
    uint64_t told_ns = told_ms * 1000000, tick_ns = (uint64_t)tick.tv_nsec;
    return told_ns > tick_ns ? told_ns - tick_ns : 0;
}

/* As much of struct tcp_info as is wanted: stacks may be small. */
#define INFO_SIZE (offsetof(struct tcp_info, tcpi_bytes_received) + sizeof(uint64_t))
struct info {
    _Alignas(struct tcp_info) char raw[INFO_SIZE];
};

static bool inform(int fd, struct info *info)
{
    socklen_t len = sizeof(info->raw);

    return !real.getsockopt(fd, IPPROTO_TCP, TCP_INFO, info->raw, &len) && len == sizeof(info->raw);
}

static uint64_t received_of(const struct info *info)
{
    uint64_t bytes;

    memcpy(&bytes, info->raw + offsetof(struct tcp_info, tcpi_bytes_received), sizeof(bytes));
    return bytes;
}

static uint32_t last_of(const struct info *info)
{
    uint32_t ms;

    memcpy(&ms, info->raw + offsetof(struct tcp_info, tcpi_last_data_recv), sizeof(ms));
    return ms;
}

enum { ESTABLISHED = 1, TIME_WAIT = 6, CLOSE_WAIT = 8, LAST_ACK = 9, CLOSING = 11 };

static uint8_t state_of(const struct info *info)
{
    return (uint8_t)info->raw[offsetof(struct tcp_info, tcpi_state)];
}

/* A FIN counts as a byte.  The states that it leads to are not all those after it, but none is before. */
static bool has_fin(const struct info *info)
{
    uint8_t state = state_of(info);

    return state == CLOSE_WAIT || state == LAST_ACK || state == CLOSING || state == TIME_WAIT;
}

static bool queued_in(int fd, uint64_t *ret_queued)
{
    int queued = 0;

    if (real.ioctl(fd, SIOCINQ, &queued) || queued < 0)
        return false;
    *ret_queued = (uint64_t)queued;
    return true;
}

/* What TCP tells. */
struct told {
    bool is_told;
    struct info info;
    uint64_t queued;
};

static bool ask_tcp(int fd, struct told *t)
{
    t->is_told = inform(fd, &t->info) && queued_in(fd, &t->queued);
    return t->is_told;
}

/* Nothing was received since the last look; or nobody read anything, and all that came is there. */
static bool agrees(const struct line *l, const struct told *t)
{
    uint64_t received = received_of(&t->info) - has_fin(&t->info);

    return !l->is_fresh && (received == l->stream.seen || received == l->stream.consumed + t->queued);
}

/* Two questions with one answer: ask until nothing came in between. */
static bool count_tcp(const struct line *l, int fd, struct told *t, struct counters *ret)
{
    if (!t->is_told && !ask_tcp(fd, t))
        return false;
    for (int i = 0; i < 4 && !agrees(l, t); i++) {
        uint64_t before = received_of(&t->info);
        if (!inform(fd, &t->info))
            return false;
        if (received_of(&t->info) == before)
            break;
        if (!queued_in(fd, &t->queued))
            return false;
    }
    ret->queued = t->queued;
    ret->seen = received_of(&t->info) - has_fin(&t->info);
    ret->quiet_ns = quiet_of(last_of(&t->info));
    return ret->queued <= ret->seen;
}

static bool count_unix(struct line *l, int fd, struct counters *ret)
{
    uint64_t taken = atomic_exchange(&l->taken, 0);

    if (!queued_in(fd, &ret->queued))
        return false;
    uint64_t left = l->queued > taken ? l->queued - taken : 0;
    ret->seen = l->stream.seen + (ret->queued > left ? ret->queued - left : 0);
    ret->quiet_ns = 0;
    l->queued = ret->queued;
    return true;
}

static bool count(struct line *l, int fd, struct told *t, struct counters *ret)
{
    if (l->is_tcp && count_tcp(l, fd, t, ret))
        return true;
    l->is_tcp = false;
    return count_unix(l, fd, ret);
}

bool line_decide(int fd, uint64_t known, enum call call, uint64_t arrived, const struct requests *requests,
                 struct mark *mark, struct rate *ret_rate)
{
    struct subject s =
        line_subject(call, known, 1u << EFFECT_HOLD | (arrived ? 1u << EFFECT_CORRUPT : 0), shim_now_ns());
    struct verdict v;

    s.requests = requests;
    *ret_rate = (struct rate){0};
    if (!decide(&control.table, &s, &v))
        return false;
    for (int i = 0; i < v.strikes; i++) {
        const struct strike *strike = &v.strike[i];
        const struct rule *rule = &control.table.rules[strike->rule % RULE_MAX];
        uint64_t delay_ns = 0, draw = rule_draw(rule->seed ^ 1, strike->number);
        if (strike->effect == EFFECT_CORRUPT) {
            mark->flip = (uint8_t)(draw | 1);
            mark->flip_at = (uint32_t)((draw >> 8) % arrived);
        } else if (rule->rate_per_s) {
            if (!ret_rate->per_s || rule->rate_per_s < ret_rate->per_s)
                *ret_rate = (struct rate){rule->rate_per_s, strike->rule};
        } else {
            delay_ns = stream_hold_by(mark, rule, strike);
        }
        effect_landed(call, fd, strike, delay_ns);
    }
    return true;
}

/* The room that the kernel gives a receiver on a long link, by measuring how fast it reads; here the bytes
 * stay unread, so it would not.  SO_RCVLOWAT makes the room (tcp_set_rcvlowat) where the program has not
 * chosen its own by SO_RCVBUF. */
static void widen(int fd)
{
    int own = 0, room = 512 * 1024;
    socklen_t len = sizeof(own);

    if (real.getsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &own, &len) || own != 1)
        return;
    syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVLOWAT, &room, (socklen_t)sizeof(room));
    syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVLOWAT, &own, (socklen_t)sizeof(own));
}

static void arrived(struct line *l, int fd, uint64_t known, const struct counters *c, uint64_t now_ns)
{
    struct stream *s = &l->stream;
    uint64_t at_ns = now_ns - c->quiet_ns;
    struct rate rate;

    if (!l->is_requested && stream_joins(s, at_ns)) {
        stream_join(s, c->seen, at_ns);
        return;
    }
    struct mark mark = {.first_ns = at_ns, .arrival_ns = at_ns};
    l->is_requested = false;
    line_decide(fd, known, CALL_recv, c->seen - s->seen, &l->requests, &mark, &rate);
    if (mark.holds && l->is_tcp && !l->is_wide)
        widen(fd);
    l->is_wide = l->is_wide || mark.holds;
    stream_rate(s, rate.per_s, now_ns);
    l->rate_rule = rate.rule;
    stream_arrive(s, c->seen, &mark);
}

static void ended(struct line *l, int fd, uint64_t known, uint64_t now_ns)
{
    struct mark mark = {.first_ns = now_ns, .arrival_ns = now_ns};
    struct rate rate;

    line_decide(fd, known, CALL_recv, 0, &l->requests, &mark, &rate);
    stream_end(&l->stream, &mark);
}

/* Bytes that were left lie there still, most times, and then there is nothing else to be seen.  (Who shut its
 * own receiving side is seen to have ended once they are read.) */
static int events_of(const struct line *l, int fd, struct told *t)
{
    bool has_left = l->is_tcp && !l->is_fresh && l->stream.seen > l->stream.consumed;

    if (has_left && ask_tcp(fd, t) && state_of(&t->info) == ESTABLISHED && t->queued)
        return POLLIN;
    t->is_told = false;
    return poll_now(fd);
}

void sample(struct line *l, int fd, uint64_t known, uint64_t now_ns)
{
    struct stream *s = &l->stream;
    struct counters c;
    struct told t = {0};
    int events = events_of(l, fd, &t);

    l->is_loud = events & (POLLHUP | POLLERR);
    if (!events && !l->is_fresh) {
        stream_consume(s, s->seen, now_ns);
        l->queued = 0;
        l->taken = 0;
        return;
    }
    if (count(l, fd, &t, &c)) {
        if (l->is_fresh)
            s->seen = s->consumed = c.seen - c.queued;
        l->is_fresh = false;
        if (c.seen > s->seen && c.queued)
            arrived(l, fd, known, &c, now_ns);
        s->seen = c.seen > s->seen ? c.seen : s->seen;
        stream_consume(s, s->seen - (c.queued < s->seen ? c.queued : s->seen), now_ns);
    }
    if (events & (POLLRDHUP | POLLHUP | POLLERR) && !s->ended && !l->is_cut && !l->drop.is_on)
        ended(l, fd, known, now_ns);
}
