/* When a rule strikes.  Floor 0: no clock, no state. */
#include "injectors/decision/rule.h"

uint64_t rule_draw(uint64_t seed, uint64_t number)
{
    uint64_t z = seed + (number + 1) * UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static bool chosen(const struct rule *rule, uint64_t number)
{
    if (number < rule->after || (number - rule->after) % (rule->every ? rule->every : 1))
        return false;
    return (rule_draw(rule->seed, number) >> 32) < rule->probability;
}

/* A limit on strikes would be hidden state if it were counted as they come; which match is the last follows
 * from the seed, so it is found once, here.  Accepted limit: beyond SEAL_LIMIT matches the search ends, and
 * the rule with it. */
#define SEAL_LIMIT (UINT64_C(1) << 24)

void rule_seal(struct rule *rule)
{
    uint64_t left = rule->times, number = rule->after;

    rule->has_request =
        rule->request.count > 0 || rule->effect == EFFECT_DROP || rule->effect == EFFECT_RESPOND;
    rule->last = RULE_ENDLESS;
    if (rule->times == RULE_ENDLESS)
        return;
    if (!rule->times) {
        rule->last = 0;
        rule->probability = 0;
        return;
    }
    for (uint64_t tried = 0; tried < SEAL_LIMIT; tried++, number += rule->every ? rule->every : 1)
        if (chosen(rule, number) && !--left)
            break;
    rule->last = number;
}

bool rule_strikes(const struct rule *rule, uint64_t number)
{
    return number <= rule->last && chosen(rule, number);
}

bool rule_is_certain(const struct rule *rule)
{
    return rule->probability >= RULE_ALWAYS && !rule->after && rule->every <= 1 &&
           rule->times == RULE_ENDLESS;
}
