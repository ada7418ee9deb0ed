/* Events to lines.  Floor 4. */
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/report/journal.h"
#include "chaosctl/report/journal_file.h"
#include "chaosctl/report/layout.h"
#include "chaosctl/report/text.h"
#include "injectors/decision/fault.h"

struct journal {
    struct journal_file file;
    const struct scenario *scenario;
    uint64_t started_ns;
    journal_tap_fn *tap;
    void *tap_arg;
};

int journal_open(const char *path, const char *run, const struct scenario *scenario,
                 struct journal **ret_journal)
{
    cleanup_free struct journal *journal = calloc(1, sizeof(*journal));

    if (!journal)
        return -ENOMEM;
    int r = journal_file_open(&journal->file, path, run);
    if (r)
        return r;
    journal->scenario = scenario;
    journal->started_ns = now_mono_ns();
    *ret_journal = steal(&journal);
    return 0;
}

int journal_check(const char *path)
{
    return journal_file_check(path);
}

void journal_tap(struct journal *journal, journal_tap_fn *fn, void *arg)
{
    journal->tap = fn;
    journal->tap_arg = arg;
}

void journal_close(struct journal *journal)
{
    if (!journal)
        return;
    journal_file_close(&journal->file);
    free(journal);
}

const char *journal_path(const struct journal *journal)
{
    return journal->file.path;
}

int journal_error(const struct journal *journal)
{
    return journal->file.error;
}

/* t and wall of an instant on the monotonic clock.  Whole numbers, so that no locale puts a comma in. */
static void put_times(const struct journal *journal, uint64_t mono_ns, struct buf *line)
{
    uint64_t now = now_mono_ns(), ago = now > mono_ns ? now - mono_ns : 0;
    uint64_t t = mono_ns > journal->started_ns ? mono_ns - journal->started_ns : 0;
    char wall[CLOCK_TEXT_BYTES];

    buf_printf(line, "{\"t\":%" PRIu64 ".%06" PRIu64 ",\"wall\":\"%s\",", t / NS_PER_S,
               t % NS_PER_S / NS_PER_US, clock_text(now_wall_ns() - ago, wall));
}

/* The object's members follow the times.  A line that nobody would read back is not written. */
static void put_line(struct journal *journal, uint64_t mono_ns, const json_t *object)
{
    cleanup_free char *json = object ? json_dumps(object, JSON_COMPACT) : NULL;
    cleanup_buf struct buf line = {0};

    put_times(journal, mono_ns, &line);
    buf_add(&line, json ? json + 1 : "");
    if (json && journal->tap && !line.failed)
        journal->tap(journal->tap_arg, json_string_value(json_object_get(object, "event")), buf_text(&line));
    buf_add_char(&line, '\n');
    if (!json || line.failed)
        journal->file.error = journal->file.error ? journal->file.error : -ENOMEM;
    else if (line.len > JOURNAL_LINE_MAX)
        journal->file.error = journal->file.error ? journal->file.error : -E2BIG;
    else
        journal_file_append(&journal->file, line.data, line.len);
}

/* The event first, then fields, less what every line has anyway.  fields is stolen. */
static json_t *with_event(const char *event, json_t *fields)
{
    json_t *object = json_pack("{s:s}", "event", event);

    if (fields) {
        json_object_del(fields, "t");
        json_object_del(fields, "wall");
        json_object_del(fields, "event");
    }
    if (object && fields && json_object_update(object, fields)) {
        json_decref(object);
        object = NULL;
    }
    json_decref(fields);
    return object;
}

static json_t *masked(const struct journal *journal, const char *text)
{
    cleanup_buf struct buf without = {0}, valid = {0};

    if (journal->scenario)
        scenario_mask(journal->scenario, text, &without);
    text_valid(&valid, journal->scenario ? buf_text(&without) : text, JOURNAL_TEXT_MAX);
    return without.failed || valid.failed ? NULL : json_string(buf_text(&valid));
}

/* A copy with every string masked, however deep. */
static json_t *masked_copy(const struct journal *journal, json_t *value)
{
    json_t *copy, *member;
    const char *key;
    size_t i;

    if (json_is_string(value))
        return masked(journal, json_string_value(value));
    if (json_is_object(value)) {
        copy = json_object();
        json_object_foreach(value, key, member) json_object_set_new(copy, key, masked_copy(journal, member));
        return copy;
    }
    if (!json_is_array(value))
        return json_incref(value);
    copy = json_array();
    json_array_foreach(value, i, member) json_array_append_new(copy, masked_copy(journal, member));
    return copy;
}

static void event_at(struct journal *journal, uint64_t mono_ns, const char *event, json_t *fields)
{
    json_t *copy = fields ? masked_copy(journal, fields) : NULL;
    json_t *object = with_event(event, copy);

    put_line(journal, mono_ns, object);
    json_decref(object);
    json_decref(fields);
}

