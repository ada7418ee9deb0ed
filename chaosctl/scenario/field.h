/* The field table: one row per key of a mapping.  Floor 2, internal to chaosctl/scenario.
 *
 * A row drives the parse, the errors about unknown, missing and wrongly typed keys, and the JSON Schema, so
 * that they cannot disagree.  A shape is what may stand behind a key. */
#ifndef SCENARIO_FIELD_H
#define SCENARIO_FIELD_H

#include <stddef.h>
#include <stdint.h>

#include "chaosctl/scenario/reader.h"

struct field;

enum shape_kind {
    SHAPE_SCALAR, /* schema says what it is */
    SHAPE_MAP,    /* fields */
    SHAPE_LIST,   /* of[0] each */
    SHAPE_NAMED,  /* a map from free names to of[0] */
    SHAPE_CHOICE, /* one of of[] */
    SHAPE_FAULT,  /* built from fault.def (schema.c) */
    SHAPE_EXPECT, /* built from metric.def (schema.c) */
};

#define SHAPE_CHOICES 5

struct shape {
    const char *name;   /* in the schema's $defs */
    const char *wanted; /* "a duration such as 300ms" */
    enum shape_kind kind;
    const char *schema; /* SCALAR: JSON */
    const struct field *fields;
    const struct shape *of[SHAPE_CHOICES]; /* unused ones NULL */
    /* Parse into what the field's offset names; NULL: the field is kept as its node. */
    bool (*take)(struct reader *r, const struct node *node, void *ret_value);
};

enum field_flag {
    FIELD_REQUIRED = 1,
    FIELD_NODE = 2,  /* keep the node (const struct node *), parse later */
    FIELD_LATER = 4, /* of the contract, refused by name in this version */
};

/* A table ends with a row without name. */
struct field {
    const char *name;
    const struct shape *shape;
    size_t offset;
    unsigned flags; /* enum field_flag */
    const char *doc;
};

/* Read a mapping into a struct.  what: "probe", for errors about keys.  False when it is no mapping. */
bool fields_read(struct reader *r, const struct node *node, const char *what, const struct field *fields,
                 void *into);

/* Look at every item of a list; a single value counts as a list of one when `single` is allowed. */
typedef void item_fn(struct reader *r, const struct node *item, void *arg);
bool list_each(struct reader *r, const struct node *node, const char *wanted, bool single, item_fn *fn,
               void *arg);

#endif
