/* What a call is to do: go on, fail, or branch.  Floor 1. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "preload/explore/explore.h"

/* The unwinder's own calls, and those of a signal handler that came in between, are not the program's. */
static __thread bool is_inside;

/* --- places --- */

static void copy_text(char *to, size_t size, const char *from)
{
    size_t n = 0;

    for (; n + 1 < size && from[n]; n++)
        to[n] = from[n];
    to[n] = 0;
}

/* /proc/self/fd/N */
static void descriptor_path(int fd, char path[static 32])
{
    static const char head[] = "/proc/self/fd/";
    char digits[12];
    size_t n = sizeof(head) - 1, count = 0;

    memcpy(path, head, n);
    do
        digits[count++] = '0' + fd % 10;
    while ((fd /= 10) && count < sizeof(digits));
    while (count)
        path[n++] = digits[--count];
    path[n] = 0;
}

static void note_about(struct explore_place *place, const struct about *about)
{
    static const char *const standard[] = {"standard input", "standard output", "standard error"};
    char path[32];

    if (about->path)
        copy_text(place->about, sizeof(place->about), about->path);
    else if (about->fd >= 0 && about->fd < 3)
        copy_text(place->about, sizeof(place->about), standard[about->fd]);
    else if (about->fd >= 0) {
        descriptor_path(about->fd, path);
        raw(SYS_readlink, (long)path, (long)place->about, sizeof(place->about) - 1, 0, 0, 0);
    }
}

static enum explore_kind kind_of(int fd)
{
    struct stat st;

    if (raw(SYS_fstat, fd, (long)&st, 0, 0, 0, 0))
        return EXPLORE_NO_FILE;
    switch (st.st_mode & S_IFMT) {
    case S_IFSOCK: return EXPLORE_SOCKET;
    case S_IFIFO: return EXPLORE_PIPE;
    case S_IFDIR: return EXPLORE_FOLDER;
    default: return EXPLORE_FILE;
    }
}

static void note_descriptor(struct explore_place *place, int fd)
{
    long flags = raw(SYS_fcntl, fd, F_GETFL, 0, 0, 0, 0);

    place->kind = kind_of(fd);
    place->is_nonblocking = flags >= 0 && flags & O_NONBLOCK;
}

static struct explore_place *place_new(struct explore_place *place, enum failing call, uint64_t sequence,
                                       const struct explore_stack *stack, const struct about *about)
{
    place->call = call;
    place->sequence = sequence;
    place->stack = *stack;
    note_about(place, about);
    if (about->fd >= 0)
        note_descriptor(place, about->fd);
    place->is_ready = 1;
    atomic_fetch_add(&area->places_count, 1);
    return place;
}

/* NULL: the table is full. */
static struct explore_place *place_of(uint64_t hash, enum failing call, uint64_t sequence,
                                      const struct explore_stack *stack, const struct about *about)
{
    for (uint64_t i = hash; i < hash + EXPLORE_PLACES; i++) {
        struct explore_place *place = &area->places[i & (EXPLORE_PLACES - 1)];
        uint64_t found = atomic_load(&place->hash);
        if (found == hash)
            return place;
        if (found)
            continue;
        if (atomic_load(&area->places_count) >= EXPLORE_PLACES_MAX)
            break;
        if (atomic_compare_exchange_strong(&place->hash, &found, hash))
            return place_new(place, call, sequence, stack, about);
        if (found == hash)
            return place;
    }
    atomic_fetch_add(&area->places_lost, 1);
    return NULL;
}

/* --- failing --- */

static int fire(void)
{
    own_end->fired++;
    crash_watch();
    return area->error;
}

/* Up to skip no stack is taken: the clean run got to this place later. */
static int decide_fail(enum failing call, uint64_t sequence, const struct about *about)
{
    static _Atomic uint64_t hits;
    struct explore_stack stack;

    if (call != area->call)
        return 0;
    if (own_end->fired)
        return area->is_persistent ? fire() : 0;
    if (sequence < area->skip)
        return 0;
    stack_take(about->context, true, &stack);
    if (stack_hash(&stack, call) != area->hash)
        return 0;
    return atomic_fetch_add(&hits, 1) + 1 == area->occurrence ? fire() : 0;
}

static int decide_place(enum failing call, uint64_t sequence, const struct about *about)
{
    struct explore_stack stack;

    stack_take(about->context, true, &stack);
    struct explore_place *place = place_of(stack_hash(&stack, call), call, sequence, &stack, about);
    if (!place)
        return 0;
    atomic_fetch_add(&place->seen, 1);
    if (area->mode != EXPLORE_BRANCH || !atomic_load(&place->todo))
        return 0;
    return branch_off(place, call);
}

static bool is_bond(const struct about *about)
{
    if (about->is_change || about->is_entangle || !about->is_transfer)
        return about->is_change || about->is_entangle;
    enum explore_kind kind = kind_of(about->fd);
    return kind == EXPLORE_PIPE || kind == EXPLORE_SOCKET;
}

/* In a branch a call has been failed: others may be too, and what changes the world may not happen. */
static int decide_in_branch(enum failing call, const struct about *about)
{
    if (own_end->is_persistent && call == branch_call) {
        own_end->fired++;
        return branch_error;
    }
    if (is_bond(about))
        branch_escape(call);
    return 0;
}

static int decide(enum failing call, const struct about *about)
{
    uint64_t sequence = atomic_fetch_add_explicit(&area->sequence, 1, memory_order_relaxed);

    atomic_fetch_add_explicit(&area->counts[call], 1, memory_order_relaxed);
    if (area->mode == EXPLORE_FAIL)
        return decide_fail(call, sequence, about);
    int error = decide_place(call, sequence, about);
    if (!error && area->mode == EXPLORE_BRANCH && is_bond(about))
        branch_entangled(call);
    return error;
}

bool place_enter(void)
{
    bool was = is_inside;

    is_inside = true;
    return was;
}

void place_leave(bool was_inside)
{
    is_inside = was_inside;
}

int place_decide(enum failing call, const struct about *about)
{
    if (!area || is_inside)
        return 0;
    is_inside = true;
    int error = is_branch ? decide_in_branch(call, about) : decide(call, about);
    is_inside = false;
    return error;
}
