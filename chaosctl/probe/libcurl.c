/* Loading libcurl.  Floor 3. */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "chaosctl/probe/libcurl.h"

struct libcurl libcurl;

/* One library under the names that Debian gives it by what it encrypts with. */
static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl-nss.so.4"};

static const struct symbol {
    const char *name;
    size_t offset;
} symbols[] = {
#define FUNCTION(name) {"curl_" #name, offsetof(struct libcurl, name)},
    LIBCURL_FUNCTIONS(FUNCTION)
#undef FUNCTION
};

static void *library_open(void)
{
    void *library = NULL;

    for (size_t i = 0; i < sizeof(names) / sizeof(*names) && !library; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    return library;
}

int libcurl_load(void)
{
    struct libcurl found;
    static bool loaded;
    void *library = loaded ? NULL : library_open();

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
    libcurl = found;
    loaded = true;
    return 0;
}
