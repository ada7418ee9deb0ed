/* The keys of a SPEC, from the tables that it is parsed with.  Floor 2. */
#include "chaosctl/scenario/spec_keys.h"
#include "chaosctl/scenario/fault_keys.h"

static size_t take(const struct field *fields, bool required, struct spec_key *keys, size_t n)
{
    for (const struct field *f = fields; f->name && n < SPEC_KEY_MAX; f++)
        if (!(f->flags & FIELD_LATER) && (f->flags & FIELD_REQUIRED) == (required ? FIELD_REQUIRED : 0))
            keys[n++] = (struct spec_key){f->name, f->doc, required};
    return n;
}

size_t spec_keys(const char *kind, struct spec_key ret_keys[static SPEC_KEY_MAX])
{
    struct field fields[FAULT_FIELD_MAX];
    enum fault_kind found = fault_find(kind);

    if (found >= FAULT_COUNT)
        return 0;
    fault_fields_of(found, fields);
    return take(fields, false, ret_keys, take(fields, true, ret_keys, 0));
}
