/* malloc's family: it can fail, its fresh memory is poisoned, its blocks are counted.  Floor 1.
 *
 * Fresh memory is poisoned in each run alike, so that a program that reads what it never wrote does so in the
 * same way each time. */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "preload/explore/explore.h"

#define POISON     0xa5
#define POISON_MAX (64 * 1024) /* of a block: beyond it, pages that nobody touches shall cost nothing */

static struct {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void *(*reallocarray)(void *, size_t, size_t);
    int (*posix_memalign)(void **, size_t, size_t);
    void *(*aligned_alloc)(size_t, size_t);
    void (*free)(void *);
} real;

static const struct about nothing = {.fd = -1};

/* On the first call, which may be long before our constructor.  dlsym allocates on a miss only, and all of
 * these are there. */
static void find_real(void)
{
    real.calloc = dlsym(RTLD_NEXT, "calloc");
    real.realloc = dlsym(RTLD_NEXT, "realloc");
    real.reallocarray = dlsym(RTLD_NEXT, "reallocarray");
    real.posix_memalign = dlsym(RTLD_NEXT, "posix_memalign");
    real.aligned_alloc = dlsym(RTLD_NEXT, "aligned_alloc");
    real.free = dlsym(RTLD_NEXT, "free");
    real.malloc = dlsym(RTLD_NEXT, "malloc");
}

static inline void need_real(void)
{
    if (__builtin_expect(!real.malloc, 0))
        find_real();
}

static bool fails(enum failing call)
{
    int kept = errno, error = place_decide(call, &nothing);

    errno = error ? error : kept;
    return error;
}

static void count(int blocks)
{
    if (area && own_end)
        __atomic_fetch_add(&own_end->blocks, blocks, __ATOMIC_RELAXED);
}

static void *fresh(void *block, size_t size)
{
    if (!block)
        return block;
    count(1);
    if (area)
        memset(block, POISON, size < POISON_MAX ? size : POISON_MAX);
    return block;
}

EXPORT void *malloc(size_t size)
{
    need_real();
    if (fails(FAILING_malloc))
        return NULL;
    bool was = place_enter();
    void *block = real.malloc(size);
    place_leave(was);
    return fresh(block, size);
}

EXPORT void *calloc(size_t items, size_t size)
{
    need_real();
    if (fails(FAILING_calloc))
        return NULL;
    bool was = place_enter();
    void *block = real.calloc(items, size);
    place_leave(was);
    count(block != NULL);
    return block;
}

/* A size of 0 gives back, which cannot fail. */
EXPORT void *realloc(void *old, size_t size)
{
    need_real();
    if ((!old || size) && fails(FAILING_realloc))
        return NULL;
    bool was = place_enter();
    void *block = real.realloc(old, size);
    place_leave(was);
    count((!old && block) - (old && !size));
    return block;
}

EXPORT void *reallocarray(void *old, size_t items, size_t size)
{
    need_real();
    bool gives_back = old && (!items || !size);
    if (!gives_back && fails(FAILING_reallocarray))
        return NULL;
    bool was = place_enter();
    void *block = real.reallocarray(old, items, size);
    place_leave(was);
    count((!old && block) - gives_back);
    return block;
}

EXPORT int posix_memalign(void **ret_block, size_t alignment, size_t size)
{
    need_real();
    int kept = errno;
    if (fails(FAILING_posix_memalign)) {
        errno = kept;
        return ENOMEM;
    }
    bool was = place_enter();
    int error = real.posix_memalign(ret_block, alignment, size);
    place_leave(was);
    if (!error)
        fresh(*ret_block, size);
    return error;
}

EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
    need_real();
    if (fails(FAILING_aligned_alloc))
        return NULL;
    bool was = place_enter();
    void *block = real.aligned_alloc(alignment, size);
    place_leave(was);
    return fresh(block, size);
}

EXPORT void free(void *block)
{
    need_real();
    count(-(block != NULL));
    real.free(block);
}
