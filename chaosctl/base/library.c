/* dlopen, and a struct of pointers.  Floor 1. */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/library.h"

static void *library_open(const char *const *names)
{
    void *library = NULL;

    for (; *names && !library; names++)
        library = dlopen(*names, RTLD_NOW | RTLD_LOCAL);
    return library;
}

static int fill(void *library, const struct library_symbol *symbols, size_t count, char *functions)
{
    for (size_t i = 0; i < count; i++) {
        void *function = dlsym(library, symbols[i].name);
        if (!function)
            return -ELIBACC;
        /* memcpy, since a data pointer may not be cast to a function's. */
        memcpy(functions + symbols[i].offset, &function, sizeof(function));
    }
    return 0;
}

int library_load(const char *const *names, const struct library_symbol *symbols, size_t count,
                 void *ret_functions, size_t functions_bytes)
{
    cleanup_free char *found = malloc(functions_bytes);
    void *library = found ? library_open(names) : NULL;

    if (!library)
        return -ELIBACC;
    int error = fill(library, symbols, count, found);
    if (error)
        dlclose(library);
    else
        memcpy(ret_functions, found, functions_bytes);
    return error;
}
