/* Loading a library when it is needed, instead of with every command.  Floor 1. */
#ifndef BASE_LIBRARY_H
#define BASE_LIBRARY_H

#include <stddef.h>

/* One function: its name in the library, and its place in the caller's struct of pointers. */
struct library_symbol {
    const char *name;
    size_t offset;
};

/* Load the first of these names that is there, NULL behind the last, and fill in the struct; it stays loaded.
 *
 * Returns 0; -ELIBACC (not installed, or older than what is called), and the struct is as it was. */
int library_load(const char *const *names, const struct library_symbol *symbols, size_t count,
                 void *ret_functions, size_t functions_bytes);

#endif
