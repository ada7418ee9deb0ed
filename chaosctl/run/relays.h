/* The proxies of a scenario: a process beside the run that relays, and applies the run's rules.  Floor 3.
 *
 * A process, so that nothing that the run waits for holds bytes up.  It ends with the run, however that ends,
 * and its connections with it. */
#ifndef RUN_RELAYS_H
#define RUN_RELAYS_H

#include "chaosctl/run/control.h"
#include "chaosctl/run/loop.h"

struct relays;

/* Listen for all of them, by the rules of the control area as it is now.  A scenario without proxies: 0, and
 * *ret_relays is NULL.  -errno with words in ret_why.  died is called when the process ends by itself. */
typedef void relays_died_fn(void *arg);
int relays_start(struct loop *loop, struct control *control, const struct scenario *scenario,
                 relays_died_fn *died, void *arg, struct buf *ret_why, struct relays **ret_relays);

/* Reset every connection through a proxy of these targets.  Returns how many there were.  NULL is fine. */
size_t relays_reset(struct relays *relays, uint32_t targets);

/* At once; NULL is fine. */
void relays_stop(struct relays *relays);

#endif
