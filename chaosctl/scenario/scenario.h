/* A scenario as plain data: what the YAML said, checked, expanded and with every name resolved.  Floor 2.
 *
 * All memory belongs to the scenario's arena; scenario_free frees it all.  Times are nanoseconds, sizes
 * bytes. An index of -1 means "not given". */
#ifndef SCENARIO_SCENARIO_H
#define SCENARIO_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chaosctl/base/arena.h"
#include "chaosctl/base/diag.h"
#include "chaosctl/scenario/condition.h"
#include "injectors/decision/table.h"

struct pair {
    const char *name, *value;
};

/* --- probes: how to ask
 * -------------------------------------------------------------------------------------- */

enum probe_kind {
    PROBE_HTTP,
    PROBE_TCP,
    PROBE_EXEC,
    PROBE_KIND_COUNT,
};

struct probe {
    enum probe_kind kind;
    const char *name; /* the key under `probes:`; for one written in place, how it reads: "GET http://..." */
    uint64_t timeout_ns;
    /* http */
    const char *method, *url, *body; /* body NULL: none */
    const struct pair *headers;
    size_t headers_count;
    bool follow; /* redirects */
    /* tcp */
    const char *host;
    uint16_t port;
    /* exec: NULL-terminated; relative programs are looked up from the scenario's folder */
    char *const *argv;
    const struct pair *env;
    size_t env_count;
    /* what every answer must be like, beside the check's own expectations */
    const struct condition *expect;
    size_t expect_count;
    struct position at;
};

/* What stands in a probe's texts for the id of each request, until it is sent.  A `$${request.id}` reads the
 * same by then: a limit that is accepted. */
#define REQUEST_ID_MARK "${request.id}"

/* Open model: requests leave at their intended times, whether or not earlier ones were answered. */
struct load {
    const char *name;
    size_t probe; /* index */
    double rate_per_s;
    const struct probe *each; /* the probe with the values that requests take in turn; NULL: itself */
    size_t each_count;
    uint32_t
        max_in_flight; /* beyond it a request waits, and its latency still counts from its intended time */
    struct position at;
};

/* --- what runs and what it calls
 * ------------------------------------------------------------------------------ */

enum inject {
    INJECT_AUTO, /* preload where that works, or else seccomp; otherwise the run is refused before it starts
                  */
    INJECT_PRELOAD,
    INJECT_SECCOMP,
    INJECT_NONE,
};

struct service {
    const char *name;
    bool join;         /* started elsewhere, with the environment that `chaosctl env` prints */
    char *const *argv; /* NULL-terminated; NULL with join */
    const struct pair *env;
    size_t env_count;
    const char *dir;           /* absolute */
    const struct probe *ready; /* NULL: ready as soon as it runs */
    uint64_t ready_within_ns;
    enum inject inject;
    /* How it is entered, which the run floor finds out (way_in.h); INJECT_AUTO: not known yet. */
    enum inject way;
    const char *way_reason;  /* or NULL */
    bool preloads;           /* with seccomp: what it starts may see the shim all the same */
    bool allows_uring;       /* io_uring_setup is not made to fail */
    int stop_signal;         /* SIGTERM unless set */
    uint64_t stop_within_ns; /* then SIGKILL */
    struct position at;
};

/* A name for an address.  Its index is its bit in the control area. */
struct dependency {
    const char *name;
    const struct target *targets; /* compiled; bit and all */
    size_t targets_count;
    const char *text;     /* "tcp 127.0.0.1:6390" */
    const char *protocol; /* "http", or NULL: nobody said */
    struct position at;
    const char *listen, *upstream; /* of a proxy of the run's own, which has no targets; NULL: it is none */
};

/* --- faults
 * ----------------------------------------------------------------------------------------------------- */

enum dns_mode {
    DNS_NXDOMAIN,
    DNS_SERVFAIL,
    DNS_TIMEOUT,
    DNS_SLOW,
};

