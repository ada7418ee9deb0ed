/* Checks.  Floor 2.
 *
 *   check      = subject, [quantifier], [expect]
 *   subject    = probe | http | tcp | exec | load | calls | log | service | metric
 *   quantifier = always: true | eventually: D | never: true | for: D      (of a log, `never` is a regex) */
#include <string.h>

#include "chaosctl/base/unit.h"
#include "chaosctl/scenario/parse.h"

struct check_nodes {
    struct probe_nodes ask;
    const struct node *probe, *load, *calls, *log, *service, *metric;
    const struct node *match, *never, *every_line, *count, *each_failed, *each_request;
    const struct node *expect, *always, *eventually, *for_, *min_samples;
};

#define AT(member) offsetof(struct check_nodes, member), FIELD_NODE

struct calls_nodes {
    uint32_t targets;
    const struct node *load;
};

static const struct field calls_fields[] = {
    {"target", &shape_targets, offsetof(struct calls_nodes, targets), FIELD_REQUIRED,
     "a dependency, or a list of them: all together are counted"},
    {"load", &shape_load_name, offsetof(struct calls_nodes, load), FIELD_NODE,
     "the load whose requests per_request and retries count by"},
    {0},
};
static const struct shape shape_calls = {
    .name = "calls", .wanted = "a map: {target: NAME}", .kind = SHAPE_MAP, .fields = calls_fields};

static const struct shape shape_never = {.name = "never",
                                         .wanted = "true, or of a log a regular expression",
                                         .kind = SHAPE_CHOICE,
                                         .of = {&shape_bool, &shape_regex}};
static const struct shape shape_bound = {.name = "bound",
                                         .wanted = "a bound such as \">= 1\"",
                                         .schema = "{\"type\":[\"string\",\"integer\",\"array\"]}"};

static const struct field fields[] = {
    {"probe", &shape_probe_name, AT(probe), "asks this probe"},
    PROBE_FIELDS(struct check_nodes, ask),
    {"load", &shape_load_name, AT(load), "looks at this load's requests"},
    {"calls", &shape_calls, AT(calls), "looks at what dependencies were called"},
    {"log", &shape_service_name, AT(log), "looks at the lines that this service wrote"},
    {"service", &shape_service_name, AT(service), "looks at the processes of this service"},
    {"metric", &shape_metric, AT(metric), "looks at a metric of a page in the Prometheus text format"},
    {"match", &shape_regex, AT(match),
     "log: lines that match are counted; at least one unless count says otherwise"},
    {"never", &shape_never, AT(never),
     "log: no line may match.  Else true: the expectation holds at no time"},
    {"every_line", &shape_regex, AT(every_line), "log: every line must match"},
    {"count", &shape_bound, AT(count), "log: how many lines match"},
    {"each_failed", &shape_load_name, AT(each_failed),
     "log: a line must match for each failed request of this load, ${request.id} in match being its own"},
    {"each_request", &shape_load_name, AT(each_request), "log: the same for each request of this load"},
    {"expect", &shape_expect, AT(expect), "a map from what is measured to what is expected"},
    {"always", &shape_bool, AT(always), "true: the expectation holds each time that it is looked at"},
    {"eventually", &shape_time, AT(eventually), "it holds once, within this time"},
    {"for", &shape_time, AT(for_), "it holds for this long on end"},
    {"min_samples", &shape_positive, AT(min_samples), "load: fewer requests prove nothing; 1 unless given"},
    {0},
};

const struct shape shape_check = {.name = "check", .wanted = "a check", .kind = SHAPE_MAP, .fields = fields};
const struct shape shape_checks = {
    .name = "checks", .wanted = "a list of checks", .kind = SHAPE_LIST, .of = {&shape_check}};

static bool refuse(struct reader *r, const struct node *node, const char *why)
{
    reader_error(r, node, "%s", why);
    return false;
}

/* --- what is done or asked: conditions that go without saying --- */

void deed_expect(struct reader *r, const struct node *expect, const struct probe *probe, struct position at,
                 struct expectation *e)
{
    each_refuse(r, at, probe);
    if (expect) {
        expect_read(r, expect, e);
        return;
    }
    expect_add_ok(r, at, e);
    if (probe->kind == PROBE_HTTP && !expect_has(probe->expect, probe->expect_count, METRIC_status))
        expect_add_status(r, at, e);
}

