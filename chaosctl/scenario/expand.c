/* Matrix and one_of: a cell for each choice.  Floor 2. */
#include <string.h>

#include "chaosctl/scenario/expand.h"

#define AXIS_MAX 16

/* One thing to choose: a variable's value, or an alternative fault.  A fault without alternative has one. */
struct axis {
    const struct node *key; /* of a variable; NULL: a fault */
    struct node *const *options;
    size_t count;
    bool is_choice; /* of faults: it stands in the label */
};

struct axes {
    struct axis *items;
    size_t count, choices;
    size_t variables; /* the first so many are the matrix */
};

static void add_axis(struct reader *r, struct axes *axes, struct axis axis)
{
    struct axis *place = reader_push(r, &axes->items, &axes->count, sizeof(*place));

    if (place)
        *place = axis;
}

/* --- collecting --- */

static void add_choice(struct reader *r, const struct node *at, struct axes *axes, struct axis axis)
{
    if (++axes->choices > AXIS_MAX)
        reader_error(r, at, "more than %d things to combine", AXIS_MAX);
    else
        add_axis(r, axes, axis);
}

static bool is_taken(const struct scope *scope, const char *name)
{
    for (; scope; scope = scope->outer)
        for (size_t i = 0; i < scope->count; i++)
            if (!strcmp(scope->bindings[i].name, name))
                return true;
    return false;
}

static void add_variable(struct reader *r, const struct node_pair *pair, struct axes *axes)
{
    const struct node *list = pair->value;

    if (!variable_is_valid(pair->key->text))
        reader_error(r, pair->key, "\"%s\" is no variable's name: letters, digits, _ and -", pair->key->text);
    if (is_taken(r->scope, pair->key->text))
        reader_error(r, pair->key, "\"%s\" is a variable of vars already", pair->key->text);
    r->key = pair->key->text;
    if (list->kind != NODE_LIST)
        (void)reader_wrong(r, list, "a list of values");
    else if (!list->count)
        reader_error(r, list, "an empty list leaves no cell");
    else
        add_choice(r, list, axes, (struct axis){pair->key, list->items, list->count, true});
    r->key = NULL;
}

static void add_matrix(struct reader *r, const struct node *matrix, struct axes *axes)
{
    if (!matrix || node_is_null(matrix))
        return;
    if (matrix->kind != NODE_MAP)
        (void)reader_wrong(r, matrix, shape_matrix.wanted);
    for (size_t i = 0; matrix->kind == NODE_MAP && i < matrix->count; i++)
        add_variable(r, &matrix->pairs[i], axes);
    axes->variables = axes->count;
}

static const struct node *one_of(const struct node *node)
{
    return node->kind == NODE_MAP && node->count == 1 ? node_get(node, "one_of") : NULL;
}

static void add_alternatives(struct reader *r, const struct node *list, struct axes *axes)
{
    if (list->kind != NODE_LIST)
        (void)reader_wrong(r, list, "a list of faults, one of which each cell has,");
    else if (!list->count)
        reader_error(r, list, "an empty one_of leaves no cell");
    else
        add_choice(r, list, axes, (struct axis){NULL, list->items, list->count, true});
}

static void add_faults(struct reader *r, const struct node *faults, struct axes *axes)
{
    if (one_of(faults)) {
        add_alternatives(r, one_of(faults), axes);
        return;
    }
    if (faults->kind != NODE_LIST) {
        (void)reader_wrong(r, faults, shape_faults.wanted);
        return;
    }
    if (!faults->count)
        reader_error(r, faults, "an experiment without a fault proves nothing");
    for (size_t i = 0; i < faults->count; i++) {
        if (one_of(faults->items[i]))
            add_alternatives(r, one_of(faults->items[i]), axes);
        else
            add_axis(r, axes, (struct axis){NULL, &faults->items[i], 1, false});
    }
}

