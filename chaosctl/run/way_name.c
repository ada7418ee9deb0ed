/* Looking names up before anything starts.  Floor 3. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

#include "chaosctl/run/way_name.h"

#define ADDRESS_MAX 4 /* of one name */

bool way_name_is_all(const struct dependency *d)
{
    for (size_t i = 0; i < d->targets_count; i++)
        if (d->targets[i].kind != TARGET_NAME && d->targets[i].kind != TARGET_PATTERN)
            return false;
    return true;
}

static size_t targets_in_use(const struct scenario *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->dependencies_count; i++)
        n += s->dependencies[i].targets_count;
    return n;
}

static bool set_address(struct target *t, const struct sockaddr *address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    memset(t->text, 0, sizeof(t->text));
    t->kind = TARGET_ADDRESS;
    t->prefix = 128;
    if (address->sa_family == AF_INET6) {
        memcpy(t->address, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
    } else if (address->sa_family == AF_INET) {
        memcpy(t->address, mapped, 12);
        memcpy(t->address + 12, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
    } else {
        return false;
    }
    return true;
}

/* Returns how many were added behind count targets, of room at most. */
static size_t look_up(const struct target *name, struct target *ret_targets, size_t room)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    size_t n = 0;

    if (name->kind != TARGET_NAME || getaddrinfo(name->text, NULL, &hints, &list))
        return 0;
    for (struct addrinfo *a = list; a && n < room; a = a->ai_next) {
        ret_targets[n] = *name;
        n += set_address(&ret_targets[n], a->ai_addr);
    }
    freeaddrinfo(list);
    return n;
}

static int resolve_one(struct scenario *s, struct dependency *d)
{
    size_t left = TARGET_MAX - targets_in_use(s), count = d->targets_count;
    struct target *targets = arena_take(s->arena, (count + count * ADDRESS_MAX) * sizeof(*targets));

    if (!targets)
        return -ENOMEM;
    memcpy(targets, d->targets, count * sizeof(*targets));
    for (size_t i = 0; i < d->targets_count && left; i++) {
        size_t n = look_up(&d->targets[i], targets + count, left < ADDRESS_MAX ? left : ADDRESS_MAX);
        count += n;
        left -= n;
    }
    d->targets = targets;
    d->targets_count = count;
    return 0;
}

int way_name_resolve(struct scenario *s)
{
    int error = 0;

    for (size_t i = 0; i < s->dependencies_count && !error; i++)
        if (way_name_is_all(&s->dependencies[i]))
            /* They are the scenario's own, which is ours to finish. */
            error = resolve_one(s, (struct dependency *)(uintptr_t)&s->dependencies[i]);
    return error;
}
