/* Links by the time at which they must be looked at.  Floor 1.  A binary heap: thousands are delayed at once.
 */
#include <errno.h>
#include <stdlib.h>

#include "injectors/relay/internal.h"

int heap_reserve(struct relay *relay, uint32_t count)
{
    uint32_t room = relay->heap_room ? relay->heap_room : 64;

    while (room < count + 1)
        room *= 2;
    if (room == relay->heap_room)
        return 0;
    struct relay_link **heap = realloc(relay->heap, room * sizeof(struct relay_link *));
    if (!heap)
        return -ENOMEM;
    relay->heap = heap;
    relay->heap_room = room;
    return 0;
}

static void place(struct relay *relay, uint32_t at, struct relay_link *link)
{
    relay->heap[at] = link;
    link->heap_index = at;
}

static void sift_up(struct relay *relay, uint32_t at, struct relay_link *link)
{
    for (; at > 1 && relay->heap[at / 2]->wake_ns > link->wake_ns; at /= 2)
        place(relay, at, relay->heap[at / 2]);
    place(relay, at, link);
}

static void sift_down(struct relay *relay, uint32_t at, struct relay_link *link)
{
    for (uint32_t child; (child = 2 * at) <= relay->heap_count; at = child) {
        if (child < relay->heap_count && relay->heap[child + 1]->wake_ns < relay->heap[child]->wake_ns)
            child++;
        if (relay->heap[child]->wake_ns >= link->wake_ns)
            break;
        place(relay, at, relay->heap[child]);
    }
    place(relay, at, link);
}

static void take_out(struct relay *relay, struct relay_link *link)
{
    uint32_t at = link->heap_index;
    struct relay_link *last = relay->heap[relay->heap_count--];

    link->heap_index = 0;
    if (last == link)
        return;
    sift_down(relay, at, last);
    sift_up(relay, last->heap_index, last);
}

void heap_set(struct relay *relay, struct relay_link *link, uint64_t wake_ns)
{
    if (link->wake_ns == wake_ns)
        return;
    if (link->heap_index)
        take_out(relay, link);
    link->wake_ns = wake_ns;
    if (wake_ns != STREAM_NEVER)
        sift_up(relay, ++relay->heap_count, link);
}

struct relay_link *heap_first(const struct relay *relay)
{
    return relay->heap_count ? relay->heap[1] : NULL;
}
