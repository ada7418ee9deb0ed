/* The control area's arithmetic.  Floor 0. */
#include <string.h>

#include "injectors/decision/decide.h"

void table_init(struct table *table)
{
    table->layout = TABLE_LAYOUT;
    table->size_bytes = sizeof(*table);
    ring_init(&table->ring);
    atomic_thread_fence(memory_order_release);
    table->magic = TABLE_MAGIC;
}

bool table_is_valid(const struct table *table, uint64_t size_bytes)
{
    return size_bytes == sizeof(*table) && table->magic == TABLE_MAGIC && table->layout == TABLE_LAYOUT &&
           table->size_bytes == sizeof(*table) && table->rule_count <= RULE_MAX &&
           table->target_count <= TARGET_MAX;
}

static uint32_t rule_reach(const struct rule *rule)
{
    return rule->targets ? rule->targets & ~TARGET_ANY : TARGET_ANY;
}

/* Where a request begins is told by what was sent and received before it. */
static call_set rule_calls(const struct rule *rule)
{
    return rule->calls |
           (rule->has_request ? call_with_roles(1u << ROLE_SEND | 1u << ROLE_RECEIVE) : (call_set)0);
}

static uint32_t call_reach(const struct table *table, enum call call)
{
    const uint32_t traffic_roles = 1u << ROLE_OPEN | 1u << ROLE_ACCEPT | 1u << ROLE_SEND | 1u << ROLE_RECEIVE;
    uint32_t reach = call_with_roles(traffic_roles) & call_bit(call) ? table->watched : 0;

    if (call_with_roles(traffic_roles) & call_bit(call) && atomic_load(&table->observed))
        reach |= TARGET_ANY;

    for (uint32_t i = 0; i < table->rule_count; i++)
        if (rule_is_armed(&table->rules[i]) && (rule_calls(&table->rules[i]) & call_bit(call)))
            reach |= rule_reach(&table->rules[i]);
    return reach;
}

static bool is_stream(const struct rule *rule)
{
    return rule_is_armed(rule) && rule->effect < EFFECT_COUNT &&
           ((DECIDE_STREAM | 1u << EFFECT_SLICE) & 1u << rule->effect);
}

static uint32_t stream_reach(const struct table *table)
{
    uint32_t reach = 0;

    for (uint32_t i = 0; i < table->rule_count; i++)
        reach |= is_stream(&table->rules[i]) ? table->rules[i].targets & ~TARGET_ANY : 0;
    return reach;
}

static uint32_t udp_targets(const struct table *table)
{
    uint32_t mask = 0;

    for (uint32_t i = 0; i < table->target_count && i < TARGET_MAX; i++)
        if (table->targets[i].protocol == PROTOCOL_UDP && table->targets[i].kind != TARGET_UNIX)
            mask |= 1u << table->targets[i].bit % DEPENDENCY_MAX;
    return mask;
}

static uint32_t request_reach(const struct table *table)
{
    uint32_t reach = 0;

    for (uint32_t i = 0; i < table->rule_count; i++)
        if (rule_is_armed(&table->rules[i]) && table->rules[i].has_request)
            reach |= table->rules[i].targets & ~TARGET_ANY;
    return reach;
}

static bool may_overtake(enum call call)
{
    enum role role = call_role(call);

    return role == ROLE_SEND || role == ROLE_RECEIVE || role == ROLE_READY || role == ROLE_DESCRIPTOR;
}

static void keep_busy(struct table *table)
{
    for (int c = 0; c < CALL_COUNT; c++)
        if (may_overtake((enum call)c))
            atomic_fetch_or(&table->armed[c], TARGET_ANY);
}

/* Whoever publishes says so, then looks for leftovers; whoever leaves one counts it, then looks whether
 * somebody publishes.  So one of them sees the other. */
bool table_leave(struct table *table, bool more)
{
    if (!more) {
        atomic_fetch_sub(&table->leftovers, 1);
        return true;
    }
    atomic_fetch_add(&table->leftovers, 1);
    if (atomic_load(&table->is_publishing)) {
        atomic_fetch_sub(&table->leftovers, 1);
        return false;
    }
    keep_busy(table);
    return true;
}

/* The lift looks whether something is kept after it has lifted; this looks for the lift after it has kept. */
void table_keep(struct table *table, bool more, uint32_t rule)
{
    if (!more) {
        atomic_fetch_sub(&table->kept, 1);
        return;
    }
    atomic_fetch_add(&table->kept, 1);
    if (!table_is_armed(table, rule))
        keep_busy(table);
}

