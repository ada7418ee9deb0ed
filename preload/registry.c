/* Chains and lists.  Floor 1. */
#include <string.h>

#include "preload/due.h"
#include "preload/lock.h"
#include "preload/registry.h"

struct registration registrations[REGISTRY_REGISTRATIONS + 1];
struct set sets[REGISTRY_SETS];

static struct lock pool_busy;
static int pool_free, pool_used; /* freed ones, chained by next_by_fd; and how many were ever used */

static unsigned fd_bucket(int fd)
{
    return (unsigned)fd % REGISTRY_BUCKETS;
}

static unsigned data_bucket(uint64_t data)
{
    return (unsigned)((data * UINT64_C(0x9e3779b97f4a7c15)) >> 40) % REGISTRY_BUCKETS;
}

static int pool_take(void)
{
    int place = 0;

    lock_take(&pool_busy);
    if (pool_free) {
        place = pool_free;
        pool_free = registrations[place].next_by_fd;
    } else if (pool_used < REGISTRY_REGISTRATIONS) {
        place = ++pool_used;
    }
    lock_give(&pool_busy);
    return place;
}

static void pool_give(int place)
{
    lock_take(&pool_busy);
    registrations[place].next_by_fd = pool_free;
    pool_free = place;
    lock_give(&pool_busy);
}

int registry_find(const struct set *s, int fd)
{
    int place = s->by_fd[fd_bucket(fd)];

    while (place && registrations[place].fd != fd)
        place = registrations[place].next_by_fd;
    return place;
}

static int with_data(int place, uint64_t data)
{
    while (place && registrations[place].data != data)
        place = registrations[place].next_by_data;
    return place;
}

int registry_first(const struct set *s, uint64_t data)
{
    return with_data(s->by_data[data_bucket(data)], data);
}

int registry_next(int place, uint64_t data)
{
    return with_data(registrations[place].next_by_data, data);
}

void registry_drop(struct set *s, int place)
{
    struct registration *r = &registrations[place];
    int *at = &s->by_fd[fd_bucket(r->fd)];

    due_take(s, place);
    s->oneshots -= !!(r->events & EPOLLONESHOT);
    while (*at && *at != place)
        at = &registrations[*at].next_by_fd;
    *at = r->next_by_fd;
    at = &s->by_data[data_bucket(r->data)];
    while (*at && *at != place)
        at = &registrations[*at].next_by_data;
    *at = r->next_by_data;
    for (at = &s->told; r->told_out && *at && *at != place;)
        at = &registrations[*at].next_told;
    if (r->told_out)
        *at = r->next_told;
    pool_give(place);
}

int registry_put(struct set *s, int fd, uint32_t events, uint64_t data)
{
    int place = registry_find(s, fd);

    if (place)
        registry_drop(s, place);
    place = pool_take();
    if (!place)
        return 0;
    registrations[place] = (struct registration){.fd = fd,
                                                 .events = events,
                                                 .data = data,
                                                 .next_by_fd = s->by_fd[fd_bucket(fd)],
                                                 .next_by_data = s->by_data[data_bucket(data)]};
    s->oneshots += !!(events & EPOLLONESHOT);
    s->by_fd[fd_bucket(fd)] = place;
    s->by_data[data_bucket(data)] = place;
    return place;
}

void registry_clear(struct set *s)
{
    for (int i = 0; i < REGISTRY_BUCKETS; i++)
        while (s->by_fd[i])
            registry_drop(s, s->by_fd[i]);
    memset(s->by_data, 0, sizeof(s->by_data));
}

void registry_tell(struct set *s, int place)
{
    if (registrations[place].told_out)
        return;
    registrations[place].told_out = true;
    registrations[place].next_told = s->told;
    s->told = place;
}

int registry_told(struct set *s)
{
    int place = s->told;

    if (!place)
        return 0;
    s->told = registrations[place].next_told;
    registrations[place].told_out = false;
    return place;
}