/* --- subjects --- */

static bool read_named_probe(struct reader *r, const struct node *node, struct check *c)
{
    int i = name_resolve(r, node, CATALOG_PROBE);

    if (i < 0)
        return false;
    c->probe = &r->scenario->probes[i];
    c->text = reader_printf(r, "probe %s", c->probe->name);
    return true;
}

static bool read_own_probe(struct reader *r, const struct node *node, const struct probe_nodes *ask,
                           struct check *c)
{
    struct probe *probe = reader_take(r, sizeof(*probe));

    if (!probe || !probe_read(r, node, ask, NULL, probe))
        return false;
    c->probe = probe;
    c->text = probe->name;
    return true;
}

static bool read_subject_probe(struct reader *r, const struct node *node, const struct check_nodes *n,
                               struct check *c, struct expectation *e)
{
    c->kind = CHECK_PROBE;
    if (n->probe && n->ask.timeout)
        reader_error(r, n->ask.timeout, "timeout stands with the probe's definition");
    bool good = n->probe ? read_named_probe(r, n->probe, c) : read_own_probe(r, node, &n->ask, c);
    if (!good)
        return false;
    e->on = probe_on(c->probe->kind);
    e->what = probe_what(c->probe->kind);
    deed_expect(r, n->expect, c->probe, c->at, e);
    return true;
}

static bool must_expect(struct reader *r, const struct node *node, const struct node *expect,
                        const char *example, struct expectation *e)
{
    if (expect) {
        expect_read(r, expect, e);
        return true;
    }
    reader_error(r, node, "%s without expect proves nothing: expect: {%s}", e->what, example);
    return false;
}

static bool read_subject_load(struct reader *r, const struct node *node, const struct check_nodes *n,
                              struct check *c, struct expectation *e)
{
    c->kind = CHECK_LOAD;
    c->load = name_resolve(r, n->load, CATALOG_LOAD);
    *e = (struct expectation){.on = ON_LOAD, .what = "a load check", .has_no_baseline = e->has_no_baseline};
    if (c->load >= 0)
        c->text = reader_printf(r, "load %s", r->scenario->loads[c->load].name);
    return must_expect(r, node, n->expect, "success: \">= 99%\", p95: \"< 300ms\"", e) && c->load >= 0;
}

static const char *target_names(struct reader *r, uint32_t targets)
{
    const char *names[DEPENDENCY_MAX];
    size_t n = 0;

    for (size_t i = 0; i < r->scenario->dependencies_count && i < DEPENDENCY_MAX; i++)
        if (targets & (1u << i))
            names[n++] = r->scenario->dependencies[i].name;
    return reader_join(r, names, n, ", ");
}

static bool read_calls_load(struct reader *r, const struct check_nodes *n, const struct node *load,
                            struct check *c, const struct expectation *e)
{
    bool has_retries = expect_has(e->items, e->count, METRIC_retries);
    bool wanted = has_retries || expect_has(e->items, e->count, METRIC_per_request);

    if (has_retries && e->has_no_baseline)
        reader_error(r, n->expect, "there is no baseline here for retries to be more than: say per_request");
    if (wanted && !load)
        reader_error(r, n->calls, "%s by a load's requests: calls: {target: NAME, load: NAME}",
                     has_retries ? "retries count" : "per_request counts");
    else if (load && !wanted && n->expect)
        reader_error(r, load, "load is for per_request and retries, which nothing is expected of");
    r->key = "load";
    c->load = load ? name_resolve(r, load, CATALOG_LOAD) : -1;
    r->key = NULL;
    return wanted == !!load && (!load || c->load >= 0);
}

static bool read_subject_calls(struct reader *r, const struct node *node, const struct check_nodes *n,
                               struct check *c, struct expectation *e)
{
    c->kind = CHECK_CALLS;
    *e = (struct expectation){.on = ON_CALLS, .what = "a calls check", .has_no_baseline = e->has_no_baseline};
    struct calls_nodes calls = {0};
    (void)fields_read(r, n->calls, "calls", calls_fields, &calls);
    c->targets = calls.targets;
    c->text = reader_printf(r, "calls to %s", target_names(r, c->targets));
    bool good = must_expect(r, node, n->expect, "rate: \"<= 5/s\"", e) && c->targets;
    return read_calls_load(r, n, calls.load, c, e) && good;
}

