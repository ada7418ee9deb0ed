/* Names of services, dependencies, probes and loads.  Floor 2. */
#include <string.h>

#include "chaosctl/scenario/parse.h"

#define NAME_LENGTH_MAX 64

struct catalog_row {
    const char *what, *key;
};

static const struct catalog_row rows[] = {
    [CATALOG_SERVICE] = {"service", "services"},
    [CATALOG_DEPENDENCY] = {"target", "dependencies"},
    [CATALOG_PROBE] = {"probe", "probes"},
    [CATALOG_LOAD] = {"load", "load"},
};

static size_t count_of(const struct scenario *s, enum catalog catalog)
{
    switch (catalog) {
    case CATALOG_SERVICE: return s->services_count;
    case CATALOG_DEPENDENCY: return s->dependencies_count;
    case CATALOG_PROBE: return s->probes_count;
    case CATALOG_LOAD: return s->loads_count;
    }
    return 0;
}

static const char *name_of(const struct scenario *s, enum catalog catalog, size_t i)
{
    switch (catalog) {
    case CATALOG_SERVICE: return s->services[i].name;
    case CATALOG_DEPENDENCY: return s->dependencies[i].name;
    case CATALOG_PROBE: return s->probes[i].name;
    case CATALOG_LOAD: return s->loads[i].name;
    }
    return "";
}

int name_find(const struct scenario *scenario, enum catalog catalog, const char *name)
{
    size_t count = count_of(scenario, catalog);

    for (size_t i = 0; i < count; i++)
        if (!strcmp(name_of(scenario, catalog, i), name))
            return (int)i;
    return -1;
}

static void unknown(struct reader *r, const struct node *node, enum catalog catalog, const char *written)
{
    size_t count = count_of(r->scenario, catalog);
    const char **names = reader_take(r, (count + 1) * sizeof(*names));

    for (size_t i = 0; names && i < count; i++)
        names[i] = name_of(r->scenario, catalog, i);
    if (!count)
        reader_error(r, node, "unknown %s \"%s\": the scenario has none; they stand under %s",
                     rows[catalog].what, written, rows[catalog].key);
    else if (names)
        reader_error(r, node, "unknown %s \"%s\"%s", rows[catalog].what, written,
                     reader_hint(r, written, names, count));
}

int name_resolve(struct reader *r, const struct node *node, enum catalog catalog)
{
    const char *wanted = reader_printf(r, "the name of a %s", rows[catalog].what), *text = NULL;
    bool plain;

    if (!wanted || !reader_text(r, node, wanted, &text, &plain))
        return -1;
    int i = name_find(r->scenario, catalog, text);
    if (i < 0)
        unknown(r, node, catalog, text);
    return i;
}

static bool take(struct reader *r, const struct node *node, enum catalog catalog, void *ret_value)
{
    int i = name_resolve(r, node, catalog);

    if (i >= 0)
        *(int *)ret_value = i;
    return i >= 0;
}

static bool take_service(struct reader *r, const struct node *node, void *ret_value)
{
    return take(r, node, CATALOG_SERVICE, ret_value);
}

static bool take_probe(struct reader *r, const struct node *node, void *ret_value)
{
    return take(r, node, CATALOG_PROBE, ret_value);
}

static bool take_load(struct reader *r, const struct node *node, void *ret_value)
{
    return take(r, node, CATALOG_LOAD, ret_value);
}

static void add_target(struct reader *r, const struct node *item, void *arg)
{
    int i = name_resolve(r, item, CATALOG_DEPENDENCY);

    if (i >= 0)
        *(uint32_t *)arg |= 1u << i;
}

static bool take_targets(struct reader *r, const struct node *node, void *ret_value)
{
    if (node->kind == NODE_LIST && !node->count) {
        reader_error(r, node, "an empty list names no target");
        return false;
    }
    return list_each(r, node, shape_targets.wanted, true, add_target, ret_value);
}

bool name_check(struct reader *r, const struct node *key)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    const char *name = key->text;
    size_t len = strlen(name);
    bool good = *name && strchr(letters, *name);

    good = good && !name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789.-")];
    if (!good || len > NAME_LENGTH_MAX)
        reader_error(r, key,
                     "\"%s\" is no name: up to %d letters, digits, _ . and -, beginning with a letter", name,
                     NAME_LENGTH_MAX);
    return good && len <= NAME_LENGTH_MAX;
}

void named_each(struct reader *r, const struct node *node, size_t max, named_fn *fn)
{
    const char *outer = r->key;

    if (!node || node_is_null(node))
        return;
    if (node->kind != NODE_MAP) {
        (void)reader_wrong(r, node, "a map from names to what they mean");
        return;
    }
    if (node->count > max) {
        reader_error(r, node, "more than %zu of them", max);
        return;
    }
    for (size_t i = 0; i < node->count && !r->failed; i++) {
        r->key = NULL;
        (void)name_check(r, node->pairs[i].key);
        fn(r, node->pairs[i].key, node->pairs[i].value);
    }
    r->key = outer;
}

#define NAME_SCHEMA "{\"type\":\"string\",\"minLength\":1}"
const struct shape shape_service_name = {
    .name = "service-name", .wanted = "the name of a service", .schema = NAME_SCHEMA, .take = take_service};
const struct shape shape_probe_name = {
    .name = "probe-name", .wanted = "the name of a probe", .schema = NAME_SCHEMA, .take = take_probe};
const struct shape shape_load_name = {
    .name = "load-name", .wanted = "the name of a load", .schema = NAME_SCHEMA, .take = take_load};
const struct shape shape_targets = {
    .name = "targets",
    .wanted = "the name of a dependency, or a list of names",
    .schema =
        "{\"anyOf\":[{\"type\":\"string\",\"minLength\":1},{\"type\":\"array\",\"minItems\":1,\"items\":"
        "{\"type\":\"string\",\"minLength\":1}}]}",
    .take = take_targets,
};
