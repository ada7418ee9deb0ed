/* Loading libdw.  Floor 3. */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "chaosctl/explore/libdw.h"

struct libdw libdw;

static const struct symbol {
    const char *name;
    size_t offset;
} symbols[] = {
#define FUNCTION(name) {#name, offsetof(struct libdw, name)},
    LIBDW_FUNCTIONS(FUNCTION)
#undef FUNCTION
};

int libdw_load(void)
{
    struct libdw found;
    static bool loaded;
    void *library = loaded ? NULL : dlopen("libdw.so.1", RTLD_NOW | RTLD_LOCAL);

    if (!library)
        return loaded ? 0 : -ELIBACC;
    for (size_t i = 0; i < sizeof(symbols) / sizeof(*symbols); i++) {
        void *function = dlsym(library, symbols[i].name);
        if (!function) {
            dlclose(library);
            return -ELIBACC;
        }
        /* memcpy, since a data pointer may not be cast to a function's. */
        memcpy((char *)&found + symbols[i].offset, &function, sizeof(function));
    }
    libdw = found;
    loaded = true;
    return 0;
}
