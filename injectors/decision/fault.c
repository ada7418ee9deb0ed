/* fault.def as look-up tables.  Floor 0. */
#include <stddef.h>

#include "injectors/decision/fault.h"
#include "injectors/decision/text.h"

#define ON_OPEN     (1u << ROLE_OPEN)
#define ON_SEND     (1u << ROLE_SEND)
#define ON_RECEIVE  (1u << ROLE_RECEIVE)
#define ON_RESOLVE  (1u << ROLE_RESOLVE)
#define ON_ALLOCATE (1u << ROLE_ALLOCATE)
#define ON_READY    (1u << ROLE_READY)
#define NAMED       0u

struct row {
    const char *name, *keys, *summary;
    enum way way;
    enum effect effect;
    uint32_t roles;
};

static const struct row rows[FAULT_COUNT] = {
#define FAULT(kind, way, effect, roles, keys, summary)                                                       \
    [FAULT_##kind] = {#kind, keys, summary, WAY_##way, EFFECT_##effect, roles},
#define LATER(kind, summary)
#include "injectors/decision/fault.def"
#undef FAULT
#undef LATER
};

static const char *const later[] = {
#define FAULT(kind, way, effect, roles, keys, summary)
#define LATER(kind, summary) #kind,
#include "injectors/decision/fault.def"
#undef FAULT
#undef LATER
};

static const char *const effects[EFFECT_COUNT] = {
    [EFFECT_NONE] = "none",         [EFFECT_FAIL] = "failed",          [EFFECT_REFUSE] = "refused",
    [EFFECT_RESET] = "reset",       [EFFECT_OUTAGE] = "outage",        [EFFECT_WAIT] = "delayed",
    [EFFECT_HOLD] = "held",         [EFFECT_TRUNCATE] = "truncated",   [EFFECT_SLICE] = "sliced",
    [EFFECT_CORRUPT] = "corrupted", [EFFECT_SEVER] = "severed",        [EFFECT_DROP] = "dropped",
    [EFFECT_LOSE] = "lost",         [EFFECT_DUPLICATE] = "duplicated", [EFFECT_REORDER] = "reordered",
    [EFFECT_RESPOND] = "answered",
};

const char *fault_name(enum fault_kind kind)
{
    return kind < FAULT_COUNT ? rows[kind].name : "?";
}

enum fault_kind fault_find(const char *name)
{
    for (int i = 0; i < FAULT_COUNT; i++)
        if (text_same(rows[i].name, name))
            return (enum fault_kind)i;
    return FAULT_COUNT;
}

bool fault_is_later(const char *name)
{
    for (size_t i = 0; i < sizeof(later) / sizeof(*later); i++)
        if (text_same(later[i], name))
            return true;
    return false;
}

enum way fault_way(enum fault_kind kind)
{
    return rows[kind].way;
}

enum effect fault_effect(enum fault_kind kind)
{
    return rows[kind].effect;
}

call_set fault_calls(enum fault_kind kind)
{
    return call_with_roles(rows[kind].roles);
}

const char *fault_keys(enum fault_kind kind)
{
    return rows[kind].keys;
}

const char *fault_summary(enum fault_kind kind)
{
    return rows[kind].summary;
}

const char *effect_name(enum effect effect)
{
    return effect < EFFECT_COUNT ? effects[effect] : "?";
}
