/* The parts of a scenario, each read by its own file.  Floor 2, internal to chaosctl/scenario. */
#ifndef SCENARIO_PARSE_H
#define SCENARIO_PARSE_H

#include "chaosctl/scenario/expect.h"
#include "chaosctl/scenario/shape.h"

#define SCENARIO_PROBE_MAX 1000
#define SCENARIO_LOAD_MAX  256

/* --- names (parse_name.c) --- */

enum catalog {
    CATALOG_SERVICE,
    CATALOG_DEPENDENCY,
    CATALOG_PROBE,
    CATALOG_LOAD,
};

/* Index of what the scenario has under that name; -1 after an error that suggests one. */
int name_resolve(struct reader *r, const struct node *node, enum catalog catalog);
int name_find(const struct scenario *scenario, enum catalog catalog, const char *name);

/* May it name something: letters, digits, _ . and -, beginning with a letter or _?  Otherwise an error. */
bool name_check(struct reader *r, const struct node *key);

/* Walk a map of named things; each is read under its valid name. */
typedef void named_fn(struct reader *r, const struct node *key, const struct node *value);
void named_each(struct reader *r, const struct node *node, size_t max, named_fn *fn);

extern const struct shape shape_service_name, shape_probe_name, shape_load_name; /* int */
extern const struct shape shape_targets; /* uint32_t, one bit each: a name or a list of names */

/* --- dependencies (parse_dependency.c, target_parse.c) --- */

void dependencies_read(struct reader *r, const struct node *node);
extern const struct shape shape_dependency;

/* Proxies are dependencies too, without an address that a process could be seen to call (parse_proxy.c). */
void proxies_read(struct reader *r, const struct node *node);
extern const struct shape shape_proxy;

/* Compile an address into targets of one bit.  kind: "tcp", "udp", "unix".  at: for errors. */
struct targets {
    struct target *items;
    size_t count;
};
bool target_parse(struct reader *r, const struct node *at, const char *kind, const char *text, uint8_t bit,
                  struct targets *ret_targets);

/* --- probes (parse_probe.c, parse_http.c) --- */

/* The keys that say how to ask, wherever a probe may be written in place. */
struct probe_nodes {
    const struct node *http, *tcp, *exec, *timeout;
};
#define PROBE_FIELDS(container, member)                                                                      \
    {"http", &shape_http, offsetof(container, member) + offsetof(struct probe_nodes, http), FIELD_NODE,      \
     "an HTTP request, or just a URL to get"},                                                               \
        {"tcp", &shape_line, offsetof(container, member) + offsetof(struct probe_nodes, tcp), FIELD_NODE,    \
         "HOST:PORT to connect to"},                                                                         \
        {"exec", &shape_argv, offsetof(container, member) + offsetof(struct probe_nodes, exec), FIELD_NODE,  \
         "a command to run"},                                                                                \
    {                                                                                                        \
        "timeout", &shape_time, offsetof(container, member) + offsetof(struct probe_nodes, timeout),         \
            FIELD_NODE, "an answer that takes longer is none; 5s unless given"                               \
    }

bool probe_is_given(const struct probe_nodes *nodes);

/* A probe from its nodes; name NULL: as it reads ("GET http://...").  Needs exactly one of http, tcp and
 * exec. */
bool probe_read(struct reader *r, const struct node *node, const struct probe_nodes *nodes, const char *name,
                struct probe *ret_probe);
/* A name and a value that cannot become more than one header. */
bool http_header_is_valid(const struct pair *header);
bool url_is_valid(const char *url);
bool http_read(struct reader *r, const struct node *node, struct probe *ret_probe);
bool endpoint_read(struct reader *r, const struct node *node, const char **ret_host, uint16_t *ret_port);
void probes_read(struct reader *r, const struct node *node);
extern const struct shape shape_http, shape_probe, shape_json;

/* The ON_x bit of a kind, and what errors call a check of it. */
uint32_t probe_on(enum probe_kind kind);
const char *probe_what(enum probe_kind kind);

/* JSON text of a node, ${} replaced, kept in the arena; NULL after an error. */
const char *json_text(struct reader *r, const struct node *node);

/* --- loads, services --- */

/* `each:` of a load (parse_each.c), or NULL; and the error where a probe that wants values gets none. */
void each_read(struct reader *r, const struct node *each, struct load *load);
void each_refuse(struct reader *r, struct position at, const struct probe *probe);
extern const struct shape shape_each;

void loads_read(struct reader *r, const struct node *node);
void services_read(struct reader *r, const struct node *node);
extern const struct shape shape_load, shape_service, shape_ready;

/* --- checks, steps (parse_check.c, parse_step.c) --- */

enum check_place {
    IN_STEADY_STATE,
    IN_STOP_WHEN,
    IN_DURING,
    IN_AFTER,
};

struct checks {
    const struct check *items;
    size_t count;
};
void checks_read(struct reader *r, const struct node *node, enum check_place place,
                 struct checks *ret_checks);
extern const struct shape shape_check, shape_checks;

/* `metric:` of a check (parse_metric.c): its page and its series. */
bool metric_read_subject(struct reader *r, const struct node *node, struct check *check);
extern const struct shape shape_metric;

/* The conditions of something done: those written, or ok (and status < 400). */
void deed_expect(struct reader *r, const struct node *expect, const struct probe *probe, struct position at,
                 struct expectation *e);

struct steps {
    const struct step *items;
    size_t count;
};
void steps_read(struct reader *r, const struct node *node, struct steps *ret_steps);
extern const struct shape shape_steps;

/* --- faults (parse_fault.c, fault_keys.c, fault_text.c) --- */

/* One fault, a map of one kind to its keys. */
bool fault_read(struct reader *r, const struct node *node, struct fault *ret_fault);
const char *fault_describe(struct reader *r, const struct fault *fault);
const char *fault_at_most(struct reader *r,
                          uint64_t times); /* "at most once", "at most 2 times"; "" without memory */

/* For an unknown kind: what was meant, or what there is. */
const char *fault_hint(struct reader *r, const char *written);
extern const struct shape shape_fault;

/* errno or EAI_ code of a name; 0 when there is none. */
int error_find(const char *name);
const char *error_name(int error, bool resolves);

/* --- experiments (parse_experiment.c, expand.c, timing.c) --- */

struct defaults {
    struct timing timing;
    bool shared;
    uint64_t lease_ns;
    bool has_steady_state; /* written, if not without errors */
};
void defaults_read(struct reader *r, const struct node *node, struct defaults *ret_defaults);
void experiments_read(struct reader *r, const struct node *node, const struct defaults *defaults);
extern const struct shape shape_defaults, shape_experiment, shape_baseline, shape_recovery, shape_isolation;

/* Numbers that no run could meet. */
void timing_check(struct reader *r, const struct cell *cell);

#endif
