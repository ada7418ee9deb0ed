/* Loading libcurl.  Floor 3. */
#include <stdbool.h>

#include "chaosctl/base/library.h"
#include "chaosctl/probe/libcurl.h"

struct libcurl libcurl;

/* One library under the names that Debian gives it by what it encrypts with. */
static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl-nss.so.4", NULL};

static const struct library_symbol symbols[] = {
#define FUNCTION(name) {"curl_" #name, offsetof(struct libcurl, name)},
    LIBCURL_FUNCTIONS(FUNCTION)
#undef FUNCTION
};

int libcurl_load(void)
{
    static bool loaded;
    int error =
        loaded ? 0
               : library_load(names, symbols, sizeof(symbols) / sizeof(*symbols), &libcurl, sizeof(libcurl));

    loaded = !error;
    return error;
}
