/* Proxies by name, each with its door, its upstream and its toxics.  Floor 3.
 *
 * What is wrong with a request is said in Toxiproxy's words and status codes, which clients match on. */
#ifndef CHAOSCTL_PROXY_PROXIES_H
#define CHAOSCTL_PROXY_PROXIES_H

#include "chaosctl/proxy/lookup.h"
#include "injectors/relay/toxics.h"

#define PROBLEM_BYTES    512
#define PROXY_CLIENTS    1024                 /* that wait for the upstream's name to be resolved */
#define PROXY_NAME_FRESH UINT64_C(1000000000) /* how long that is believed */

/* For a client of the API.  status 0: none. */
struct problem {
    int status;
    char text[PROBLEM_BYTES];
};

/* Sets it; returns false. */
bool problem_set(struct problem *problem, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

struct proxies;

struct proxy {
    char *name, *listen, *upstream;
    bool is_enabled;
    struct toxics toxics;
    char *toxic_name[TOXICS_MAX];
    uint64_t toxic_order[TOXICS_MAX]; /* which came first */
    struct relay_count count;
    struct proxy *next; /* by name */

    struct proxies *proxies;
    const struct relay_policy *policy; /* of its links, and: */
    void *arg;
    int door; /* -1: closed */
    struct addresses address;
    uint64_t address_ns; /* when it was learned; 0: it is not known */
    struct lookup *lookup;
    int *waiting; /* clients, for its answer */
    size_t waiting_count;
};

/* seed: every random decision follows from it.  -errno. */
int proxies_new(struct relay *relay, uint64_t seed, struct proxies **ret_proxies);
void proxies_free(struct proxies *proxies);

/* The first, then p->next. */
struct proxy *proxies_first(const struct proxies *proxies);
struct proxy *proxies_find(const struct proxies *proxies, const char *name);

/* What is asked of one.  NULL: not given. */
struct proxy_wish {
    const char *name, *listen, *upstream;
    bool is_enabled;
    const struct relay_policy *policy; /* of a new one; NULL: its toxics */
    void *arg;
};

/* NULL with *ret_problem set when it cannot be. */
struct proxy *proxy_create(struct proxies *proxies, const struct proxy_wish *wish,
                           struct problem *ret_problem);

/* The same, but one of that name is replaced, or left alone when nothing differs. */
struct proxy *proxy_populate(struct proxies *proxies, const struct proxy_wish *wish,
                             struct problem *ret_problem);

/* Another listen or upstream drops the connections that there are. */
bool proxy_update(struct proxy *proxy, const struct proxy_wish *wish, struct problem *ret_problem);
void proxy_remove(struct proxy *proxy);

/* All are enabled, and have no toxic. */
bool proxies_reset(struct proxies *proxies, struct problem *ret_problem);

/* Places of toxics, TOXICS_MAX when there is none. */
uint32_t proxy_toxic(const struct proxy *proxy, const char *name);
uint32_t proxy_toxic_add(struct proxy *proxy, const char *name, const struct toxic *toxic,
                         struct problem *ret_problem);
void proxy_toxic_change(struct proxy *proxy, uint32_t place, const struct toxic *toxic);
void proxy_toxic_remove(struct proxy *proxy, uint32_t place);

#endif
