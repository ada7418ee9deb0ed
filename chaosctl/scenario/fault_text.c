/* Faults as people read them, and the names of errors.  Floor 2. */
#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "chaosctl/base/suggest.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/scenario/fault_keys.h"
#include "chaosctl/scenario/parse.h"

#define ERRNO_MAX 134

static const struct {
    const char *name;
    int code;
} resolver_errors[] = {
    {"EAI_AGAIN", EAI_AGAIN},   {"EAI_FAIL", EAI_FAIL},       {"EAI_NONAME", EAI_NONAME},
    {"EAI_MEMORY", EAI_MEMORY}, {"EAI_SERVICE", EAI_SERVICE}, {"EAI_FAMILY", EAI_FAMILY},
};
#define RESOLVER_ERRORS (sizeof(resolver_errors) / sizeof(*resolver_errors))

int error_find(const char *name)
{
    for (size_t i = 0; i < RESOLVER_ERRORS; i++)
        if (!strcmp(resolver_errors[i].name, name))
            return resolver_errors[i].code;
    for (int i = 1; i < ERRNO_MAX; i++)
        if (strerrorname_np(i) && !strcmp(strerrorname_np(i), name))
            return i;
    return 0;
}

const char *error_name(int error, bool resolves)
{
    for (size_t i = 0; resolves && i < RESOLVER_ERRORS; i++)
        if (resolver_errors[i].code == error)
            return resolver_errors[i].name;
    const char *name = error > 0 ? strerrorname_np(error) : NULL;
    return name ? name : "?";
}

#define KINDS_MAX 64

/* Those of the contract that come later are worth suggesting too: a misspelt one is told so. */
const char *fault_hint(struct reader *r, const char *written)
{
    static const char *const names[] = {
#define FAULT(kind, way, effect, roles, keys, summary) #kind,
#define LATER(kind, summary)                           #kind,
#include "injectors/decision/fault.def"
#undef FAULT
#undef LATER
    };
    size_t count = sizeof(names) / sizeof(*names);

    _Static_assert(sizeof(names) / sizeof(*names) < KINDS_MAX, "a message lists them");
    return reader_hint(r, written, names, suggest(written, names, count) ? count : FAULT_COUNT);
}

static void add_duration(struct buf *out, const char *before, uint64_t ns)
{
    char text[UNIT_TEXT_BYTES];

    buf_printf(out, "%s%s", before, unit_format_duration(ns, text));
}

static void add_targets(struct buf *out, const struct scenario *s, const struct fault *f)
{
    const char *separator = f->kind == FAULT_error || f->kind == FAULT_delay ? " on " : " ";

    for (size_t i = 0; i < s->dependencies_count && i < DEPENDENCY_MAX; i++)
        if (f->targets & (1u << i)) {
            buf_printf(out, "%s%s", separator, s->dependencies[i].name);
            separator = "+";
        }
}

static void add_sizes(struct buf *out, const struct fault *f)
{
    char low[UNIT_TEXT_BYTES], high[UNIT_TEXT_BYTES];

    if (f->size_min && f->size_max != UINT64_MAX)
        buf_printf(out, " of %s..%s", unit_format_size(f->size_min, low),
                   unit_format_size(f->size_max, high));
    else if (f->size_min)
        buf_printf(out, " of >= %s", unit_format_size(f->size_min, low));
    else if (f->size_max != UINT64_MAX)
        buf_printf(out, " of <= %s", unit_format_size(f->size_max, high));
    if (f->quota)
        buf_printf(out, " beyond %s", unit_format_size(f->quota, low));
    if (f->caller)
        buf_printf(out, " by %s", f->caller);
}

static bool is_nth(const struct fault *f)
{
    return f->kind == FAULT_oom && f->times == 1;
}

static void add_own(struct buf *out, const struct fault *f)
{
    static const char *const modes[] = {[DNS_NXDOMAIN] = "nxdomain",
                                        [DNS_SERVFAIL] = "servfail",
                                        [DNS_TIMEOUT] = "timeout",
                                        [DNS_SLOW] = "slow"};

    if (f->call != CALL_COUNT)
        buf_printf(out, " %s", call_name(f->call));
    if (f->kind == FAULT_error)
        buf_printf(out, " %s", error_name(f->error, call_role(f->call) == ROLE_RESOLVE));
    if (f->kind == FAULT_unreachable && f->error != EHOSTUNREACH)
        buf_printf(out, " %s", error_name(f->error, false));
    if (f->kind == FAULT_dns)
        buf_printf(out, " %s", modes[f->dns_mode]);
    if (f->delay_ns && f->kind == FAULT_delay)
        add_duration(out, " ", f->delay_ns);
    if (is_nth(f))
        buf_printf(out, " nth %llu", (unsigned long long)f->after + 1);
    if (f->kind == FAULT_oom)
        add_sizes(out, f);
    if (f->kind == FAULT_kill && f->signal != 9)
        buf_printf(out, " SIG%s", sigabbrev_np(f->signal) ? sigabbrev_np(f->signal) : "?");
}

