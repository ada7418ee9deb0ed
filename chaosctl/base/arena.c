/* A list of malloc'd blocks.  Floor 1.  No pooling: scenarios are small and sanitizers see every overrun. */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/arena.h"

struct block {
    struct block *next;
    max_align_t data[];
};

struct arena {
    struct block *blocks;
};

struct arena *arena_new(void)
{
    return calloc(1, sizeof(struct arena));
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    for (struct block *b = arena->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(arena);
}

void *arena_take(struct arena *arena, size_t size_bytes)
{
    if (size_bytes > SIZE_MAX - sizeof(struct block))
        return NULL;
    struct block *b = calloc(1, sizeof(*b) + size_bytes);
    if (!b)
        return NULL;
    b->next = arena->blocks;
    arena->blocks = b;
    return b->data;
}

char *arena_copy_n(struct arena *arena, const char *text, size_t len)
{
    char *copy = arena_take(arena, len + 1);

    if (copy)
        memcpy(copy, text, len);
    return copy;
}

char *arena_copy(struct arena *arena, const char *text)
{
    return arena_copy_n(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = len < 0 ? NULL : arena_take(arena, (size_t)len + 1);
    if (!text)
        return NULL;
    va_start(args, format);
    vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    return text;
}

void *arena_push(struct arena *arena, void *items, size_t *count, size_t item_bytes)
{
    void **array = items;
    size_t n = *count;

    /* Full when empty or at a power of two. */
    if (!(n & (n - 1))) {
        if (n > SIZE_MAX / 2 / item_bytes)
            return NULL;
        char *larger = arena_take(arena, (n ? 2 * n : 1) * item_bytes);
        if (!larger)
            return NULL;
        if (n)
            memcpy(larger, *array, n * item_bytes);
        *array = larger;
    }
    *count = n + 1;
    return (char *)*array + n * item_bytes;
}