struct fault {
    enum fault_kind kind;
    const char *text; /* as shown to people: "refuse cache, 50%" */
    uint32_t targets; /* dependencies, one bit each; 0: none named */
    int service;      /* `in`: index, or -1 */
    enum call call;   /* error, delay: the call; CALL_COUNT otherwise */
    int error;        /* errno or EAI_ code; 0: not given */
    uint64_t delay_ns;
    enum dns_mode dns_mode;
    /* streams */
    uint64_t jitter_ns; /* latency */
    enum distribution distribution;
    uint64_t rate_per_s;                /* bandwidth: bytes */
    uint64_t bytes;                     /* truncate, reset: after so many; slice: at most so many a call */
    uint64_t age_ns;                    /* reset: or so long after the connection was made; 0: neither */
    uint64_t size_min, size_max, quota; /* oom */
    const char *caller;                 /* oom, or NULL */
    int signal;                         /* kill */
    bool then_resets;                   /* drop_response */
    int status;                         /* respond: of HTTP; 0: raw */
    const struct reply *reply;          /* respond, or NULL */
    const char *request;                /* regex over the first bytes of a request, or NULL */
    enum direction direction;
    bool direction_is_given; /* otherwise ANY stands for the default */
    double probability;      /* 0..1 */
    uint64_t after, every, times;
    uint64_t start_ns, for_ns; /* from the injection; for_ns RULE_ENDLESS: until the lift */
    uint64_t hits_min, hits_max;
    const char *hits_text; /* ">= 1" */
    struct position at;
};

/* --- checks
 * ----------------------------------------------------------------------------------------------------- */

enum check_kind {
    CHECK_PROBE, /* exec checks too: their probe is an exec one */
    CHECK_LOAD,
    CHECK_CALLS,
    CHECK_LOG,
    CHECK_SERVICE,
    CHECK_METRIC,
    CHECK_KIND_COUNT,
};

enum quantifier {
    AT_END,     /* of the phase, while the fault is still there */
    ALWAYS,     /* each time that it is looked at, and at least once */
    EVENTUALLY, /* once within time_ns of the phase's start */
    NEVER,      /* at no time that it is looked at, and it was looked at */
    FOR,        /* all the time for time_ns on end, within the phase */
};

/* Which requests of its load a log check wants to find. */
enum each {
    EACH_NONE,
    EACH_FAILED,
    EACH_REQUEST,
};

struct check {
    enum check_kind kind;
    enum quantifier quantifier;
    uint64_t time_ns;
    const struct probe *probe; /* CHECK_PROBE; CHECK_METRIC: of the page */
    int load;                  /* CHECK_LOAD: index; CHECK_CALLS, CHECK_LOG: of whose requests, or -1 */
    uint32_t targets;          /* CHECK_CALLS */
    int service;               /* CHECK_LOG, CHECK_SERVICE: index */
    /* CHECK_LOG: PCRE2; any may be NULL.  A `count` condition speaks of match's lines; ">= 1" unless given.
     */
    const char *match, *never, *every_line;
    enum each
        each; /* CHECK_LOG: match begins its match (\K) with the id of a request, and each must be found */
    /* CHECK_METRIC: the series of this name with these labels, among others */
    const char *metric;
    const struct pair *labels;
    size_t labels_count;
    const char *series; /* both, as shown to people: orders_total{outcome="ok"} */
    const struct condition *expect;
    size_t expect_count;
    uint64_t min_samples; /* CHECK_LOAD, CHECK_CALLS with a load: fewer requests prove nothing */
    const char *text;     /* as shown to people: "load browse" */
    struct position at;
};

/* --- experiments
 * ------------------------------------------------------------------------------------------------ */

/* Something done in order: a step, or a clean-up. */
struct step {
    const struct probe *probe; /* NULL: a wait */
    uint64_t wait_ns;
    bool beside; /* at the same moment as the one before it (parallel); both are deeds */
    const struct condition *expect;
    size_t expect_count;
    const char *text;
    struct position at;
};

/* The five that a feature must answer before it may be called production-ready; `answers:` names them. */
enum question {
    QUESTION_MONITOR,
    QUESTION_DISABLE,
    QUESTION_RECOVER,
    QUESTION_SCALE,
    QUESTION_UNDERSTAND,
    QUESTION_COUNT,
};

const char *question_name(enum question question); /* "monitor" */
const char *question_text(enum question question); /* "Can I monitor it?" */

