/* One direction of a link: reading, holding, sending.  Floor 1. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "injectors/relay/internal.h"

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* --- reading --- */

/* Nothing is said about it, and nothing is held: bytes go from socket to socket. */
static bool is_plain(const struct flow *f)
{
    const struct relay_shape *s = &f->shape;

    return !s->is_asked && !s->drops && !s->rate_per_s && !s->slice && !s->end_at && !s->sever_at;
}

static bool may_read(const struct flow *f)
{
    uint64_t most = is_plain(f) && !f->line.count ? PASSING_MAX : HELD_MAX;

    return f->is_readable && !f->has_ended && flow_buffered(f) < most;
}

/* The end takes its place behind what arrived, with a delay of its own. */
static void end_reading(struct relay_link *link, struct flow *f, bool by_reset, uint64_t now_ns)
{
    struct mark mark = {.first_ns = now_ns, .arrival_ns = now_ns};

    f->has_ended = true;
    f->ends_by_reset = by_reset;
    if (link->policy && link->policy->end)
        link->policy->end(link->arg, link, (enum relay_way)f->way, &mark);
    stream_end(&f->line, &mark);
}

/* Returns how many came; 0: none now, or none any more. */
static size_t receive(struct relay_link *link, struct flow *f, uint8_t *bytes, size_t room, uint64_t now_ns)
{
    ssize_t got = recv(link_from(link, f), bytes, room, MSG_DONTWAIT);

    if (got > 0) {
        f->is_readable = !f->is_tcp || f->is_hung || (size_t)got == room;
        if (link->count)
            link->count->received[f->way] += (uint64_t)got;
        return (size_t)got;
    }
    if (got < 0 && errno == EINTR)
        return 0;
    f->is_readable = false;
    if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
        end_reading(link, f, got < 0 || f->is_reset, now_ns);
    return 0;
}

static void arrive(struct flow *f, size_t len, const struct mark *mark, uint64_t now_ns)
{
    if (stream_joins(&f->line, now_ns))
        stream_join(&f->line, f->line.seen + len, now_ns);
    else
        stream_arrive(&f->line, f->line.seen + len, mark);
}

static void count_sent(struct relay_link *link, struct flow *f, size_t len)
{
    if (link->count)
        link->count->sent[f->way] += len;
}

/* The receiver is gone; what it had sent before may still be read. */
static void fail_sending(struct relay_link *link, struct flow *f)
{
    struct flow *back = link_other(link, f);

    f->is_shut = true;
    f->is_writable = false;
    chunk_clear(link->relay, f);
    f->line.consumed = f->line.seen;
    f->line.count = 0;
    back->is_readable = back->is_hung = back->is_reset = true;
    relay_make_ready(link);
}

