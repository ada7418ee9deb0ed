/* `chaosctl status`, for people.  Floor 4.  Names and commands come from outside: nothing in them moves the
 * cursor. */
#include "chaosctl/report/text.h"
#include "chaosctl/report/told.h"

static void put_process(struct buf *out, const json_t *process)
{
    char text[UNIT_TEXT_BYTES];

    buf_printf(out, "      %-8" JSON_INTEGER_FORMAT " ", told_count(process, "pid"));
    text_line(out, told_text(process, "command"));
    if (told_has(process, "in_s"))
        buf_printf(out, ", in for %s", told_span(told_number(process, "in_s"), text));
    buf_add_char(out, '\n');
}

static void put_service(struct buf *out, const json_t *service)
{
    size_t i;
    const json_t *process;
    const json_t *processes = json_object_get(service, "processes");
    json_int_t all = told_count(service, "processes_count");

    buf_add(out, "  service ");
    text_line(out, told_text(service, "name"));
    buf_printf(out, "%s: %s\n", told_is(service, "join") ? " (joins)" : "", all ? "runs" : "has no process");
    json_array_foreach(processes, i, process) put_process(out, process);
    if ((json_int_t)json_array_size(processes) < all)
        buf_printf(out, "      of %" JSON_INTEGER_FORMAT " processes\n", all);
}

static void put_before(struct buf *out, const json_t *before)
{
    char rate[UNIT_TEXT_BYTES], failed[UNIT_TEXT_BYTES], latency[UNIT_TEXT_BYTES];

    if (before)
        buf_printf(out, "; before: %s, %s, %s", told_rate(before, "calls_per_s", rate),
                   told_rate(before, "failed_per_s", failed), told_latency(before, "latency_s", latency));
}

static void put_dependency(struct buf *out, const json_t *dependency)
{
    char rate[UNIT_TEXT_BYTES], failed[UNIT_TEXT_BYTES], latency[UNIT_TEXT_BYTES];

    if (!told_has(dependency, "calls_per_s"))
        return;
    buf_add(out, "  dependency ");
    text_line(out, told_text(dependency, "name"));
    buf_printf(out, ": %s calls/s, %s errors/s, %s each", told_rate(dependency, "calls_per_s", rate),
               told_rate(dependency, "failed_per_s", failed), told_latency(dependency, "latency_s", latency));
    if (told_count(dependency, "waiting"))
        buf_printf(out, ", %" JSON_INTEGER_FORMAT " wait, the longest %s", told_count(dependency, "waiting"),
                   told_latency(dependency, "longest_s", latency));
    put_before(out, json_object_get(dependency, "before"));
    buf_add_char(out, '\n');
}

static void put_load(struct buf *out, const json_t *load)
{
    char rate[UNIT_TEXT_BYTES], text[UNIT_TEXT_BYTES];
    const json_t *before = json_object_get(load, "before");

    buf_add(out, "  load ");
    text_line(out, told_text(load, "name"));
    buf_printf(out, ": %s/s, %.1f%% succeed, p95 %s", told_rate(load, "rate_per_s", rate),
               told_number(load, "success_percent"), told_latency(load, "p95_s", text));
    if (before)
        buf_printf(out, "; before: %.1f%%, %s", told_number(before, "success_percent"),
                   told_latency(before, "p95_s", text));
    buf_add_char(out, '\n');
}

static void put_fault(struct buf *out, const json_t *fault)
{
    char text[UNIT_TEXT_BYTES];

    buf_printf(out, "  fault #%" JSON_INTEGER_FORMAT " ", told_count(fault, "id"));
    text_line(out, told_text(fault, "fault"));
    buf_printf(out, ": %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " struck, %s left%s\n",
               told_count(fault, "hits"), told_count(fault, "matches"),
               told_span(told_number(fault, "left_s"), text),
               told_is(fault, "live") ? "" : ", of the experiment");
}

static void put_silent(struct buf *out, const json_t *run)
{
    buf_printf(out, "process %" JSON_INTEGER_FORMAT ", which %s\n", told_count(run, "pid"),
               told_is(run, "asked") ? "does not answer" : "takes no requests (exec)");
}

static void put_head(struct buf *out, const json_t *run)
{
    char text[UNIT_TEXT_BYTES];

    text_line(out, told_text(run, "scenario"));
    buf_add(out, ": ");
    text_line(out, told_text(run, "experiment"));
    buf_printf(out, ", %s, for %s%s%s\n", told_text(run, "phase"), told_span(told_number(run, "for_s"), text),
               told_is(run, "halted") ? ", halted" : "",
               told_is(run, "waiting") ? ", waits for `chaosctl continue`" : "");
}

typedef void put_fn(struct buf *out, const json_t *item);

static size_t put_each(struct buf *out, const json_t *run, const char *key, put_fn *put)
{
    size_t i;
    const json_t *item;
    const json_t *list = json_object_get(run, key);

    json_array_foreach(list, i, item) put(out, item);
    return json_array_size(list);
}

static void put_run(struct buf *out, const json_t *run)
{
    text_line(out, told_text(run, "run"));
    buf_add(out, "  ");
    if (!told_has(run, "phase")) {
        put_silent(out, run);
        return;
    }
    put_head(out, run);
    put_each(out, run, "services", put_service);
    put_each(out, run, "dependencies", put_dependency);
    put_each(out, run, "loads", put_load);
    if (!put_each(out, run, "faults", put_fault))
        buf_add(out, "  no fault is active\n");
}

void told_status(const json_t *status, struct buf *out)
{
    if (*told_text(status, "halt"))
        buf_printf(out, "halted by %s: nothing is injected until `chaosctl resume`\n",
                   told_text(status, "halt"));
    if (!put_each(out, status, "runs", put_run))
        buf_add(out, "no run is under way\n");
}
