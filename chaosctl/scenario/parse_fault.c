/* Faults.  Floor 2. */
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <string.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/base/suggest.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/scenario/fault_keys.h"
#include "chaosctl/scenario/parse.h"
#include "chaosctl/scenario/quantity.h"

#define REORDER_NS     (100 * NS_PER_MS)
#define DNS_TIMEOUT_NS (10 * NS_PER_S) /* two tries of 5 s: glibc's default with one server */

/* --- what is common to all --- */

static void take(struct reader *r, const struct node *node, const char *key, const struct shape *shape,
                 void *ret_value)
{
    r->key = key;
    if (node)
        (void)shape->take(r, node, ret_value);
    r->key = NULL;
}

/* A bound over whole numbers as an inclusive range; exact ones too. */
static bool whole_range(struct reader *r, const struct node *node, enum metric_unit unit, const char *wanted,
                        uint64_t *ret_min, uint64_t *ret_max, const char **ret_text)
{
    struct condition c = {0};
    char culprit[QUANTITY_MAX];
    bool plain;

    if (!reader_text(r, node, wanted, ret_text, &plain))
        return false;
    int why = quantity_parse_bound(unit, *ret_text, &c, culprit);
    if (why == -ENOENT) {
        why = quantity_parse(unit, *ret_text, &c.low);
        c.high = c.low;
        c.comparison = COMPARE_BETWEEN;
    }
    bool whole = c.low >= 0 && c.high >= 0 && c.low < 1e18 && c.high < 1e18;
    whole = whole && c.low == (double)(uint64_t)c.low && c.high == (double)(uint64_t)c.high;
    if (why || c.relative || !whole || c.comparison == COMPARE_NOT ||
        (c.comparison == COMPARE_LESS && c.low < 1)) {
        reader_error(r, node, "\"%s\" is not %s", *ret_text, wanted);
        return false;
    }
    uint64_t low = (uint64_t)c.low, high = (uint64_t)c.high;
    bool is_below = c.comparison == COMPARE_LESS || c.comparison == COMPARE_AT_MOST;
    *ret_min = is_below ? 0 : low + (c.comparison == COMPARE_GREATER);
    *ret_max = c.comparison == COMPARE_BETWEEN ? high
               : is_below                      ? low - (c.comparison == COMPARE_LESS)
                                               : UINT64_MAX;
    return true;
}

static void read_hits(struct reader *r, const struct fault_nodes *n, struct fault *f)
{
    f->hits_min = 1;
    f->hits_max = RULE_ENDLESS;
    f->hits_text = ">= 1";
    if (!n->hits)
        return;
    r->key = "hits";
    bool good = whole_range(r, n->hits, UNIT_NUMBER, "a number or a bound such as \">= 1\"", &f->hits_min,
                            &f->hits_max, &f->hits_text);
    /* `hits: 0` opts out; who wants none exactly writes "0..0". */
    if (good && !strcmp(f->hits_text, "0")) {
        f->hits_max = RULE_ENDLESS;
        f->hits_text = "any";
    }
    if (good && f->times != RULE_ENDLESS && f->hits_min > f->times)
        reader_error(r, n->hits, "\"%s\" cannot be reached: it strikes %s", f->hits_text,
                     fault_at_most(r, f->times));
    r->key = NULL;
}

static void read_start(struct reader *r, const struct fault_nodes *n, struct fault *f)
{
    char hold[UNIT_TEXT_BYTES];

    take(r, n->start, "start", &shape_duration, &f->start_ns);
    take(r, n->for_, "for", &shape_time, &f->for_ns);
    if (n->start && r->hold_ns && f->start_ns >= r->hold_ns)
        reader_error(r, n->start,
                     "start: \"%s\" comes when hold (%s) is over: lengthen hold, or start earlier",
                     n->start->text, unit_format_duration(r->hold_ns, hold));
}

