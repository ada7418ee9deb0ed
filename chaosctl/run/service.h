/* The services of a cell: started in order, watched, stopped in reverse order, nothing left behind.  Floor 3.
 */
#ifndef RUN_SERVICE_H
#define RUN_SERVICE_H

#include "chaosctl/probe/prober.h"
#include "chaosctl/run/control.h"
#include "chaosctl/run/loop.h"
#include "chaosctl/run/process.h"

struct services;

enum service_event {
    SERVICE_STARTED,
    SERVICE_READY,
    SERVICE_ALL_READY,
    SERVICE_FAILED, /* could not start, or not ready in time, or ended before it was: reason tells; no more
                       come */
    SERVICE_ENDED,  /* a running one ended by itself; status as waitpid's */
    SERVICE_ALL_STOPPED,
};

/* index: of the service, or -1.  detail: words for people ("listening within 10 s: no"), or NULL. */
typedef void service_fn(void *arg, enum service_event event, int index, int status, const char *detail);

int services_new(struct loop *loop, struct control *control, struct prober *prober,
                 const struct scenario *scenario, service_fn *fn, void *arg, struct services **ret_services);
void services_free(struct services *services);

/* Start them in order, each when the one before is ready.  What happens arrives through fn. */
void services_start(struct services *services);

/* Stop in reverse order: the stop signal to each group, SIGKILL after stop_within, then whatever descendants
 * are left. SERVICE_ALL_STOPPED when nothing is left. */
void services_stop(struct services *services);

/* For `kill` and `pause`: act on a service's group and all its descendants.  0 or -errno. */
int services_kill(struct services *services, size_t index, int signal);
int services_pause(struct services *services, size_t index, bool paused);

/* Start a service again after a `kill`; SERVICE_READY or SERVICE_FAILED follows. */
int services_restart(struct services *services, size_t index);

/* All living processes of a service: its leader and descendants (of a joined one: its members). */
size_t services_pids(struct services *services, size_t index, pid_t *ret_pids, size_t max);

struct service_state {
    bool alive;
    int status; /* waitpid's, once it ended; -1 before */
    uint32_t restarts;
    bool entered; /* some process of it has taken the control area in */
};
void services_state(struct services *services, size_t index, struct service_state *ret_state);

/* Its log so far: standard output and error, one file; and where it ends now, for "since". */
const char *services_log(struct services *services, size_t index);

#endif
