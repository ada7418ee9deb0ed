/* `services:`.  Floor 2.  Whether a program exists and can be entered is the run floor's to say. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/scenario/parse.h"

#define READY_WITHIN_NS (10 * NS_PER_S)
#define STOP_WITHIN_NS  (5 * NS_PER_S)

struct ready_nodes {
    struct probe_nodes ask;
    const struct node *expect;
    uint64_t within_ns;
};

static const struct field ready_fields[] = {
    PROBE_FIELDS(struct ready_nodes, ask),
    {"expect", &shape_expect, offsetof(struct ready_nodes, expect), FIELD_NODE,
     "what the answer must be like; unless given: ok, and for http a status below 400"},
    {"within", &shape_time, offsetof(struct ready_nodes, within_ns), 0,
     "it must be ready by then; 10s unless given"},
    {0},
};

static const struct field stop_fields[] = {
    {"signal", &shape_signal, offsetof(struct service, stop_signal), 0,
     "asks it to end; SIGTERM unless given"},
    {"within", &shape_time, offsetof(struct service, stop_within_ns), 0,
     "then comes SIGKILL; 5s unless given"},
    {0},
};

const struct shape shape_ready = {.name = "ready",
                                  .wanted = "a map: {tcp|http|exec: ..., within: 10s}",
                                  .kind = SHAPE_MAP,
                                  .fields = ready_fields};
static const struct shape shape_stop = {.name = "stop",
                                        .wanted = "a map: {signal: SIGTERM, within: 5s}",
                                        .kind = SHAPE_MAP,
                                        .fields = stop_fields};

static bool take_inject(struct reader *r, const struct node *node, void *ret_value)
{
    static const char *const names[] = {
        [INJECT_AUTO] = "auto",
        [INJECT_PRELOAD] = "preload",
        [INJECT_SECCOMP] = "seccomp",
        [INJECT_NONE] = "none",
    };
    size_t i = 0;

    if (!reader_word(r, node, names, 4, "auto, preload, seccomp or none", "is no way in", &i))
        return false;
    *(enum inject *)ret_value = (enum inject)i;
    return true;
}

static const struct shape shape_inject = {
    .name = "inject",
    .wanted = "auto, preload, seccomp or none",
    .schema = "{\"enum\":[\"auto\",\"preload\",\"seccomp\",\"none\"]}",
    .take = take_inject,
};

static bool take_uring(struct reader *r, const struct node *node, void *ret_value)
{
    static const char *const words[] = {"refuse", "allow"};
    size_t i = 0;

    if (!reader_word(r, node, words, 2, "refuse or allow", "is nothing to do with io_uring", &i))
        return false;
    *(bool *)ret_value = i;
    return true;
}

static const struct shape shape_uring = {
    .name = "io_uring",
    .wanted = "refuse or allow",
    .schema = "{\"enum\":[\"refuse\",\"allow\"]}",
    .take = take_uring,
};

struct service_nodes {
    const struct node *run, *env, *dir, *ready, *stop, *inject, *uring, *join;
};

#define AT(member) offsetof(struct service_nodes, member), FIELD_NODE

static const struct field fields[] = {
    {"run", &shape_argv, AT(run),
     "program and arguments, a list; no shell.  Relative paths: from the scenario's folder"},
    {"join", &shape_bool, AT(join), "true, in place of run: a process started elsewhere (chaosctl env)"},
    {"dir", &shape_line, AT(dir), "its working directory; the scenario's folder unless given"},
    {"env", &shape_pairs, AT(env), "variables beside those of chaosctl itself"},
    {"ready", &shape_ready, AT(ready), "when it counts as started; at once unless given"},
    {"inject", &shape_inject, AT(inject),
     "how faults enter it: auto (unless given), preload, seccomp, or none"},
    {"io_uring", &shape_uring, AT(uring),
     "refuse (unless given): what goes through it, faults could not meet, so programs fall back to epoll; or "
     "allow"},
    {"stop", &shape_stop, AT(stop), "how it is ended: {signal: SIGTERM, within: 5s}"},
    {0},
};

static void read_ready(struct reader *r, const struct node *node, struct service *s)
{
    struct ready_nodes n = {.within_ns = READY_WITHIN_NS};
    struct probe *probe = reader_take(r, sizeof(*probe));

    r->key = "ready";
    if (!probe || !fields_read(r, node, "ready", ready_fields, &n))
        return;
    s->ready_within_ns = n.within_ns;
    if (!probe_read(r, node, &n.ask, NULL, probe))
        return;
    struct expectation e = {
        .on = probe_on(probe->kind), .what = probe_what(probe->kind), .has_no_baseline = true};
    deed_expect(r, n.expect, probe, node->at, &e);
    probe->expect = e.items;
    probe->expect_count = e.count;
    s->ready = probe;
}

static void read_dir(struct reader *r, const struct node *node, struct service *s)
{
    const char *dir = NULL;

    r->key = "dir";
    if (!shape_line.take(r, node, &dir))
        return;
    s->dir = *dir == '/' ? dir : reader_printf(r, "%s/%s", r->scenario->dir, dir);
}

static void read_env(struct reader *r, const struct node *node, struct service *s)
{
    struct pairs pairs = {0};

    if (!env_read(r, node, &pairs))
        return;
    s->env = pairs.items;
    s->env_count = pairs.count;
}

static void read_run(struct reader *r, const struct node *value, const struct service_nodes *n,
                     struct service *s)
{
    r->key = "join";
    if (n->join)
        (void)shape_bool.take(r, n->join, &s->join);
    r->key = NULL;
    if (!s->join && !n->run)
        reader_error(r, value, "run is missing in a service: program and arguments, a list (or join: true)");
    if (s->join && n->run)
        reader_error(r, n->run, "join: true takes in a process started elsewhere: run starts one; choose");
    r->key = "run";
    if (n->run && !s->join)
        (void)shape_argv.take(r, n->run, &s->argv);
}

/* What only the one who starts a process can do. */
static void check_join(struct reader *r, const struct service_nodes *n, const struct service *s)
{
    const struct node *idle[] = {n->dir, n->env, n->stop, n->uring};
    static const char *const names[] = {"dir", "env", "stop", "io_uring"};

    r->key = NULL;
    for (size_t i = 0; s->join && i < sizeof(idle) / sizeof(*idle); i++)
        if (idle[i])
            reader_error(r, idle[i], "%s has no effect on a process started elsewhere (join: true)",
                         names[i]);
}