static bool read_subject_service(struct reader *r, const struct node *node, const struct check_nodes *n,
                                 struct check *c, struct expectation *e)
{
    c->kind = CHECK_SERVICE;
    c->service = name_resolve(r, n->service, CATALOG_SERVICE);
    *e = (struct expectation){
        .on = ON_SERVICE, .what = "a service check", .has_no_baseline = e->has_no_baseline};
    if (c->service >= 0)
        c->text = reader_printf(r, "service %s", r->scenario->services[c->service].name);
    return must_expect(r, node, n->expect, "alive: true", e) && c->service >= 0;
}

static bool read_subject_metric(struct reader *r, const struct node *node, const struct check_nodes *n,
                                struct check *c, struct expectation *e)
{
    c->kind = CHECK_METRIC;
    *e = (struct expectation){
        .on = ON_METRIC, .what = "a metric check", .has_no_baseline = e->has_no_baseline};
    bool good = metric_read_subject(r, n->metric, c);
    return must_expect(r, node, n->expect, "increase: \">= 1\"", e) && good;
}

/* `never: true` is what the other checks say; as a regex it would look for the word. */
static bool is_bool(const struct node *node)
{
    return node->kind == NODE_SCALAR && !node->style &&
           (!strcmp(node->text, "true") || !strcmp(node->text, "false"));
}

static void read_regex(struct reader *r, const struct node *node, const char *key, const char **ret_regex)
{
    r->key = key;
    if (node && is_bool(node))
        reader_error(
            r, node,
            "of a log check this is a regular expression over its lines; quote the word if you mean it");
    else if (node)
        (void)shape_regex.take(r, node, ret_regex);
    r->key = NULL;
}

/* A count needs something to count, and what is counted a bound. */
static void read_count(struct reader *r, const struct node *node, const struct check_nodes *n,
                       struct check *c, struct expectation *e)
{
    if (n->expect)
        expect_read(r, n->expect, e);
    r->key = "count";
    if (n->count && n->expect)
        reader_error(r, n->count, "given twice: here and in expect");
    else if (n->count)
        expect_read_metric(r, METRIC_count, n->count, e);
    r->key = NULL;
    if ((n->count || n->expect) && !n->match)
        reader_error(r, n->count ? n->count : n->expect, "count counts the lines of match, which is missing");
    else if (n->match && !n->count && !n->expect)
        expect_add_count(r, node->at, e);
    (void)c;
}

/* --- each request --- */

static bool has_mark(const char *text)
{
    return text && strstr(text, REQUEST_ID_MARK);
}

static bool sends_id(const struct probe *probe)
{
    bool sends = probe->kind == PROBE_HTTP && (has_mark(probe->url) || has_mark(probe->body));

    for (size_t i = 0; i < probe->headers_count; i++)
        sends = sends || has_mark(probe->headers[i].value);
    return sends;
}

/* The match begins with the id, so that whose line it is can be read there. */
#define REQUEST_ID_REGEX "\\K[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-4[0-9a-fA-F]{3}-8[0-9a-fA-F]{3}-[0-9a-fA-F]{12}"

static void put_id_regex(struct reader *r, const struct node *node, const char **match)
{
    const char *mark = strstr(*match, REQUEST_ID_MARK), *rest = mark ? mark + strlen(REQUEST_ID_MARK) : NULL;

    r->key = "match";
    if (!mark || has_mark(rest)) {
        reader_error(r, node, "${request.id} must stand in it, once, for the id of a request");
    } else {
        const char *before = reader_copy(r, *match, (size_t)(mark - *match));
        const char *regex = before ? reader_printf(r, "%s" REQUEST_ID_REGEX "%s", before, rest) : NULL;
        if (regex && regex_check(r, node, regex))
            *match = regex;
    }
    r->key = NULL;
}

