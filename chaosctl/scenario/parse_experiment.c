/* `experiments:`.  Floor 2. */
#include <string.h>

#include "chaosctl/scenario/expand.h"

#define EXPERIMENT_NAME_MAX 200

static const char *const question_names[QUESTION_COUNT] = {
    [QUESTION_MONITOR] = "monitor", [QUESTION_DISABLE] = "disable",       [QUESTION_RECOVER] = "recover",
    [QUESTION_SCALE] = "scale",     [QUESTION_UNDERSTAND] = "understand",
};

const char *question_name(enum question question)
{
    return question < QUESTION_COUNT ? question_names[question] : "?";
}

const char *question_text(enum question question)
{
    static const char *const texts[QUESTION_COUNT] = {
        [QUESTION_MONITOR] = "Can I monitor it?",
        [QUESTION_DISABLE] = "Can I disable it?",
        [QUESTION_RECOVER] = "Can I recover from failure?",
        [QUESTION_SCALE] = "Can I scale it?",
        [QUESTION_UNDERSTAND] = "Can I understand what is happening when something goes wrong?",
    };

    return question < QUESTION_COUNT ? texts[question] : "?";
}

static const struct shape shape_answers = {
    .name = "answers",
    .wanted = "a list of monitor, disable, recover, scale and understand",
    .schema = "{\"type\":\"array\",\"items\":{\"enum\":[\"monitor\",\"disable\",\"recover\",\"scale\","
              "\"understand\"]}}",
};

#define AT(member) offsetof(struct experiment_nodes, member)

static const struct field fields[] = {
    {"name", &shape_line, AT(name), FIELD_NODE | FIELD_REQUIRED, "what reports call it, such as redis-down"},
    {"hypothesis", &shape_text, AT(hypothesis), FIELD_NODE, "what should happen, in words"},
    {"answers", &shape_answers, AT(answers), FIELD_NODE, "which of the five questions it speaks to"},
    {"matrix", &shape_matrix, AT(matrix), FIELD_NODE,
     "variables and their values: a cell for each combination"},
    {"faults", &shape_faults, AT(faults), FIELD_NODE | FIELD_REQUIRED,
     "a list of faults, or {one_of: [...]}"},
    {"during", &shape_checks, AT(during), FIELD_NODE,
     "what must hold under the fault; unless given: the steady state"},
    {"steps", &shape_steps, AT(steps), FIELD_NODE, "what is done, in order, under the fault"},
    {"after", &shape_checks, AT(after), FIELD_NODE, "what must hold after recovery"},
    {"cleanup", &shape_steps, AT(cleanup), FIELD_NODE, "what is done at the very end, whatever happened"},
    {"hold", &shape_time, AT(hold), FIELD_NODE, "how long the fault lasts"},
    {"recovery", &shape_recovery, AT(recovery), FIELD_NODE, "when the steady state must be back"},
    {"baseline", &shape_baseline, AT(baseline), FIELD_NODE, "how long the steady state must hold first"},
    {"isolation", &shape_isolation, AT(isolation), FIELD_NODE, "fresh or shared services"},
    {"confirm", &shape_bool, AT(confirm), FIELD_NODE,
     "wait for `chaosctl continue` before anything is injected"},
    {0},
};

static void take(struct reader *r, const struct node *node, const char *key, const struct shape *shape,
                 void *ret_value)
{
    r->key = key;
    if (node)
        (void)shape->take(r, node, ret_value);
    r->key = NULL;
}

static void add_answer(struct reader *r, const struct node *item, void *arg)
{
    const char *text = NULL;
    bool plain;

    if (!reader_text(r, item, shape_answers.wanted, &text, &plain))
        return;
    for (int i = 0; i < QUESTION_COUNT; i++)
        if (!strcmp(question_names[i], text)) {
            *(uint32_t *)arg |= 1u << i;
            return;
        }
    reader_error(r, item, "\"%s\" is none of the questions%s", text,
                 reader_hint(r, text, question_names, QUESTION_COUNT));
}

