/* Bytes on their way: a list of chunks for each direction, some spare ones for all.  Floor 1. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "injectors/relay/internal.h"

static struct chunk *chunk_take(struct relay *relay)
{
    struct chunk *c = relay->spare;

    if (c) {
        relay->spare = c->next;
        relay->spare_count--;
    } else {
        c = malloc(sizeof(*c));
    }
    if (c) {
        c->next = NULL;
        c->from = c->to = 0;
    }
    return c;
}

static void chunk_give(struct relay *relay, struct chunk *c)
{
    if (relay->spare_count >= SPARE_CHUNKS) {
        free(c);
        return;
    }
    c->next = relay->spare;
    relay->spare = c;
    relay->spare_count++;
}

uint8_t *chunk_room(struct relay *relay, struct flow *f, size_t *ret_len)
{
    struct chunk *c = f->last;

    if (!c || c->to == CHUNK_BYTES) {
        c = chunk_take(relay);
        if (!c)
            return NULL;
        if (f->last)
            f->last->next = c;
        else
            f->first = c;
        f->last = c;
    }
    *ret_len = CHUNK_BYTES - c->to;
    return c->bytes + c->to;
}

void chunk_filled(struct flow *f, size_t len)
{
    f->last->to += (uint32_t)len;
}

int chunk_add(struct relay *relay, struct flow *f, const uint8_t *bytes, size_t len)
{
    while (len) {
        size_t room;
        uint8_t *to = chunk_room(relay, f, &room);
        if (!to)
            return -ENOMEM;
        room = len < room ? len : room;
        memcpy(to, bytes, room);
        chunk_filled(f, room);
        bytes += room;
        len -= room;
    }
    return 0;
}

static void drop_first(struct relay *relay, struct flow *f)
{
    struct chunk *c = f->first;

    f->first = c->next;
    if (!f->first)
        f->last = NULL;
    chunk_give(relay, c);
}

/* A connection that waits for its next byte keeps no memory for it. */
void chunk_unfilled(struct relay *relay, struct flow *f)
{
    if (f->first && f->first->from == f->first->to)
        drop_first(relay, f);
}

void chunk_sent(struct relay *relay, struct flow *f, size_t len)
{
    f->first->from += (uint32_t)len;
    if (f->first->from == f->first->to)
        drop_first(relay, f);
}

void chunk_clear(struct relay *relay, struct flow *f)
{
    while (f->first)
        drop_first(relay, f);
}

void chunk_free_spare(struct relay *relay)
{
    for (struct chunk *c; (c = relay->spare);) {
        relay->spare = c->next;
        free(c);
    }
}
