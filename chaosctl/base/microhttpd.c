/* Loading libmicrohttpd.  Floor 1. */
#include <stddef.h>

#include "chaosctl/base/library.h"
#include "chaosctl/base/microhttpd.h"

struct microhttpd microhttpd;

static const struct library_symbol symbols[] = {
#define FUNCTION(name) {"MHD_" #name, offsetof(struct microhttpd, name)},
    MICROHTTPD_FUNCTIONS(FUNCTION)
#undef FUNCTION
};

int microhttpd_load(void)
{
    static const char *const names[] = {"libmicrohttpd.so.12", NULL};

    return microhttpd.run ? 0
                          : library_load(names, symbols, sizeof(symbols) / sizeof(*symbols), &microhttpd,
                                         sizeof(microhttpd));
}