struct timing {
    uint64_t baseline_for_ns;    /* steady state must hold this long before the fault */
    uint64_t baseline_within_ns; /* and must have begun to by then */
    uint64_t hold_ns;
    uint64_t recovery_within_ns, stable_for_ns;
};

/* One experiment with one choice of its matrix and its one_of: one JUnit test case. */
struct cell {
    const char *experiment; /* its name */
    const char *label;      /* "dep=recs, refuse recs"; "" when there is but one cell */
    const char *hypothesis; /* or NULL */
    uint32_t answers;       /* 1 << enum question */
    bool shared;            /* isolation: shared */
    bool waits;             /* confirm: before the faults, until somebody says so */
    struct timing timing;
    const struct fault *faults;
    size_t faults_count;
    const struct step *steps;
    size_t steps_count;
    const struct check *during, *after; /* during empty: the steady state itself */
    size_t during_count, after_count;
    const struct step *cleanup;
    size_t cleanup_count;
    uint64_t
        seed; /* from the scenario's, the experiment's name and the label: independent of order and filters */
    struct position at;
};

struct limits;

struct scenario {
    struct arena *arena;
    const char *path; /* as given */
    const char *dir;  /* absolute folder */
    const char *name;
    uint64_t seed;
    uint64_t lease_ns;
    const char *const *secrets; /* values to mask wherever they would be printed */
    size_t secrets_count;
    const struct service *services;
    size_t services_count;
    const struct dependency *dependencies;
    size_t dependencies_count;
    const struct probe *probes;
    size_t probes_count;
    const struct load *loads;
    size_t loads_count;
    const struct check *steady, *stop_when;
    size_t steady_count, stop_when_count;
    const struct cell *cells;
    size_t cells_count;
    const char *notify;          /* URL that events are posted to, or NULL */
    const struct limits *limits; /* limits.h: its own, and the host's once they were loaded; all hold */
    size_t limits_count;
};

#define SCENARIO_FILE_MAX  (4u << 20) /* bytes */
#define SCENARIO_CELL_MAX  4096
#define SCENARIO_ALIAS_MAX 10000 /* nodes that aliases may add */
#define SCENARIO_DEPTH_MAX 64
#define SCENARIO_NODE_MAX  100000u /* values in a file */

/* Read and check a scenario.
 *
 * Returns 0 and *ret_scenario; or -EINVAL with at least one message in diag; or -errno of the file (diag says
 * it too); or -ENOMEM. */
int scenario_load(const char *path, struct diag *diag, struct scenario **ret_scenario);

/* The same from text; path is used in messages and for the folder. */
int scenario_parse(const char *text, size_t len, const char *path, struct diag *diag,
                   struct scenario **ret_scenario);

void scenario_free(struct scenario *scenario);

/* http:// or https://, with a host, and nothing that no URL has. */
bool url_is_valid(const char *url);

/* Decide from another seed: the scenario's, and with it every cell's. */
void scenario_reseed(struct scenario *scenario, uint64_t seed);

/* A fault SPEC of the command line over the same keys as in YAML:
 *
 *   spec  = kind [":" key "=" value {"," key "=" value}]
 *   value = text without a comma | '...' | "..."
 *
 * Several targets are joined with "+".  A target is the name of a dependency of the scenario or an address,
 * which becomes a dependency of its own, named by its text: HOST:PORT, udp:HOST:PORT, unix:PATH, or a path; a
 * HOST with a dot in it, localhost and [IPv6] may do without a port.  A SPEC without a scenario passes an
 * empty one, which this fills.  Positions are line 1 and the column within spec.
 *
 * Returns 0 and *ret_fault; -EINVAL with messages in diag; -ENOMEM. */
int scenario_add_fault(struct scenario *scenario, const char *spec, struct diag *diag,
                       struct fault *ret_fault);

/* An empty scenario, for commands that take no file. */
struct scenario *scenario_empty(void);

/* Text with every secret's value replaced by `***`; what is shown or written passes through here.  out is
 * appended to. */
void scenario_mask(const struct scenario *scenario, const char *text, struct buf *out);

/* JSON Schema (draft 2020-12) of a scenario file, from the field tables; to be freed.  NULL: out of memory.
 */
char *scenario_schema(void);

#endif
