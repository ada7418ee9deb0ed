/* Whom the process connects to, how often it asks, how long answers take, and the first bytes that it sends,
 * which tell the protocol.  Floor 1.
 *
 * Only what this process connected itself is followed, by the descriptor's number: accepted connections are
 * others' calls.  Accepted limits: descriptors from OBSERVED_MAX on and duplicates are not seen asking. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#include "injectors/decision/seen.h"
#include "preload/endpoint.h"
#include "preload/observe.h"
#include "preload/shim.h"

#define OBSERVED_MAX 4096

/* A word: the row and one, what is known of the connection, and since when an answer is waited for, in us. */
#define ROW        UINT64_C(0xff)
#define FRESH      (UINT64_C(1) << 8) /* nothing was sent yet */
#define WAITING    (UINT64_C(1) << 9) /* for an answer */
#define GREETED    (UINT64_C(1) << 10)
#define OPENING    (UINT64_C(1) << 11) /* its connect did not wait, and nothing was sent or received yet */
#define TIME_SHIFT 16

_Static_assert(SEEN_MAX < 255, "a row and one fit in a byte");

static _Atomic uint64_t words[OBSERVED_MAX];
static _Atomic uint32_t highest;

static bool is_on(int fd)
{
    return atomic_load_explicit(&control.table.observed, memory_order_relaxed) && fd >= 0 &&
           fd < OBSERVED_MAX;
}

static void word_set(int fd, uint64_t word)
{
    uint32_t seen = atomic_load_explicit(&highest, memory_order_relaxed);

    atomic_store_explicit(&words[fd], word, memory_order_relaxed);
    while (word && seen < (unsigned)fd && !atomic_compare_exchange_weak(&highest, &seen, (unsigned)fd))
        ;
}

static struct seen *row_of(uint64_t word)
{
    return word & ROW && (word & ROW) <= SEEN_MAX ? &control.table.seen[(word & ROW) - 1] : NULL;
}

static void add(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* The path is lent by room: an abstract one begins with a zero there, and with '@' for everybody else. */
static bool read_unix(const struct ask *a, struct sockaddr_un *room, struct endpoint *ret_end)
{
    const size_t head = offsetof(struct sockaddr_un, sun_path);

    if (a->address_len <= head || a->address_len > sizeof(*room))
        return false;
    memcpy(room, a->address, a->address_len);
    size_t len = a->address_len - head;
    bool is_abstract = !room->sun_path[0];
    if (is_abstract)
        room->sun_path[0] = '@';
    *ret_end = (struct endpoint){.is_unix = true,
                                 .path = room->sun_path,
                                 .path_len = is_abstract ? len : strnlen(room->sun_path, len)};
    return true;
}

static bool read_end(const struct ask *a, struct sockaddr_un *room, struct endpoint *ret_end)
{
    if (a->address && a->address_len >= sizeof(sa_family_t) && a->address->sa_family == AF_UNIX)
        return read_unix(a, room, ret_end);
    return endpoint_read(a->address, a->address_len, a->type, ret_end);
}

void observe_connected(const struct ask *a, int result)
{
    int saved_errno = errno;
    bool under_way =
        result && (saved_errno == EINPROGRESS || saved_errno == EINTR || saved_errno == EALREADY);
    bool fails = result && !under_way;
    struct sockaddr_un room;
    struct endpoint end;

    if (!is_on(a->fd) || a->type != SOCK_STREAM || !read_end(a, &room, &end))
        return;
    int row = seen_find(control.table.seen, &end);
    word_set(a->fd, row < 0 || fails ? 0 : FRESH | (under_way ? OPENING : 0) | (uint64_t)(row + 1));
    if (row >= 0)
        add(&control.table.seen[row].connects);
    if (row >= 0 && fails)
        add(&control.table.seen[row].failures);
    errno = saved_errno;
}

static size_t copy(uint8_t *to, size_t room, const void *from, size_t len)
{
    size_t size = len < room ? len : room;

    if (size)
        memcpy(to, from, size);
    return size;
}

/* The first connection's first bytes are as good as any other's. */
static void keep_first(struct seen *row, const struct ask *a)
{
    uint32_t state = SEEN_FREE;
    size_t len = 0;

    if (!atomic_compare_exchange_strong(&row->first_state, &state, SEEN_TAKEN))
        return;
    if (a->bytes)
        len = copy(row->first, SEEN_FIRST_BYTES, a->bytes, a->size_bytes);
    for (size_t i = 0; !a->bytes && a->parts && i < a->part_count; i++)
        len += copy(row->first + len, SEEN_FIRST_BYTES - len, a->parts[i].iov_base, a->parts[i].iov_len);
    row->first_len = (uint32_t)len;
    atomic_store_explicit(&row->first_state, SEEN_READY, memory_order_release);
}

/* A request is what is sent first of all, or after something was received. */
void observe_ask(const struct ask *a)
{
    if (call_role(a->call) != ROLE_SEND || !is_on(a->fd))
        return;
    uint64_t word = atomic_load_explicit(&words[a->fd], memory_order_relaxed);
    struct seen *row = row_of(word);
    if (!row || word & WAITING)
        return;
    if (word & FRESH)
        keep_first(row, a);
    add(&row->calls);
    word_set(a->fd, (word & ROW) | WAITING | shim_now_ns() / 1000 << TIME_SHIFT);
}

static void note_greeting(int fd, uint64_t word, struct seen *row)
{
    if (word & GREETED)
        return;
    add(&row->greetings);
    word_set(fd, (word | GREETED) & ~OPENING);
}

void observe_done(const struct ask *a, ssize_t result)
{
    if (result <= 0 || call_role(a->call) != ROLE_RECEIVE || !is_on(a->fd))
        return;
    uint64_t word = atomic_load_explicit(&words[a->fd], memory_order_relaxed);
    struct seen *row = row_of(word);
    if (row && word & FRESH)
        note_greeting(a->fd, word, row);
    if (!row || !(word & WAITING))
        return;
    uint64_t now_us = shim_now_ns() / 1000, since_us = word >> TIME_SHIFT;
    add(&row->answers);
    add(&row->times[seen_time((now_us > since_us ? now_us - since_us : 0) * 1000)]);
    word_set(a->fd, word & ROW);
}

/* A connect that did not wait has failed, when its socket is closed before it was ever open. */
static void note_failure(int fd)
{
    uint64_t word = atomic_load_explicit(&words[fd], memory_order_relaxed);
    struct seen *row = row_of(word);

    if (row && word & OPENING && endpoint_is_closed(fd))
        add(&row->failures);
    atomic_store_explicit(&words[fd], 0, memory_order_relaxed);
}

void observe_forget(unsigned first, unsigned last)
{
    int saved_errno = errno;
    uint32_t end = atomic_load_explicit(&highest, memory_order_relaxed);

    if (shim_is_guest())
        return;
    for (unsigned fd = first; fd <= last && fd <= end && fd < OBSERVED_MAX; fd++)
        note_failure((int)fd);
    errno = saved_errno;
}