void cell_read(struct reader *r, const struct experiment_nodes *n, const struct defaults *defaults,
               struct cell *cell)
{
    struct checks during = {0}, after = {0};
    struct steps steps = {0}, cleanup = {0};

    cell->timing = defaults->timing;
    cell->shared = defaults->shared;
    take(r, n->hold, "hold", &shape_time, &cell->timing.hold_ns);
    take(r, n->recovery, "recovery", &shape_recovery, &cell->timing);
    take(r, n->baseline, "baseline", &shape_baseline, &cell->timing);
    take(r, n->isolation, "isolation", &shape_isolation, &cell->shared);
    take(r, n->confirm, "confirm", &shape_bool, &cell->waits);
    take(r, n->hypothesis, "hypothesis", &shape_text, &cell->hypothesis);
    r->key = "answers";
    if (n->answers)
        (void)list_each(r, n->answers, shape_answers.wanted, false, add_answer, &cell->answers);
    r->key = NULL;
    r->hold_ns = cell->timing.hold_ns;
    checks_read(r, n->during, IN_DURING, &during);
    steps_read(r, n->steps, &steps);
    checks_read(r, n->after, IN_AFTER, &after);
    steps_read(r, n->cleanup, &cleanup);
    cell->during = during.items;
    cell->during_count = during.count;
    cell->steps = steps.items;
    cell->steps_count = steps.count;
    cell->after = after.items;
    cell->after_count = after.count;
    cell->cleanup = cleanup.items;
    cell->cleanup_count = cleanup.count;
}

struct names {
    const char **items;
    const struct node **nodes;
    size_t count, nodes_count;
    const struct defaults *defaults;
};

static bool is_new(struct reader *r, const struct node *node, const char *name, struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        if (!strcmp(names->items[i], name)) {
            reader_error(r, node, "there is an experiment \"%s\" already, at %d:%d", name,
                         names->nodes[i]->at.line, names->nodes[i]->at.column);
            return false;
        }
    const char **item = reader_push(r, &names->items, &names->count, sizeof(*item));
    const struct node **place = reader_push(r, &names->nodes, &names->nodes_count, sizeof(*place));
    if (!item || !place)
        return false;
    *item = name;
    *place = node;
    return true;
}

/* By what is written: a check with an error has had its message. */
static void must_check(struct reader *r, const struct node *node, const struct experiment_nodes *n,
                       bool has_steady_state, const char *name)
{
    const struct node *checks[] = {n->during, n->after, n->steps};

    for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
        has_steady_state = has_steady_state || node_says_something(checks[i]);
    if (!has_steady_state)
        reader_error(r, node, "experiment \"%s\" checks nothing: give steady_state, during or after", name);
}

static void read_experiment(struct reader *r, const struct node *node, void *arg)
{
    struct names *names = arg;
    struct experiment_nodes n = {0};
    const char *name = "?";

    r->key = NULL;
    if (reader_is_full(r) || !fields_read(r, node, "an experiment", fields, &n))
        return;
    take(r, n.name, "name", &shape_line, &name);
    if (strlen(name) > EXPERIMENT_NAME_MAX)
        reader_error(r, n.name, "name: longer than %d bytes", EXPERIMENT_NAME_MAX);
    if (n.name && names->count < SCENARIO_CELL_MAX)
        (void)is_new(r, n.name, name, names);
    must_check(r, node, &n, names->defaults->has_steady_state, name);
    if (n.faults)
        expand(r, node, &n, names->defaults, name);
}

void experiments_read(struct reader *r, const struct node *node, const struct defaults *defaults)
{
    struct names names = {.defaults = defaults};

    if (node->kind == NODE_LIST && !node->count)
        reader_error(r, node, "experiments: the list is empty");
    r->key = "experiments";
    (void)list_each(r, node, "a list of experiments", false, read_experiment, &names);
    r->key = NULL;
}

const struct shape shape_experiment = {
    .name = "experiment", .wanted = "an experiment", .kind = SHAPE_MAP, .fields = fields};