static void add_at_most(struct buf *out, const char *before, uint64_t times)
{
    if (times == 1)
        buf_printf(out, "%sat most once", before);
    else
        buf_printf(out, "%sat most %llu times", before, (unsigned long long)times);
}

const char *fault_at_most(struct reader *r, uint64_t times)
{
    cleanup_buf struct buf out = {0};

    add_at_most(&out, "", times);
    const char *kept = out.failed ? NULL : reader_copy(r, buf_text(&out), out.len);
    r->failed = r->failed || out.failed;
    return kept ? kept : "";
}

/* What a stream is slowed to reads better behind its name. */
static void add_stream(struct buf *out, const struct fault *f)
{
    static const char *const spreads[] = {
        [DISTRIBUTION_UNIFORM] = "", [DISTRIBUTION_NORMAL] = " normal", [DISTRIBUTION_PARETO] = " pareto"};
    char text[UNIT_TEXT_BYTES];

    if (f->kind == FAULT_latency)
        add_duration(out, " ", f->delay_ns);
    if (f->kind == FAULT_reorder)
        add_duration(out, " within ", f->delay_ns);
    if (f->jitter_ns) {
        add_duration(out, " ±", f->jitter_ns);
        buf_add(out, spreads[f->distribution]);
    }
    if (f->kind == FAULT_bandwidth)
        buf_printf(out, " %s", unit_format_throughput(f->rate_per_s, text));
    if (f->kind == FAULT_truncate)
        buf_printf(out, " after %s", unit_format_size(f->bytes, text));
    if (f->kind == FAULT_reset && f->bytes)
        buf_printf(out, " after %s", unit_format_size(f->bytes, text));
    if (f->age_ns)
        add_duration(out, " after ", f->age_ns);
    if (f->kind == FAULT_slice)
        buf_printf(out, " to %s", unit_format_size(f->bytes, text));
    if (f->kind == FAULT_respond && f->status)
        buf_printf(out, " %d", f->status);
    else if (f->kind == FAULT_respond && f->reply)
        buf_printf(out, " raw %s", unit_format_size(f->reply->len, text));
    if (f->kind == FAULT_respond && f->delay_ns)
        add_duration(out, " in ", f->delay_ns);
}

static void add_when(struct buf *out, const struct fault *f)
{
    static const char *const directions[] = {[DIRECTION_ANY] = ", any direction",
                                             [DIRECTION_OUTBOUND] = ", outbound",
                                             [DIRECTION_INBOUND] = ", inbound"};

    if (f->delay_ns && f->kind == FAULT_dns)
        add_duration(out, ", ", f->delay_ns);
    if (f->probability < 1)
        buf_printf(out, ", %g%%", f->probability * 100);
    if (f->after && !is_nth(f))
        buf_printf(out, ", after %llu", (unsigned long long)f->after);
    if (f->every > 1)
        buf_printf(out, ", every %llu", (unsigned long long)f->every);
    if (f->times != RULE_ENDLESS && !is_nth(f))
        add_at_most(out, ", ", f->times);
    if (f->then_resets)
        buf_add(out, ", then reset");
    if (f->request)
        buf_printf(out, ", request /%s/", f->request);
    if (f->direction_is_given)
        buf_add(out, directions[f->direction]);
    if (f->start_ns)
        add_duration(out, ", from ", f->start_ns);
    if (f->for_ns != RULE_ENDLESS)
        add_duration(out, ", for ", f->for_ns);
}

const char *fault_describe(struct reader *r, const struct fault *f)
{
    cleanup_buf struct buf out = {0};

    buf_add(&out, fault_name(f->kind));
    add_own(&out, f);
    add_targets(&out, r->scenario, f);
    add_stream(&out, f);
    if (f->service >= 0)
        buf_printf(&out, fault_way(f->kind) == WAY_PROCESS ? " %s" : " in %s",
                   r->scenario->services[f->service].name);
    add_when(&out, f);
    if (out.failed)
        r->failed = true;
    return out.failed ? NULL : reader_copy(r, buf_text(&out), out.len);
}
