/* chaosctl status: which runs are under way, and what is injected into them now.  Floor 5. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/command.h"
#include "chaosctl/report/text.h"
#include "chaosctl/run/drill_client.h"
#include "chaosctl/run/halt.h"
#include "chaosctl/runs.h"

enum { OPTION_JSON = 1, OPTION_WATCH };

static const struct option_row rows[] = {
    {OPTION_JSON, 'j', "json", NULL, "print a JSON object; with --watch one a line"},
    {OPTION_WATCH, 'w', "watch", NULL, "again each second, until it is interrupted"},
    {0},
};

static int status_run(int argc, char **argv);

const struct command command_status = {
    .name = "status",
    .operands = "[RUN]",
    .summary = "Show the runs under way, their services, and the faults that are active",
    .details = "Each fault with its number (for `lift`), what it hit, and how long it has left.",
    .options = rows,
    .run = status_run,
};

struct view {
    const char *run; /* NULL: all */
    bool json, watch;
};

/* --- as text --- */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static json_int_t count_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static const char *seconds_of(const json_t *object, const char *key, char text[static UNIT_TEXT_BYTES])
{
    double s = json_number_value(json_object_get(object, key));

    /* To a tenth: more would only flicker. */
    return unit_format_duration((uint64_t)(s > 0 ? s * 10 : 0) * UINT64_C(100000000), text);
}

/* Names and commands come from outside: nothing in them moves the cursor. */
static void put(struct buf *out, const char *text)
{
    text_line(out, text);
}

static void put_process(struct buf *out, const json_t *process)
{
    char text[UNIT_TEXT_BYTES];

    buf_printf(out, "      %-8" JSON_INTEGER_FORMAT " ", count_of(process, "pid"));
    put(out, text_of(process, "command"));
    if (json_object_get(process, "in_s"))
        buf_printf(out, ", in for %s", seconds_of(process, "in_s", text));
    buf_add_char(out, '\n');
}

static void put_service(struct buf *out, const json_t *service)
{
    size_t i;
    const json_t *process;
    json_int_t all = count_of(service, "processes_count");

    buf_add(out, "  service ");
    put(out, text_of(service, "name"));
    buf_printf(out, "%s: %s\n", json_is_true(json_object_get(service, "join")) ? " (joins)" : "",
               all ? "runs" : "has no process");
    json_array_foreach(json_object_get(service, "processes"), i, process) put_process(out, process);
    if ((json_int_t)json_array_size(json_object_get(service, "processes")) < all)
        buf_printf(out, "      of %" JSON_INTEGER_FORMAT " processes\n", all);
}

static void put_fault(struct buf *out, const json_t *fault)
{
    char text[UNIT_TEXT_BYTES];

    buf_printf(out, "  fault #%" JSON_INTEGER_FORMAT " ", count_of(fault, "id"));
    put(out, text_of(fault, "fault"));
    buf_printf(out, ": %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " struck, %s left%s\n",
               count_of(fault, "hits"), count_of(fault, "matches"), seconds_of(fault, "left_s", text),
               json_is_true(json_object_get(fault, "live")) ? "" : ", of the experiment");
}

static void put_run(struct buf *out, const json_t *run)
{
    size_t i;
    const json_t *item;
    char text[UNIT_TEXT_BYTES];
    const json_t *faults = json_object_get(run, "faults");

    put(out, text_of(run, "run"));
    buf_add(out, "  ");
    if (!json_object_get(run, "phase")) {
        buf_printf(out, "process %" JSON_INTEGER_FORMAT ", which %s\n", count_of(run, "pid"),
                   json_is_true(json_object_get(run, "asked")) ? "does not answer"
                                                               : "takes no requests (exec)");
        return;
    }
    put(out, text_of(run, "scenario"));
    buf_add(out, ": ");
    put(out, text_of(run, "experiment"));
    buf_printf(out, ", %s, for %s%s%s\n", text_of(run, "phase"), seconds_of(run, "for_s", text),
               json_is_true(json_object_get(run, "halted")) ? ", halted" : "",
               json_is_true(json_object_get(run, "waiting")) ? ", waits for `chaosctl continue`" : "");
    json_array_foreach(json_object_get(run, "services"), i, item) put_service(out, item);
    json_array_foreach(faults, i, item) put_fault(out, item);
    if (!json_array_size(faults))
        buf_add(out, "  no fault is active\n");
}

