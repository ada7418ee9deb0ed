/* The root: what refers to names comes after what has them, whatever their order in the file.  Floor 2. */
#include <string.h>

#include "chaosctl/base/unit.h"
#include "chaosctl/scenario/parse.h"
#include "chaosctl/scenario/root.h"

struct root_nodes {
    const struct node *version, *name, *seed, *vars, *services, *dependencies, *proxies, *probes, *load,
        *steady_state, *stop_when, *defaults, *experiments;
};

static const struct shape shape_version = {.name = "version", .wanted = "1", .schema = "{\"const\":1}"};
static const struct shape shape_vars = {
    .name = "vars",
    .wanted = "a map of names and values",
    .schema = "{\"type\":\"object\",\"additionalProperties\":{\"anyOf\":[{\"type\":[\"string\",\"number\","
              "\"boolean\"]},"
              "{\"type\":\"object\",\"required\":[\"secret\"],\"additionalProperties\":false,\"properties\":{"
              "\"secret\":"
              "{\"type\":\"string\",\"pattern\":\"^env\\\\.\"}}}]}}",
};
static const struct shape shape_services = {
    .name = "services", .wanted = "a map", .kind = SHAPE_NAMED, .of = {&shape_service}};
static const struct shape shape_dependencies = {
    .name = "dependencies", .wanted = "a map", .kind = SHAPE_NAMED, .of = {&shape_dependency}};
static const struct shape shape_proxies = {
    .name = "proxies", .wanted = "a map", .kind = SHAPE_NAMED, .of = {&shape_proxy}};
static const struct shape shape_probes = {
    .name = "probes", .wanted = "a map", .kind = SHAPE_NAMED, .of = {&shape_probe}};
static const struct shape shape_loads = {
    .name = "loads", .wanted = "a map", .kind = SHAPE_NAMED, .of = {&shape_load}};
static const struct shape shape_experiments = {
    .name = "experiments", .wanted = "a list", .kind = SHAPE_LIST, .of = {&shape_experiment}};

#define AT(member) offsetof(struct root_nodes, member)

static const struct field fields[] = {
    {"version", &shape_version, AT(version), FIELD_NODE | FIELD_REQUIRED, "of this format: version: 1"},
    {"name", &shape_line, AT(name), FIELD_NODE, "what reports call it; the file's name unless given"},
    {"seed", &shape_count, AT(seed), FIELD_NODE, "every random decision follows from it; 1 unless given"},
    {"vars", &shape_vars, AT(vars), FIELD_NODE,
     "for ${name}; {secret: env.NAME} is masked wherever it would be shown"},
    {"services", &shape_services, AT(services), FIELD_NODE, "processes that the run starts, in order"},
    {"dependencies", &shape_dependencies, AT(dependencies), FIELD_NODE,
     "what services call: a name for an address"},
    {"proxies", &shape_proxies, AT(proxies), FIELD_NODE,
     "what the run itself stands before, for services that it cannot enter: targets, too"},
    {"probes", &shape_probes, AT(probes), FIELD_NODE, "how to ask"},
    {"load", &shape_loads, AT(load), FIELD_NODE, "requests at a steady rate"},
    {"steady_state", &shape_checks, AT(steady_state), FIELD_NODE,
     "must hold before the fault, and again in recovery"},
    {"stop_when", &shape_checks, AT(stop_when), FIELD_NODE, "when one of these holds: lift, clean up, stop"},
    {"defaults", &shape_defaults, AT(defaults), FIELD_NODE, "timing of all experiments"},
    {"experiments", &shape_experiments, AT(experiments), FIELD_NODE | FIELD_REQUIRED,
     "what is tried: a list, at least one"},
    {0},
};

const struct shape shape_root = {
    .name = "scenario", .wanted = "a scenario", .kind = SHAPE_MAP, .fields = fields};

/* False when it is another version's: its errors would mean nothing. */
static bool version_is_ours(struct reader *r, const struct node *node)
{
    uint64_t version = 0;

    if (!node)
        return true;
    if (node->kind == NODE_SCALAR && !unit_parse_count(node->text, &version) && version == 1)
        return true;
    r->key = "version";
    reader_error(r, node, "this chaosctl reads version 1");
    r->key = NULL;
    return version == 0;
}

static void read_head(struct reader *r, const struct root_nodes *n)
{
    r->key = "name";
    if (n->name)
        (void)shape_line.take(r, n->name, &r->scenario->name);
    r->key = "seed";
    if (n->seed)
        (void)shape_count.take(r, n->seed, &r->scenario->seed);
    r->key = NULL;
}

static void read_states(struct reader *r, const struct root_nodes *n)
{
    struct scenario *s = r->scenario;
    struct checks steady = {0}, stop = {0};

    checks_read(r, n->steady_state, IN_STEADY_STATE, &steady);
    checks_read(r, n->stop_when, IN_STOP_WHEN, &stop);
    s->steady = steady.items;
    s->steady_count = steady.count;
    s->stop_when = stop.items;
    s->stop_when_count = stop.count;
}

void root_read(struct reader *r, const struct node *root)
{
    struct root_nodes n = {0};
    struct defaults defaults;
    struct scope vars;

    if (!fields_read(r, root, "a scenario", fields, &n) || !version_is_ours(r, n.version))
        return;
    vars_read(r, n.vars, &vars);
    r->scope = &vars;
    read_head(r, &n);
    dependencies_read(r, n.dependencies);
    proxies_read(r, n.proxies);
    probes_read(r, n.probes);
    services_read(r, n.services);
    loads_read(r, n.load);
    read_states(r, &n);
    defaults_read(r, n.defaults, &defaults);
    defaults.has_steady_state = node_says_something(n.steady_state);
    r->scenario->lease_ns = defaults.lease_ns;
    if (n.experiments)
        experiments_read(r, n.experiments, &defaults);
    r->scope = NULL;
}
