/* The matrix for programs.  Floor 4. */
#include <errno.h>
#include <jansson.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/matrix/matrix.h"
#include "chaosctl/report/text.h"
#include "chaosctl/report/words.h"

static json_t *text_json(const char *text)
{
    cleanup_buf struct buf valid = {0};

    text_valid(&valid, words_text(text), 0);
    return json_string(buf_text(&valid));
}

static json_t *check_json(const struct check_result *check)
{
    return json_pack("{s:s,s:o,s:o,s:o,s:s,s:{s:i,s:i}}", "phase", phase_name(check->phase), "text",
                     text_json(check->text), "expected", text_json(check->expected), "observed",
                     text_json(check->observed), "outcome", outcome_name(check->outcome), "at", "line",
                     check->at.line, "column", check->at.column);
}

/* Those that did not hold. */
static json_t *checks_json(const struct cell_result *result)
{
    json_t *list = json_array();

    for (size_t i = 0; i < result->checks_count; i++)
        if (words_is_finding(&result->checks[i]))
            json_array_append_new(list, check_json(&result->checks[i]));
    return list;
}

static json_t *hits_json(const struct cell_result *result)
{
    json_t *list = json_array();

    for (size_t i = 0; i < result->faults_count; i++)
        json_array_append_new(list, json_integer((json_int_t)result->faults[i].hits));
    return list;
}

static json_t *parts_json(const struct matrix *m, const struct matrix_cell *cell)
{
    json_t *list = json_array();

    for (size_t i = 0; i < cell->count; i++) {
        const struct matrix_part *p = &cell->parts[i];
        json_array_append_new(list, json_pack("{s:o,s:s,s:o}", "dependency",
                                              text_json(m->scenario->dependencies[p->dependency].name),
                                              "fault", matrix_fault_name((enum matrix_fault)p->fault), "text",
                                              text_json(m->faults[p->dependency][p->fault]->text)));
    }
    return list;
}

static void add_result(json_t *object, const struct cell_result *result)
{
    json_object_set_new(object, "reason", result->reason ? text_json(result->reason) : json_null());
    json_object_set_new(object, "checks", checks_json(result));
    json_object_set_new(object, "hits", hits_json(result));
    if (result->recovery_measured)
        json_object_set_new(object, "recovery_s", json_real((double)result->recovery_ns / 1e9));
}

static json_t *cell_json(const struct matrix *m, const struct matrix_cell *cell)
{
    json_t *object =
        json_pack("{s:o,s:s,s:i,s:b}", "faults", parts_json(m, cell), "outcome",
                  matrix_outcome_name(cell->outcome), "runs", cell->runs, "confirmed", cell->refutations > 1);

    if (cell->rule != SKIP_NONE)
        json_object_set_new(object, "skipped",
                            json_pack("{s:s,s:b,s:b}", "rule", matrix_rule_name(cell->rule), "sound",
                                      matrix_rule_is_sound(cell->rule), "sampled", cell->sampled));
    if (cell->result)
        add_result(object, cell->result);
    return object;
}

/* Pairs that were not run are many, and only counted. */
static json_t *cells_json(const struct matrix *m)
{
    json_t *list = json_array();

    for (size_t i = 0; i < m->count; i++)
        if (i < m->singles || m->cells[i].runs)
            json_array_append_new(list, cell_json(m, &m->cells[i]));
    return list;
}

static json_t *unexplored_json(const struct matrix_totals *t)
{
    json_t *list = json_array();

    for (int i = 0; i < SKIP_COUNT; i++)
        if (t->unexplored[i])
            json_array_append_new(list, json_pack("{s:s,s:s,s:b,s:I}", "rule",
                                                  matrix_rule_name((enum matrix_rule)i), "meaning",
                                                  matrix_rule_meaning((enum matrix_rule)i), "sound",
                                                  matrix_rule_is_sound((enum matrix_rule)i), "cells",
                                                  (json_int_t)t->unexplored[i]));
    return list;
}

int matrix_json(const struct matrix *m, uint64_t took_ns, struct buf *out)
{
    struct matrix_totals t = matrix_totals(m);
    json_t *root = json_pack(
        "{s:o,s:o,s:o,s:i,s:f,s:o,s:I,s:I,s:o,s:I,s:I,s:o}", "scenario", text_json(m->scenario->name), "file",
        text_json(m->scenario->path), "seed", json_sprintf("%llu", (unsigned long long)m->scenario->seed),
        "exit_code", matrix_exit_code(m), "duration_s", (double)took_ns / 1e9, "trouble",
        m->trouble ? text_json(m->trouble) : json_null(), "explored", (json_int_t)t.explored, "planned",
        (json_int_t)t.planned, "unexplored", unexplored_json(&t), "sampled", (json_int_t)t.sampled, "missed",
        (json_int_t)t.missed, "cells", cells_json(m));
    cleanup_free char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;

    json_decref(root);
    if (text)
        buf_printf(out, "%s\n", text);
    return text && !out->failed ? 0 : -ENOMEM;
}
