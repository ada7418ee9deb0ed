/* JSON Schema (draft 2020-12) from the field tables.  Floor 2. */
#include <jansson.h>
#include <string.h>

#include "chaosctl/scenario/fault_keys.h"
#include "chaosctl/scenario/parse.h"
#include "chaosctl/scenario/root.h"

/* Every shape once, under $defs, referred to by name.  Failure sticks: jansson passes NULL on. */
struct schema {
    json_t *defs;
    bool failed;
};

static json_t *refer(struct schema *s, const struct shape *shape);

static void set(struct schema *s, json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value))
        s->failed = true;
}

static void append(struct schema *s, json_t *array, json_t *value)
{
    if (json_array_append_new(array, value))
        s->failed = true;
}

static json_t *describe(struct schema *s, json_t *schema, const char *doc)
{
    /* What stands beside $ref counts too in this draft. */
    if (*doc)
        set(s, schema, "description", json_string(doc));
    return schema;
}

static json_t *required_of(struct schema *s, const struct field *fields)
{
    json_t *required = json_array();

    for (; fields->name; fields++)
        if (fields->flags & FIELD_REQUIRED)
            append(s, required, json_string(fields->name));
    return required;
}

static json_t *map_schema(struct schema *s, const struct field *fields)
{
    json_t *properties = json_object(), *required = required_of(s, fields);

    for (; fields->name; fields++)
        if (!(fields->flags & FIELD_LATER))
            set(s, properties, fields->name, describe(s, refer(s, fields->shape), fields->doc));
    return json_pack("{s:s,s:b,s:o,s:o}", "type", "object", "additionalProperties", 0, "properties",
                     properties, "required", required);
}

static json_t *choice_schema(struct schema *s, const struct shape *shape)
{
    json_t *alternatives = json_array();

    for (size_t i = 0; i < SHAPE_CHOICES && shape->of[i]; i++)
        append(s, alternatives, refer(s, shape->of[i]));
    return json_pack("{s:o}", "anyOf", alternatives);
}

static json_t *fault_schema(struct schema *s)
{
    json_t *properties = json_object();

    for (int i = 0; i < FAULT_COUNT; i++) {
        enum fault_kind kind = (enum fault_kind)i;
        struct field fields[FAULT_FIELD_MAX];
        fault_fields_of(kind, fields);
        json_t *keys = map_schema(s, fields);
        if (!json_array_size(json_object_get(keys, "required")))
            set(s, keys, "type", json_pack("[s,s]", "object", "null"));
        set(s, properties, fault_name(kind), describe(s, keys, fault_summary(kind)));
    }
    return json_pack("{s:s,s:b,s:i,s:i,s:o}", "type", "object", "additionalProperties", 0, "minProperties", 1,
                     "maxProperties", 1, "properties", properties);
}

static json_t *expectation_schema(enum metric_unit unit)
{
    if (unit == UNIT_JSON || unit == UNIT_HEADER)
        return json_pack("{s:s,s:i}", "type", "object", "minProperties", 1);
    return json_pack("{s:[s,s,s,s]}", "type", "string", "number", "boolean", "array");
}

static json_t *expect_schema(struct schema *s)
{
    json_t *properties = json_object();

    for (int i = 0; i < METRIC_COUNT; i++) {
        const struct metric_info *m = metric_info((enum metric)i);
        set(s, properties, m->name, describe(s, expectation_schema(m->unit), m->summary));
    }
    return json_pack("{s:s,s:b,s:i,s:o}", "type", "object", "additionalProperties", 0, "minProperties", 1,
                     "properties", properties);
}

static json_t *build(struct schema *s, const struct shape *shape)
{
    switch (shape->kind) {
    case SHAPE_SCALAR: return json_loads(shape->schema, JSON_DECODE_ANY, NULL);
    case SHAPE_MAP: return map_schema(s, shape->fields);
    case SHAPE_LIST: return json_pack("{s:s,s:o}", "type", "array", "items", refer(s, shape->of[0]));
    case SHAPE_NAMED:
        return json_pack("{s:[s,s],s:o}", "type", "object", "null", "additionalProperties",
                         refer(s, shape->of[0]));
    case SHAPE_CHOICE: return choice_schema(s, shape);
    case SHAPE_FAULT: return fault_schema(s);
    case SHAPE_EXPECT: return expect_schema(s);
    }
    return NULL;
}

static json_t *refer(struct schema *s, const struct shape *shape)
{
    if (!json_object_get(s->defs, shape->name)) {
        set(s, s->defs, shape->name, json_object()); /* so that a shape within itself ends */
        set(s, s->defs, shape->name, build(s, shape));
    }
    return json_pack("{s:s+}", "$ref", "#/$defs/", shape->name);
}

char *scenario_schema(void)
{
    struct schema s = {.defs = json_object()};
    json_t *root = map_schema(&s, shape_root.fields);

    set(&s, root, "$schema", json_string("https://json-schema.org/draft/2020-12/schema"));
    set(&s, root, "title", json_string("chaosctl scenario"));
    set(&s, root, "$defs", s.defs);
    char *text = s.failed ? NULL : json_dumps(root, JSON_INDENT(2) | JSON_SORT_KEYS);
    json_decref(root);
    return text;
}
