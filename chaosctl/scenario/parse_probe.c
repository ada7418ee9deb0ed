/* Probes: named ones, and those written in place.  Floor 2. */
#include <string.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/scenario/parse.h"

#define TIMEOUT_NS (5 * NS_PER_S)

struct named_probe {
    struct probe_nodes ask;
    const struct node *expect;
};

static const struct field fields[] = {
    PROBE_FIELDS(struct named_probe, ask),
    {"expect", &shape_expect, offsetof(struct named_probe, expect), FIELD_NODE,
     "what every answer must be like, beside what a check expects; load counts the others as errors"},
    {0},
};

uint32_t probe_on(enum probe_kind kind)
{
    static const uint32_t on[] = {
        [PROBE_HTTP] = ON_PROBE_HTTP, [PROBE_TCP] = ON_PROBE_TCP, [PROBE_EXEC] = ON_PROBE_EXEC};

    return on[kind];
}

const char *probe_what(enum probe_kind kind)
{
    static const char *const what[] = {
        [PROBE_HTTP] = "an http probe", [PROBE_TCP] = "a tcp probe", [PROBE_EXEC] = "an exec probe"};

    return what[kind];
}

bool probe_is_given(const struct probe_nodes *n)
{
    return n->http || n->tcp || n->exec;
}

/* HOST:PORT of something to connect to: one port, no pattern. */
bool endpoint_read(struct reader *r, const struct node *node, const char **ret_host, uint16_t *ret_port)
{
    const char *text = NULL;
    uint64_t port = 0;
    bool plain;

    if (!reader_text(r, node, "HOST:PORT", &text, &plain))
        return false;
    const char *colon = strrchr(text, ':');
    bool brackets = *text == '[' && colon && colon > text + 2 && colon[-1] == ']';
    size_t skip = brackets ? 1 : 0;
    const char *host = colon ? reader_copy(r, text + skip, (size_t)(colon - text) - 2 * skip) : NULL;
    bool good = host && *host && (brackets || !strchr(host, ':')) && !strpbrk(host, " /*[]");
    if (!good || unit_parse_count(colon + 1, &port) || !port || port > 65535) {
        reader_error(r, node, "\"%s\" is not HOST:PORT, such as 127.0.0.1:6379 or [::1]:6379", text);
        return false;
    }
    *ret_host = host;
    *ret_port = (uint16_t)port;
    return true;
}

static const char *argv_text(struct reader *r, char *const *argv)
{
    size_t n = 0;

    while (argv[n])
        n++;
    return reader_join(r, (const char *const *)argv, n, " ");
}

static const char *describe(struct reader *r, const struct probe *p)
{
    switch (p->kind) {
    case PROBE_HTTP: return reader_printf(r, "%s %s", p->method, p->url);
    case PROBE_TCP:
        return reader_printf(r, strchr(p->host, ':') ? "connect [%s]:%u" : "connect %s:%u", p->host,
                             (unsigned)p->port);
    case PROBE_EXEC: return argv_text(r, p->argv);
    case PROBE_KIND_COUNT: break;
    }
    return "";
}

bool env_read(struct reader *r, const struct node *node, struct pairs *ret_pairs)
{
    struct pairs pairs = {0};

    r->key = "env";
    if (!shape_pairs.take(r, node, &pairs))
        return false;
    for (size_t i = 0; i < pairs.count; i++)
        if (!*pairs.items[i].name || strchr(pairs.items[i].name, '='))
            reader_error(r, node, "\"%s\" is no name of a variable", pairs.items[i].name);
    *ret_pairs = pairs;
    return true;
}

static bool read_exec(struct reader *r, const struct probe_nodes *n, struct probe *p)
{
    struct pairs env = {0};

    r->key = "exec";
    p->kind = PROBE_EXEC;
    if (!shape_argv.take(r, n->exec, &p->argv) || (n->env && !env_read(r, n->env, &env)))
        return false;
    p->env = env.items;
    p->env_count = env.count;
    return true;
}

static bool read_kind(struct reader *r, const struct probe_nodes *n, struct probe *p)
{
    r->key = "env";
    if (n->env && !n->exec)
        reader_error(r, n->env, "only a command has variables: exec is wanted beside it");
    if (n->http) {
        r->key = "http";
        return http_read(r, n->http, p);
    }
    if (n->tcp) {
        r->key = "tcp";
        p->kind = PROBE_TCP;
        return endpoint_read(r, n->tcp, &p->host, &p->port);
    }
    return read_exec(r, n, p);
}