static bool count_cells(struct reader *r, const struct node *experiment, const struct axes *axes,
                        size_t *ret_count)
{
    size_t room = SCENARIO_CELL_MAX - r->scenario->cells_count, n = 1;

    for (size_t i = 0; i < axes->count; i++) {
        n *= axes->items[i].count;
        if (n > room) {
            reader_error(r, experiment, "more than %d cells in all: fewer values in the matrix or one_of",
                         SCENARIO_CELL_MAX);
            return false;
        }
    }
    if (n * experiment->size > r->nodes_left) {
        reader_error(r, experiment, "too large: %zu cells of %zu values each", n, experiment->size);
        return false;
    }
    r->nodes_left -= n * experiment->size;
    *ret_count = n;
    return true;
}

/* --- one cell --- */

static void add_part(struct buf *label, const char *text)
{
    buf_printf(label, "%s%s", label->len ? ", " : "", text);
}

struct cell_faults {
    const struct fault *items;
    size_t count;
    struct buf *label; /* NULL: not a choice */
    size_t said;       /* faults of this choice in the label */
};

static void add_fault(struct reader *r, const struct node *node, void *arg)
{
    struct cell_faults *faults = arg;
    struct fault f;

    if (one_of(node)) {
        reader_error(r, node, "one_of within one_of: write the alternatives in one list");
        return;
    }
    if (!fault_read(r, node, &f))
        return;
    if (faults->count >= RULE_MAX) {
        reader_error(r, node, "more than %d faults at once", RULE_MAX);
        return;
    }
    struct fault *place = reader_push(r, &faults->items, &faults->count, sizeof(*place));
    if (place)
        *place = f;
    if (faults->label && faults->said++)
        buf_printf(faults->label, " + %s", f.text);
    else if (faults->label)
        add_part(faults->label, f.text);
}

static bool bind(struct reader *r, const struct axis *axis, size_t choice, struct binding *b,
                 struct buf *label)
{
    const struct node *option = axis->options[choice];

    *b = (struct binding){.name = axis->key->text};
    r->key = axis->key->text;
    bool good = reader_text(r, option, "a value", &b->value, &b->plain);
    r->key = NULL;
    if (good) {
        buf_printf(label, "%s%s=%s", label->len ? ", " : "", b->name, b->value);
    }
    return good;
}

static void read_faults(struct reader *r, const struct axes *axes, const size_t *choice, struct cell *cell,
                        struct buf *label)
{
    struct cell_faults faults = {0};

    for (size_t i = axes->variables; i < axes->count; i++) {
        const struct axis *axis = &axes->items[i];
        faults.label = axis->is_choice ? label : NULL;
        faults.said = 0;
        if (axis->is_choice)
            (void)list_each(r, axis->options[choice[i]], "a fault, or a list of faults", true, add_fault,
                            &faults);
        else
            add_fault(r, axis->options[0], &faults);
    }
    cell->faults = faults.items;
    cell->faults_count = faults.count;
}

/* The k-th cell's choice on each axis; the last axis varies fastest. */
static void decode(const struct axes *axes, size_t k, size_t *choice)
{
    for (size_t i = axes->count; i-- > 0;) {
        choice[i] = k % axes->items[i].count;
        k /= axes->items[i].count;
    }
}

static uint64_t mix_text(uint64_t seed, const char *text)
{
    for (; *text; text++)
        seed = rule_draw(seed, (unsigned char)*text);
    return rule_draw(seed, 256);
}

/* From the scenario's, the experiment's name and the label: neither order nor filters change it. */
static uint64_t cell_seed(const struct scenario *s, const struct cell *cell)
{
    return mix_text(mix_text(s->seed, cell->experiment), cell->label);
}

void scenario_reseed(struct scenario *scenario, uint64_t seed)
{
    struct cell *cells = (struct cell *)scenario->cells;

    scenario->seed = seed;
    for (size_t i = 0; i < scenario->cells_count; i++)
        cells[i].seed = cell_seed(scenario, &cells[i]);
}

/* Cells that read alike are told apart by a number. */
static const char *unique_label(struct reader *r, const char *name, const struct buf *label)
{
    size_t alike = 1;

    for (size_t i = r->scenario->cells_count; i-- > 0;) {
        const struct cell *c = &r->scenario->cells[i];
        size_t len = label->len;
        if (c->experiment != name)
            break;
        if (!strncmp(c->label, buf_text(label), len) && (!c->label[len] || !strncmp(c->label + len, " #", 2)))
            alike++;
    }
    if (alike == 1)
        return reader_copy(r, buf_text(label), label->len);
    return reader_printf(r, "%s #%zu", buf_text(label), alike);
}

