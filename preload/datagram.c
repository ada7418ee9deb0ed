/* Queues: finding, looking, taking.  Floor 1. */
#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "preload/arrival.h"
#include "preload/datagram.h"
#include "preload/lock.h"

#define QUEUES      1024 /* sockets that are looked at at a time; a power of two */
#define QUEUE_PROBE 8
#define THROWS      64 /* that one look throws away */

struct queue {
    _Atomic uint64_t cookie;
    struct lock busy;
    _Atomic uint64_t touched_ns;
    uint32_t epoch;
    bool is_left_alone;
    int error;             /* taken from the kernel and not told yet */
    uint64_t unstamped_ns; /* when the first of those without a stamp was seen that still wait; 0: none */
    struct packet first, second;
};

static struct queue queues[QUEUES];

/* --- finding --- */

/* Does the program peek at a place of its own choice? */
static bool has_place(int fd)
{
    int at = -1;
    socklen_t len = sizeof(at);

    return !real.getsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &at, &len) && at >= 0;
}

static struct queue *queue_locked(struct queue *q, int fd, uint64_t old, uint64_t cookie)
{
    lock_take(&q->busy);
    if (q->cookie == cookie)
        return q;
    if (!atomic_compare_exchange_strong(&q->cookie, &old, cookie)) {
        lock_give(&q->busy);
        return NULL;
    }
    q->epoch = shim_epoch();
    arrival_begin(fd);
    q->is_left_alone = has_place(fd);
    q->error = 0;
    q->unstamped_ns = 0;
    q->first = q->second = (struct packet){0};
    return q;
}

/* The socket longest not looked at goes. */
static struct queue *queue_take(int fd)
{
    uint64_t cookie = line_cookie(fd), oldest_ns = UINT64_MAX;
    struct queue *oldest = NULL;

    for (uint64_t i = 0; cookie && i < QUEUE_PROBE; i++) {
        struct queue *q = &queues[(cookie + i * 37) % QUEUES];
        uint64_t touched_ns = q->cookie ? q->touched_ns : 0;
        if (q->cookie == cookie)
            return queue_locked(q, fd, cookie, cookie);
        if (touched_ns < oldest_ns) {
            oldest_ns = touched_ns;
            oldest = q;
        }
    }
    return oldest ? queue_locked(oldest, fd, oldest->cookie, cookie) : NULL;
}

/* --- looking --- */

/* Those without a stamp were there before we were, or so nearly; each is seen when those before it are
 * read. */
static void guess(struct queue *q, struct arrival *a)
{
    if (a->stamp_ns)
        return;
    if (!q->unstamped_ns)
        q->unstamped_ns = a->arrival_ns;
    a->arrival_ns = q->unstamped_ns;
}

static void find_nothing(struct queue *q, int error)
{
    q->unstamped_ns = 0;
    if (error != EAGAIN)
        q->error = error;
}

/* What is first in the kernel's queue is known.  Returns false when there is nothing. */
static bool find_first(struct queue *q, int fd, uint64_t known)
{
    struct arrival a;
    int error = arrival_peek(fd, -1, &a);

    if (error) {
        find_nothing(q, error);
        return false;
    }
    if (arrival_is(&a, &q->first))
        return true;
    if (arrival_is(&a, &q->second)) {
        q->first = q->second;
    } else {
        guess(q, &a);
        arrival_decide(&a, fd, known, &q->first);
    }
    q->second.is_known = false;
    return true;
}

static void find_second(struct queue *q, int fd, uint64_t known)
{
    struct arrival a;
    int error = arrival_peek(fd, (int)q->first.len, &a);

    if (error && error != EAGAIN)
        q->error = error;
    if (error || arrival_is(&a, &q->second))
        return;
    guess(q, &a);
    arrival_decide(&a, fd, known, &q->second);
}

/* Another process may have taken it meanwhile, and then this is the next: see Accepted limits. */
static void throw_away(struct queue *q, int fd)
{
    struct msghdr nothing = {0};

    syscall(SYS_recvmsg, fd, &nothing, MSG_DONTWAIT);
    q->first.is_known = false;
}

/* Until one is first that is not to be thrown away.  Returns false when there is none; *ret_threw: some were.
 */
static bool find_left(struct queue *q, int fd, uint64_t known, bool *ret_threw)
{
    *ret_threw = false;
    for (int i = 0; i < THROWS; i++) {
        if (!find_first(q, fd, known))
            return false;
        if (!q->first.is_lost)
            return true;
        throw_away(q, fd);
        *ret_threw = true;
    }
    return false;
}

/* What lifted rules asked for is over. */
static void reweigh(struct queue *q)
{
    uint32_t epoch = shim_epoch();

    if (q->epoch == epoch)
        return;
    q->epoch = epoch;
    packet_reweigh(&q->first, &control.table);
    packet_reweigh(&q->second, &control.table);
}

