/* One row per key; which kind takes which follows from fault.def.  Floor 2. */
#include <string.h>

#include "chaosctl/scenario/fault_keys.h"
#include "chaosctl/scenario/parse.h"
#include "injectors/decision/expression.h"

static const struct shape shape_sizes = {.name = "sizes",
                                         .wanted = "a size or a range such as \">= 1KiB\"",
                                         .schema = "{\"type\":[\"string\",\"integer\"]}"};
static const struct shape shape_hits = {.name = "hits",
                                        .wanted = "a number or a bound such as \">= 1\"",
                                        .schema = "{\"type\":[\"string\",\"integer\"]}"};
static const struct shape shape_error_name = {.name = "errno",
                                              .wanted = "the name of an error",
                                              .schema = "{\"type\":\"string\",\"pattern\":\"^E|\\\\$\"}"};
static const struct shape shape_call_name = {
    .name = "call", .wanted = "the name of a call", .schema = "{\"type\":\"string\",\"minLength\":1}"};

#define AT(member) offsetof(struct fault_nodes, member), FIELD_NODE

/* Taken by every kind, but for what `refusals` says. */
static const struct field common[] = {
    {"target", &shape_targets, AT(target), "the dependency that it is about, or a list of them"},
    {"in", &shape_service_name, AT(in), "the service that it happens in; all unless given"},
    {"probability", &shape_probability, AT(probability), "of each match, such as 50%; 1 unless given"},
    {"after", &shape_count, AT(after), "so many matches go through first"},
    {"times", &shape_positive, AT(times), "it strikes at most so many times"},
    {"every", &shape_positive, AT(every), "it strikes each so-many-th match"},
    {"start", &shape_duration, AT(start), "after the injection; at once unless given"},
    {"for", &shape_time, AT(for_), "then it is lifted; unless given, when the hold ends"},
    {"direction", &shape_direction, AT(direction),
     "outbound (the service connected), inbound (it accepted), or any; unless given: outbound of a target"},
    {"hits", &shape_hits, AT(hits),
     "what makes it count as landed; \">= 1\" unless given, 0: no expectation"},
    {"request", &shape_request, AT(request),
     "only requests whose first bytes match this regex, such as '^GET /recs'"},
    {0},
};

static const struct field own[] = {
    {"call", &shape_call_name, AT(call), "the intercepted call, such as connect"},
    {"errno", &shape_error_name, AT(error), "what it fails with, such as ETIMEDOUT"},
    {"delay", &shape_time, AT(delay), "how much later, such as 200ms"},
    {"jitter", &shape_time, AT(jitter), "how far the delay strays, such as 20ms; not at all unless given"},
    {"distribution", &shape_distribution, AT(distribution),
     "of the jitter: uniform (unless given), normal or pareto"},
    {"rate", &shape_throughput, AT(rate), "how much gets through, such as 100kB/s"},
    {"mode", &shape_dns_mode, AT(mode), "nxdomain (unless given), servfail, timeout or slow"},
    {"nth", &shape_positive, AT(nth), "the n-th allocation fails, once"},
    {"size", &shape_sizes, AT(size), "only allocations of this size: \">= 1KiB\", \"1KiB..64KiB\""},
    {"quota", &shape_size, AT(quota), "only while the heap holds this much"},
    {"caller", &shape_line, AT(caller), "only when this object calls, such as libssl.so.3"},
    {"then", &shape_then, AT(then), "silence (unless given), or reset when the answer begins to come"},
    {"status", &shape_status, AT(status), "of an HTTP answer, such as 503"},
    {"headers", &shape_pairs, AT(headers), "of an HTTP answer: a map of names and values"},
    {"body", &shape_text, AT(body), "of an HTTP answer, as text; none unless given"},
    {"raw", &shape_text, AT(raw), "the bytes to answer with, in place of an HTTP answer"},
    {"signal", &shape_signal, AT(signal), "SIGKILL unless given"},
    {0},
};

