/* dlopen and dlsym by table.  Floor 1. */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/library.h"

static void *library_open(const char *const *names, size_t count)
{
    void *library = NULL;

    for (size_t i = 0; i < count && !library; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    return library;
}

int library_load(const char *const *names, size_t names_count, const struct library_symbol *symbols,
                 size_t symbols_count, void *place, size_t place_bytes)
{
    cleanup_free char *found = calloc(1, place_bytes);
    void *library = found ? library_open(names, names_count) : NULL;

    if (!library)
        return found ? -ELIBACC : -ENOMEM;
    for (size_t i = 0; i < symbols_count; i++) {
        void *function = dlsym(library, symbols[i].name);
        if (!function) {
            dlclose(library);
            return -ELIBACC;
        }
        /* memcpy, since a data pointer may not be cast to a function's. */
        memcpy(found + symbols[i].offset, &function, sizeof(function));
    }
    memcpy(place, found, place_bytes);
    return 0;
}
