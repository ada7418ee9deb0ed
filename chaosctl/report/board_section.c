/* The parts of a board.  Floor 4. */
#include <stdio.h>
#include <string.h>

#include "chaosctl/report/board_section.h"
#include "chaosctl/report/text.h"
#include "chaosctl/report/told.h"

/* From here on there is room for what was before, and for the longest. */
#define WIDE_COLUMNS 78

struct place {
    struct arena *arena;
    size_t columns;
    struct section *section;
};

const char *board_text(struct arena *arena, size_t columns, const char *left, const char *right)
{
    cleanup_buf struct buf safe = {0}, line = {0};
    size_t taken = text_columns(right), gap = taken ? 2 : 0;
    size_t room = columns > taken + gap ? columns - taken - gap : 0;

    text_line(&safe, left);
    text_elide(&line, buf_text(&safe), room);
    size_t used = text_columns(buf_text(&line));
    if (taken)
        buf_printf(&line, "%*s%s", (int)(room + gap - used), "", right);
    return line.failed ? NULL : arena_copy(arena, buf_text(&line));
}

static void put(const struct place *p, enum ink ink, const char *left, const char *right)
{
    struct board_line *line =
        arena_push(p->arena, &p->section->lines, &p->section->count, sizeof(*p->section->lines));

    if (line)
        *line = (struct board_line){board_text(p->arena, p->columns, left, right), ink};
}

/* --- faults --- */

static void put_fault(const struct place *p, const json_t *fault)
{
    char right[128], left[UNIT_TEXT_BYTES], hits[48];
    cleanup_buf struct buf text = {0};

    buf_printf(&text, " #%" JSON_INTEGER_FORMAT " %s%s", told_count(fault, "id"), told_text(fault, "fault"),
               told_is(fault, "live") ? "" : " (of the experiment)");
    snprintf(hits, sizeof(hits), "%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT,
             told_count(fault, "hits"), told_count(fault, "matches"));
    snprintf(right, sizeof(right), "%16s %10s", hits, told_span(told_number(fault, "left_s"), left));
    put(p, INK_YELLOW, buf_text(&text), right);
}

/* --- dependencies --- */

/* Errors, or calls that take much longer than they did. */
static enum ink ink_of(const json_t *dependency, const json_t *before)
{
    double usual_s = told_number(before, "latency_s");

    if (told_number(dependency, "failed_per_s") > 0)
        return INK_RED;
    return usual_s > 0 && told_number(dependency, "latency_s") > 2 * usual_s ? INK_YELLOW : INK_NONE;
}

static void put_dependency(const struct place *p, const json_t *d)
{
    const json_t *before = json_object_get(d, "before");
    char t[6][UNIT_TEXT_BYTES], waiting[24] = "-", right[256];
    cleanup_buf struct buf name = {0};
    const char *rate = told_rate(d, "calls_per_s", t[0]), *failed = told_rate(d, "failed_per_s", t[1]);
    const char *latency = told_latency(d, "latency_s", t[2]);
    const char *usual = told_latency(before, "latency_s", t[3]);

    if (told_has(d, "waiting"))
        snprintf(waiting, sizeof(waiting), "%" JSON_INTEGER_FORMAT, told_count(d, "waiting"));
    if (p->columns < WIDE_COLUMNS)
        snprintf(right, sizeof(right), "%8s %8s %5s %9s %9s", rate, failed, waiting, latency, usual);
    else
        snprintf(right, sizeof(right), "%8s %7s %8s %5s %9s %9s %9s", rate,
                 told_rate(before, "calls_per_s", t[4]), failed, waiting, latency, usual,
                 told_latency(d, "longest_s", t[5]));
    buf_printf(&name, " %s", told_text(d, "name"));
    put(p, ink_of(d, before), buf_text(&name), right);
}

/* --- loads --- */

static const char *percent(const json_t *object, char text[static UNIT_TEXT_BYTES])
{
    snprintf(text, UNIT_TEXT_BYTES, told_has(object, "success_percent") ? "%.1f%%" : "-",
             told_number(object, "success_percent"));
    return text;
}

