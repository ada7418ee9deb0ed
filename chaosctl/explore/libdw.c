/* Loading libdw.  Floor 3. */
#include <stdbool.h>
#include <stddef.h>

#include "chaosctl/base/library.h"
#include "chaosctl/explore/libdw.h"

struct libdw libdw;

static const struct library_symbol symbols[] = {
#define FUNCTION(name) {#name, offsetof(struct libdw, name)},
    LIBDW_FUNCTIONS(FUNCTION)
#undef FUNCTION
};

int libdw_load(void)
{
    static const char *const names[] = {"libdw.so.1", NULL};
    static bool loaded;
    int error =
        loaded ? 0 : library_load(names, symbols, sizeof(symbols) / sizeof(*symbols), &libdw, sizeof(libdw));

    loaded = !error;
    return error;
}
