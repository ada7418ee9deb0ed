/* The orchestrator's side of seccomp's way in: the supervisor's process, and what it is handed.  Floor 3.
 *
 * One for each control area.  It outlives us, so that nobody who is asked about waits in vain: when our lease
 * has ended it lets everything pass, and it ends when the last program that it was put over has.  When it is
 * killed, another one takes its place; the connections that it carried are cut, and those that it held are
 * refused. */
#ifndef RUN_SUPERVISOR_H
#define RUN_SUPERVISOR_H

#include <stdint.h>
#include <sys/types.h>

#include "chaosctl/run/loop.h"
#include "injectors/decision/table.h"

struct supervisor;

/* Starts the process.  died: called when it was killed, and another one is there.  -errno. */
typedef void supervisor_died_fn(void *arg);
int supervisor_new(struct loop *loop, struct table *table, const char *control_path, supervisor_died_fn *died,
                   void *arg, struct supervisor **ret_supervisor);

/* Let it go: it gets no more orders.  NULL is fine. */
void supervisor_free(struct supervisor *supervisor);

/* Hand it the listener that is descriptor fd of our child pid.  -errno. */
int supervisor_take(struct supervisor *supervisor, pid_t pid, int fd, uint32_t service);

/* The table changed. */
void supervisor_nudge(struct supervisor *supervisor);

pid_t supervisor_pid(const struct supervisor *supervisor);

#endif