static void print_text(const json_t *status)
{
    size_t i;
    const json_t *run;
    cleanup_buf struct buf out = {0};
    const char *halt = text_of(status, "halt");

    if (*halt)
        buf_printf(&out, "halted by %s: nothing is injected until `chaosctl resume`\n", halt);
    json_array_foreach(json_object_get(status, "runs"), i, run) put_run(&out, run);
    if (!json_array_size(json_object_get(status, "runs")))
        buf_add(&out, "no run is under way\n");
    fputs(buf_text(&out), stdout);
}

/* --- gathering --- */

static json_t *told_by_state(const struct state *state, bool asked)
{
    return json_pack("{s:s, s:i, s:s, s:b}", "run", state->run, "pid", (int)state->pid, "since",
                     state->started, "asked", asked);
}

/* NULL: it does not answer.  One that ended while we asked is no run any more. */
static json_t *told_by_run(const struct state *state)
{
    struct drill_request request = {.ask = DRILL_STATUS};
    cleanup_free char *line = drill_request_line(&request), *text = NULL;
    int error = line ? drill_client_ask(state->folder, line, &text) : -1;
    json_t *answer = error ? NULL : json_loads(text, JSON_REJECT_DUPLICATES, NULL);

    if (!json_is_true(json_object_get(answer, "ok"))) {
        json_decref(answer);
        return NULL;
    }
    json_object_del(answer, "ok");
    json_object_set_new(answer, "since", json_string(state->started));
    return answer;
}

static json_t *gather(const struct runs *runs, const char *name)
{
    cleanup_free char *own = halt_path();
    const char *halt = halt_in_force(own);
    json_t *list = json_array();

    for (size_t i = 0; i < runs->count; i++) {
        const struct state *state = &runs->states[i];
        if (name && strcmp(name, state->run))
            continue;
        bool asks = drill_client_may_ask(state->folder);
        json_t *told = asks ? told_by_run(state) : NULL;
        if (!told && state_is_alive(state))
            told = told_by_state(state, asks);
        if (told)
            json_array_append_new(list, told);
    }
    return json_pack("{s:s?, s:o}", "halt", halt, "runs", list);
}

static int show_once(const struct view *view)
{
    const struct state *chosen = NULL;
    struct runs runs;
    int code = runs_find(&command_status, false, &runs);

    if (code)
        return code;
    if (view->run)
        code = runs_choose(&runs, view->run, &chosen);
    json_t *status = code ? NULL : gather(&runs, view->run);
    if (status && view->json) {
        code = json_dumpf(status, stdout, view->watch ? JSON_COMPACT : JSON_INDENT(2)) ? EXIT_TOOL : 0;
        putchar('\n');
    } else if (status) {
        print_text(status);
    }
    json_decref(status);
    runs_free(&runs);
    return code;
}

static int show(const struct view *view)
{
    bool clears = view->watch && !view->json && isatty(1);
    int code;

    do {
        fputs(clears ? "\033[H\033[2J" : "", stdout);
        code = show_once(view);
    } while (view->watch && !code && !fflush(stdout) && !nanosleep(&(struct timespec){.tv_sec = 1}, NULL));
    return code;
}

static int status_run(int argc, char **argv)
{
    struct options o = options_of(&command_status, argc, argv);
    struct view view = {0};

    for (int id; (id = option_next(&o)) > 0;) {
        view.json |= id == OPTION_JSON;
        view.watch |= id == OPTION_WATCH;
    }
    if (o.done)
        return o.status;
    if (o.operand_count > 1)
        return usage_error(&command_status, "one RUN at most");
    view.run = o.operand_count ? o.operands[0] : NULL;
    return show(&view);
}
