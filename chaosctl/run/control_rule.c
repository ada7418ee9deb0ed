/* From a fault, as the scenario says it, to a rule, as the ways in read it.  Floor 3. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "chaosctl/run/control.h"
#include "injectors/decision/decide.h"

static uint64_t later(uint64_t at_ns, uint64_t by_ns)
{
    return by_ns > UINT64_MAX - at_ns ? UINT64_MAX : at_ns + by_ns;
}

static uint64_t probability_of(double p)
{
    if (p >= 1)
        return RULE_ALWAYS;
    return p > 0 ? (uint64_t)(p * (double)RULE_ALWAYS + 0.5) : 0;
}

static void set_dns(const struct fault *fault, struct rule *rule)
{
    static const int errors[] = {
        [DNS_NXDOMAIN] = EAI_NONAME,
        [DNS_SERVFAIL] = EAI_AGAIN,
        [DNS_TIMEOUT] = EAI_AGAIN,
        [DNS_SLOW] = 0,
    };

    rule->error = errors[fault->dns_mode];
    if (fault->dns_mode == DNS_SLOW)
        rule->effect = EFFECT_WAIT;
    if (fault->dns_mode == DNS_NXDOMAIN || fault->dns_mode == DNS_SERVFAIL)
        rule->delay_ns = 0;
}

/* What a kind means beyond its row in fault.def. */
static void set_kind(const struct fault *fault, struct rule *rule)
{
    switch (fault->kind) {
    case FAULT_dns: set_dns(fault, rule); break;
    case FAULT_unreachable: rule->error = fault->error ? fault->error : EHOSTUNREACH; break;
    case FAULT_refuse: rule->error = ECONNREFUSED; break;
    case FAULT_reset: rule->error = ECONNRESET; break;
    case FAULT_oom: rule->error = ENOMEM; break;
    case FAULT_error:
    case FAULT_delay: rule->calls = fault->call < CALL_COUNT ? call_bit(fault->call) : 0; break;
    case FAULT_blackhole: rule->endless = 1; break;
    case FAULT_drop_response: rule->error = fault->then_resets ? ECONNRESET : 0; break;
    case FAULT_latency:
    case FAULT_bandwidth:
    case FAULT_truncate:
    case FAULT_slice:
    case FAULT_corrupt:
    case FAULT_loss:
    case FAULT_respond:
    case FAULT_duplicate:
    case FAULT_reorder:
    case FAULT_outage:
    case FAULT_kill:
    case FAULT_pause:
    case FAULT_COUNT: break;
    }
}

static void set_memory(const struct fault *fault, struct rule *rule)
{
    rule->size_min = fault->size_min;
    rule->size_max = fault->size_max ? fault->size_max : UINT64_MAX;
    rule->heap_min = fault->quota;
    if (fault->caller)
        snprintf(rule->caller, sizeof(rule->caller), "%s", fault->caller);
}

static void set_stream(const struct fault *fault, struct rule *rule)
{
    rule->jitter_ns = fault->jitter_ns;
    rule->distribution = (uint8_t)fault->distribution;
    rule->rate_per_s = fault->rate_per_s;
    rule->bytes = fault->bytes;
    rule->age_ns = fault->age_ns;
    if (fault->kind == FAULT_reset && (fault->bytes || fault->age_ns)) {
        rule->effect = EFFECT_SEVER;
        rule->calls |= fault_calls(FAULT_truncate);
    }
}

/* It compiled when the scenario was read. */
static void set_request(const struct fault *fault, struct rule *rule)
{
    const char *why;
    size_t at;

    if (fault->request)
        (void)expression_compile(fault->request, &rule->request, &why, &at);
}

/* A named dependency is one that the process calls, unless the fault says otherwise. */
enum direction control_direction(const struct fault *fault)
{
    if (fault->direction == DIRECTION_ANY && fault->targets && !fault->direction_is_given)
        return DIRECTION_OUTBOUND;
    return fault->direction;
}

bool control_resets(const struct fault *fault)
{
    enum effect effect = fault_effect(fault->kind);
    bool certain = !fault->bytes && !fault->age_ns && fault->probability >= 1 && !fault->after &&
                   fault->every <= 1 && fault->times == RULE_ENDLESS;

    return certain && !fault->request && (effect == EFFECT_RESET || effect == EFFECT_OUTAGE);
}

bool control_needs_relay(const struct fault *fault)
{
    enum effect effect = fault_effect(fault->kind);

    /* After an outage that strikes all nothing is left to reset. */
    if (effect == EFFECT_OUTAGE)
        return !control_resets(fault);
    return (DECIDE_STREAM | 1u << EFFECT_SLICE | 1u << EFFECT_RESET) & 1u << effect;
}

static void set_times(const struct fault *fault, uint64_t injected_ns, struct rule *rule)
{
    rule->probability = probability_of(fault->probability);
    rule->after = fault->after;
    rule->every = fault->every ? fault->every : 1;
    rule->times = fault->times;
    rule->from_ns = later(injected_ns, fault->start_ns);
    rule->until_ns = later(rule->from_ns, fault->for_ns);
}

void control_rule(const struct fault *fault, uint32_t ordinal, uint64_t cell_seed, uint64_t injected_ns,
                  struct rule *ret_rule)
{
    *ret_rule = (struct rule){
        .kind = (uint8_t)fault->kind,
        .effect = (uint8_t)fault_effect(fault->kind),
        .direction = (uint8_t)control_direction(fault),
        .calls = fault_calls(fault->kind),
        .targets = fault->targets,
        .services = fault->service < 0 ? 0 : 1u << fault->service,
        .error = fault->error,
        .id = ordinal,
        .delay_ns = fault->delay_ns,
        .seed = rule_draw(cell_seed, ordinal),
    };
    set_kind(fault, ret_rule);
    set_memory(fault, ret_rule);
    set_stream(fault, ret_rule);
    set_request(fault, ret_rule);
    set_times(fault, injected_ns, ret_rule);
    rule_seal(ret_rule);
}

/* What a stream's effect would do to bytes that come later hangs on those that it did before: of a request,
 * only that it is sent is the same without the fault. */
static uint32_t rehearsed_roles(const struct rule *rule)
{
    bool opens = rule->effect == EFFECT_OUTAGE || rule->endless;

    return 1u << ROLE_SEND | (opens ? 1u << ROLE_OPEN : 0);
}

void control_rehearse(struct rule *rule)
{
    rule->is_dry = 1;
    if (rule->effect == EFFECT_REFUSE || rule->effect == EFFECT_FAIL || rule->effect == EFFECT_WAIT)
        return;
    bool has_request = rule->has_request;
    rule->calls = call_with_roles(rehearsed_roles(rule));
    rule->effect = EFFECT_WAIT;
    rule->delay_ns = rule->age_ns = 0;
    rule->endless = 0;
    rule_seal(rule);
    rule->has_request = has_request;
}
