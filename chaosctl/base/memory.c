/* A flag, and jansson's allocator.  Floor 1. */
#include <jansson.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "chaosctl/base/memory.h"

static atomic_bool is_out;
static void (*tell)(void);

void memory_is_out(void)
{
    is_out = true;
    if (tell)
        tell();
}

bool memory_ran_out(void)
{
    return is_out;
}

static void *take(size_t size)
{
    void *memory = malloc(size);

    if (!memory)
        memory_is_out();
    return memory;
}

void memory_watch(void (*ran_out)(void))
{
    tell = ran_out;
    json_set_alloc_funcs(take, free);
}
