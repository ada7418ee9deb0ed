/* What a run found, as plain data: all that a report may read.  Floor 3.
 *
 * Owned by its arena.  Built while the run goes on, or from a journal (report/journal_read.h). */
#ifndef RUN_RESULT_H
#define RUN_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chaosctl/base/arena.h"
#include "chaosctl/scenario/scenario.h"

/* In the order in which the worst wins: PASS is the best. */
enum verdict_of_run {
    VERDICT_PASS,
    VERDICT_INCONCLUSIVE,
    VERDICT_REFUTED,
    VERDICT_STOPPED,
    VERDICT_TOOL_FAILED,
    VERDICT_COUNT,
};

const char *verdict_name(
    enum verdict_of_run verdict); /* "pass", "inconclusive", "refuted", "stopped", "failed" */
int verdict_exit_code(enum verdict_of_run verdict); /* 0, 3, 1, 4, 5 */
enum verdict_of_run verdict_worse(enum verdict_of_run a, enum verdict_of_run b);

enum phase {
    PHASE_START,
    PHASE_BASELINE,
    PHASE_INJECT,
    PHASE_DURING,
    PHASE_LIFT,
    PHASE_RECOVERY,
    PHASE_AFTER,
    PHASE_CLEANUP,
    PHASE_STOP,
    PHASE_COUNT,
};
const char *phase_name(enum phase phase);

enum outcome {
    OUTCOME_HELD,
    OUTCOME_FAILED,
    OUTCOME_UNKNOWN, /* could not be judged: too few samples, nothing measured */
    OUTCOME_NOT_RUN,
    OUTCOME_COUNT,
};
const char *outcome_name(enum outcome outcome);

/* A check, a step or a clean-up step, and what came of it. */
struct check_result {
    enum phase phase;
    const char *text;     /* "load browse" */
    const char *expected; /* "success >= 99%, p95 < 800ms" */
    const char *observed; /* "success is 71%, p95 is 2 s; mostly: timed out after 2 s" */
    enum outcome outcome;
    uint64_t samples;
    struct position at; /* in the scenario's file */
};

struct fault_result {
    const char *text;
    const char *kind;
    uint64_t matches, hits, skipped;
    uint64_t unseen;           /* connections whose requests could not be matched: TLS */
    const char *hits_expected; /* ">= 1" */
    bool landed;               /* hits are as expected */
    bool dry;                  /* hits are what it would have hit: nothing was injected */
    struct position at;
};

/* What a load measured in one phase. */
struct load_result {
    const char *name;
    enum phase phase;
    uint64_t samples, errors;
    double success_percent;
    uint64_t p50_ns, p95_ns, p99_ns, max_ns;
    const char *note; /* the most frequent error, or NULL */
};

/* What somebody did to a run while it ran, or what came of it. */
struct deed {
    const char *
        what; /* "inject", "lift", "end", "note", "continue", "halt", "resume", "down", "limit", "rehearse" */
    const char *text;     /* the fault, the note; or NULL */
    const char *spec;     /* inject: the fault as it was asked for */
    uint64_t fault;       /* its number in the run; 0: none in particular */
    uint64_t at_ns;       /* since the cell began */
    uint64_t for_ns;      /* inject: it ends by itself after so long */
    uint64_t seed;        /* inject: the same again with this one decides the same */
    uint64_t uid, pid;    /* who asked, as the kernel says; pid 0: it came by itself */
    const char *user;     /* who asked, as the asker says; or NULL */
    const char *terminal; /* from where, as the asker says; or NULL */
};

struct cell_result {
    const char *experiment, *label;
    const char *hypothesis; /* or NULL */
    enum verdict_of_run verdict;
    const char *reason; /* one line: why the verdict is not pass; NULL when it is */
    uint32_t answers;   /* 1 << enum question */
    uint64_t seed;
    uint64_t started_wall_ns, duration_ns;
    uint64_t phase_ns[PHASE_COUNT];
    bool recovery_measured;
    uint64_t recovery_ns, recovery_within_ns;
    const struct check_result *checks;
    size_t checks_count;
    const struct fault_result *faults;
    size_t faults_count;
    const struct load_result *loads;
    size_t loads_count;
    const struct deed *deeds; /* in their order in time */
    size_t deeds_count;
    uint64_t dropped; /* hits that the journal ring had no room for; they are counted all the same */
    struct position at;
};

struct run_result {
    struct arena *arena;
    const char *run;      /* name of the run */
    const char *scenario; /* its name */
    const char *file;
    const char *version; /* of chaosctl */
    const char *journal; /* path, or NULL */
    const char *host;
    const char *ways; /* which services are entered by seccomp, and why; or NULL */
    uint64_t seed;
    uint64_t started_wall_ns, duration_ns;
    enum verdict_of_run verdict;
    const char *reason; /* why, where no cell tells; or NULL */
    const char *notice; /* what went wrong beside the run, and changes nothing about it; or NULL */
    bool dry;           /* nothing was injected: a pass says no more than that each fault would have hit */
    bool stopped;       /* by a signal or a stop condition: nothing else is to be started */
    bool complete;      /* false: the journal ends early */
    const struct cell_result *cells;
    size_t cells_count;
    size_t cells_planned;
    /* Of a journal that was read: what people did, at_ns since the run began; also where no cell tells. */
    const struct deed *timeline;
    size_t timeline_count;
};

struct run_result *result_new(void); /* NULL: out of memory */
void result_free(struct run_result *result);

#endif
