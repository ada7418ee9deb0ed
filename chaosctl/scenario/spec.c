/* SPECs of the command line into the same nodes that YAML gives.  Floor 2. */
#include <errno.h>
#include <string.h>

#include "chaosctl/scenario/parse.h"
#include "chaosctl/scenario/utf8.h"

struct text {
    const char *spec;
    const char *p; /* what is left of it */
    struct reader *r;
};

static struct position place(const struct text *t, const char *p)
{
    return (struct position){1, (int)utf8_length(t->spec, (size_t)(p - t->spec)) + 1};
}

static struct node *new_node(struct text *t, enum node_kind kind, struct position at)
{
    struct node *n = reader_take(t->r, sizeof(*n));

    if (n)
        *n = (struct node){.kind = kind, .at = at, .size = 1, .height = 1};
    return n;
}

static struct node *new_scalar(struct text *t, struct position at, const char *from, size_t len, char style)
{
    struct node *n = new_node(t, NODE_SCALAR, at);

    if (n) {
        n->text = reader_copy(t->r, from, len);
        n->style = style;
    }
    return n && n->text ? n : NULL;
}

static bool fail(struct text *t, const char *at, const char *why)
{
    reader_error_at(t->r, place(t, at), "%s", why);
    return false;
}

static bool add_pair(struct text *t, struct node *map, struct node *key, struct node *value)
{
    struct node_pair *pair = key && value ? reader_push(t->r, &map->pairs, &map->count, sizeof(*pair)) : NULL;

    if (pair)
        *pair = (struct node_pair){key, value};
    return pair != NULL;
}

/* A value up to the comma, or between quotes; nothing is escaped within them. */
static bool read_value(struct text *t, struct node **ret_value)
{
    const char *from = t->p;

    if (*from != '\'' && *from != '"') {
        size_t len = strcspn(from, ",");
        t->p += len;
        *ret_value = new_scalar(t, place(t, from), from, len, 0);
        return *ret_value != NULL;
    }
    const char *end = strchr(from + 1, *from);
    if (!end || (end[1] && end[1] != ','))
        return fail(t, from,
                    end ? "a comma or the end is wanted behind the closing quote"
                        : "a quote without its end");
    t->p = end + 1;
    *ret_value = new_scalar(t, place(t, from), from + 1, (size_t)(end - from - 1), *from);
    return *ret_value != NULL;
}

static bool read_pair(struct text *t, struct node *map)
{
    const char *from = t->p;
    size_t len = strcspn(from, "=,");
    struct node *value = NULL;

    if (from[len] != '=' || !len)
        return fail(t, from, "key=value is wanted here, as in refuse:target=127.0.0.1:6379,probability=50%");
    struct node *key = new_scalar(t, place(t, from), from, len, 0);
    if (key && node_get(map, key->text))
        return fail(t, from, "this key is here twice");
    t->p += len + 1;
    return read_value(t, &value) && add_pair(t, map, key, value);
}

static bool read_pairs(struct text *t, struct node *map)
{
    while (*t->p) {
        if (!read_pair(t, map))
            return false;
        if (*t->p == ',' && !*++t->p)
            return fail(t, t->p, "key=value is wanted behind the comma");
    }
    return true;
}

static struct node *read_spec(struct text *t)
{
    struct node *root = new_node(t, NODE_MAP, place(t, t->p)), *map = new_node(t, NODE_MAP, place(t, t->p));
    size_t len = strcspn(t->p, ":");
    struct node *kind = new_scalar(t, place(t, t->p), t->p, len, 0);

    if (!len) {
        (void)fail(t, t->p, "the kind of fault is missing: kind:key=value,...");
        return NULL;
    }
    if (!root || !map || !kind || !add_pair(t, root, kind, map))
        return NULL;
    t->p += len + (t->p[len] == ':');
    return read_pairs(t, map) ? root : NULL;
}

/* --- targets: names or addresses --- */

static const struct {
    const char *prefix, *kind;
} schemes[] = {{"tcp:", "tcp"}, {"udp:", "udp"}, {"unix:", "unix"}};

static bool is_pattern(const char *text)
{
    return *text == '/' && strstr(text + 1, "/:");
}

