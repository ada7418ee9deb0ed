/* A reset of everything strikes idle connections, too: those that pass through the relay, here; the others,
 * from the orchestrator.  Floor 1. */
#include "injectors/seccomp/internal.h"

static bool is_reset_of_all(const struct rule *rule)
{
    return rule_is_armed(rule) && (rule->effect == EFFECT_RESET || rule->effect == EFFECT_OUTAGE) &&
           rule_is_certain(rule) && !rule->has_request;
}

static bool is_about(const struct rule *rule, const struct relay_target *target)
{
    return rule->targets & target->targets && (!rule->services || rule->services & target->service) &&
           (rule->direction == DIRECTION_ANY || rule->direction == target->direction);
}

static void reset_all(struct server *server, struct rule *rule)
{
    for (size_t i = 0; i < server->clients_count; i++) {
        struct client *client = &server->clients[i];
        uint64_t open = client->count.open;
        if (!open || !is_about(rule, &client->target))
            continue;
        /* Counted first: a program may end of it, and be asked for its hits. */
        atomic_fetch_add(&rule->matches, open);
        atomic_fetch_add(&rule->hits, open);
        relay_drop_all(server->relay, &client->target);
    }
}

uint64_t resets_look(struct server *server, uint64_t now_ns)
{
    struct table *table = server->table;
    uint64_t next_ns = STREAM_NEVER;

    for (uint32_t i = 0; i < table->rule_count && i < RULE_MAX && server_has_lease(server, now_ns); i++) {
        struct rule *rule = &table->rules[i];
        if (!is_reset_of_all(rule) || server->resets[i] == rule->serial)
            continue;
        if (now_ns < rule->from_ns) {
            next_ns = rule->from_ns < next_ns ? rule->from_ns : next_ns;
            continue;
        }
        server->resets[i] = rule->serial;
        reset_all(server, rule);
    }
    return next_ns;
}
