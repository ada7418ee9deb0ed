/* `metric:` of a check: a page, and the series on it.  Floor 2. */
#include <string.h>

#include "chaosctl/scenario/parse.h"

struct metric_nodes {
    struct probe_nodes ask;
    const struct node *name, *labels;
};

static const struct field fields[] = {
    {"http", &shape_http, offsetof(struct metric_nodes, ask.http), FIELD_NODE | FIELD_REQUIRED,
     "the page, as in a probe: often just its URL"},
    {"timeout", &shape_time, offsetof(struct metric_nodes, ask.timeout), FIELD_NODE,
     "a page that takes longer is none; 5s unless given"},
    {"name", &shape_line, offsetof(struct metric_nodes, name), FIELD_NODE | FIELD_REQUIRED,
     "the metric's name, such as orders_total"},
    {"labels", &shape_pairs, offsetof(struct metric_nodes, labels), FIELD_NODE,
     "labels that its series must have, among others; those that fit are added up"},
    {0},
};

const struct shape shape_metric = {
    .name = "metric", .wanted = "a map: {http: URL, name: NAME}", .kind = SHAPE_MAP, .fields = fields};

/* Prometheus' data model: letters, digits and _, no digit first; of a metric's name also `:`. */
static bool is_name(const char *name, const char *also)
{
    static const char characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

    if (!*name || (*name >= '0' && *name <= '9'))
        return false;
    for (; *name; name++)
        if (!strchr(characters, *name) && !strchr(also, *name))
            return false;
    return true;
}

static bool read_name(struct reader *r, const struct node *node, struct check *c)
{
    r->key = "name";
    bool good = shape_line.take(r, node, &c->metric);
    if (good && !is_name(c->metric, ":")) {
        reader_error(r, node, "\"%s\" is no metric's name%s", c->metric,
                     strchr(c->metric, '{') ? "; labels stand under labels: {outcome: ok}"
                                            : ": letters, digits, _ and :");
        good = false;
    }
    r->key = NULL;
    return good;
}

static bool read_labels(struct reader *r, const struct node *node, struct check *c)
{
    struct pairs pairs = {0};
    bool good = true;

    r->key = "labels";
    if (node)
        good = shape_pairs.take(r, node, &pairs);
    for (size_t i = 0; node && node->kind == NODE_MAP && i < node->count; i++)
        if (!is_name(node->pairs[i].key->text, "")) {
            reader_error(r, node->pairs[i].key, "\"%s\" is no label's name: letters, digits and _",
                         node->pairs[i].key->text);
            good = false;
        }
    c->labels = pairs.items;
    c->labels_count = pairs.count;
    r->key = NULL;
    return good;
}

static void describe(struct reader *r, struct check *c)
{
    const char *text = c->metric;

    for (size_t i = 0; text && i < c->labels_count; i++)
        text = reader_printf(r, "%s%s%s=\"%s\"", text, i ? "," : "{", c->labels[i].name, c->labels[i].value);
    c->series = text && c->labels_count ? reader_printf(r, "%s}", text) : text;
    c->text = c->series ? reader_printf(r, "metric %s", c->series) : NULL;
}

bool metric_read_subject(struct reader *r, const struct node *node, struct check *c)
{
    struct metric_nodes n = {0};
    struct probe *page = reader_take(r, sizeof(*page));

    if (!page || !fields_read(r, node, "metric", fields, &n) || !n.ask.http || !n.name)
        return false;
    bool good = probe_read(r, node, &n.ask, NULL, page);
    if (good)
        each_refuse(r, node->at, page);
    good = read_name(r, n.name, c) && good;
    good = read_labels(r, n.labels, c) && good;
    if (!good)
        return false;
    c->probe = page;
    describe(r, c);
    return c->text != NULL;
}
