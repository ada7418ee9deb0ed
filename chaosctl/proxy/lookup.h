/* Names become addresses beside the loop, which a name server's silence must not stop.  Floor 3. */
#ifndef CHAOSCTL_PROXY_LOOKUP_H
#define CHAOSCTL_PROXY_LOOKUP_H

#include "chaosctl/proxy/address.h"

struct lookups;
struct lookup;

/* -errno. */
int lookups_new(struct relay *relay, struct lookups **ret_lookups);

/* Those under way end unheard; NULL is fine. */
void lookups_free(struct lookups *lookups);

/* fn is called once, from the relay's turn: error is an EAI_ code.  -errno: it is not called. */
typedef void lookup_fn(void *arg, int error, const struct addresses *found);
int lookup_start(struct lookups *lookups, const char *text, lookup_fn *fn, void *arg,
                 struct lookup **ret_lookup);

/* It is not called any more. */
void lookup_cancel(struct lookup *lookup);

#endif
