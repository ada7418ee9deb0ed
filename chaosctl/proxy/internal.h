/* What proxies.c and door.c share.  Floor 3. */
#ifndef CHAOSCTL_PROXY_INTERNAL_H
#define CHAOSCTL_PROXY_INTERNAL_H

#include "chaosctl/proxy/proxies.h"

struct proxies {
    struct relay *relay;
    struct lookups *lookups;
    struct proxy *first;
    uint64_t seed;
    uint64_t toxics; /* ever made */
    int reserve;     /* a descriptor to let a client in with when there is none left, only to turn it away */
};

/* Listen.  false with *ret_problem set. */
bool door_open(struct proxy *proxy, struct problem *ret_problem);

/* Listen no more; drop every connection. */
void door_close(struct proxy *proxy);

#endif