static bool read_each(struct reader *r, const struct check_nodes *n, struct check *c)
{
    const struct node *load = n->each_failed ? n->each_failed : n->each_request;
    const struct node *other = n->count ? n->count : n->expect;
    const struct scenario *s = r->scenario;

    c->each = n->each_failed ? EACH_FAILED : EACH_REQUEST;
    if (n->each_failed && n->each_request)
        reader_error(r, n->each_request, "each_failed and each_request are both given: one is wanted");
    if (other)
        reader_error(r, other, "with %s nothing is counted: each must be found",
                     n->each_failed ? "each_failed" : "each_request");
    r->key = n->each_failed ? "each_failed" : "each_request";
    c->load = name_resolve(r, load, CATALOG_LOAD);
    if (!n->match)
        reader_error(r, load, "match is missing, with ${request.id} in it");
    const struct probe *probe = c->load >= 0 && s->loads[c->load].probe < s->probes_count
                                    ? &s->probes[s->loads[c->load].probe]
                                    : NULL;
    if (probe && !sends_id(probe))
        reader_error(r, load, "load %s sends no ${request.id}: put it into a header of probe %s",
                     s->loads[c->load].name, probe->name);
    r->key = NULL;
    if (c->match)
        put_id_regex(r, n->match, &c->match);
    if (c->load < 0 || !c->match)
        return false;
    c->text = reader_printf(r, "%s, each %s of %s", c->text, n->each_failed ? "failed request" : "request",
                            s->loads[c->load].name);
    return c->text != NULL;
}

static bool read_subject_log(struct reader *r, const struct node *node, const struct check_nodes *n,
                             struct check *c, struct expectation *e)
{
    c->kind = CHECK_LOG;
    c->service = name_resolve(r, n->log, CATALOG_SERVICE);
    *e = (struct expectation){.on = ON_LOG, .what = "a log check", .has_no_baseline = e->has_no_baseline};
    if (c->service >= 0 && r->scenario->services[c->service].join)
        reader_error(r, n->log, "the output of a service started elsewhere (join: true) is not seen");
    if (!n->match && !n->never && !n->every_line)
        return refuse(r, node,
                      "a log check says match, never or every_line: a regular expression over lines");
    r->takes_request_id = n->each_failed || n->each_request;
    read_regex(r, n->match, "match", &c->match);
    r->takes_request_id = false;
    read_regex(r, n->never, "never", &c->never);
    read_regex(r, n->every_line, "every_line", &c->every_line);
    if (c->service >= 0)
        c->text = reader_printf(r, "log %s", r->scenario->services[c->service].name);
    if (n->each_failed || n->each_request)
        return read_each(r, n, c) && c->service >= 0;
    read_count(r, node, n, c, e);
    return c->service >= 0;
}

/* --- quantifiers --- */

static bool read_true(struct reader *r, const struct node *node, const char *key)
{
    bool yes = false;

    r->key = key;
    if (node)
        (void)shape_bool.take(r, node, &yes);
    r->key = NULL;
    return yes;
}

static void read_time(struct reader *r, const struct node *node, const char *key, enum check_place place,
                      struct check *c)
{
    char hold[UNIT_TEXT_BYTES];

    r->key = key;
    if (shape_time.take(r, node, &c->time_ns) && place == IN_DURING && r->hold_ns && c->time_ns > r->hold_ns)
        reader_error(r, node, "\"%s\" is longer than hold (%s): lengthen hold, or wait less", node->text,
                     unit_format_duration(r->hold_ns, hold));
    r->key = NULL;
}

/* What is asked of each request cannot be told before they all are over. */
static void refuse_each(struct reader *r, const struct check_nodes *n, enum check_place place)
{
    const struct node *each = n->each_failed ? n->each_failed : n->each_request;
    const struct node *moment = n->always ? n->always : n->eventually ? n->eventually : n->for_;

    if (n->log && each && moment)
        reader_error(r, moment, "no quantifier here: each request is looked for when the phase is over");
    if (n->log && each && (place == IN_STEADY_STATE || place == IN_STOP_WHEN))
        reader_error(r, each,
                     "it is for during and after: each request is looked for when the phase is over");
}

/* It holds until a line refutes it: the first look would settle what is asked of the whole phase. */
static void refuse_moment(struct reader *r, const struct check_nodes *n)
{
    const struct node *moment = n->eventually ? n->eventually : n->for_;

    if (n->log && moment && (n->never || n->every_line))
        reader_error(r, moment, "`%s` speaks of the whole phase; %s goes with match alone",
                     n->never ? "never" : "every_line", n->eventually ? "eventually" : "for");
}

static void read_quantifier(struct reader *r, const struct check_nodes *n, enum check_place place,
                            struct check *c)
{
    const struct node *never = n->log ? NULL : n->never;
    const struct node *given = n->always       ? n->always
                               : n->eventually ? n->eventually
                               : never         ? never
                                               : n->for_;