static bool is_left(const struct table *table)
{
    return atomic_load(&table->leftovers) || (table->has_lifted_answers && atomic_load(&table->kept));
}

/* Descriptors that change hands are followed only while something is armed on what flows through them. */
static void publish(struct table *table)
{
    uint32_t any = 0;

    atomic_store(&table->is_publishing, 1);
    for (int c = 0; c < CALL_COUNT; c++) {
        uint32_t reach = call_reach(table, (enum call)c);
        any |= call_role((enum call)c) <= ROLE_RECEIVE ? reach : 0;
        /* Never idle for a moment while something is left. */
        if (may_overtake((enum call)c) && is_left(table))
            reach |= TARGET_ANY;
        atomic_store_explicit(&table->armed[c], reach, memory_order_release);
    }
    for (int c = 0; any && c < CALL_COUNT; c++)
        if (call_role((enum call)c) == ROLE_DESCRIPTOR || call_role((enum call)c) == ROLE_ACCEPT ||
            call_role((enum call)c) == ROLE_OPEN)
            atomic_fetch_or_explicit(&table->armed[c], any, memory_order_release);
    if (is_left(table))
        keep_busy(table);
    atomic_store(&table->is_publishing, 0);
    atomic_store_explicit(&table->streams, stream_reach(table), memory_order_release);
    atomic_store_explicit(&table->datagrams, stream_reach(table) & udp_targets(table), memory_order_release);
    atomic_store_explicit(&table->requests, request_reach(table), memory_order_release);
    atomic_fetch_add_explicit(&table->epoch, 1, memory_order_release);
}

static bool reply_is_free(const struct table *table, uint32_t place)
{
    for (uint32_t i = 0; i < table->rule_count; i++)
        if (rule_is_armed(&table->rules[i]) && table->rules[i].reply == place + 1)
            return false;
    return true;
}

/* The longest unused: whoever reads an answer whose rule was lifted reads the rest of it. */
uint8_t table_reply(struct table *table, const struct reply *reply)
{
    for (uint32_t i = 1; i <= REPLY_MAX; i++) {
        uint32_t place = (table->last_reply + i) % REPLY_MAX;
        if (!reply_is_free(table, place))
            continue;
        memcpy(&table->replies[place], reply, sizeof(*reply));
        table->last_reply = place;
        return (uint8_t)(place + 1);
    }
    return 0;
}

/* A place that was never used, or else the one after the last that is free again: the longest unused, so that
 * no reader is still at its old rule. */
static int free_place(const struct table *table)
{
    if (table->rule_count < RULE_MAX)
        return (int)table->rule_count;
    for (uint32_t i = 1; i <= RULE_MAX; i++)
        if (!rule_is_armed(&table->rules[(table->last_rule + i) % RULE_MAX]))
            return (int)((table->last_rule + i) % RULE_MAX);
    return -1;
}

int table_arm(struct table *table, const struct rule *rule)
{
    int index = free_place(table);

    if (index < 0)
        return -1;
    struct rule *place = &table->rules[index];
    memcpy(place, rule, sizeof(*place));
    place->serial = atomic_load_explicit(&table->epoch, memory_order_relaxed) + 1;
    atomic_store_explicit(&place->state, RULE_ARMED, memory_order_release);
    table->last_rule = (uint32_t)index;
    if (table->rule_count < RULE_MAX)
        table->rule_count++;
    publish(table);
    return index;
}

void table_lift(struct table *table, uint32_t index)
{
    if (index >= table->rule_count || !rule_is_armed(&table->rules[index]))
        return;
    atomic_store(&table->rules[index].state, RULE_FREE);
    table->has_lifted_answers |= table->rules[index].effect == EFFECT_RESPOND;
    publish(table);
}

void table_watch(struct table *table, uint32_t dependencies)
{
    table->watched = dependencies & ~TARGET_ANY;
    publish(table);
}

void table_observe(struct table *table)
{
    atomic_store(&table->observed, 1);
    publish(table);
}

void table_tidy(struct table *table)
{
    uint32_t busy = atomic_load(&table->armed[CALL_shutdown]) & TARGET_ANY;

    table->has_lifted_answers &= atomic_load(&table->kept) != 0;
    if (busy && !is_left(table) && !(call_reach(table, CALL_recv) & TARGET_ANY))
        publish(table);
}