static bool no_service_can_be_entered(const struct scenario *s)
{
    for (size_t i = 0; i < s->services_count; i++)
        if (s->services[i].inject != INJECT_NONE)
            return false;
    return s->services_count > 0;
}

/* A proxy needs nobody to be entered. */
static bool is_about_a_proxy(const struct scenario *s, const struct fault *f)
{
    for (size_t i = 0; i < s->dependencies_count && i < DEPENDENCY_MAX; i++)
        if (f->targets & 1u << i && s->dependencies[i].listen)
            return true;
    return false;
}

static void read_service(struct reader *r, const struct fault_nodes *n, struct fault *f)
{
    if (!n->in && fault_way(f->kind) == WAY_SHIM && no_service_can_be_entered(r->scenario) &&
        !is_about_a_proxy(r->scenario, f))
        reader_error_at(r, f->at, "no service can be entered: all say inject: none");
    r->key = "in";
    if (n->in)
        f->service = name_resolve(r, n->in, CATALOG_SERVICE);
    if (f->service >= 0 && fault_way(f->kind) == WAY_SHIM &&
        r->scenario->services[f->service].inject == INJECT_NONE)
        reader_error(r, n->in, "no fault can enter \"%s\", whose inject is none; kill and pause can reach it",
                     r->scenario->services[f->service].name);
    r->key = NULL;
}

/* A reset knows all three, by the unit. */
static void read_reset_after(struct reader *r, const struct node *node, struct fault *f)
{
    struct cut_after after = {0};

    take(r, node, "after", &shape_cut_after, &after);
    f->after = after.matches;
    f->bytes = after.bytes;
    f->age_ns = after.age_ns;
}

/* Of truncate it counts bytes, of all others but reset matches. */
static void read_after(struct reader *r, const struct fault_nodes *n, struct fault *f)
{
    uint64_t bytes;

    if (f->kind == FAULT_truncate)
        take(r, n->after, "after", &shape_stream_size, &f->bytes);
    else if (f->kind == FAULT_reset)
        read_reset_after(r, n->after, f);
    else if (n->after && n->after->kind == NODE_SCALAR &&
             n->after->text[strspn(n->after->text, "0123456789")] && !unit_parse_size(n->after->text, &bytes))
        reader_error(r, n->after,
                     "after: \"%s\" is a size, which only truncate and reset take; %s counts matches, "
                     "such as 3",
                     n->after->text, fault_name(f->kind));
    else
        take(r, n->after, "after", &shape_count, &f->after);
}

static void read_common(struct reader *r, const struct fault_nodes *n, struct fault *f)
{
    take(r, n->target, "target", &shape_targets, &f->targets);
    read_service(r, n, f);
    take(r, n->probability, "probability", &shape_probability, &f->probability);
    read_after(r, n, f);
    take(r, n->times, "times", &shape_positive, &f->times);
    take(r, n->every, "every", &shape_positive, &f->every);
    take(r, n->direction, "direction", &shape_direction, &f->direction);
    f->direction_is_given = n->direction != NULL;
    take(r, n->request, "request", &shape_request, &f->request);
    read_start(r, n, f);
}

/* --- calls and errors --- */

static void unknown_call(struct reader *r, const struct node *node, const char *written)
{
    const char *names[CALL_COUNT];

    for (int i = 0; i < CALL_COUNT; i++)
        names[i] = call_name((enum call)i);
    reader_error(r, node, "unknown call \"%s\"%s", written, reader_hint(r, written, names, CALL_COUNT));
}

static void read_call(struct reader *r, const struct fault_nodes *n, struct fault *f)
{
    const char *text = NULL;
    bool plain;

    r->key = "call";
    if (n->call && reader_text(r, n->call, "the name of a call", &text, &plain)) {
        f->call = call_find(text);
        if (f->call == CALL_COUNT)
            unknown_call(r, n->call, text);
        else if (call_role(f->call) == ROLE_ALLOCATE && n->target)
            reader_error(r, n->target,
                         "%s allocates memory, which belongs to no dependency: target has no meaning", text);
    }
    r->key = NULL;
}

