/* Memory that lives and dies together.  Floor 1. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena;

/* NULL when memory is out. */
struct arena *arena_new(void);

/* Frees all that came from it; NULL is fine. */
void arena_free(struct arena *arena);

/* Zeroed, aligned for anything; NULL when memory is out. */
void *arena_take(struct arena *arena, size_t size_bytes);
char *arena_copy(struct arena *arena, const char *text);
char *arena_copy_n(struct arena *arena, const char *text, size_t len);
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Room for one more in a growing array of the arena: returns the new element, zeroed, and counts it; NULL
 * when memory is out.  items and count as found in the caller's struct; capacity follows from count (powers
 * of two). */
void *arena_push(struct arena *arena, void *items, size_t *count, size_t item_bytes);

#endif