static void keep_cell(struct reader *r, const struct cell *cell, size_t cells, const struct buf *label)
{
    struct scenario *s = r->scenario;
    const char *text = cells > 1 ? unique_label(r, cell->experiment, label) : "";
    struct cell *place = text ? reader_push(r, &s->cells, &s->cells_count, sizeof(*place)) : NULL;

    if (!place)
        return;
    *place = *cell;
    place->label = text;
    place->seed = cell_seed(s, place);
}

static void read_cell(struct reader *r, const struct experiment_nodes *n, const struct axes *axes,
                      const size_t *choice, struct cell *cell, struct buf *label,
                      const struct defaults *defaults)
{
    struct binding bindings[AXIS_MAX];
    const struct scope *outer = r->scope;
    struct scope scope = {bindings, axes->variables, outer};
    bool good = true;

    for (size_t i = 0; i < axes->variables; i++)
        good = bind(r, &axes->items[i], choice[i], &bindings[i], label) && good;
    r->scope = &scope;
    if (good) {
        cell_read(r, n, defaults, cell);
        read_faults(r, axes, choice, cell, label);
        timing_check(r, cell);
    }
    r->scope = outer;
}

void expand(struct reader *r, const struct node *experiment, const struct experiment_nodes *n,
            const struct defaults *defaults, const char *name)
{
    struct axes axes = {0};
    size_t cells = 0;

    add_matrix(r, n->matrix, &axes);
    add_faults(r, n->faults, &axes);
    size_t *choice = reader_take(r, (axes.count + 1) * sizeof(*choice));
    if (!choice || !count_cells(r, experiment, &axes, &cells))
        return;
    for (size_t k = 0; k < cells && !reader_is_full(r); k++) {
        cleanup_buf struct buf label = {0};
        struct cell cell = {.experiment = name, .at = experiment->at};
        decode(&axes, k, choice);
        read_cell(r, n, &axes, choice, &cell, &label, defaults);
        r->failed = r->failed || label.failed;
        keep_cell(r, &cell, cells, &label);
    }
}

const struct shape shape_matrix = {
    .name = "matrix",
    .wanted = "a map from variables to lists of values",
    .schema = "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"array\",\"minItems\":1}}",
};
static const struct shape shape_fault_list = {
    .name = "fault-list", .wanted = "a list of faults", .kind = SHAPE_LIST, .of = {&shape_fault}};
static const struct shape shape_alternative = {.name = "alternative",
                                               .wanted = "a fault or a list",
                                               .kind = SHAPE_CHOICE,
                                               .of = {&shape_fault, &shape_fault_list}};
static const struct shape shape_alternatives = {
    .name = "alternatives", .wanted = "a list of faults", .kind = SHAPE_LIST, .of = {&shape_alternative}};
static const struct field one_of_fields[] = {
    {"one_of", &shape_alternatives, 0, FIELD_REQUIRED, "each cell has one of these"},
    {0},
};
static const struct shape shape_one_of = {
    .name = "one-of", .wanted = "a map", .kind = SHAPE_MAP, .fields = one_of_fields};
static const struct shape shape_fault_or_choice = {.name = "fault-or-choice",
                                                   .wanted = "a fault",
                                                   .kind = SHAPE_CHOICE,
                                                   .of = {&shape_fault, &shape_one_of}};
static const struct shape shape_faults_list = {
    .name = "faults-list", .wanted = "a list of faults", .kind = SHAPE_LIST, .of = {&shape_fault_or_choice}};
const struct shape shape_faults = {
    .name = "faults",
    .wanted = "a list of faults, or {one_of: [...]},",
    .kind = SHAPE_CHOICE,
    .of = {&shape_faults_list, &shape_one_of},
};
const struct shape shape_fault = {.name = "fault", .wanted = "a fault", .kind = SHAPE_FAULT};
