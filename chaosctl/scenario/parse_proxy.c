/* `proxies:`.  Floor 2. */
#include <string.h>

#include "chaosctl/scenario/parse.h"

struct proxy_nodes {
    const struct node *listen, *upstream;
};

static const struct field fields[] = {
    {"listen", &shape_line, offsetof(struct proxy_nodes, listen), FIELD_NODE | FIELD_REQUIRED,
     "HOST:PORT where the run listens while its services run"},
    {"upstream", &shape_line, offsetof(struct proxy_nodes, upstream), FIELD_NODE | FIELD_REQUIRED,
     "HOST:PORT that it connects each client to"},
    {0},
};

static const char *read_address(struct reader *r, const struct node *node, const char *key)
{
    const char *host = "";
    uint16_t port = 0;

    r->key = key;
    if (!node || !endpoint_read(r, node, &host, &port))
        return NULL;
    return reader_printf(r, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port);
}

static bool is_free(struct reader *r, const struct node *key)
{
    if (r->scenario->dependencies_count == DEPENDENCY_MAX)
        reader_error(r, key, "more than %d dependencies and proxies in all", DEPENDENCY_MAX);
    else if (name_find(r->scenario, CATALOG_DEPENDENCY, key->text) >= 0)
        reader_error(r, key, "\"%s\" is a dependency already; as targets both need names of their own",
                     key->text);
    else
        return true;
    return false;
}

static void read_proxy(struct reader *r, const struct node *key, const struct node *value)
{
    struct scenario *s = r->scenario;
    struct proxy_nodes nodes = {0};
    struct dependency *d =
        is_free(r, key) ? reader_push(r, &s->dependencies, &s->dependencies_count, sizeof(*d)) : NULL;

    if (!d)
        return;
    *d = (struct dependency){.name = key->text, .text = "", .at = key->at};
    if (!fields_read(r, value, "a proxy", fields, &nodes))
        return;
    d->listen = read_address(r, nodes.listen, "listen");
    d->upstream = read_address(r, nodes.upstream, "upstream");
    d->text =
        reader_printf(r, "proxy %s to %s", d->listen ? d->listen : "?", d->upstream ? d->upstream : "?");
}

void proxies_read(struct reader *r, const struct node *node)
{
    named_each(r, node, DEPENDENCY_MAX, read_proxy);
}

const struct shape shape_proxy = {.name = "proxy", .wanted = "a proxy", .kind = SHAPE_MAP, .fields = fields};
