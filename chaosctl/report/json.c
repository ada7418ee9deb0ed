/* The machine form.  Floor 4.
 *
 * Keys are stable; new ones may be added.  Durations are whole nanoseconds (_ns), times of day nanoseconds
 * since 1970 (_wall_ns) with an RFC 3339 twin ("started"), seeds strings of decimals.  The shape is that of
 * the journal's lines (layout_table.c), with what follows from it:
 *
 *   format      1
 *   exit_code   as `chaosctl run` ended, or would have
 *   complete    false: the run did not end
 *   totals      how many cells of each verdict, and not_run
 *   questions   [{question, text, answer: yes|no|partly|open|not tested, evidence}]
 *   cells       as the journal's `cell` events */
#include <errno.h>
#include <stdlib.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/report/report.h"
#include "chaosctl/report/layout.h"
#include "chaosctl/report/text.h"
#include "chaosctl/report/words.h"

#define FORMAT 1

static json_t *totals_of(const struct run_result *result)
{
    size_t run = result->cells_count, counts[VERDICT_COUNT] = {0};
    json_t *totals = json_object();

    for (size_t i = 0; i < run; i++)
        counts[result->cells[i].verdict]++;
    for (int v = 0; totals && v < VERDICT_COUNT; v++)
        json_object_set_new(totals, verdict_name((enum verdict_of_run)v),
                            json_integer((json_int_t)counts[v]));
    size_t left = result->cells_planned > run ? result->cells_planned - run : 0;
    if (totals)
        json_object_set_new(totals, "not_run", json_integer((json_int_t)left));
    return totals;
}

static json_t *question_of(const struct run_result *result, enum question question)
{
    cleanup_buf struct buf evidence = {0}, valid = {0};
    enum answer answer = words_question(result, question, &evidence);

    text_valid(&valid, buf_text(&evidence), 0);
    return json_pack("{s:s, s:s, s:s, s:s}", "question", question_name(question), "text",
                     question_text(question), "answer", words_answer(answer), "evidence", buf_text(&valid));
}

static json_t *questions_of(const struct run_result *result)
{
    json_t *list = json_array();

    for (int q = 0; list && q < QUESTION_COUNT; q++)
        json_array_append_new(list, question_of(result, (enum question)q));
    return list;
}

static json_t *cells_of(const struct run_result *result)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < result->cells_count; i++)
        if (json_array_append_new(list, layout_encode(&layout_cell, &result->cells[i], NULL, 0))) {
            json_decref(list);
            list = NULL;
        }
    return list;
}

static json_t *object_of(const struct run_result *result)
{
    char started[CLOCK_TEXT_BYTES];
    json_t *object = json_pack("{s:i, s:s, s:i, s:b}", "format", FORMAT, "started",
                               clock_text(result->started_wall_ns, started), "exit_code",
                               verdict_exit_code(result->verdict), "complete", (int)result->complete);
    json_t *run = layout_encode(&layout_run, result, NULL, 0);
    int r = json_object_update(object, run);

    json_decref(run);
    r |= json_object_set_new(object, "totals", totals_of(result));
    r |= json_object_set_new(object, "questions", questions_of(result));
    r |= json_object_set_new(object, "cells", cells_of(result));
    if (!r)
        return object;
    json_decref(object);
    return NULL;
}

static int render(const struct run_result *result, const struct report_style *style, struct buf *ret_text)
{
    json_t *object = object_of(result);
    cleanup_free char *text = object ? json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(12)) : NULL;

    (void)style;
    json_decref(object);
    if (!text)
        return -ENOMEM;
    buf_add(ret_text, text);
    buf_add_char(ret_text, '\n');
    return ret_text->failed ? -ENOMEM : 0;
}

const struct report report_json = {
    .name = "json",
    .summary = "everything, for machines",
    .render = render,
};
