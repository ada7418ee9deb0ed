/* Running a scenario: its cells one after the other, each through its phases.  Floor 3.
 *
 * Nothing is printed or written here; what happens is told through the hooks, what was found goes into the
 * result. */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include "chaosctl/run/result.h"
#include "injectors/decision/ring.h"

/* For a live line. */
struct run_status {
    const struct cell *cell;
    size_t number, cells; /* which one, from 1, and of how many */
    enum phase phase;
    uint64_t left_ns;           /* until the phase ends, if all goes as planned; 0: cannot be told */
    uint64_t samples, failures; /* of all loads, in this cell; of a hold: in the last ten seconds */
    uint64_t hits;              /* of all faults, in this cell */
};

struct webhook;

/* Any may be NULL.  Texts are borrowed for the call. */
struct run_hooks {
    void *arg;
    void (*started)(void *arg, const struct run_result *result);
    void (*phase)(void *arg, const struct cell *cell, enum phase phase);
    /* Something worth a line in the journal: event is a dotted noun ("service.ready"), who may be NULL. */
    void (*note)(void *arg, const char *event, const char *who, const char *detail);
    void (*hit)(void *arg, const struct record *record, const char *fault, const char *service);
    void (*deed)(void *arg, const struct deed *deed);
    void (*cell)(void *arg, const struct cell_result *result);
    void (*tick)(void *arg, const struct run_status *status); /* five times a second */
    /* Where events may be posted until `ended`; before `started`, and only where there is a URL. */
    void (*webhook)(void *arg, struct webhook *webhook);
    void (*ended)(void *arg, const struct run_result *result); /* its verdict is found */
    /* Chooses the cells, in place of the scenario's own and their order: the first, then another as soon as
     * one has its verdict and is cleaned up.  last: what came of that one, for this call alone; NULL: of none
     * yet. called: dependencies that were called since the services started, one bit each.  *ret_fresh: they
     * are to be stopped, and started again for it.  NULL: no more.  A stop condition ends its cell, and not
     * the run. */
    const struct cell *(*next)(void *arg, const struct cell_result *last, uint32_t called, bool *ret_fresh);
};

struct run_options {
    const char *only;    /* glob (fnmatch) over experiment names and "experiment/label"; NULL: all */
    bool keep;           /* the run's folder, with its logs */
    bool hold;           /* no experiment: the services, their steady state, and what somebody injects */
    const char *webhook; /* URL that events are posted to, before the scenario's `notify`; or NULL */
    bool has_metrics;    /* metrics_fd listens, and the page of metrics is served there */
    int metrics_fd;
    const char *metrics_file; /* the page is written there each second, and at the end; NULL: nowhere */
    bool dry; /* faults only count what they would hit; no checks but the steady state, no steps */
};

/* Runs to the end, whatever happens on the way; SIGINT, SIGTERM and SIGHUP stop it (and end a
 * hold in good order): lift first, then clean up.  SIGUSR1 halts this user's runs.  Other processes of the
 * user ask by the socket in its folder (drill_request.h).
 *
 * Returns 0 with the verdict in result, -ENOENT when `only` fits no cell, -ECANCELED when a halt is in
 * force (halt.h), or -errno when nothing could be started.  What is injected live may add dependencies to the
 * scenario. */
int run_scenario(struct scenario *scenario, const struct run_options *options, const struct run_hooks *hooks,
                 struct run_result *result);

#endif