/* What a key means for these kinds, in place of the rows above. */
static const struct {
    const char *kinds;
    struct field field;
} meanings[] = {
    {" truncate ",
     {"after", &shape_stream_size, AT(after), "so many bytes of each stream go through first, such as 20B"}},
    {" reset ",
     {"after", &shape_cut_after, AT(after),
      "so many bytes were received on the connection, such as 10KiB; or so long, such as 300ms; or so many "
      "matches"}},
    {" respond ",
     {"delay", &shape_time, AT(delay), "how long the answer takes; it comes at once unless given"}},
    {" reorder ",
     {"delay", &shape_time, AT(delay),
      "how long it waits at most for another to overtake it; 100ms unless given"}},
    {" slice ", {"size", &shape_bytes, AT(size), "so many bytes a call at most, such as 1B"}},
};

static const struct {
    const char *kinds, *keys, *why;
} refusals[] = {
    {" kill pause ", " target probability after times every direction ",
     "it happens once, to a whole service: say in, start and for"},
    {" oom ", " target direction ", "memory belongs to no dependency: say in, to name a service"},
    {" dns ", " direction ", "names are resolved before there is a connection"},
    {" kill pause oom dns ", " request ", "it strikes no request"},
    {" refuse unreachable outage ", " request ",
     "a connection is refused before a request is sent; reset and error strike requests"},
};

static bool has_word(const char *words, const char *word)
{
    size_t len = strlen(word);

    for (const char *p = words; (p = strstr(p, word)); p += len)
        if ((p == words || p[-1] == ' ') && (!p[len] || p[len] == ' ' || p[len] == '!'))
            return true;
    return false;
}

static bool is_required(const char *keys, const char *key)
{
    size_t len = strlen(key);

    for (const char *p = keys; (p = strstr(p, key)); p += len)
        if ((p == keys || p[-1] == ' ') && p[len] == '!')
            return true;
    return false;
}

const char *fault_key_refusal(enum fault_kind kind, const char *key)
{
    for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
        if (has_word(refusals[i].kinds, fault_name(kind)) && has_word(refusals[i].keys, key))
            return refusals[i].why;
    return NULL;
}

static struct field meant_by(enum fault_kind kind, const struct field *field)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++)
        if (has_word(meanings[i].kinds, fault_name(kind)) && !strcmp(meanings[i].field.name, field->name))
            return meanings[i].field;
    return *field;
}

void fault_fields_of(enum fault_kind kind, struct field ret_fields[static FAULT_FIELD_MAX])
{
    const char *keys = fault_keys(kind);
    size_t n = 0;

    for (const struct field *f = own; f->name && n < FAULT_FIELD_MAX - 1; f++)
        if (has_word(keys, f->name))
            ret_fields[n++] = meant_by(kind, f);
    for (const struct field *f = common; f->name && n < FAULT_FIELD_MAX - 1; f++)
        if (!fault_key_refusal(kind, f->name))
            ret_fields[n++] = meant_by(kind, f);
    ret_fields[n] = (struct field){0};
    for (size_t i = 0; i < n; i++)
        if (is_required(keys, ret_fields[i].name))
            ret_fields[i].flags |= FIELD_REQUIRED;
}

const char *fault_form(enum fault_kind kind)
{
    static const struct {
        const char *required[2], *form;
    } forms[] = {
        {{"call", "delay"}, "{call: connect, delay: 200ms}"},
        {{"call", NULL}, "{call: connect}"},
        {{"target", "delay"}, "{target: NAME, delay: 200ms}"},
        {{"target", "rate"}, "{target: NAME, rate: 100kB/s}"},
        {{"target", "after"}, "{target: NAME, after: 20B}"},
        {{"target", "size"}, "{target: NAME, size: 1B}"},
        {{"target", NULL}, "{target: NAME}"},
        {{"in", NULL}, "{in: SERVICE}"},
    };
    const char *keys = fault_keys(kind);

    if (has_word(keys, "status")) /* or raw */
        return "{target: NAME, status: 503}";
    for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++)
        if (is_required(keys, forms[i].required[0]) &&
            (!forms[i].required[1] || is_required(keys, forms[i].required[1])))
            return forms[i].form;
    return "{}";
}