void journal_event(struct journal *journal, const char *event, json_t *fields)
{
    event_at(journal, now_mono_ns(), event, fields);
}

/* Texts are cut shorter until the line may be written: a huge body must not cost the verdict. */
static void event_of(struct journal *journal, const char *event, const struct layout *layout,
                     const void *data)
{
    static const size_t limits[] = {JOURNAL_TEXT_MAX, 512, 64};
    json_t *object = NULL;

    for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
        json_decref(object);
        json_t *fields = layout_encode(layout, data, journal->scenario, limits[i]);
        object = fields ? with_event(event, fields) : NULL;
        if (!object || json_dumpb(object, NULL, 0, JSON_COMPACT) < JOURNAL_LINE_MAX - 256)
            break;
    }
    put_line(journal, now_mono_ns(), object);
    json_decref(object);
}

/* A run that has only begun has passed nothing, and took no time yet.  Its verdict is not left out: every
 * reader of this format asks for one. */
void journal_run_started(struct journal *journal, const struct run_result *result)
{
    struct run_result begun = *result;

    begun.verdict = verdict_worse(begun.verdict, VERDICT_INCONCLUSIVE);
    begun.reason = NULL;
    json_t *fields = layout_encode(&layout_run, &begun, journal->scenario, JOURNAL_TEXT_MAX);
    if (fields)
        json_object_del(fields, "duration_ns");
    json_t *object = fields ? with_event("run.started", fields) : NULL;
    put_line(journal, now_mono_ns(), object);
    json_decref(object);
}

void journal_deed(struct journal *journal, const struct deed *deed)
{
    cleanup_buf struct buf event = {0};

    buf_printf(&event, "drill.%s", deed->what);
    event_of(journal, buf_text(&event), &layout_deed, deed);
}

void journal_cell(struct journal *journal, const struct cell_result *result)
{
    event_of(journal, "cell", &layout_cell, result);
}

void journal_run_ended(struct journal *journal, const struct run_result *result)
{
    event_of(journal, "run.ended", &layout_run, result);
}

static json_t *string_or_null(const char *text)
{
    cleanup_buf struct buf valid = {0};

    if (!text)
        return json_null();
    text_valid(&valid, text, JOURNAL_TEXT_MAX);
    return json_string(buf_text(&valid));
}

void journal_phase(struct journal *journal, const struct cell *cell, enum phase phase)
{
    json_t *fields = json_pack("{s:o, s:o, s:s}", "experiment", string_or_null(cell->experiment), "label",
                               string_or_null(cell->label), "phase", phase_name(phase));

    journal_event(journal, "phase", fields);
}

/* gai_strerror's words are no names. */
static const char *resolver_error_name(int code)
{
    static const struct {
        int code;
        const char *name;
    } names[] = {
        {EAI_AGAIN, "EAI_AGAIN"},   {EAI_FAIL, "EAI_FAIL"},         {EAI_NONAME, "EAI_NONAME"},
        {EAI_FAMILY, "EAI_FAMILY"}, {EAI_SERVICE, "EAI_SERVICE"},   {EAI_MEMORY, "EAI_MEMORY"},
        {EAI_SYSTEM, "EAI_SYSTEM"}, {EAI_OVERFLOW, "EAI_OVERFLOW"}, {EAI_SOCKTYPE, "EAI_SOCKTYPE"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (names[i].code == code)
            return names[i].name;
    return NULL;
}

static const char *error_name(const struct record *record)
{
    enum call call = record->call;

    if (!record->error)
        return NULL;
    if (call < CALL_COUNT && call_role(call) == ROLE_RESOLVE)
        return resolver_error_name(record->error);
    return strerrorname_np(record->error);
}

static json_t *hit_fields(const struct record *record, const char *fault, const char *service)
{
    return json_pack("{s:o, s:i, s:I, s:s, s:s, s:o, s:i, s:I, s:o, s:I, s:I, s:i}", "fault",
                     string_or_null(fault), "rule", (int)record->rule, "match", (json_int_t)record->number,
                     "call", call_name(record->call), "effect", effect_name(record->effect), "error",
                     string_or_null(error_name(record)), "error_number", record->error, "delay_ns",
                     (json_int_t)record->delay_ns, "service", string_or_null(service), "pid",
                     (json_int_t)record->pid, "tid", (json_int_t)record->tid, "fd", record->fd);
}

void journal_hit(struct journal *journal, const struct record *record, const char *fault, const char *service)
{
    event_at(journal, record->time_ns, record->kind == RECORD_HIT ? "fault.hit" : "fault.skipped",
             hit_fields(record, fault, service));
}
