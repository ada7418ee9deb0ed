/* Rows of ends that were connected to.  Floor 0. */
#include <string.h>

#include "injectors/decision/seen.h"

static size_t path_length(const struct endpoint *end)
{
    return end->path_len < SEEN_PATH_BYTES ? end->path_len : SEEN_PATH_BYTES;
}

static bool is_row_of(const struct seen *row, const struct endpoint *end)
{
    if (row->is_unix != end->is_unix)
        return false;
    if (end->is_unix)
        return row->path_len == path_length(end) && !memcmp(row->path, end->path, path_length(end));
    return row->port == end->port && !memcmp(row->address, end->address, sizeof(row->address));
}

static void fill(struct seen *row, const struct endpoint *end)
{
    row->is_unix = end->is_unix;
    row->port = end->port;
    memcpy(row->address, end->address, sizeof(row->address));
    if (end->is_unix) {
        row->path_len = (uint8_t)path_length(end);
        memcpy(row->path, end->path, path_length(end));
    }
    atomic_store_explicit(&row->state, SEEN_READY, memory_order_release);
}

int seen_find(struct seen rows[static SEEN_MAX], const struct endpoint *end)
{
    for (int i = 0; i < SEEN_MAX; i++) {
        uint32_t state = atomic_load_explicit(&rows[i].state, memory_order_acquire);
        if (state == SEEN_FREE && atomic_compare_exchange_strong(&rows[i].state, &state, SEEN_TAKEN)) {
            fill(&rows[i], end);
            return i;
        }
        if (state == SEEN_READY && is_row_of(&rows[i], end))
            return i;
    }
    return -1;
}

unsigned seen_time(uint64_t took_ns)
{
    uint64_t us = took_ns / 1000;
    unsigned time = 0;

    for (; us && time < SEEN_TIMES - 1; us >>= 1)
        time++;
    return time;
}
