/* The machine form of what exploring found.  Floor 4.
 *
 * Keys are stable; new ones may be added.  Durations are whole nanoseconds (_ns).
 *
 *   format      1
 *   exit_code   1 when there is something new, else 0
 *   command     the program and its arguments; folder: where it was explored from
 *   points      {total, explored, unexplored: [{why, count}]}
 *   endings     how many of the explored points ended in which way
 *   counts      how many defects are new, known, suppressed, unconfirmed
 *   baseline    {absent}: how many of its entries were not found; null without a baseline
 *   defects     [{id, state, ending, sentence, at, call, error, ..., injected: [place], crash: [place],
 * replay}] uncovered   [{call, count}]: system calls that no failure could be injected into notes sentences
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/report/explore.h"
#include "chaosctl/report/explore_json.h"
#include "chaosctl/report/text.h"

#define FORMAT 1

json_t *explore_json_text(const char *text)
{
    cleanup_buf struct buf valid = {0};

    if (!text)
        return json_null();
    text_valid(&valid, text, 0);
    return json_string(buf_text(&valid));
}

json_t *explore_json_buf(const struct buf *text)
{
    return explore_json_text(buf_text(text));
}

int explore_json_put(json_t *root, struct buf *out)
{
    cleanup_free char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;

    json_decref(root);
    if (text) {
        buf_add(out, text);
        buf_add_char(out, '\n');
    }
    return text && !out->failed ? 0 : -ENOMEM;
}

static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *place_of(const struct place *place)
{
    char address[24];

    if (!place)
        return json_null();
    snprintf(address, sizeof(address), "0x%" PRIx64, place->address);
    json_t *line = place->line ? json_integer(place->line) : json_null();
    return json_pack("{s:o, s:o, s:o, s:o, s:s, s:b}", "function", explore_json_text(place->function), "file",
                     explore_json_text(place->file), "line", line, "module",
                     explore_json_text(place->module ? place->module->path : NULL), "address", address,
                     "inlined", place->is_inlined);
}

static json_t *trail_of(const struct trail *trail)
{
    json_t *list = json_array();

    for (size_t i = 0; i < trail->count; i++)
        json_array_append_new(list, place_of(&trail->places[i]));
    return list;
}

static json_t *suppression_of(const struct suppression *s)
{
    return s ? json_pack("{s:o, s:o}", "reason", explore_json_text(s->reason), "until",
                         explore_json_text(s->until))
             : json_null();
}

static json_t *point_of(const struct point *point)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:b, s:o}", "id", point->id, "call", point->call, "error",
                     point->error, "occurrence", (json_int_t)point->occurrence, "persistent",
                     point->is_persistent, "about", explore_json_text(point->about));
}

static json_t *defect_of(const struct defects *defects, const struct defect *d)
{
    cleanup_buf struct buf sentence = {0}, replay = {0};
    const struct finding *f = d->finding;
    char id[24];

    snprintf(id, sizeof(id), "%016" PRIx64, d->id);
    explore_sentence(d, &sentence);
    explore_replay(defects, d, &replay);
    return json_pack("{s:s, s:s, s:s, s:o, s:i, s:i, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o}", "id", id,
                     "state", explore_state(d->state), "ending", ending_name(f->outcome), "sentence",
                     explore_json_buf(&sentence), "signal", f->signal, "exit_status", f->exit_status,
                     "detail", explore_json_text(f->detail), "at", place_of(d->at), "points",
                     (json_int_t)d->points, "point", point_of(f->point), "injected", trail_of(&d->injected),
                     "crash", trail_of(&d->crash), "suppression", suppression_of(d->suppression), "replay",
                     explore_json_buf(&replay));
}

static json_t *defects_of(const struct defects *defects)
{
    json_t *list = json_array();

    for (size_t i = 0; i < defects->count; i++)
        json_array_append_new(list, defect_of(defects, &defects->items[i]));
    return list;
}

static json_t *points_of(const struct explore_result *result)
{
    json_t *left = json_array();

    for (int u = 0; u < UNEXPLORED_COUNT; u++)
        if (result->unexplored[u])
            json_array_append_new(left, json_pack("{s:s, s:I}", "why", unexplored_words((enum unexplored)u),
                                                  "count", (json_int_t)result->unexplored[u]));
    return json_pack("{s:I, s:I, s:o}", "total", (json_int_t)result->points_count, "explored",
                     (json_int_t)result->explored_count, "unexplored", left);
}

static json_t *endings_of(const struct explore_result *result)
{
    json_t *endings = json_object();

    for (int e = 0; e < ENDING_COUNT; e++)
        if (result->outcomes[e])
            json_object_set_new(endings, ending_name((enum ending)e), number(result->outcomes[e]));
    return endings;
}

static json_t *counts_of(const struct defects *defects)
{
    json_t *counts = json_object();

    for (int s = 0; s < DEFECT_STATE_COUNT; s++)
        json_object_set_new(counts, explore_state((enum defect_state)s), number(defects->counts[s]));
    return counts;
}

static json_t *command_of(const struct explore_result *result)
{
    json_t *words = json_array();

    for (char *const *word = result->argv; word && *word; word++)
        json_array_append_new(words, explore_json_text(*word));
    return words;
}

static json_t *uncovered_of(const struct explore_result *result)
{
    json_t *list = json_array();

    for (size_t i = 0; i < result->uncovered_count; i++)
        json_array_append_new(list,
                              json_pack("{s:o, s:I}", "call", explore_json_text(result->uncovered[i].call),
                                        "count", (json_int_t)result->uncovered[i].count));
    return list;
}

static json_t *notes_of(const struct defects *defects)
{
    json_t *list = json_array();

    for (size_t i = 0; i < defects->result->notes_count; i++)
        json_array_append_new(list, explore_json_text(defects->result->notes[i]));
    if (defects->trouble)
        json_array_append_new(list, explore_json_text(defects->trouble));
    return list;
}

static int render(const struct defects *defects, const struct report_style *style, struct buf *ret_text)
{
    const struct explore_result *result = defects->result;
    json_t *baseline = json_null();

    (void)style;
    if (defects->has_baseline)
        baseline = json_pack("{s:I}", "absent", (json_int_t)defects->absent);
    json_t *root =
        json_pack("{s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "format",
                  FORMAT, "exit_code", explore_exit_code(defects), "command", command_of(result), "folder",
                  explore_json_text(result->folder), "points", points_of(result), "endings",
                  endings_of(result), "counts", counts_of(defects), "clean_ns", (json_int_t)result->clean_ns,
                  "took_ns", (json_int_t)result->took_ns, "runs", (json_int_t)result->runs, "forks",
                  (json_int_t)result->forks, "baseline", baseline, "defects", defects_of(defects),
                  "uncovered", uncovered_of(result), "notes", notes_of(defects));
    return explore_json_put(root, ret_text);
}

const struct explore_report explore_report_json = {
    .name = "json",
    .summary = "everything, for programs",
    .render = render,
};
