/* chaosctl status: which runs are under way, and what is injected into them now.  Floor 5. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/command.h"
#include "chaosctl/report/told.h"
#include "chaosctl/run/drill_client.h"
#include "chaosctl/run/halt.h"
#include "chaosctl/runs.h"

enum { OPTION_JSON = 1, OPTION_WATCH, OPTION_INTERVAL };

static const struct option_row rows[] = {
    {OPTION_JSON, 'j', "json", NULL, "print a JSON object; with --watch one a line"},
    {OPTION_WATCH, 'w', "watch", NULL, "again each second, until the run has ended"},
    {OPTION_INTERVAL, 'i', "interval", "TIME", "with --watch: again each TIME, such as 500ms"},
    {0},
};

static int status_run(int argc, char **argv);

const struct command command_status = {
    .name = "status",
    .operands = "[RUN]",
    .summary = "Show the runs under way, their services, and the faults that are active",
    .details = "Each fault with its number (for `lift`), what it hit, and how long it has left.",
    .options = rows,
    .only_prints = true,
    .run = status_run,
};

struct view {
    const char *run; /* NULL: all */
    bool json, watch;
    uint64_t interval_ns;
};

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

/* On a terminal in the place of what was there before. */
static void separate(const struct view *view, bool first)
{
    if (view->watch && !view->json && isatty(STDOUT_FILENO))
        fputs("\033[H\033[2J", stdout);
    else if (!view->json && !first)
        putchar('\n');
}

static int print(const struct view *view, const json_t *status)
{
    cleanup_buf struct buf out = {0};

    if (view->json) {
        int bad = json_dumpf(status, stdout, view->watch ? JSON_COMPACT : JSON_INDENT(2));
        putchar('\n');
        return bad ? EXIT_TOOL : EXIT_PASS;
    }
    told_status(status, &out);
    fputs(buf_text(&out), stdout);
    return out.failed ? EXIT_TOOL : EXIT_PASS;
}

static bool is_there(const struct runs *runs, const char *name)
{
    for (size_t i = 0; i < runs->count; i++)
        if (!name || !strcmp(name, runs->states[i].run))
            return true;
    return false;
}

/* seen: it was shown before, and that it is there no more ends the watching. */
static int show_once(const struct view *view, bool *seen)
{
    const struct state *chosen = NULL;
    struct runs runs;
    int code = runs_find(&command_status, false, &runs);

    if (code)
        return code;
    bool there = is_there(&runs, view->run), ended = *seen && !there;
    if (view->run && !ended)
        code = runs_choose(&runs, view->run, &chosen);
    json_t *status = code || ended ? NULL : gather(&runs, view->run);
    if (status) {
        separate(view, !*seen);
        code = print(view, status);
    }
    json_decref(status);
    runs_free(&runs);
    *seen = there;
    return code;
}

static void pause_for(uint64_t ns)
{
    const struct timespec wait = {.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};

    nanosleep(&wait, NULL);
}

/* Where no run is under way there is nothing to watch: it is said, once. */
static int show(const struct view *view)
{
    bool seen = false;

    for (;;) {
        int code = show_once(view, &seen);
        if (!view->watch || code || fflush(stdout) || !seen)
            return code;
        pause_for(view->interval_ns);
    }
}

static int take_interval(struct view *view, const char *value)
{
    if (unit_parse_duration(value, &view->interval_ns) || !view->interval_ns)
        return usage_error(&command_status, "--interval: \"%s\" is not a time, such as 500ms", value);
    return 0;
}

static int status_run(int argc, char **argv)
{
    struct options o = options_of(&command_status, argc, argv);
    struct view view = {.interval_ns = NS_PER_S};
    int code = 0;

    for (int id; (id = option_next(&o)) > 0;) {
        view.json |= id == OPTION_JSON;
        view.watch |= id == OPTION_WATCH;
        code = id == OPTION_INTERVAL && !code ? take_interval(&view, o.value) : code;
    }
    if (o.done || code)
        return o.done ? o.status : code;
    if (o.operand_count > 1)
        return usage_error(&command_status, "one RUN at most");
    view.run = o.operand_count ? o.operands[0] : NULL;
    return show(&view);
}