static void read_parts(struct reader *r, const struct node *value, const struct service_nodes *n,
                       struct service *s)
{
    read_run(r, value, n, s);
    check_join(r, n, s);
    if (n->ready)
        read_ready(r, n->ready, s);
    if (n->dir)
        read_dir(r, n->dir, s);
    if (n->env)
        read_env(r, n->env, s);
    r->key = "inject";
    if (n->inject)
        (void)take_inject(r, n->inject, &s->inject);
    if (n->inject && s->join && s->inject == INJECT_SECCOMP)
        reader_error(r, n->inject,
                     "a process started elsewhere (join: true) cannot be entered by seccomp, which "
                     "only the one who starts it can arrange");
    r->key = "io_uring";
    if (n->uring)
        (void)take_uring(r, n->uring, &s->allows_uring);
    r->key = "stop";
    if (n->stop)
        (void)fields_read(r, n->stop, "stop", stop_fields, s);
    r->key = NULL;
}

static void read_service(struct reader *r, const struct node *key, const struct node *value)
{
    struct scenario *scenario = r->scenario;
    struct service_nodes n = {0};
    struct service *s = reader_push(r, &scenario->services, &scenario->services_count, sizeof(*s));

    if (!s)
        return;
    *s = (struct service){
        .name = key->text,
        .dir = scenario->dir,
        .ready_within_ns = READY_WITHIN_NS,
        .stop_signal = SIGTERM,
        .stop_within_ns = STOP_WITHIN_NS,
        .at = key->at,
    };
    if (fields_read(r, value, "a service", fields, &n))
        read_parts(r, value, &n, s);
}

void services_read(struct reader *r, const struct node *node)
{
    named_each(r, node, SERVICE_MAX, read_service);
}

const struct shape shape_service = {
    .name = "service", .wanted = "a service", .kind = SHAPE_MAP, .fields = fields};
