/* Calls that give memory.  Floor 1.
 *
 * free is not among them: pointers are never changed.  This code runs beneath everything: what it calls may
 * not allocate, and does not. */
#include <errno.h>

#include "preload/ask.h"
#include "preload/shim.h"

/* What the answer tells is only that there is none. */
static void *no_memory(const struct ask *a)
{
    ask_answer(a);
    return NULL;
}

static uint64_t product(size_t count, size_t size)
{
    size_t bytes;

    return __builtin_mul_overflow(count, size, &bytes) ? UINT64_MAX : bytes;
}

EXPORT void *malloc(size_t size)
{
    if (is_idle(CALL_malloc))
        return real.malloc(size);
    struct ask a = {
        .call = CALL_malloc, .fd = -1, .size_bytes = size, .return_address = __builtin_return_address(0)};

    return ask(&a) ? no_memory(&a) : real.malloc(size);
}

EXPORT void *calloc(size_t count, size_t size)
{
    if (is_idle(CALL_calloc))
        return real.calloc(count, size);
    struct ask a = {.call = CALL_calloc,
                    .fd = -1,
                    .size_bytes = product(count, size),
                    .return_address = __builtin_return_address(0)};

    return ask(&a) ? no_memory(&a) : real.calloc(count, size);
}

/* A size of 0 gives back, which cannot fail. */
EXPORT void *realloc(void *old, size_t size)
{
    if (is_idle(CALL_realloc) || (old && !size))
        return real.realloc(old, size);
    struct ask a = {
        .call = CALL_realloc, .fd = -1, .size_bytes = size, .return_address = __builtin_return_address(0)};

    return ask(&a) ? no_memory(&a) : real.realloc(old, size);
}

EXPORT void *reallocarray(void *old, size_t count, size_t size)
{
    if (is_idle(CALL_reallocarray) || (old && !product(count, size)))
        return real.reallocarray(old, count, size);
    struct ask a = {.call = CALL_reallocarray,
                    .fd = -1,
                    .size_bytes = product(count, size),
                    .return_address = __builtin_return_address(0)};

    return ask(&a) ? no_memory(&a) : real.reallocarray(old, count, size);
}

/* It answers with the error, and leaves errno and *ret alone. */
EXPORT int posix_memalign(void **ret, size_t alignment, size_t size)
{
    if (is_idle(CALL_posix_memalign))
        return real.posix_memalign(ret, alignment, size);
    struct ask a = {.call = CALL_posix_memalign,
                    .fd = -1,
                    .size_bytes = size,
                    .return_address = __builtin_return_address(0)};

    return ask(&a) ? a.error : real.posix_memalign(ret, alignment, size);
}

EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
    if (is_idle(CALL_aligned_alloc))
        return real.aligned_alloc(alignment, size);
    struct ask a = {.call = CALL_aligned_alloc,
                    .fd = -1,
                    .size_bytes = size,
                    .return_address = __builtin_return_address(0)};

    return ask(&a) ? no_memory(&a) : real.aligned_alloc(alignment, size);
}

EXPORT void *memalign(size_t alignment, size_t size)
{
    if (is_idle(CALL_memalign))
        return real.memalign(alignment, size);
    struct ask a = {
        .call = CALL_memalign, .fd = -1, .size_bytes = size, .return_address = __builtin_return_address(0)};

    return ask(&a) ? no_memory(&a) : real.memalign(alignment, size);
}

EXPORT void *valloc(size_t size)
{
    if (is_idle(CALL_valloc))
        return real.valloc(size);
    struct ask a = {
        .call = CALL_valloc, .fd = -1, .size_bytes = size, .return_address = __builtin_return_address(0)};

    return ask(&a) ? no_memory(&a) : real.valloc(size);
}

EXPORT void *pvalloc(size_t size)
{
    if (is_idle(CALL_pvalloc))
        return real.pvalloc(size);
    struct ask a = {
        .call = CALL_pvalloc, .fd = -1, .size_bytes = size, .return_address = __builtin_return_address(0)};

    return ask(&a) ? no_memory(&a) : real.pvalloc(size);
}
