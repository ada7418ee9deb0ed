/* Loading libmicrohttpd.  Floor 3. */
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "chaosctl/proxy/microhttpd.h"

struct microhttpd microhttpd;

static const struct symbol {
    const char *name;
    size_t offset;
} symbols[] = {
#define FUNCTION(name) {"MHD_" #name, offsetof(struct microhttpd, name)},
    MICROHTTPD_FUNCTIONS(FUNCTION)
#undef FUNCTION
};

int microhttpd_load(void)
{
    struct microhttpd found;
    void *library = microhttpd.run ? NULL : dlopen("libmicrohttpd.so.12", RTLD_NOW | RTLD_LOCAL);

    if (!library)
        return microhttpd.run ? 0 : -ELIBACC;
    for (size_t i = 0; i < sizeof(symbols) / sizeof(*symbols); i++) {
        void *function = dlsym(library, symbols[i].name);
        if (!function) {
            dlclose(library);
            return -ELIBACC;
        }
        memcpy((char *)&found + symbols[i].offset, &function, sizeof(function));
    }
    microhttpd = found;
    return 0;
}
