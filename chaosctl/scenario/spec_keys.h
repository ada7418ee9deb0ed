/* The keys that a SPEC of a kind may have, for who helps to write one.  Floor 2. */
#ifndef SCENARIO_SPEC_KEYS_H
#define SCENARIO_SPEC_KEYS_H

#include <stdbool.h>
#include <stddef.h>

struct spec_key {
    const char *name, *doc;
    bool is_required;
};

#define SPEC_KEY_MAX 32

/* Required ones first.  Returns how many; 0: there is no such kind. */
size_t spec_keys(const char *kind, struct spec_key ret_keys[static SPEC_KEY_MAX]);

#endif
