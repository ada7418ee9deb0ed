/* Start, way in and out, fork.  Floor 1. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include "injectors/handshake.h"
#include "preload/area.h"
#include "preload/damage.h"
#include "preload/environment.h"
#include "preload/lock.h"
#include "preload/shim.h"
#include "preload/outbox.h"
#include "preload/canned.h"
#include "preload/watch.h"

/* A lease further off than this is no lease but damage, and would let a damaged delay last as long. */
#define LEASE_LIMIT_NS (UINT64_C(3600) * 1000000000)

/* Armed for anything until started: see is_idle. */
struct control control = {.table = {.armed = {[0 ... CALL_COUNT - 1] = TARGET_ANY}}};

_Atomic uint32_t shim_left;

/* Atomics all: gcc takes dlsym for a leaf and drops plain stores around it. */
enum state { STATE_FRESH, STATE_STARTING, STATE_STARTED };
static _Atomic int state;
static _Atomic bool resolved, mapped;
static _Atomic uint32_t service = SERVICE_MAX;
static _Atomic bool retired;

/* Whose memory this is.  In pages of its own, that the kernel gives to a forked child empty: so a child by
 * raw clone or _Fork, of which nobody tells, is known from one by vfork, which has its parent's memory. */
static _Alignas(65536) union {
    _Atomic pid_t pid;
    char pages[65536];
} memory;
#define owner memory.pid

/* Where on its stack this thread entered our code; 0 when it has not.  The place tells a nested call from one
 * after a handler jumped out of us (siglongjmp), which a flag would take for nested for ever.  Accepted
 * limit: deeper calls after such a jump pass through until one comes from as high up as the one that was
 * left. */
static _Thread_local _Atomic uintptr_t inside;

/* Not getenv: it would do, but programs replace it (bash does). */
static const char *env_find(const char *name)
{
    return environment_find(environ, name);
}

static uint32_t index_parse(const char *text)
{
    uint32_t value = 0;

    if (!text || !*text)
        return SERVICE_MAX;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || value >= SERVICE_MAX)
            return SERVICE_MAX;
        value = value * 10 + (uint32_t)(*text - '0');
    }
    return value < SERVICE_MAX ? value : SERVICE_MAX;
}

static bool slot_take(struct slot *slot, uint32_t from, uint32_t pid)
{
    if (!atomic_compare_exchange_strong(&slot->pid, &from, pid))
        return false;
    slot->service = service;
    slot->joined_ns = shim_now_ns();
    return true;
}

/* Tell the orchestrator that we are in.  After exec the process's slot is there already.  Without a free one
 * we do without: only the report is poorer. */
static void slot_claim(void)
{
    uint32_t pid = (uint32_t)getpid();

    for (int i = 0; i < SLOT_MAX; i++)
        if (slot_take(&control.table.slots[i], pid, pid))
            return;
    for (int i = 0; i < SLOT_MAX; i++)
        if (slot_take(&control.table.slots[i], 0, pid))
            return;
}

/* The map came along; the child only has to say who it is.  Locks that other threads held are free. */
static void forked(void)
{
    if (retired)
        return;
    owner = getpid();
    lock_forked();
    slot_claim();
    watch_forked();
    outbox_forked();
    canned_forked();
}

static void pass_for_ever(void)
{
    for (int i = 0; i < CALL_COUNT; i++)
        atomic_store_explicit(&control.table.armed[i], 0, memory_order_release);
}

/* Returns false when it is too early: libc has not set up the environment. */
static bool start(void)
{
    if (!resolved)
        real_resolve();
    resolved = true;
    clock_find();
    owner = getpid();
    syscall(SYS_madvise, &memory, sizeof(memory), MADV_WIPEONFORK);
    if (!environ)
        return false;
    const char *path = getauxval(AT_SECURE) ? NULL : env_find(HANDSHAKE_CONTROL);
    service = index_parse(env_find(HANDSHAKE_SERVICE));
    mapped = path && area_map(path, &control);
    if (mapped) {
        damage_bear();
        environment_keep(path, env_find(HANDSHAKE_SERVICE));
        slot_claim();
    } else {
        pass_for_ever();
    }
    return true;
}

static void start_once(void)
{
    int fresh = STATE_FRESH;

    if (atomic_compare_exchange_strong(&state, &fresh, STATE_STARTING))
        state = start() ? STATE_STARTED : STATE_FRESH;
    /* Another thread is at it.  Threads before the constructor are rare, and the start is short. */
    while (state == STATE_STARTING)
        sched_yield();
}

static uintptr_t place_of(void)
{
    return atomic_load_explicit(&inside, memory_order_relaxed);
}

static void place_set(uintptr_t place)
{
    atomic_store_explicit(&inside, place, memory_order_relaxed);
}

bool shim_enter(struct stay *stay)
{
    uintptr_t here = (uintptr_t)stay, outer = place_of();

    if ((outer && here < outer) || atomic_load_explicit(&retired, memory_order_relaxed))
        return false;
    stay->saved_errno = errno;
    place_set(here);
    if (atomic_load_explicit(&state, memory_order_acquire) != STATE_STARTED)
        start_once();
    if (!owner)
        forked();
    return true;
}

void shim_leave(const struct stay *stay)
{
    place_set(0);
    errno = stay->saved_errno;
}

uintptr_t shim_pause(void)
{
    uintptr_t place = place_of();

    place_set(0);
    return place;
}

void shim_resume(uintptr_t place)
{
    place_set(place);
}

__attribute__((constructor)) static void constructor(void)
{
    struct stay stay;

    if (!shim_enter(&stay))
        return;
    if (mapped)
        pthread_atfork(NULL, NULL, forked);
    shim_leave(&stay);
}

void shim_wake(void)
{
    struct stay stay;

    if (shim_enter(&stay))
        shim_leave(&stay);
}

/* Without a system call: the next one might be the last. */
void shim_retire(void)
{
    retired = true;
    for (int i = 0; mapped && i < SLOT_MAX; i++)
        if (control.table.slots[i].pid == (uint32_t)owner)
            control.table.slots[i].joined_ns = SLOT_RETIRED;
}

bool shim_is_in_run(void)
{
    return mapped && !retired;
}

uint32_t shim_service(void)
{
    return service;
}

bool shim_is_guest(void)
{
    return owner != getpid();
}

bool shim_has_lease(uint64_t now_ns)
{
    uint64_t lease_ns = atomic_load_explicit(&control.table.lease_ns, memory_order_relaxed);

    return now_ns < lease_ns && lease_ns - now_ns <= LEASE_LIMIT_NS;
}
