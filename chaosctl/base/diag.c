/* Errors with their places.  Floor 1. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/arena.h"
#include "chaosctl/base/clean.h"
#include "chaosctl/base/diag.h"

struct entry {
    struct position at;
    const char *message;
};

struct diag {
    struct arena *arena;
    const char *file;
    struct entry entries[DIAG_MAX];
    size_t count;   /* of entries */
    size_t dropped; /* past DIAG_MAX, or for want of memory */
};

struct diag *diag_new(const char *file)
{
    struct diag *diag = calloc(1, sizeof(*diag));

    if (!diag)
        return NULL;
    diag->arena = arena_new();
    diag->file = diag->arena ? arena_copy(diag->arena, file) : NULL;
    if (!diag->file) {
        diag_free(diag);
        return NULL;
    }
    return diag;
}

void diag_free(struct diag *diag)
{
    if (!diag)
        return;
    arena_free(diag->arena);
    free(diag);
}

static int compare(struct position a, struct position b)
{
    return a.line != b.line ? (a.line > b.line) - (a.line < b.line)
                            : (a.column > b.column) - (a.column < b.column);
}

static bool is_known(const struct diag *diag, struct position at, const char *message)
{
    for (size_t i = 0; i < diag->count; i++)
        if (!compare(diag->entries[i].at, at) && !strcmp(diag->entries[i].message, message))
            return true;
    return false;
}

static void insert(struct diag *diag, struct entry entry)
{
    size_t i = diag->count++;

    for (; i > 0 && compare(diag->entries[i - 1].at, entry.at) > 0; i--)
        diag->entries[i] = diag->entries[i - 1];
    diag->entries[i] = entry;
}

void diag_error(struct diag *diag, struct position at, const char *format, ...)
{
    cleanup_free char *message = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&message, format, args) < 0)
        message = NULL;
    va_end(args);
    if (message && is_known(diag, at, message))
        return;
    const char *kept = message && diag->count < DIAG_MAX ? arena_copy(diag->arena, message) : NULL;
    if (!kept) {
        diag->dropped++;
        return;
    }
    insert(diag, (struct entry){at, kept});
}

size_t diag_count(const struct diag *diag)
{
    return diag->count + diag->dropped;
}

void diag_render(const struct diag *diag, struct buf *ret_text)
{
    for (size_t i = 0; i < diag->count; i++) {
        const struct entry *e = &diag->entries[i];
        if (e->at.line)
            buf_printf(ret_text, "%s:%d:%d: %s\n", diag->file, e->at.line, e->at.column, e->message);
        else
            buf_printf(ret_text, "%s: %s\n", diag->file, e->message);
    }
    if (diag->dropped)
        buf_printf(ret_text, "%s: and %zu more\n", diag->file, diag->dropped);
}

const char *diag_message(const struct diag *diag, size_t rank, struct position *ret_at)
{
    if (rank >= diag->count)
        return NULL;
    *ret_at = diag->entries[rank].at;
    return diag->entries[rank].message;
}
