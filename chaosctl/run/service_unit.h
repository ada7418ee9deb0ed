/* What the parts of service share among themselves; nobody else includes it.  Floor 3.
 *
 * service.c        the list: start in order, stop in reverse, what others ask
 * service_start.c  one of them: launched, and its end
 * service_ready.c  one of them: asked until it is ready
 * service_stop.c   one of them: stopped, and what it left behind
 * service_tree.c   which processes belong to it */
#ifndef RUN_SERVICE_UNIT_H
#define RUN_SERVICE_UNIT_H

#include "chaosctl/base/buf.h"
#include "chaosctl/run/pause.h"
#include "chaosctl/run/service.h"

#define TREE_MAX      PAUSE_MAX
#define READY_POLL_NS (50 * NS_PER_MS)
#define STOP_POLL_NS  (10 * NS_PER_MS)
#define REST_GRACE_NS NS_PER_S /* between SIGTERM and SIGKILL for what the leader left behind */

/* Tells which service of which run an orphan came from, whatever session it moved to: RUN/INDEX. */
#define UNIT_MARK "CHAOSCTL_UNIT"

enum unit_state {
    UNIT_IDLE,
    UNIT_LOOKING, /* whether something answers before it is started */
    UNIT_WAITING, /* started or awaited, not ready */
    UNIT_READY,
    UNIT_ENDED,      /* by itself, or by `kill` */
    UNIT_STOPPING,   /* the leader, then what it left behind, is asked to end */
    UNIT_RESTARTING, /* the same, to be started again */
};

struct ask;

/* A service while it lives. */
struct unit {
    struct services *services;
    const struct service *service;
    size_t index;
    enum unit_state state;
    pid_t leader;  /* 0: none runs */
    pid_t session; /* of its last leader; 0: none ran */
    int status;    /* waitpid's; -1 before it ended */
    uint32_t restarts;
    bool restarted; /* the readiness now awaited is a restart's */
    bool killed;    /* by us: its end is no news */
    int pause_guard;
    struct timer timer;
    uint64_t deadline_ns;
    struct ask *ask; /* under way */
    char *log;
    char mark[64];
    char finding[256]; /* why it was not ready when last asked */
};

struct services {
    struct loop *loop;
    struct control *control;
    struct prober *prober;
    const struct scenario *scenario;
    service_fn *fn;
    void *arg;
    struct unit *units;
    size_t count;
    bool stopping, failed;
    bool sole;          /* we had no child before: every orphan that we get is from here */
    size_t stop_left;   /* units still to be stopped; the next one is stop_left - 1 */
    struct unit strays; /* a unit for what could not be told whose it was */
};

/* service_start.c */
void unit_start(struct unit *unit); /* ends in unit_is_ready or unit_failed */
void unit_child_ended(void *arg, pid_t pid, int status);

/* service_ready.c */
void unit_await(struct unit *unit);  /* it was launched: ends in unit_is_ready or unit_failed */
void unit_cancel(struct unit *unit); /* forget readiness: timers, questions */
void unit_failed_with_words(struct unit *unit, const char *what); /* and the end of its log */

/* Ask its ready probe once.  fn comes later, unless unit_cancel was called.  -errno. */
typedef void unit_answer_fn(struct unit *unit, const struct answer *answer);
int unit_ask(struct unit *unit, uint64_t timeout_ns, unit_answer_fn *fn);

/* service_stop.c */
void unit_stop(struct unit *unit, enum unit_state state); /* STOPPING or RESTARTING; ends in unit_is_gone */
void unit_leader_ended(struct unit *unit);                /* while stopping */
void unit_resume(struct unit *unit);

/* service_tree.c */
size_t unit_pids(struct unit *unit, pid_t *ret_pids, size_t max);
bool unit_is_sole_parent(struct loop *loop); /* is every orphan that we may get one of ours? */
size_t unit_stray_pids(struct services *services, pid_t *ret_pids, size_t max);

/* service.c: what the parts report */
void unit_is_ready(struct unit *unit);
void unit_failed(struct unit *unit, const char *detail);
void unit_is_gone(struct unit *unit);
void unit_tell(struct unit *unit, enum service_event event, const char *detail);

#endif