/* Returns how many went. */
static size_t transmit(struct relay_link *link, struct flow *f, const uint8_t *bytes, size_t len)
{
    ssize_t put = send(link_to(link, f), bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (put < 0 && errno == EINTR)
        return 0;
    if (put < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        f->is_writable = false;
    else if (put < 0)
        fail_sending(link, f);
    if (put <= 0)
        return 0;
    count_sent(link, f, (size_t)put);
    return (size_t)put;
}

/* From socket to socket; what the receiver does not take waits. */
static bool pass(struct relay_link *link, struct flow *f, uint64_t now_ns)
{
    uint8_t *bytes = link->relay->scratch;
    size_t got = receive(link, f, bytes, SCRATCH_BYTES, now_ns), sent = 0;

    if (got && f->is_writable)
        sent = transmit(link, f, bytes, got);
    f->line.seen += got;
    f->line.consumed += sent;
    if (f->is_shut)
        f->line.consumed = f->line.seen;
    else if (sent < got && chunk_add(link->relay, f, bytes + sent, got - sent))
        link_reset(link);
    return got > 0;
}

static void flip(uint8_t *bytes, size_t len, struct mark *mark)
{
    if (mark->flip && mark->flip_at < len)
        bytes[len - 1 - mark->flip_at] ^= mark->flip;
    mark->flip = 0;
}

static enum relay_fate fate_of(struct relay_link *link, struct flow *f, uint8_t *bytes, size_t len,
                               struct mark *mark)
{
    if (f->shape.drops)
        return RELAY_DROP;
    if (!f->shape.is_asked)
        return RELAY_PASS;
    enum relay_fate fate =
        link->policy->arrive(link->arg, link, (enum relay_way)f->way, f->line.seen, bytes, len, mark);
    flip(bytes, len, mark);
    return fate;
}

/* Into the delay line. */
static bool hold(struct relay_link *link, struct flow *f, uint64_t now_ns)
{
    struct mark mark = {.first_ns = now_ns, .arrival_ns = now_ns};
    size_t room, got;
    uint8_t *bytes = chunk_room(link->relay, f, &room);

    if (!bytes) {
        link_reset(link);
        return false;
    }
    got = receive(link, f, bytes, room, now_ns);
    if (!got || f->is_shut) {
        chunk_unfilled(link->relay, f);
        return got > 0;
    }
    enum relay_fate fate = fate_of(link, f, bytes, got, &mark);
    if (fate == RELAY_RESET) {
        link_reset(link);
    } else if (fate == RELAY_PASS) {
        chunk_filled(f, got);
        arrive(f, got, &mark, now_ns);
    } else {
        f->has_hole = true;
    }
    return true;
}

static bool read_some(struct relay_link *link, struct flow *f, uint64_t now_ns)
{
    if (!may_read(f))
        return false;
    return is_plain(f) && !flow_buffered(f) ? pass(link, f, now_ns) : hold(link, f, now_ns);
}

bool flow_drain(struct relay_link *link, struct flow *f)
{
    for (int i = 0; i < TURN_ROUNDS && f->is_readable && !f->has_ended; i++) {
        ssize_t got = recv(link_from(link, f), link->relay->scratch, SCRATCH_BYTES, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            f->is_readable = false;
        else if (got <= 0 && !(got < 0 && errno == EINTR))
            f->has_ended = true;
    }
    return f->has_ended;
}

/* --- sending --- */

/* Sizes are spread evenly, and a replay of the same bytes has the same. */
static uint64_t slice_size(struct flow *f)
{
    const struct relay_shape *s = &f->shape;
    uint64_t spread = least(s->slice_spread, s->slice - 1);

    return spread ? s->slice - spread + rule_draw(s->slice, f->slices) % (2 * spread + 1) : s->slice;
}

/* Of so many bytes that are due, how many may go in one piece? */
static uint64_t slice_of(struct flow *f, uint64_t due, uint64_t now_ns)
{
    if (!f->shape.slice || !due)
        return due;
    if (!f->slice_left) {
        if (now_ns < f->slice_ns)
            return 0;
        f->slice_left = slice_size(f);
        f->slices++;
    }
    return least(due, f->slice_left);
}

/* Whatever it is cut to: a slice at the end of what there is, is one too. */
static void slice_sent(struct flow *f, uint64_t sent, uint64_t now_ns)
{
    if (!f->shape.slice)
        return;
    f->slice_left -= least(sent, f->slice_left);
    if (f->shape.slice_gap_ns && (!f->slice_left || !flow_buffered(f))) {
        f->slice_left = 0;
        f->slice_ns = now_ns + f->shape.slice_gap_ns;
    }
}

static uint64_t cut_at(const struct flow *f)
{
    uint64_t end = f->shape.end_at ? f->shape.end_at : STREAM_NEVER;

    return least(end, f->shape.sever_at ? f->shape.sever_at : STREAM_NEVER);
}

static uint64_t sendable(struct flow *f, uint64_t now_ns)
{
    uint64_t at = cut_at(f), due = stream_due(&f->line, now_ns);
    uint64_t left = at > f->line.consumed ? at - f->line.consumed : 0;

    return slice_of(f, least(due, left), now_ns);
}

static bool send_some(struct relay_link *link, struct flow *f, uint64_t now_ns)
{
    uint64_t most;

    if (!f->is_writable || f->is_shut || !f->first || !(most = sendable(f, now_ns)))
        return false;
    struct chunk *c = f->first;
    size_t len = (size_t)least(most, c->to - c->from);
    size_t sent = transmit(link, f, c->bytes + c->from, len);
    if (!sent)
        return false;
    chunk_sent(link->relay, f, sent);
    stream_consume(&f->line, f->line.consumed + sent, now_ns);
    slice_sent(f, sent, now_ns);
    return true;
}

static bool is_due(uint64_t at_ns, uint64_t now_ns)
{
    return at_ns && now_ns >= at_ns;
}

/* The policy's ends.  Returns true when there is no flow any more. */
static bool cut(struct relay_link *link, struct flow *f, uint64_t now_ns)
{
    const struct relay_shape s = f->shape;

    if ((s.sever_at && f->line.consumed >= s.sever_at) || is_due(s.sever_ns, now_ns)) {
        link_tell(link, (enum relay_way)f->way, RELAY_SEVERED, 0);
        link_reset(link);
        return true;
    }
    if ((s.end_at && f->line.consumed >= s.end_at) || is_due(s.end_ns, now_ns)) {
        link_tell(link, (enum relay_way)f->way, RELAY_ENDED, 0);
        link_end(link);
        return true;
    }
    return false;
}

static void finish(struct relay_link *link, struct flow *f, uint64_t now_ns)
{
    if (!f->has_ended || f->is_shut || flow_buffered(f) || !stream_end_is_due(&f->line, now_ns))
        return;
    if (f->ends_by_reset) {
        link_reset(link);
        return;
    }
    f->is_shut = true;
    shutdown(link_to(link, f), SHUT_WR);
}

bool flow_run(struct relay_link *link, struct flow *f, uint64_t now_ns)
{
    bool moved = true;

    for (int i = 0; i < TURN_ROUNDS && moved; i++) {
        if (cut(link, f, now_ns))
            return false;
        moved = read_some(link, f, now_ns);
        while (link->state == LINK_OPEN && send_some(link, f, now_ns))
            moved = true;
        if (link->state != LINK_OPEN)
            return false;
    }
    if (cut(link, f, now_ns))
        return false;
    finish(link, f, now_ns);
    return moved;
}

/* --- time --- */

static uint64_t soonest(uint64_t at_ns, uint64_t other_ns)
{
    return other_ns && other_ns < at_ns ? other_ns : at_ns;
}

uint64_t flow_next_ns(struct flow *f, uint64_t now_ns)
{
    const struct relay_shape *s = &f->shape;
    uint64_t at_ns = soonest(soonest(soonest(STREAM_NEVER, s->end_ns), s->sever_ns), s->until_ns);

    if (f->is_shut || (!flow_buffered(f) && !f->has_ended))
        return at_ns;
    if (f->is_writable || !flow_buffered(f))
        at_ns = soonest(at_ns, stream_next_ns(&f->line, now_ns));
    /* What is due already waits for the pause between slices, or it would have gone. */
    if (f->is_writable && s->slice && flow_buffered(f) && f->slice_ns > now_ns)
        at_ns = soonest(at_ns, f->slice_ns);
    return at_ns;
}
