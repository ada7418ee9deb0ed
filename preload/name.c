/* The ring of resolved addresses.  Floor 1. */
#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "preload/endpoint.h"
#include "preload/name.h"
#include "preload/shim.h"

/* Linear scan: it happens once per descriptor and change of the table, and only where names are targets. */
#define NAME_MAX_KEPT 256

struct entry {
    _Atomic uint32_t targets; /* 0: being written, or never was */
    _Atomic uint64_t high, low;
};

static struct entry entries[NAME_MAX_KEPT];
static _Atomic uint32_t next;

static uint32_t target_bound(void)
{
    uint32_t count = control.table.target_count;

    return count < TARGET_MAX ? count : TARGET_MAX;
}

bool name_is_wanted(void)
{
    for (uint32_t i = 0; i < target_bound(); i++)
        if (control.table.targets[i].kind == TARGET_NAME || control.table.targets[i].kind == TARGET_PATTERN)
            return true;
    return false;
}

uint32_t name_targets(const char *host)
{
    return host ? target_match_name(control.table.targets, target_bound(), host) : 0;
}

/* No host name has a colon, and every IPv6 address has, scoped ones too. */
bool name_is_literal(const char *host)
{
    struct in_addr ignored;

    return !host || strchr(host, ':') || inet_aton(host, &ignored);
}

/* A reader that sees the same mask before and after has read one entry whole.  (Two writers meet in one entry
 * only when 256 notes are under way at once.) */
static bool entry_holds(struct entry *e, uint64_t high, uint64_t low, uint32_t *ret_targets)
{
    uint32_t targets = atomic_load_explicit(&e->targets, memory_order_acquire);

    if (!targets || atomic_load_explicit(&e->low, memory_order_acquire) != low ||
        atomic_load_explicit(&e->high, memory_order_acquire) != high ||
        atomic_load_explicit(&e->targets, memory_order_relaxed) != targets)
        return false;
    *ret_targets = targets;
    return true;
}

static void address_split(const uint8_t address[16], uint64_t *ret_high, uint64_t *ret_low)
{
    memcpy(ret_high, address, 8);
    memcpy(ret_low, address + 8, 8);
}

uint32_t name_find(const uint8_t address[16])
{
    uint64_t high, low;
    uint32_t found = 0, targets;

    address_split(address, &high, &low);
    for (int i = 0; i < NAME_MAX_KEPT; i++)
        if (entry_holds(&entries[i], high, low, &targets))
            found |= targets;
    return found;
}

static void note(const uint8_t address[16], uint32_t targets)
{
    uint64_t high, low;

    if ((name_find(address) & targets) == targets)
        return;
    struct entry *e = &entries[atomic_fetch_add_explicit(&next, 1, memory_order_relaxed) % NAME_MAX_KEPT];
    address_split(address, &high, &low);
    atomic_store(&e->targets, 0);
    atomic_store_explicit(&e->high, high, memory_order_release);
    atomic_store_explicit(&e->low, low, memory_order_release);
    atomic_store_explicit(&e->targets, targets, memory_order_release);
}

static uint32_t wanted(const char *host)
{
    return host && name_is_wanted() && !name_is_literal(host) ? name_targets(host) : 0;
}

void name_note_list(const char *host, const struct addrinfo *list)
{
    int saved_errno = errno;
    uint32_t targets = wanted(host);
    struct endpoint end;

    for (; targets && list; list = list->ai_next)
        if (endpoint_read(list->ai_addr, list->ai_addrlen, list->ai_socktype, &end) && !end.is_unix)
            note(end.address, targets);
    errno = saved_errno;
}

void name_note_host(const char *host, const struct hostent *entry)
{
    int saved_errno = errno;
    uint32_t targets = entry ? wanted(host) : 0;
    uint8_t address[16];

    for (char **raw = targets ? entry->h_addr_list : NULL; raw && *raw; raw++)
        if (endpoint_read_host(*raw, entry->h_length, entry->h_addrtype, address))
            note(address, targets);
    errno = saved_errno;
}
