/* Lines back to a result.  Floor 4.  Nothing that is missing is taken for good. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/buf.h"
#include "chaosctl/base/clean.h"
#include "chaosctl/report/journal.h"
#include "chaosctl/report/layout.h"
#include "chaosctl/report/text.h"

struct reader {
    FILE *file;
    struct buf line;
    size_t number; /* of the line */
    struct run_result *result;
    bool started, ended;
    double last_t;                    /* of the last line read */
    char *experiment, *label, *phase; /* the last phase that began */
    char **ret_why;
};

__attribute__((format(printf, 2, 3))) static int damaged(struct reader *r, const char *format, ...)
{
    cleanup_buf struct buf why = {0};
    cleanup_free char *words = NULL;
    va_list args;

    va_start(args, format);
    int n = vasprintf(&words, format, args);
    va_end(args);
    if (n < 0) {
        words = NULL;
        return -ENOMEM;
    }
    buf_printf(&why, "line %zu: ", r->number);
    text_line(&why, words);
    *r->ret_why = buf_steal(&why);
    return *r->ret_why ? -EINVAL : -ENOMEM;
}

/* 1 and a whole line, 0 at the end or where the last line was cut, -errno. */
static int next_line(struct reader *r)
{
    int c;

    buf_clear(&r->line);
    r->number++;
    while ((c = getc_unlocked(r->file)) != EOF && c != '\n') {
        buf_add_char(&r->line, (char)c);
        if (r->line.failed)
            return -ENOMEM;
        if (r->line.len > JOURNAL_LINE_MAX)
            return damaged(r, "longer than %u bytes: not a journal of chaosctl", JOURNAL_LINE_MAX);
    }
    if (c == EOF && ferror(r->file))
        return errno ? -errno : -EIO;
    return c == '\n';
}

static int take_run(struct reader *r, const json_t *line)
{
    const char *key = NULL;
    int error = layout_decode(&layout_run, line, r->result->arena, r->result, &key);

    return error == -EINVAL ? damaged(r, "\"%s\" is missing or not of its type", key) : error;
}

static int on_started(struct reader *r, const json_t *line)
{
    if (r->started)
        return damaged(r, "a second run begins: one journal holds one run");
    r->started = true;
    return take_run(r, line);
}

static int on_ended(struct reader *r, const json_t *line)
{
    if (r->ended)
        return damaged(r, "the run ends a second time");
    r->ended = true;
    return take_run(r, line);
}

static int on_cell(struct reader *r, const json_t *line)
{
    struct run_result *result = r->result;
    const char *key = NULL;
    struct cell_result *cell = arena_push(result->arena, &result->cells, &result->cells_count, sizeof(*cell));

    if (!cell)
        return -ENOMEM;
    int error = layout_decode(&layout_cell, line, result->arena, cell, &key);
    return error == -EINVAL ? damaged(r, "\"%s\" is missing or not of its type", key) : error;
}

static void keep(char **kept, const json_t *line, const char *key)
{
    const char *text = json_string_value(json_object_get(line, key));

    free(*kept);
    *kept = text && *text ? strdup(text) : NULL;
}

static int on_phase(struct reader *r, const json_t *line)
{
    keep(&r->experiment, line, "experiment");
    keep(&r->label, line, "label");
    keep(&r->phase, line, "phase");
    return 0;
}

/* t counts from where the run began, at_ns from where its cell did. */
static int on_deed(struct reader *r, const json_t *line)
{
    struct run_result *result = r->result;
    const char *key = NULL;
    struct deed *deed = arena_push(result->arena, &result->timeline, &result->timeline_count, sizeof(*deed));

    if (!deed)
        return -ENOMEM;
    int error = layout_decode(&layout_deed, line, result->arena, deed, &key);
    deed->at_ns = r->last_t > 0 && r->last_t < 1e9 ? (uint64_t)(r->last_t * 1e9) : 0;
    return error == -EINVAL ? damaged(r, "\"%s\" is missing or not of its type", key) : error;
}

struct event_row {
    const char *name;
    int (*take)(struct reader *reader, const json_t *line);
};

static const struct event_row events[] = {
    {"run.started", on_started},
    {"phase", on_phase},
    {"cell", on_cell},
    {"run.ended", on_ended},
};

static int take_event(struct reader *r, const json_t *line)
{
    const char *event = json_string_value(json_object_get(line, "event"));
    const json_t *t = json_object_get(line, "t");

    if (!event || !json_is_number(t))
        return damaged(r, "not an event of a journal: \"t\" or \"event\" is missing");
    r->last_t = json_number_value(t);
    if (!r->started && strcmp(event, "run.started"))
        return 0;
    for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
        if (!strcmp(events[i].name, event))
            return events[i].take(r, line);
    return strncmp(event, "drill.", 6) ? 0 : on_deed(r, line); /* hits and the rest are for people */
}

static int take_line(struct reader *r)
{
    json_error_t error;
    json_t *line = json_loadb(buf_text(&r->line), r->line.len, JSON_REJECT_DUPLICATES, &error);

    if (!line)
        return damaged(r, "not JSON: %s (column %d)", error.text, error.column);
    int status = take_event(r, line);
    json_decref(line);
    return status;
}

static const char *where_it_stops(struct reader *r)
{
    struct arena *arena = r->result->arena;
    const char *where = "before the first experiment";

    if (r->experiment)
        where = arena_printf(arena, "in experiment %s%s%s%s, phase %s", r->experiment, r->label ? " [" : "",
                             r->label ? r->label : "", r->label ? "]" : "", r->phase ? r->phase : "unknown");
    return arena_printf(arena, "the run did not end: the journal stops at %.3f s, %s", r->last_t,
                        where ? where : "?");
}

/* A verdict is never better than what its evidence allows. */
static int finish(struct reader *r)
{
    struct run_result *result = r->result;

    if (!r->started)
        return damaged(r, "no run.started: not a journal, or cut in its first line");
    for (size_t i = 0; i < result->cells_count; i++)
        result->verdict = verdict_worse(result->verdict, result->cells[i].verdict);
    result->complete = r->ended;
    if (!r->ended) {
        result->verdict = verdict_worse(result->verdict, VERDICT_INCONCLUSIVE);
        result->reason = where_it_stops(r);
        result->duration_ns = r->last_t > 0 && r->last_t < 1e9 ? (uint64_t)(r->last_t * 1e9) : 0;
        return result->reason ? 0 : -ENOMEM;
    }
    if (result->verdict != VERDICT_PASS || result->cells_count >= result->cells_planned)
        return 0;
    result->verdict = VERDICT_INCONCLUSIVE;
    result->reason = "the journal lacks experiments of the run";
    return 0;
}

static int read_all(struct reader *r)
{
    int status;

    while ((status = next_line(r)) == 1) {
        status = take_line(r);
        if (status)
            return status;
    }
    return status ? status : finish(r);
}

int journal_read(const char *path, struct run_result **ret_result, char **ret_why)
{
    cleanup_file FILE *file = fopen(path, "re");
    struct reader reader = {.file = file, .result = file ? result_new() : NULL, .ret_why = ret_why};

    *ret_why = NULL;
    if (!file)
        return -errno;
    int status = reader.result ? read_all(&reader) : -ENOMEM;
    buf_free(&reader.line);
    free(reader.experiment);
    free(reader.label);
    free(reader.phase);
    if (status)
        result_free(reader.result);
    else
        *ret_result = reader.result;
    return status;
}
