/* Libraries that are loaded when they are needed, since many commands need none.  Floor 1. */
#ifndef BASE_LIBRARY_H
#define BASE_LIBRARY_H

#include <stddef.h>

/* A function and its place in the struct of pointers that is filled. */
struct library_symbol {
    const char *name;
    size_t offset;
};

/* The first of these names that can be opened, and all of its symbols into place; it stays loaded.
 * 0, or -ELIBACC (not installed, or older than what is called), and place is untouched. */
int library_load(const char *const *names, size_t names_count, const struct library_symbol *symbols,
                 size_t symbols_count, void *place, size_t place_bytes);

#endif