/* The menu is a space-separated list; its first is the default. */
static void read_error(struct reader *r, const struct node *node, const char *menu, const char *what,
                       struct fault *f)
{
    cleanup_buf struct buf first = {0};
    const char *text = NULL;
    bool plain;

    if (!*menu) {
        reader_error(r, node ? node : &(struct node){.at = f->at}, "%s cannot fail", what);
        return;
    }
    buf_add_n(&first, menu, strcspn(menu, " "));
    if (!node) {
        f->error = error_find(buf_text(&first));
        return;
    }
    r->key = "errno";
    if (reader_text(r, node, "the name of an error", &text, &plain)) {
        const char *found = *text && !strchr(text, ' ') ? strstr(menu, text) : NULL;
        size_t len = strlen(text);
        while (found && !((found == menu || found[-1] == ' ') && (!found[len] || found[len] == ' ')))
            found = strstr(found + 1, text);
        if (found)
            f->error = error_find(text);
        else
            reader_error(r, node, "%s does not fail with \"%s\"; it can with: %s", what, text, menu);
    }
    r->key = NULL;
}

/* --- what a kind alone has --- */

static void read_dns(struct reader *r, const struct fault_nodes *n, struct fault *f)
{
    static const int errors[] = {
        [DNS_NXDOMAIN] = EAI_NONAME, [DNS_SERVFAIL] = EAI_AGAIN, [DNS_TIMEOUT] = EAI_AGAIN, [DNS_SLOW] = 0};
    bool waits;

    take(r, n->mode, "mode", &shape_dns_mode, &f->dns_mode);
    take(r, n->delay, "delay", &shape_time, &f->delay_ns);
    waits = f->dns_mode == DNS_TIMEOUT || f->dns_mode == DNS_SLOW;
    f->error = errors[f->dns_mode];
    if (n->delay && !waits)
        reader_error(r, n->delay, "delay: only the modes timeout and slow wait");
    if (!n->delay && f->dns_mode == DNS_SLOW)
        reader_error(r, n->mode, "mode: slow needs delay: how long a name takes, such as 2s");
    if (!n->delay && f->dns_mode == DNS_TIMEOUT)
        f->delay_ns = DNS_TIMEOUT_NS;
    for (size_t i = 0; n->target && i < r->scenario->dependencies_count; i++) {
        const struct dependency *d = &r->scenario->dependencies[i];
        bool named = !d->targets_count; /* broken: said already */
        for (size_t k = 0; k < d->targets_count; k++)
            named = named || d->targets[k].kind == TARGET_NAME || d->targets[k].kind == TARGET_PATTERN;
        if ((f->targets & (1u << i)) && !named)
            reader_error(r, n->target, "target: \"%s\" is %s: there is no name to resolve", d->name, d->text);
    }
}

static void read_oom(struct reader *r, const struct fault_nodes *n, struct fault *f)
{
    const char *text = NULL;
    uint64_t nth = 0;

    f->error = ENOMEM;
    take(r, n->nth, "nth", &shape_positive, &nth);
    if (n->nth && (n->after || n->times || n->every))
        reader_error(r, n->nth, "nth stands for after and times: it cannot stand with after, times or every");
    if (nth) {
        f->after = nth - 1;
        f->times = 1;
    }
    r->key = "size";
    if (n->size)
        (void)whole_range(r, n->size, UNIT_SIZE, "a size or a range such as \">= 1KiB\" or \"1KiB..64KiB\"",
                          &f->size_min, &f->size_max, &text);
    r->key = NULL;
    take(r, n->quota, "quota", &shape_size, &f->quota);
    take(r, n->caller, "caller", &shape_line, &f->caller);
    if (f->caller && (strchr(f->caller, '/') || strlen(f->caller) >= RULE_CALLER_MAX))
        reader_error(r, n->caller,
                     "caller: the base name of a program or library is wanted, such as libssl.so.3");
}

