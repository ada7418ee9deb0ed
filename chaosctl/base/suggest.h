/* "did you mean": the nearest of several names.  Floor 1. */
#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

#include <stddef.h>

/* The candidate nearest to what was written, or NULL when none is near.  Distance: optimal string alignment
 * (insert, delete, replace, swap of neighbours); near: at most a third of the longer word, rounded up. */
const char *suggest(const char *written, const char *const *candidates, size_t count);

#endif
