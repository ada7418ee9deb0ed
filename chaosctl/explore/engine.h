/* Exploring a program: each point at which the world can fail it, failed in turn.  Floor 3.
 *
 * engine.c   what is done in which order       run.c      one process, from start to end
 * learn.c    clean runs: points, reference     scratch.c  copies of the folder, and what changed in them
 * branch.c   failures by branching off         oracle.c   how a run ended, against the clean one
 * rerun.c    failures by running anew          cause.c    which findings are one defect
 * result.c   plain data for the reports         uncovered.c  what could not be failed */
#ifndef EXPLORE_ENGINE_H
#define EXPLORE_ENGINE_H

#include "chaosctl/base/buf.h"
#include "chaosctl/explore/finding.h"

struct explore_request {
    char *const *argv;   /* NULL at the end */
    const char *program; /* its path, as process_find gives it */
    uint64_t budget_ns;  /* 0: as long as it takes */
    unsigned jobs;       /* at most EXPLORE_JOBS_MAX */
    int clean_status;    /* what the program exits with when nothing fails */
    bool reports_aborts; /* deliberate aborts are findings too */
    bool reports_libc;   /* what libc itself does not survive is a finding, too */
    bool no_confirm;     /* for tests: as the engines found it */
    bool never_branches; /* each failure in a run of its own */
    const char *only_id; /* explore this point alone; NULL: all */
    int stdin_fd;        /* read to its end before anything runs; -1: nothing */
    /* From time to time; may be NULL. */
    void (*progress)(void *arg, size_t done, size_t of, size_t findings);
    void *arg;
    const volatile bool *is_interrupted; /* then what is known by now is the result; may be NULL */
};

#define EXPLORE_JOBS_MAX 32

struct explore;

/* 0: explored.  -ECANCELED: cannot be judged, and *ret_why says why.  Other -errno: the tool failed,
 * likewise. */
int explore_run(const struct explore_request *request, struct explore **ret_explore, struct buf *ret_why);
const struct explore_result *explore_result(const struct explore *explore);
void explore_free(struct explore *explore); /* with everything of the result */

#endif