static void read_kill(struct reader *r, const struct fault_nodes *n, struct fault *f)
{
    f->signal = SIGKILL;
    take(r, n->signal, "signal", &shape_signal, &f->signal);
    if (f->signal == SIGSTOP || f->signal == SIGTSTP || f->signal == SIGCONT)
        reader_error(r, n->signal, "signal: that does not end a service; the fault pause stops one");
}

/* --- what flows --- */

static void read_latency(struct reader *r, const struct fault_nodes *n, struct fault *f)
{
    char delay[UNIT_TEXT_BYTES];

    take(r, n->delay, "delay", &shape_time, &f->delay_ns);
    take(r, n->jitter, "jitter", &shape_time, &f->jitter_ns);
    take(r, n->distribution, "distribution", &shape_distribution, &f->distribution);
    if (n->distribution && !n->jitter)
        reader_error(r, n->distribution, "distribution: of what? There is no jitter");
    if (f->delay_ns && f->distribution == DISTRIBUTION_UNIFORM && f->jitter_ns > f->delay_ns)
        reader_error(r, n->jitter,
                     "jitter: \"%s\" is more than the delay (%s): nothing arrives before it was sent",
                     n->jitter->text, unit_format_duration(f->delay_ns, delay));
}

static void read_reorder(struct reader *r, const struct fault_nodes *n, struct fault *f)
{
    f->delay_ns = REORDER_NS;
    take(r, n->delay, "delay", &shape_time, &f->delay_ns);
}

static void read_own(struct reader *r, const struct fault_nodes *n, struct fault *f)
{
    switch (f->kind) {
    case FAULT_unreachable: read_error(r, n->error, "EHOSTUNREACH ENETUNREACH", "unreachable", f); break;
    case FAULT_error:
    case FAULT_delay: read_call(r, n, f); break;
    case FAULT_dns: read_dns(r, n, f); break;
    case FAULT_oom: read_oom(r, n, f); break;
    case FAULT_kill: read_kill(r, n, f); break;
    case FAULT_latency: read_latency(r, n, f); break;
    case FAULT_bandwidth: take(r, n->rate, "rate", &shape_throughput, &f->rate_per_s); break;
    case FAULT_slice: take(r, n->size, "size", &shape_bytes, &f->bytes); break;
    case FAULT_reorder: read_reorder(r, n, f); break;
    case FAULT_drop_response: take(r, n->then, "then", &shape_then, &f->then_resets); break;
    case FAULT_respond: fault_read_answer(r, n, f); break;
    case FAULT_truncate: /* its `after`: read_after */
    case FAULT_loss:
    case FAULT_duplicate:
    case FAULT_blackhole:
    case FAULT_corrupt:
    case FAULT_refuse:
    case FAULT_outage:
    case FAULT_reset:
    case FAULT_pause:
    case FAULT_COUNT: break;
    }
    if (f->kind == FAULT_error && f->call != CALL_COUNT)
        read_error(r, n->error, call_errnos(f->call), call_name(f->call), f);
    if (f->kind == FAULT_delay)
        take(r, n->delay, "delay", &shape_time, &f->delay_ns);
    fault_check_flow(r, n, f);
    if (f->direction == DIRECTION_INBOUND && (f->kind == FAULT_refuse || f->kind == FAULT_unreachable))
        reader_error(r, n->direction,
                     "direction: what comes in was accepted by the kernel before the program hears of it; "
                     "reset and outage "
                     "work on inbound connections");
}

/* --- requests --- */

static void read_request(struct reader *r, const struct fault_nodes *n, const struct fault *f)
{
    bool is_call = f->call != CALL_COUNT;

    if (!n->request && f->kind != FAULT_drop_response && f->kind != FAULT_respond)
        return;
    if (!n->target && n->request)
        reader_error(r, n->request, "request: of whom? %s needs target: the dependency that is asked",
                     fault_name(f->kind));
    if (f->direction_is_given && f->direction != DIRECTION_OUTBOUND)
        reader_error(r, n->direction,
                     "direction: %s looks at what the service sends; it goes with outbound alone",
                     n->request ? "request" : fault_name(f->kind));
    if (is_call && call_role(f->call) != ROLE_SEND && call_role(f->call) != ROLE_RECEIVE)
        reader_error(r, n->request, "request: %s neither sends nor receives; calls such as send and recv do",
                     call_name(f->call));
}

