/* Reading by table.  Floor 2. */
#include <string.h>

#include "chaosctl/scenario/field.h"

#define FIELD_MAX 48

static const struct field *find(const struct field *fields, const char *name)
{
    for (; fields->name; fields++)
        if (!strcmp(fields->name, name))
            return fields;
    return NULL;
}

static void unknown_key(struct reader *r, const struct node *key, const char *what,
                        const struct field *fields)
{
    const char *names[FIELD_MAX], *outer = r->key;
    size_t n = 0;

    for (; fields->name && n < FIELD_MAX; fields++)
        if (!(fields->flags & FIELD_LATER))
            names[n++] = fields->name;
    r->key = NULL;
    reader_error(r, key, "unknown key \"%s\" in %s%s", key->text, what, reader_hint(r, key->text, names, n));
    r->key = outer;
}

static void read_field(struct reader *r, const struct node *value, const struct field *field, void *into)
{
    void *place = (char *)into + field->offset;
    const char *outer = r->key;

    if (field->flags & FIELD_NODE) {
        *(const struct node **)place = value;
        return;
    }
    r->key = field->name;
    (void)field->shape->take(r, value, place);
    r->key = outer;
}

static void read_pair(struct reader *r, const struct node_pair *pair, const char *what,
                      const struct field *fields, void *into)
{
    const struct field *f = find(fields, pair->key->text);

    if (!f)
        unknown_key(r, pair->key, what, fields);
    else if (f->flags & FIELD_LATER)
        reader_error_at(r, pair->key->at, "\"%s\" in %s is not in this version yet", f->name, what);
    else
        read_field(r, pair->value, f, into);
}

static void miss(struct reader *r, const struct node *node, const char *what, const struct field *fields)
{
    for (; fields->name; fields++)
        if ((fields->flags & FIELD_REQUIRED) && !node_get(node, fields->name))
            reader_error_at(r, node->at, "%s is missing in %s: %s", fields->name, what, fields->doc);
}

bool fields_read(struct reader *r, const struct node *node, const char *what, const struct field *fields,
                 void *into)
{
    if (node->kind != NODE_MAP) {
        const char *wanted = reader_printf(r, "a map (%s)", what);
        return reader_wrong(r, node, wanted ? wanted : "a map");
    }
    for (size_t i = 0; i < node->count && !r->failed; i++)
        read_pair(r, &node->pairs[i], what, fields, into);
    miss(r, node, what, fields);
    return true;
}

bool list_each(struct reader *r, const struct node *node, const char *wanted, bool single, item_fn *fn,
               void *arg)
{
    if (node->kind != NODE_LIST && (!single || node_is_null(node)))
        return reader_wrong(r, node, wanted);
    if (node->kind != NODE_LIST)
        fn(r, node, arg);
    for (size_t i = 0; node->kind == NODE_LIST && i < node->count && !r->failed; i++)
        fn(r, node->items[i], arg);
    return true;
}