    if (!!n->always + !!n->eventually + !!never + !!n->for_ > 1) {
        reader_error(r, given, "only one of always, eventually, never and for can hold");
        return;
    }
    if (given && (place == IN_STEADY_STATE || place == IN_STOP_WHEN)) {
        reader_error(r, given, "no quantifier here: %s",
                     place == IN_STEADY_STATE ? "a steady state holds all the time"
                                              : "a run stops as soon as it holds");
        return;
    }
    if (read_true(r, n->always, "always"))
        c->quantifier = ALWAYS;
    else if (read_true(r, never, "never"))
        c->quantifier = NEVER;
    else if (n->eventually || n->for_)
        c->quantifier = n->eventually ? EVENTUALLY : FOR;
    if (n->eventually)
        read_time(r, n->eventually, "eventually", place, c);
    else if (n->for_)
        read_time(r, n->for_, "for", place, c);
}

/* --- the whole --- */

static void check_keys(struct reader *r, const struct check_nodes *n)
{
    const struct node *log_only[] = {n->match, n->every_line, n->count, n->each_failed, n->each_request};
    static const char *const names[] = {"match", "every_line", "count", "each_failed", "each_request"};

    for (size_t i = 0; !n->log && i < sizeof(names) / sizeof(*names); i++)
        if (log_only[i])
            reader_error(r, log_only[i], "%s is for log checks", names[i]);
    if (n->min_samples && !n->load && !(n->calls && node_get(n->calls, "load")))
        reader_error(r, n->min_samples, "min_samples is for load checks, and calls checks with a load");
    if (n->ask.timeout && !n->probe && !probe_is_given(&n->ask))
        reader_error(r, n->ask.timeout, "timeout is for http, tcp and exec");
}

static bool read_subject(struct reader *r, const struct node *node, const struct check_nodes *n,
                         struct check *c, struct expectation *e)
{
    if (n->probe || probe_is_given(&n->ask))
        return read_subject_probe(r, node, n, c, e);
    if (n->load)
        return read_subject_load(r, node, n, c, e);
    if (n->calls)
        return read_subject_calls(r, node, n, c, e);
    if (n->log)
        return read_subject_log(r, node, n, c, e);
    if (n->metric)
        return read_subject_metric(r, node, n, c, e);
    return read_subject_service(r, node, n, c, e);
}

static bool one_subject(struct reader *r, const struct node *node, const struct check_nodes *n)
{
    int given = !!n->probe + !!n->ask.http + !!n->ask.tcp + !!n->ask.exec + !!n->load + !!n->calls +
                !!n->log + !!n->service + !!n->metric;

    if (given != 1)
        reader_error(r, node,
                     "a check is about exactly one of probe, http, tcp, exec, load, calls, log, service and "
                     "metric; %s",
                     given ? "there are several" : "there is none");
    return given == 1;
}

struct check_list {
    struct checks *checks;
    enum check_place place;
};

static void read_check(struct reader *r, const struct node *node, void *arg)
{
    struct check_list *to = arg;
    struct check_nodes n = {0};
    struct check c = {.at = node->at, .load = -1, .service = -1, .min_samples = 1, .text = ""};
    struct expectation e = {.has_no_baseline = to->place == IN_STEADY_STATE};

    r->key = NULL;
    if (!fields_read(r, node, "a check", fields, &n) || !one_subject(r, node, &n))
        return;
    check_keys(r, &n);
    bool good = read_subject(r, node, &n, &c, &e);
    read_quantifier(r, &n, to->place, &c);
    refuse_moment(r, &n);
    refuse_each(r, &n, to->place);
    r->key = "min_samples";
    if (n.min_samples && (n.load || n.calls))
        (void)shape_positive.take(r, n.min_samples, &c.min_samples);
    r->key = NULL;
    if (!good)
        return;
    c.expect = e.items;
    c.expect_count = e.count;
    struct check *place = reader_push(r, &to->checks->items, &to->checks->count, sizeof(*place));
    if (place)
        *place = c;
}

void checks_read(struct reader *r, const struct node *node, enum check_place place, struct checks *ret_checks)
{
    struct check_list to = {ret_checks, place};

    if (node && !node_is_null(node))
        (void)list_each(r, node, shape_checks.wanted, false, read_check, &to);
}
