/* Steps and clean-ups: things done in order.  Floor 2. */
#include <string.h>

#include "chaosctl/base/unit.h"
#include "chaosctl/scenario/parse.h"

#define TOGETHER_MAX 64 /* deeds of one parallel: each may be a process or a connection */

struct step_nodes {
    struct probe_nodes ask;
    const struct node *probe, *wait, *parallel, *expect;
};

#define DEED_FIELDS                                                                                          \
    PROBE_FIELDS(struct step_nodes, ask),                                                                    \
        {"probe", &shape_probe_name, offsetof(struct step_nodes, probe), FIELD_NODE, "asks this probe"},     \
    {                                                                                                        \
        "expect", &shape_expect, offsetof(struct step_nodes, expect), FIELD_NODE,                            \
            "what must come of it; unless given: ok, and for http a status below 400"                        \
    }

static const struct field deed_fields[] = {DEED_FIELDS, {0}};
static const struct shape shape_deed = {
    .name = "deed", .wanted = "a deed", .kind = SHAPE_MAP, .fields = deed_fields};
static const struct shape shape_parallel = {
    .name = "parallel", .wanted = "a list of deeds", .kind = SHAPE_LIST, .of = {&shape_deed}};

static const struct field fields[] = {
    DEED_FIELDS,
    {"wait", &shape_time, offsetof(struct step_nodes, wait), FIELD_NODE, "waits this long"},
    {"parallel", &shape_parallel, offsetof(struct step_nodes, parallel), FIELD_NODE,
     "does two deeds or more (http, tcp, exec, probe) at the same moment, and ends when all have answered"},
    {0},
};

static const struct shape shape_step = {
    .name = "step", .wanted = "a step", .kind = SHAPE_MAP, .fields = fields};
const struct shape shape_steps = {
    .name = "steps", .wanted = "a list of steps", .kind = SHAPE_LIST, .of = {&shape_step}};

static bool read_wait(struct reader *r, const struct step_nodes *n, struct step *s)
{
    char text[UNIT_TEXT_BYTES];

    if (n->expect)
        reader_error(r, n->expect, "there is nothing to expect of a wait");
    r->key = "wait";
    bool good = shape_time.take(r, n->wait, &s->wait_ns);
    r->key = NULL;
    if (good)
        s->text = reader_printf(r, "wait %s", unit_format_duration(s->wait_ns, text));
    return good && s->text;
}

static bool find_probe(struct reader *r, const struct node *node, const struct step_nodes *n, struct step *s)
{
    if (n->probe) {
        int i = name_resolve(r, n->probe, CATALOG_PROBE);
        s->probe = i >= 0 ? &r->scenario->probes[i] : NULL;
        s->text = s->probe ? reader_printf(r, "probe %s", s->probe->name) : NULL;
        return s->text != NULL;
    }
    struct probe *probe = reader_take(r, sizeof(*probe));
    if (!probe || !probe_read(r, node, &n->ask, NULL, probe))
        return false;
    s->probe = probe;
    s->text = probe->name;
    return true;
}

static bool read_deed(struct reader *r, const struct node *node, const struct step_nodes *n, struct step *s)
{
    if (!find_probe(r, node, n, s))
        return false;
    struct expectation e = {
        .on = probe_on(s->probe->kind), .what = probe_what(s->probe->kind), .has_no_baseline = true};
    deed_expect(r, n->expect, s->probe, node->at, &e);
    s->expect = e.items;
    s->expect_count = e.count;
    return true;
}

static void push_step(struct reader *r, struct steps *steps, const struct step *s)
{
    struct step *place = reader_push(r, &steps->items, &steps->count, sizeof(*place));

    if (place)
        *place = *s;
}

static int count_deeds(const struct step_nodes *n)
{
    return !!n->ask.http + !!n->ask.tcp + !!n->ask.exec + !!n->probe;
}

/* --- parallel --- */

struct together {
    struct steps *steps;
    size_t count; /* of those read well */
};

/* Read with the keys of a step, though a deed has fewer: whoever writes a wait here is told what to do. */
static void read_together(struct reader *r, const struct node *node, void *arg)
{
    struct together *together = arg;
    struct step_nodes n = {0};
    struct step s = {.at = node->at, .text = "", .beside = together->count};

    if (!fields_read(r, node, "a deed of parallel", fields, &n))
        return;
    if (n.wait)
        reader_error(r, n.wait,
                     "parallel has no wait: its deeds begin at once; put it before or behind, as a step");
    else if (n.parallel)
        reader_error(r, n.parallel, "parallel within parallel is one parallel: put all deeds into one list");
    else if (count_deeds(&n) != 1)
        reader_error(r, node, "a deed of parallel is exactly one of http, tcp, exec and probe");
    else if (read_deed(r, node, &n, &s)) {
        push_step(r, together->steps, &s);
        together->count++;
    }
}

/* What is said of a single deed, and was said of all. */
static const struct node *misplaced(const struct step_nodes *n)
{
    return n->expect ? n->expect : n->ask.timeout ? n->ask.timeout : n->ask.env;
}

static void read_parallel(struct reader *r, const struct step_nodes *n, struct steps *steps)
{
    struct together together = {.steps = steps};
    const struct node *list = n->parallel;

    if (misplaced(n))
        reader_error(r, misplaced(n),
                     "expect, timeout and env belong to each deed of parallel, not beside it");
    if (list->kind == NODE_LIST && list->count < 2)
        reader_error(r, list, "parallel wants two deeds or more: one alone is a step without it");
    else if (list->kind == NODE_LIST && list->count > TOGETHER_MAX)
        reader_error(r, list, "parallel takes %d deeds at most, and here are %zu: a load asks more often",
                     TOGETHER_MAX, list->count);
    else
        (void)list_each(r, list, shape_parallel.wanted, false, read_together, &together);
}

static void read_step(struct reader *r, const struct node *node, void *arg)
{
    struct steps *steps = arg;
    struct step_nodes n = {0};
    struct step s = {.at = node->at, .text = ""};

    r->key = NULL;
    if (!fields_read(r, node, "a step", fields, &n))
        return;
    if (count_deeds(&n) + !!n.wait + !!n.parallel != 1)
        reader_error(r, node, "a step is exactly one of http, tcp, exec, probe, wait and parallel");
    else if (n.parallel)
        read_parallel(r, &n, steps);
    else if (n.wait ? read_wait(r, &n, &s) : read_deed(r, node, &n, &s))
        push_step(r, steps, &s);
}

void steps_read(struct reader *r, const struct node *node, struct steps *ret_steps)
{
    if (node && !node_is_null(node))
        (void)list_each(r, node, shape_steps.wanted, false, read_step, ret_steps);
}