/* --- words --- */

static bool take_direction(struct reader *r, const struct node *node, void *ret_value)
{
    static const char *const words[] = {
        [DIRECTION_ANY] = "any", [DIRECTION_OUTBOUND] = "outbound", [DIRECTION_INBOUND] = "inbound"};
    size_t i = 0;

    if (!reader_word(r, node, words, 3, shape_direction.wanted, "is unknown", &i))
        return false;
    *(enum direction *)ret_value = (enum direction)i;
    return true;
}

static bool take_dns_mode(struct reader *r, const struct node *node, void *ret_value)
{
    static const char *const words[] = {[DNS_NXDOMAIN] = "nxdomain",
                                        [DNS_SERVFAIL] = "servfail",
                                        [DNS_TIMEOUT] = "timeout",
                                        [DNS_SLOW] = "slow"};
    size_t i = 0;

    if (!reader_word(r, node, words, 4, shape_dns_mode.wanted, "is unknown", &i))
        return false;
    *(enum dns_mode *)ret_value = (enum dns_mode)i;
    return true;
}

static bool take_then(struct reader *r, const struct node *node, void *ret_value)
{
    static const char *const words[] = {"silence", "reset"};
    size_t i = 0;

    if (!reader_word(r, node, words, 2, shape_then.wanted, "is unknown", &i))
        return false;
    *(bool *)ret_value = i;
    return true;
}

static bool take_distribution(struct reader *r, const struct node *node, void *ret_value)
{
    static const char *const words[] = {[DISTRIBUTION_UNIFORM] = "uniform",
                                        [DISTRIBUTION_NORMAL] = "normal",
                                        [DISTRIBUTION_PARETO] = "pareto"};
    size_t i = 0;

    if (!reader_word(r, node, words, 3, shape_distribution.wanted, "is unknown", &i))
        return false;
    *(enum distribution *)ret_value = (enum distribution)i;
    return true;
}

#define REQUEST_WANTED "a regular expression such as '^GET /recs'"

static bool take_request(struct reader *r, const struct node *node, void *ret_value)
{
    struct expression compiled;
    const char *text = NULL, *why;
    size_t at;
    bool plain;

    if (!reader_text(r, node, REQUEST_WANTED, &text, &plain))
        return false;
    if (!*text) {
        reader_error(r, node, "an empty regex fits every request: leave the key out");
        return false;
    }
    if (!expression_compile(text, &compiled, &why, &at)) {
        reader_error_at(r, node_place(node, text, at), "request: \"%s\": %s", text, why);
        return false;
    }
    *(const char **)ret_value = text;
    return true;
}

const struct shape shape_direction = {
    .name = "direction",
    .wanted = "outbound, inbound or any",
    .schema = "{\"enum\":[\"any\",\"outbound\",\"inbound\"]}",
    .take = take_direction,
};
const struct shape shape_dns_mode = {
    .name = "dns-mode",
    .wanted = "nxdomain, servfail, timeout or slow",
    .schema = "{\"enum\":[\"nxdomain\",\"servfail\",\"timeout\",\"slow\"]}",
    .take = take_dns_mode,
};
const struct shape shape_distribution = {
    .name = "distribution",
    .wanted = "uniform, normal or pareto",
    .schema = "{\"enum\":[\"uniform\",\"normal\",\"pareto\"]}",
    .take = take_distribution,
};
const struct shape shape_then = {
    .name = "then",
    .wanted = "silence or reset",
    .schema = "{\"enum\":[\"silence\",\"reset\"]}",
    .take = take_then,
};
const struct shape shape_request = {
    .name = "request",
    .wanted = REQUEST_WANTED,
    .schema = "{\"type\":\"string\",\"minLength\":1}",
    .take = take_request,
};
