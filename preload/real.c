/* Finding the real functions.  Floor 1. */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "preload/real.h"

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

/* dlsym asks for memory only on a miss (glibc 2.36), but then it asks us, while we are in it. */
struct real real = {
    .malloc = __libc_malloc,
    .calloc = __libc_calloc,
    .realloc = __libc_realloc,
};

static const struct symbol {
    const char *name;
    size_t offset;
} symbols[] = {
#define CALL(symbol, role, errnos) {#symbol, offsetof(struct real, symbol)},
#define ALIAS(symbol, call)        {#symbol, offsetof(struct real, symbol)},
#define SAME(symbol, call)
#define FOLLOW(symbol) {#symbol, offsetof(struct real, symbol)},
#include "injectors/decision/call.def"
#undef CALL
#undef ALIAS
#undef SAME
#undef FOLLOW
};

#define SYMBOL_COUNT (sizeof(symbols) / sizeof(*symbols))

/* In place of a function that is not there.  It serves for any prototype that answers with a number: the
 * calling conventions of all our targets let the caller clear up. */
static long absent(void)
{
    errno = ENOSYS;
    return -1;
}

/* memcpy, since a data pointer may not be cast to a function's. */
static void point(const struct symbol *symbol, const void *function)
{
    memcpy((char *)&real + symbol->offset, &function, sizeof(function));
}

static bool is_null(const struct symbol *symbol)
{
    void *function;

    memcpy(&function, (char *)&real + symbol->offset, sizeof(function));
    return !function;
}

void real_resolve(void)
{
    long (*stub)(void) = absent;
    void *none;

    memcpy(&none, &stub, sizeof(none));
    for (size_t i = 0; i < SYMBOL_COUNT; i++)
        if (is_null(&symbols[i]))
            point(&symbols[i], none);
    for (size_t i = 0; i < SYMBOL_COUNT; i++) {
        const void *function = dlsym(RTLD_NEXT, symbols[i].name);
        if (function)
            point(&symbols[i], function);
    }
}
