/* `dependencies:`.  Floor 2. */
#include <string.h>

#include "chaosctl/scenario/parse.h"

struct dependency_nodes {
    const struct node *tcp, *udp, *path;
    const char *protocol;
};

static const struct field fields[] = {
    {"tcp", &shape_line, offsetof(struct dependency_nodes, tcp), FIELD_NODE,
     "HOST:PORT; HOST is a name, an address, a network (10.0.0.0/8) or a /pattern/; * is any port"},
    {"udp", &shape_line, offsetof(struct dependency_nodes, udp), FIELD_NODE, "HOST:PORT, as for tcp"},
    {"unix", &shape_line, offsetof(struct dependency_nodes, path), FIELD_NODE,
     "the path that programs connect to, from the scenario's folder; @ first for an abstract one"},
    {"protocol", &shape_line, offsetof(struct dependency_nodes, protocol), 0,
     "what is spoken: http, redis, postgresql..."},
    {0},
};

static size_t targets_in_use(const struct scenario *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->dependencies_count; i++)
        n += s->dependencies[i].targets_count;
    return n;
}

static void compile(struct reader *r, const struct node *node, const char *kind, size_t bit,
                    struct dependency *d)
{
    struct targets targets = {0};
    const char *text = NULL;
    bool plain;

    r->key = kind;
    if (!reader_text(r, node, "an address", &text, &plain))
        return;
    d->text = reader_printf(r, "%s %s", kind, text);
    if (!target_parse(r, node, kind, text, (uint8_t)bit, &targets))
        return;
    if (targets_in_use(r->scenario) + targets.count > TARGET_MAX)
        reader_error(r, node, "more than %d addresses in all", TARGET_MAX);
    d->targets = targets.items;
    d->targets_count = targets.count;
}

static void read_dependency(struct reader *r, const struct node *key, const struct node *value)
{
    struct scenario *s = r->scenario;
    struct dependency_nodes nodes = {0};
    size_t bit = s->dependencies_count;
    struct dependency *d = reader_push(r, &s->dependencies, &s->dependencies_count, sizeof(*d));

    if (!d)
        return;
    *d = (struct dependency){.name = key->text, .text = "", .at = key->at};
    if (!fields_read(r, value, "a dependency", fields, &nodes))
        return;
    d->protocol = nodes.protocol;
    if (!!nodes.tcp + !!nodes.udp + !!nodes.path != 1)
        reader_error(r, value, "a dependency is exactly one of tcp, udp and unix: {tcp: \"127.0.0.1:6379\"}");
    else if (nodes.tcp)
        compile(r, nodes.tcp, "tcp", bit, d);
    else if (nodes.udp)
        compile(r, nodes.udp, "udp", bit, d);
    else
        compile(r, nodes.path, "unix", bit, d);
}

void dependencies_read(struct reader *r, const struct node *node)
{
    named_each(r, node, DEPENDENCY_MAX, read_dependency);
}

const struct shape shape_dependency = {
    .name = "dependency", .wanted = "a dependency", .kind = SHAPE_MAP, .fields = fields};
