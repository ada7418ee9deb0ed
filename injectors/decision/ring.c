/* The journal ring.  Floor 0. */
#include <stddef.h>

#include "injectors/decision/ring.h"

static struct ring_slot *slot_at(const struct ring *ring, uint64_t position)
{
    return (struct ring_slot *)&ring->slots[position & (RING_SIZE - 1)];
}

void ring_init(struct ring *ring)
{
    atomic_store_explicit(&ring->head, 0, memory_order_relaxed);
    atomic_store_explicit(&ring->dropped, 0, memory_order_relaxed);
    ring->tail = 0;
    for (uint64_t i = 0; i < RING_SIZE; i++)
        atomic_store_explicit(&ring->slots[i].turn, i, memory_order_release);
}

/* Claim the next place.  Bounded: a damaged ring must not hold a writer for ever. */
static struct ring_slot *claim(struct ring *ring, uint64_t *ret_position)
{
    uint64_t position = atomic_load_explicit(&ring->head, memory_order_relaxed);

    for (int tries = 0; tries < 1000; tries++) {
        struct ring_slot *slot = slot_at(ring, position);
        int64_t lead = (int64_t)(atomic_load_explicit(&slot->turn, memory_order_acquire) - position);
        if (lead < 0)
            return NULL;
        if (lead > 0) {
            position = atomic_load_explicit(&ring->head, memory_order_relaxed);
            continue;
        }
        if (atomic_compare_exchange_weak_explicit(&ring->head, &position, position + 1, memory_order_relaxed,
                                                  memory_order_relaxed)) {
            *ret_position = position;
            return slot;
        }
    }
    return NULL;
}

bool ring_put(struct ring *ring, const struct record *record)
{
    uint64_t position = 0;
    struct ring_slot *slot = claim(ring, &position);

    if (!slot) {
        atomic_fetch_add_explicit(&ring->dropped, 1, memory_order_relaxed);
        return false;
    }
    /* Stopped for so long that the reader gave the place up?  Then it is another writer's.  What is left of
     * the window is a few instructions. */
    if (atomic_load_explicit(&slot->turn, memory_order_relaxed) != position)
        return false;
    slot->record = *record;
    /* Not a plain store: if the reader gave this place up meanwhile, it belongs to another turn now. */
    return atomic_compare_exchange_strong_explicit(&slot->turn, &(uint64_t){position}, position + 1,
                                                   memory_order_release, memory_order_relaxed);
}

bool ring_take(struct ring *ring, struct record *ret_record)
{
    struct ring_slot *slot = slot_at(ring, ring->tail);

    if (atomic_load_explicit(&slot->turn, memory_order_acquire) != ring->tail + 1)
        return false;
    *ret_record = slot->record;
    atomic_store_explicit(&slot->turn, ring->tail + RING_SIZE, memory_order_release);
    ring->tail++;
    return true;
}

bool ring_is_stuck(const struct ring *ring)
{
    return atomic_load_explicit(&slot_at(ring, ring->tail)->turn, memory_order_acquire) == ring->tail &&
           atomic_load_explicit(&ring->head, memory_order_relaxed) > ring->tail;
}

void ring_skip(struct ring *ring)
{
    struct ring_slot *slot = slot_at(ring, ring->tail);

    if (!atomic_compare_exchange_strong_explicit(&slot->turn, &(uint64_t){ring->tail}, ring->tail + RING_SIZE,
                                                 memory_order_release, memory_order_relaxed))
        return;
    atomic_fetch_add_explicit(&ring->dropped, 1, memory_order_relaxed);
    ring->tail++;
}
