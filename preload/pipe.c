/* Calls that move bytes between two descriptors, which never come into the program's memory.  Floor 1.
 *
 * Accepted limit: corrupt changes nothing of what is spliced. */
#include <errno.h>

#include "preload/ask.h"
#include "preload/flow.h"
#include "preload/outbox.h"
#include "preload/canned.h"
#include "preload/respond.h"
#include "preload/shim.h"

/* Judged by where the bytes go. */
EXPORT ssize_t sendfile(int to, int from, off_t *offset, size_t count)
{
    if (passes(CALL_sendfile, to))
        return real.sendfile(to, from, offset, count);
    struct ask a = {.call = CALL_sendfile, .fd = to};

    if (ask(&a))
        return ask_answer(&a);
    ssize_t kept = outbox_pull(&a, from, offset, count);
    if (kept != OUTBOX_OVER)
        return kept;
    return ask_done(&a, real.sendfile(to, from, offset, ask_cut(&a, count)));
}

/* One function where off_t has 64 bits, which is everywhere that we are built for. */
_Static_assert(sizeof(off_t) == sizeof(off64_t), "sendfile64 and fcntl64 are of their own here");
extern __typeof__(sendfile64) sendfile64 EXPORT __attribute__((alias("sendfile")));

struct splicing {
    off64_t *from_offset, *to_offset;
    int to;
    size_t len;
    unsigned flags;
};

/* EPIPE is the pipe's own here: nothing to be taken for a reset. */
static ssize_t splice_out(struct ask *a, const struct splicing *s)
{
    ssize_t got = real.splice(a->fd, s->from_offset, s->to, s->to_offset, s->len, s->flags);

    return got < 0 && errno == EPIPE ? got : ask_done(a, got);
}

static ssize_t splice_held(struct ask *a, const struct splicing *s)
{
    struct line_view v;
    struct splicing part = *s;

    a->flags = s->flags & SPLICE_F_NONBLOCK ? MSG_DONTWAIT : 0;
    a->error = flow_await(a, &v);
    if (a->error) {
        errno = a->error;
        return -1;
    }
    part.len = ask_cut(a, v.due && v.due < s->len ? v.due : s->len);
    if (v.is_canned)
        return canned_splice(a, s->to, part.len);
    ssize_t got = splice_out(a, &part);
    if (got > 0)
        flow_spliced(a, &v, (size_t)got, (size_t)got < part.len || s->len > part.len);
    return got;
}

/* From a pipe into a socket it is a send, and judged as sendfile is; from a socket it receives. */
EXPORT ssize_t splice(int from, off64_t *from_offset, int to, off64_t *to_offset, size_t len, unsigned flags)
{
    struct splicing s = {from_offset, to_offset, to, len, flags};

    if (is_idle(CALL_splice))
        return real.splice(from, from_offset, to, to_offset, len, flags);
    struct ask sends = {.call = CALL_sendfile, .fd = to}, a = {.call = CALL_splice, .fd = from};

    if (ask(&sends))
        return ask_answer(&sends);
    if (sends.is_answered)
        return respond_pull(&sends, from, from_offset, len);
    if (ask(&a))
        return ask_answer(&a);
    if (flow_is_on(&a) && a.known & KNOWN_STREAM)
        return splice_held(&a, &s);
    s.len = ask_cut(&sends, len);
    return sends.was_reset ? ask_done(&sends, splice_out(&a, &s)) : splice_out(&a, &s);
}