static enum packet_turn choose(struct queue *q, int fd, uint64_t known, uint64_t now_ns,
                               uint64_t *ret_next_ns)
{
    if (packet_waits(&q->first, now_ns))
        find_second(q, fd, known);
    return packet_turn(&q->first, &q->second, now_ns, ret_next_ns);
}

/* What was thrown away was something that the kernel told of: it is asked again at once. */
static enum packet_turn look(struct queue *q, int fd, uint64_t known, uint64_t now_ns, struct line_view *v)
{
    enum packet_turn turn = TURN_NONE;
    bool threw;

    q->touched_ns = now_ns;
    reweigh(q);
    *v = (struct line_view){.is_tracked = true, .is_datagram = true, .next_ns = STREAM_NEVER};
    if (find_left(q, fd, known, &threw)) {
        v->pending = 1;
        turn = choose(q, fd, known, now_ns, &v->next_ns);
    } else if (threw) {
        v->pending = 1;
        v->next_ns = now_ns;
    }
    v->due = turn || q->error;
    v->pending |= v->due;
    if (turn)
        v->size = turn == TURN_FIRST ? q->first.len : q->second.len;
    return turn;
}

static struct queue *enter(int fd, uint64_t known, uint64_t now_ns)
{
    struct queue *q = datagram_concerns(known) && shim_has_lease(now_ns) ? queue_take(fd) : NULL;

    if (!q || !q->is_left_alone)
        return q;
    lock_give(&q->busy);
    return NULL;
}

void datagram_begin(int fd)
{
    struct queue *q = queue_take(fd);

    if (q)
        lock_give(&q->busy);
}

/* Not libc's poll: that is a cancellation point. */
static int poll_now(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    struct timespec none = {0};

    return syscall(SYS_ppoll, &p, 1, &none, NULL, 0) > 0 ? p.revents : 0;
}

/* An error is the kernel's to tell: a peek would take it. */
void datagram_look(int fd, uint64_t known, struct line_view *v)
{
    uint64_t now_ns = shim_now_ns();
    struct queue *q = enter(fd, known, now_ns);

    *v = (struct line_view){.next_ns = STREAM_NEVER};
    if (!q)
        return;
    int events = poll_now(fd);
    v->is_tracked = true;
    if (events & (POLLERR | POLLHUP) || q->error)
        v->pending = v->due = 1;
    else if (events)
        look(q, fd, known, now_ns, v);
    else
        q->unstamped_ns = 0;
    lock_give(&q->busy);
}

/* --- taking --- */

static void corrupt(const struct packet *p, const struct msghdr *message, size_t got)
{
    size_t at = p->flip_at;

    for (size_t i = 0; p->flip && p->flip_at < got && i < message->msg_iovlen; i++) {
        const struct iovec *part = &message->msg_iov[i];
        if (at < part->iov_len) {
            ((uint8_t *)part->iov_base)[at] ^= p->flip;
            return;
        }
        at -= part->iov_len;
    }
}

/* Returns as recvmsg; errno may be any. */
static ssize_t tell(struct queue *q, int fd, enum packet_turn turn, struct msghdr *message, int flags)
{
    struct packet *p = turn == TURN_FIRST ? &q->first : &q->second;
    int all = flags | MSG_DONTWAIT | (packet_leaves(p, turn) ? 0 : MSG_PEEK);

    if (turn == TURN_SECOND)
        arrival_place(fd, (int)q->first.len);
    ssize_t got = syscall(SYS_recvmsg, fd, message, all);
    int error = errno;
    if (turn == TURN_SECOND)
        arrival_place(fd, -1);
    errno = error;
    if (got >= 0)
        corrupt(p, message, (size_t)got);
    if (got >= 0 && !(flags & MSG_PEEK))
        packet_told(p, &q->first, turn);
    return got;
}

static ssize_t take_error(struct queue *q)
{
    errno = q->error ? q->error : EAGAIN;
    q->error = 0;
    return -1;
}

static ssize_t take(struct queue *q, int fd, uint64_t known, struct msghdr *message, int flags,
                    struct line_view *v)
{
    enum packet_turn turn = look(q, fd, known, shim_now_ns(), v);
    ssize_t got = turn ? tell(q, fd, turn, message, flags) : take_error(q);
    int error = errno;

    if (got >= 0 && !(flags & MSG_PEEK))
        look(q, fd, known, shim_now_ns(), v);
    errno = error;
    return got;
}

ssize_t datagram_take(int fd, uint64_t known, struct msghdr *message, int flags, struct line_view *v)
{
    struct queue *q = enter(fd, known, shim_now_ns());

    *v = (struct line_view){.next_ns = STREAM_NEVER};
    if (!q)
        return DATAGRAM_ELSE;
    ssize_t got = take(q, fd, known, message, flags, v);
    lock_give(&q->busy);
    return got;
}