static void read_timeout(struct reader *r, const struct node *node, struct probe *p)
{
    r->key = "timeout";
    if (node && p->timeout_ns)
        reader_error(r, node, "given twice: here and within http");
    else if (node)
        (void)shape_time.take(r, node, &p->timeout_ns);
    if (!p->timeout_ns)
        p->timeout_ns = TIMEOUT_NS;
}

bool probe_read(struct reader *r, const struct node *node, const struct probe_nodes *n, const char *name,
                struct probe *ret_probe)
{
    const char *outer = r->key;

    ret_probe->name = name ? name : "";
    ret_probe->at = node->at;
    ret_probe->timeout_ns = 0;
    if (!!n->http + !!n->tcp + !!n->exec != 1) {
        r->key = NULL;
        reader_error(r, node, "exactly one of http, tcp and exec is wanted: {http: {get: \"http://...\"}}");
        r->key = outer;
        return false;
    }
    bool good = read_kind(r, n, ret_probe);
    read_timeout(r, n->timeout, ret_probe);
    r->key = outer;
    if (good && !name)
        ret_probe->name = describe(r, ret_probe);
    return good && ret_probe->name;
}

static void read_named(struct reader *r, const struct node *key, const struct node *value)
{
    struct scenario *s = r->scenario;
    struct named_probe n = {0};
    struct probe *p = reader_push(r, &s->probes, &s->probes_count, sizeof(*p));

    if (!p)
        return;
    p->name = key->text;
    if (!fields_read(r, value, "a probe", fields, &n))
        return;
    bool good = probe_read(r, value, &n.ask, key->text, p);
    p->at = key->at;
    if (!good || !n.expect)
        return;
    struct expectation e = {.on = probe_on(p->kind), .what = probe_what(p->kind), .has_no_baseline = true};
    expect_read(r, n.expect, &e);
    p->expect = e.items;
    p->expect_count = e.count;
}

void probes_read(struct reader *r, const struct node *node)
{
    named_each(r, node, SCENARIO_PROBE_MAX, read_named);
}

const struct shape shape_probe = {.name = "probe", .wanted = "a probe", .kind = SHAPE_MAP, .fields = fields};

/* --- `load:` --- */

struct load_nodes {
    int probe;
    double rate;
    uint64_t max_in_flight;
    const struct node *each;
};

static const struct field load_fields[] = {
    {"probe", &shape_probe_name, offsetof(struct load_nodes, probe), FIELD_REQUIRED,
     "the probe that each request is"},
    {"rate", &shape_rate, offsetof(struct load_nodes, rate), FIELD_REQUIRED,
     "requests a second, such as 50/s"},
    {"max_in_flight", &shape_positive, offsetof(struct load_nodes, max_in_flight), 0,
     "requests under way at once; later ones wait, and their latency counts on; 256 unless given"},
    {"each", &shape_each, offsetof(struct load_nodes, each), FIELD_NODE,
     "values that requests take in turn, for ${each.NAME} in the probe"},
    {0},
};

#define IN_FLIGHT     256
#define IN_FLIGHT_MAX 65536

static void read_load(struct reader *r, const struct node *key, const struct node *value)
{
    struct scenario *s = r->scenario;
    struct load_nodes n = {.max_in_flight = IN_FLIGHT};
    struct load *load = reader_push(r, &s->loads, &s->loads_count, sizeof(*load));

    if (!load)
        return;
    load->name = key->text;
    (void)fields_read(r, value, "a load", load_fields, &n);
    if (n.max_in_flight > IN_FLIGHT_MAX)
        reader_error(r, value, "max_in_flight: more than %d", IN_FLIGHT_MAX);
    *load = (struct load){.name = key->text,
                          .probe = (size_t)n.probe,
                          .rate_per_s = n.rate,
                          .max_in_flight = (uint32_t)n.max_in_flight,
                          .at = key->at};
    if (load->probe < s->probes_count)
        each_read(r, n.each, load);
}

void loads_read(struct reader *r, const struct node *node)
{
    named_each(r, node, SCENARIO_LOAD_MAX, read_load);
}

const struct shape shape_load = {
    .name = "load", .wanted = "a load", .kind = SHAPE_MAP, .fields = load_fields};
