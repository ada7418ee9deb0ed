/* The proxies that there are.  Floor 3. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/proxy/internal.h"

bool problem_set(struct problem *problem, int status, const char *format, ...)
{
    va_list args;

    problem->status = status;
    va_start(args, format);
    vsnprintf(problem->text, sizeof(problem->text), format, args);
    va_end(args);
    return false;
}

/* --- all of them --- */

int proxies_new(struct relay *relay, uint64_t seed, struct proxies **ret_proxies)
{
    struct proxies *proxies = calloc(1, sizeof(*proxies));

    if (!proxies)
        return -ENOMEM;
    proxies->relay = relay;
    proxies->seed = seed;
    int error = lookups_new(relay, &proxies->lookups);
    if (error) {
        free(proxies);
        return error;
    }
    proxies->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
    *ret_proxies = proxies;
    return 0;
}

void proxies_free(struct proxies *proxies)
{
    if (!proxies)
        return;
    while (proxies->first)
        proxy_remove(proxies->first);
    lookups_free(proxies->lookups);
    clean_fd(&proxies->reserve);
    free(proxies);
}

struct proxy *proxies_first(const struct proxies *proxies)
{
    return proxies->first;
}

struct proxy *proxies_find(const struct proxies *proxies, const char *name)
{
    struct proxy *p = proxies->first;

    while (p && strcmp(p->name, name))
        p = p->next;
    return p;
}

bool proxies_reset(struct proxies *proxies, struct problem *ret_problem)
{
    for (struct proxy *p = proxies->first; p; p = p->next) {
        if (!p->is_enabled && !door_open(p, ret_problem))
            return false;
        for (uint32_t i = 0; i < TOXICS_MAX; i++)
            if (p->toxic_name[i])
                proxy_toxic_remove(p, i);
    }
    return true;
}

/* --- one --- */

static void proxy_free(struct proxy *proxy)
{
    if (!proxy)
        return;
    for (uint32_t i = 0; i < TOXICS_MAX; i++)
        free(proxy->toxic_name[i]);
    free(proxy->waiting);
    free(proxy->name);
    free(proxy->listen);
    free(proxy->upstream);
    free(proxy);
}

static struct proxy *proxy_new(struct proxies *proxies, const struct proxy_wish *wish)
{
    struct proxy *proxy = calloc(1, sizeof(*proxy));

    if (!proxy)
        return NULL;
    proxy->proxies = proxies;
    proxy->door = -1;
    proxy->policy = wish->policy ? wish->policy : &relay_toxics;
    proxy->arg = wish->policy ? wish->arg : &proxy->toxics;
    proxy->name = strdup(wish->name);
    proxy->listen = strdup(wish->listen);
    proxy->upstream = strdup(wish->upstream);
    if (proxy->name && proxy->listen && proxy->upstream)
        return proxy;
    proxy_free(proxy);
    return NULL;
}

static void insert(struct proxies *proxies, struct proxy *proxy)
{
    struct proxy **at = &proxies->first;

    while (*at && strcmp((*at)->name, proxy->name) < 0)
        at = &(*at)->next;
    proxy->next = *at;
    *at = proxy;
}

static bool is_complete(const struct proxy_wish *wish, struct problem *ret_problem)
{
    if (!wish->name || !*wish->name)
        return problem_set(ret_problem, 400, "missing required field: name");
    if (!wish->upstream || !*wish->upstream)
        return problem_set(ret_problem, 400, "missing required field: upstream");
    if (!address_is_valid(wish->upstream))
        return problem_set(ret_problem, 400, "bad request body: upstream %s is not HOST:PORT",
                           wish->upstream);
    return true;
}

/* Without a listen: a port of the kernel's choice, and for this host alone (Toxiproxy takes every interface).
 */
static struct proxy *begin(struct proxies *proxies, const struct proxy_wish *wish,
                           struct problem *ret_problem)
{
    struct proxy_wish whole = *wish;

    if (!whole.listen || !*whole.listen)
        whole.listen = "127.0.0.1:0";
    struct proxy *proxy = proxy_new(proxies, &whole);
    if (!proxy) {
        problem_set(ret_problem, 500, "out of memory");
        return NULL;
    }
    if (wish->is_enabled && !door_open(proxy, ret_problem)) {
        proxy_free(proxy);
        return NULL;
    }
    insert(proxies, proxy);
    return proxy;
}