/* --- the whole --- */

static enum fault_kind find_kind(struct reader *r, const struct node *key)
{
    const char *names[FAULT_COUNT];
    enum fault_kind kind = fault_find(key->text);

    if (kind != FAULT_COUNT)
        return kind;
    for (int i = 0; i < FAULT_COUNT; i++)
        names[i] = fault_name((enum fault_kind)i);
    if (fault_is_later(key->text))
        reader_error(r, key, "fault \"%s\" is not in this version yet; available: %s", key->text,
                     reader_join(r, names, FAULT_COUNT, ", "));
    else
        reader_error(r, key, "unknown fault \"%s\"%s", key->text, fault_hint(r, key->text));
    return FAULT_COUNT;
}

/* Common keys that mean nothing for this kind are refused with the reason, not as unknown. */
static void refuse_keys(struct reader *r, const struct node *map, enum fault_kind kind)
{
    for (size_t i = 0; i < map->count; i++) {
        const struct node *key = map->pairs[i].key;
        const char *why = fault_key_refusal(kind, key->text);
        if (why)
            reader_error(r, key, "%s has no meaning for %s: %s", key->text, fault_name(kind), why);
    }
}

/* The map without the refused keys: those have had their message. */
static struct node without_refused(struct reader *r, const struct node *map, enum fault_kind kind)
{
    struct node kept = *map;

    kept.pairs = reader_take(r, (map->count + 1) * sizeof(*kept.pairs));
    kept.count = 0;
    for (size_t i = 0; kept.pairs && i < map->count; i++)
        if (!fault_key_refusal(kind, map->pairs[i].key->text))
            kept.pairs[kept.count++] = map->pairs[i];
    return kept;
}

static bool read_keys(struct reader *r, const struct node *value, struct fault *f)
{
    struct field fields[FAULT_FIELD_MAX];
    struct fault_nodes n = {0};
    struct node nothing = {.kind = NODE_MAP, .at = value->at};
    size_t before = r->errors;

    if (value->kind != NODE_MAP && !node_is_null(value)) {
        reader_error(r, value, "%s takes a map of its keys: {%s: %s}", fault_name(f->kind),
                     fault_name(f->kind), fault_form(f->kind));
        return false;
    }
    struct node kept = without_refused(r, value->kind == NODE_MAP ? value : &nothing, f->kind);
    refuse_keys(r, value->kind == NODE_MAP ? value : &nothing, f->kind);
    fault_fields_of(f->kind, fields);
    if (!fields_read(r, &kept, fault_name(f->kind), fields, &n))
        return false;
    read_common(r, &n, f);
    read_own(r, &n, f);
    read_request(r, &n, f);
    read_hits(r, &n, f);
    return r->errors == before && !r->failed;
}

bool fault_read(struct reader *r, const struct node *node, struct fault *f)
{
    r->key = NULL;
    if (node->kind != NODE_MAP || node->count != 1) {
        reader_error(r, node, "a fault is a map of one kind to its keys, such as {refuse: {target: NAME}}");
        return false;
    }
    *f = (struct fault){
        .kind = find_kind(r, node->pairs[0].key),
        .at = node->pairs[0].key->at,
        .service = -1,
        .call = CALL_COUNT,
        .size_max = UINT64_MAX,
        .probability = 1,
        .every = 1,
        .times = RULE_ENDLESS,
        .for_ns = RULE_ENDLESS,
    };
    if (f->kind == FAULT_COUNT || !read_keys(r, node->pairs[0].value, f))
        return false;
    f->text = fault_describe(r, f);
    return f->text != NULL;
}
