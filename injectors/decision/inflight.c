/* Places of calls that wait.  Floor 0. */
#include "injectors/decision/inflight.h"

int inflight_begin(struct inflight places[static INFLIGHT_MAX], uint32_t pid, uint32_t targets,
                   uint64_t now_ns)
{
    for (int i = 0; i < INFLIGHT_MAX; i++) {
        uint32_t nobody = 0;
        if (atomic_load_explicit(&places[i].pid, memory_order_relaxed) ||
            !atomic_compare_exchange_strong(&places[i].pid, &nobody, pid))
            continue;
        atomic_store_explicit(&places[i].targets, targets, memory_order_relaxed);
        atomic_store_explicit(&places[i].since_ns, now_ns, memory_order_release);
        return i;
    }
    return -1;
}

uint64_t inflight_end(struct inflight *place, uint32_t pid, uint64_t now_ns)
{
    if (atomic_load_explicit(&place->pid, memory_order_relaxed) != pid)
        return UINT64_MAX;
    uint64_t since_ns = atomic_exchange(&place->since_ns, 0);
    if (!since_ns)
        return UINT64_MAX;
    atomic_store_explicit(&place->pid, 0, memory_order_release);
    return now_ns > since_ns ? now_ns - since_ns : 0;
}

uint32_t inflight_count(const struct inflight places[static INFLIGHT_MAX], uint32_t targets)
{
    uint32_t count = 0;

    for (int i = 0; i < INFLIGHT_MAX; i++)
        if (atomic_load_explicit(&places[i].since_ns, memory_order_acquire) &&
            atomic_load_explicit(&places[i].targets, memory_order_relaxed) & targets)
            count++;
    return count;
}