static bool looks_like_address(const char *text)
{
    return strpbrk(text, ":./@*[") || !strcasecmp(text, "localhost");
}

/* "unix" and "/run/x.sock"; "tcp" and "10.0.0.1:*". */
static const char *address_of(struct reader *r, const char *text, const char **ret_kind)
{
    *ret_kind = (*text == '/' && !is_pattern(text)) || *text == '@' ? "unix" : "tcp";
    for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++) {
        size_t len = strlen(schemes[i].prefix);
        if (strncmp(text, schemes[i].prefix, len))
            continue;
        *ret_kind = schemes[i].kind;
        text += len;
        break;
    }
    bool has_port = strcmp(*ret_kind, "unix") == 0 || (strchr(text, ':') && text[strlen(text) - 1] != ']');
    return has_port ? text : reader_printf(r, "%s:*", text);
}

static bool add_dependency(struct reader *r, const struct node *node)
{
    struct scenario *s = r->scenario;
    struct targets targets = {0};
    const char *kind, *address = address_of(r, node->text, &kind);
    size_t in_use = 0;

    for (size_t i = 0; i < s->dependencies_count; i++)
        in_use += s->dependencies[i].targets_count;
    if (!address || !target_parse(r, node, kind, address, (uint8_t)s->dependencies_count, &targets))
        return false;
    if (s->dependencies_count >= DEPENDENCY_MAX || in_use + targets.count > TARGET_MAX) {
        reader_error(r, node, "more targets than there is room for");
        return false;
    }
    struct dependency *d = reader_push(r, &s->dependencies, &s->dependencies_count, sizeof(*d));
    if (!d)
        return false;
    *d = (struct dependency){.name = node->text,
                             .targets = targets.items,
                             .targets_count = targets.count,
                             .text = reader_printf(r, "%s %s", kind, address),
                             .at = node->at};
    return d->text != NULL;
}

static bool add_target(struct text *t, struct node *list, const char *from, size_t len, size_t offset)
{
    struct position at = {list->at.line, list->at.column + (int)offset};
    struct node *item = new_scalar(t, at, from, len, 0);
    struct node **place_of = item ? reader_push(t->r, &list->items, &list->count, sizeof(*place_of)) : NULL;

    if (!place_of)
        return false;
    *place_of = item;
    if (name_find(t->r->scenario, CATALOG_DEPENDENCY, item->text) >= 0 || !looks_like_address(item->text))
        return true;
    return add_dependency(t->r, item);
}

/* The target's value, cut at each + outside of a pattern. */
static struct node *split(struct text *t, const struct node *value)
{
    struct node *list = new_node(t, NODE_LIST, value->at);
    size_t len;

    for (const char *from = list ? value->text : NULL; from; from = from[len] ? from + len + 1 : NULL) {
        const char *end = is_pattern(from) ? strstr(from + 1, "/:") : from;
        len = (size_t)(end - from) + strcspn(end, "+");
        if (!add_target(t, list, from, len, utf8_length(value->text, (size_t)(from - value->text))))
            return NULL;
    }
    return list;
}

static bool split_targets(struct text *t, struct node *map)
{
    for (size_t i = 0; i < map->count; i++) {
        struct node_pair *pair = &map->pairs[i];
        if (strcmp(pair->key->text, "target"))
            continue;
        pair->value = split(t, pair->value);
        if (!pair->value)
            return false;
    }
    return true;
}

int scenario_add_fault(struct scenario *scenario, const char *spec, struct diag *diag,
                       struct fault *ret_fault)
{
    struct reader r = reader_of(scenario, diag);
    struct text t = {spec, spec, &r};
    size_t before = diag_count(diag), dependencies = scenario->dependencies_count;
    struct fault fault;
    bool good = false;

    if (!utf8_is_valid(spec))
        (void)fail(&t, spec, "not UTF-8");
    else {
        struct node *root = read_spec(&t);
        good = root && split_targets(&t, root->pairs[0].value) && fault_read(&r, root, &fault);
    }
    good = good && diag_count(diag) == before && !r.failed;
    if (good)
        *ret_fault = fault;
    else
        scenario->dependencies_count = dependencies;
    return good ? 0 : r.failed ? -ENOMEM : -EINVAL;
}