struct proxy *proxy_create(struct proxies *proxies, const struct proxy_wish *wish,
                           struct problem *ret_problem)
{
    if (!is_complete(wish, ret_problem))
        return NULL;
    if (proxies_find(proxies, wish->name)) {
        problem_set(ret_problem, 409, "proxy already exists");
        return NULL;
    }
    return begin(proxies, wish, ret_problem);
}

static bool differs(const struct proxy *proxy, const struct proxy_wish *wish)
{
    return (wish->listen && !address_is_same(proxy->listen, wish->listen)) ||
           (wish->upstream && strcmp(proxy->upstream, wish->upstream));
}

struct proxy *proxy_populate(struct proxies *proxies, const struct proxy_wish *wish,
                             struct problem *ret_problem)
{
    if (!is_complete(wish, ret_problem))
        return NULL;
    struct proxy *old = proxies_find(proxies, wish->name);
    if (old && !differs(old, wish))
        return old;
    if (old)
        proxy_remove(old);
    return begin(proxies, wish, ret_problem);
}

static bool replace(char **text, const char *by, struct problem *ret_problem)
{
    char *copy = by ? strdup(by) : NULL;

    if (!by)
        return true;
    if (!copy)
        return problem_set(ret_problem, 500, "out of memory");
    free(*text);
    *text = copy;
    return true;
}

bool proxy_update(struct proxy *proxy, const struct proxy_wish *wish, struct problem *ret_problem)
{
    if (wish->upstream && !address_is_valid(wish->upstream))
        return problem_set(ret_problem, 400, "bad request body: upstream %s is not HOST:PORT",
                           wish->upstream);
    if (differs(proxy, wish)) {
        door_close(proxy);
        if (!replace(&proxy->listen, wish->listen, ret_problem) ||
            !replace(&proxy->upstream, wish->upstream, ret_problem))
            return false;
    }
    if (wish->is_enabled && proxy->door < 0)
        return door_open(proxy, ret_problem);
    if (!wish->is_enabled && proxy->is_enabled)
        door_close(proxy);
    return true;
}

void proxy_remove(struct proxy *proxy)
{
    struct proxy **at = &proxy->proxies->first;

    door_close(proxy);
    while (*at != proxy)
        at = &(*at)->next;
    *at = proxy->next;
    proxy_free(proxy);
}

/* --- toxics --- */

uint32_t proxy_toxic(const struct proxy *proxy, const char *name)
{
    for (uint32_t i = 0; i < TOXICS_MAX; i++)
        if (proxy->toxic_name[i] && !strcmp(proxy->toxic_name[i], name))
            return i;
    return TOXICS_MAX;
}

uint32_t proxy_toxic_add(struct proxy *proxy, const char *name, const struct toxic *toxic,
                         struct problem *ret_problem)
{
    uint32_t place = toxics_free_place(&proxy->toxics);
    struct toxic seeded = *toxic;

    if (proxy_toxic(proxy, name) < TOXICS_MAX) {
        problem_set(ret_problem, 409, "toxic already exists");
        return TOXICS_MAX;
    }
    if (place == TOXICS_MAX) {
        problem_set(ret_problem, 500, "a proxy has at most %d toxics", TOXICS_MAX);
        return TOXICS_MAX;
    }
    proxy->toxic_name[place] = strdup(name);
    if (!proxy->toxic_name[place]) {
        problem_set(ret_problem, 500, "out of memory");
        return TOXICS_MAX;
    }
    proxy->toxic_order[place] = proxy->proxies->toxics++;
    seeded.seed = rule_draw(proxy->proxies->seed, proxy->toxic_order[place]);
    toxics_put(proxy->proxies->relay, &proxy->toxics, place, &seeded);
    return place;
}

void proxy_toxic_change(struct proxy *proxy, uint32_t place, const struct toxic *toxic)
{
    toxics_change(proxy->proxies->relay, &proxy->toxics, place, toxic);
}

void proxy_toxic_remove(struct proxy *proxy, uint32_t place)
{
    toxics_remove(proxy->proxies->relay, &proxy->toxics, place);
    free(proxy->toxic_name[place]);
    proxy->toxic_name[place] = NULL;
}
