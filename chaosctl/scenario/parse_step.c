/* Steps and clean-ups: things done in order.  Floor 2. */
#include <string.h>

#include "chaosctl/base/unit.h"
#include "chaosctl/scenario/parse.h"

struct step_nodes {
    struct probe_nodes ask;
    const struct node *probe, *wait, *expect;
};

static const struct field fields[] = {
    PROBE_FIELDS(struct step_nodes, ask),
    {"probe", &shape_probe_name, offsetof(struct step_nodes, probe), FIELD_NODE, "asks this probe"},
    {"wait", &shape_time, offsetof(struct step_nodes, wait), FIELD_NODE, "waits this long"},
    {"expect", &shape_expect, offsetof(struct step_nodes, expect), FIELD_NODE,
     "what must come of it; unless given: ok, and for http a status below 400"},
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

static void read_step(struct reader *r, const struct node *node, void *arg)
{
    struct steps *steps = arg;
    struct step_nodes n = {0};
    struct step s = {.at = node->at, .text = ""};

    r->key = NULL;
    if (!fields_read(r, node, "a step", fields, &n))
        return;
    if (!!n.ask.http + !!n.ask.tcp + !!n.ask.exec + !!n.probe + !!n.wait != 1) {
        reader_error(r, node, "a step is exactly one of http, tcp, exec, probe and wait");
        return;
    }
    if (!(n.wait ? read_wait(r, &n, &s) : read_deed(r, node, &n, &s)))
        return;
    struct step *place = reader_push(r, &steps->items, &steps->count, sizeof(*place));
    if (place)
        *place = s;
}

void steps_read(struct reader *r, const struct node *node, struct steps *ret_steps)
{
    if (node && !node_is_null(node))
        (void)list_each(r, node, shape_steps.wanted, false, read_step, ret_steps);
}
