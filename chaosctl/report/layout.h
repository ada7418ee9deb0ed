/* The layout of a result as one table: what writes JSON, what reads it and what masks it follow from the same
 * rows.  Floor 4.
 *
 * A field that result.h gains is a row here; the round-trip test reminds you. */
#ifndef REPORT_LAYOUT_H
#define REPORT_LAYOUT_H

#include <jansson.h>

#include "chaosctl/base/arena.h"
#include "chaosctl/base/buf.h"
#include "chaosctl/scenario/scenario.h"

enum field_type {
    FIELD_TEXT, /* a string; absent when NULL */
    FIELD_U64,  /* an integer; beyond 2^63 a string of decimals */
    FIELD_SIZE, /* the same, of a size_t */
    FIELD_SEED, /* a string of decimals: 64 bits do not survive JavaScript */
    FIELD_BOOL,
    FIELD_NUMBER,   /* a double */
    FIELD_NAME,     /* an enum, by its names; must be there when read */
    FIELD_ANSWERS,  /* a set of enum question: a list of names */
    FIELD_POSITION, /* {"line": 31, "column": 9} */
    FIELD_PHASES,   /* uint64_t[PHASE_COUNT]: an object by phase; those of 0 are left out */
    FIELD_LIST,     /* pointer and count: a list of objects */
    FIELD_TYPE_COUNT,
};

struct layout;

struct field {
    const char *key; /* NULL: the end */
    enum field_type type;
    size_t offset;
    size_t count_offset;         /* LIST */
    const struct layout *layout; /* LIST */
    unsigned names;              /* NAME: how many there are */
    const char *(*name)(unsigned value);
};

struct layout {
    size_t size_bytes;
    const struct field *fields;
};

/* layout_run leaves out arena, complete, journal's cells: the journal has a line of its own for each cell. */
extern const struct layout layout_run, layout_cell, layout_deed;

/* An object of the data.  scenario: whose secrets are masked, or NULL.  limit: bytes of a text at most, 0:
 * none.  NULL: out of memory. */
json_t *layout_encode(const struct layout *layout, const void *data, const struct scenario *scenario,
                      size_t limit);

/* Fill zeroed data from an object.  0, -ENOMEM, or -EINVAL with the offending key in *ret_key (borrowed).
 * Unknown keys are passed over, so that an older chaosctl reads a newer journal. */
int layout_decode(const struct layout *layout, const json_t *object, struct arena *arena, void *data,
                  const char **ret_key);

/* Mask the texts of data in place.  -ENOMEM. */
int layout_mask(const struct layout *layout, void *data, struct arena *arena,
                const struct scenario *scenario);

#endif