static void put_load(const struct place *p, const json_t *load)
{
    const json_t *before = json_object_get(load, "before");
    char t[5][UNIT_TEXT_BYTES], right[192];
    cleanup_buf struct buf name = {0};
    bool is_worse = told_number(load, "success_percent") < told_number(before, "success_percent");

    snprintf(right, sizeof(right), "%8s %8s %8s %9s %9s", told_rate(load, "rate_per_s", t[0]),
             percent(load, t[1]), percent(before, t[2]), told_latency(load, "p95_s", t[3]),
             told_latency(before, "p95_s", t[4]));
    buf_printf(&name, " %s", told_text(load, "name"));
    put(p, is_worse ? INK_RED : INK_NONE, buf_text(&name), right);
}

/* --- processes --- */

static void put_process(const struct place *p, const json_t *service, const json_t *process)
{
    char right[160], since[UNIT_TEXT_BYTES] = "-";
    cleanup_buf struct buf name = {0}, safe = {0}, command = {0};

    text_line(&safe, told_text(process, "command"));
    text_elide(&command, buf_text(&safe), 16);
    if (told_has(process, "in_s"))
        told_span(told_number(process, "in_s"), since);
    snprintf(right, sizeof(right), "%*s%s %8" JSON_INTEGER_FORMAT " %10s",
             (int)(16 - text_columns(buf_text(&command))), "", buf_text(&command), told_count(process, "pid"),
             since);
    buf_printf(&name, " %s%s", told_text(service, "name"), told_is(service, "join") ? " (joins)" : "");
    put(p, INK_NONE, buf_text(&name), right);
}

static void put_service(const struct place *p, const json_t *service)
{
    size_t i;
    const json_t *process;
    const json_t *processes = json_object_get(service, "processes");
    cleanup_buf struct buf name = {0};

    json_array_foreach(processes, i, process) put_process(p, service, process);
    if (json_array_size(processes))
        return;
    buf_printf(&name, " %s%s", told_text(service, "name"), told_is(service, "join") ? " (joins)" : "");
    put(p, INK_RED, buf_text(&name), "no process");
}

/* --- deeds, the last one first --- */

static void put_deeds(const struct place *p, const json_t *deeds)
{
    char ago[UNIT_TEXT_BYTES];

    for (size_t i = json_array_size(deeds); i-- > 0;) {
        const json_t *deed = json_array_get(deeds, i);
        cleanup_buf struct buf text = {0};
        buf_printf(&text, " %9s ago  ", told_span(told_number(deed, "ago_s"), ago));
        told_deed(deed, &text);
        put(p, INK_NONE, buf_text(&text), "");
    }
}

/* --- all of them --- */

typedef void put_fn(const struct place *p, const json_t *item);

static void put_each(const struct place *p, const json_t *list, put_fn *fn)
{
    size_t i;
    const json_t *item;

    json_array_foreach(list, i, item) fn(p, item);
}

size_t sections_of(const json_t *run, size_t columns, struct arena *arena,
                   struct section ret_sections[static SECTION_MAX])
{
    bool is_wide = columns >= WIDE_COLUMNS;
    const struct section plan[SECTION_MAX] = {
        {.name = "FAULTS", .heads = "struck       left"},
        {.name = "DEPENDENCIES",
         .heads = is_wide ? " calls/s  before errors/s  wait   latency    before   longest"
                          : " calls/s errors/s  wait   latency    before"},
        {.name = "LOADS", .heads = "  rate/s  success   before       p95    before"},
        {.name = "PROCESSES", .heads = "command      pid     in for"},
        {.name = "LAST DEEDS", .heads = ""},
    };
    static const char *const keys[] = {"faults", "dependencies", "loads", "services"};
    static put_fn *const puts[] = {put_fault, put_dependency, put_load, put_service};
    size_t n = 0;

    for (size_t i = 0; i < SECTION_MAX; i++) {
        struct section *s = &ret_sections[n];
        const struct place p = {arena, columns, s};
        *s = plan[i];
        if (i < SECTION_MAX - 1)
            put_each(&p, json_object_get(run, keys[i]), puts[i]);
        else
            put_deeds(&p, json_object_get(run, "deeds"));
        if (!i && !s->count)
            put(&p, INK_NONE, " none is active: i injects one", "");
        n += s->count > 0;
    }
    return n;
}
