/* chaosctl replay: what people did to a run, done again.  Floor 5.
 *
 * Done to a run that is under way, by the requests that any terminal could send; without deeds there is
 * nothing to do but to run the experiments again, from the same seed. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/cmd_run.h"
#include "chaosctl/past.h"
#include "chaosctl/report/text.h"
#include "chaosctl/report/words.h"
#include "chaosctl/runs.h"

#define GATE_NS (200 * NS_PER_MS) /* between two looks whether a run waits */

enum { OPTION_ON = 1, OPTION_LIST };

static const struct option_row rows[] = {
    {OPTION_ON, 0, "on", "RUN", "do it to this run; otherwise to the same one, or to the only one"},
    {OPTION_LIST, 'l', "list", NULL, "do nothing: print what would be done, and when"},
    {0},
};

static int replay_run(int argc, char **argv);

const struct command command_replay = {
    .name = "replay",
    .operands = "JOURNAL",
    .summary = "Repeat what was done to a run: faults, lifts, notes and gates, at their times",
    .details = "  chaosctl replay drill.jsonl --on 2026-11-24-cad0c4\n\n"
               "JOURNAL is as for `chaosctl report`.  The first is done at once, the others as much later as "
               "they were;\n"
               "each fault from its own seed.  A halt is repeated as a lift of everything.  Of a run to "
               "which nobody did\n"
               "anything, its scenario is run again from its seed.\n\n"
               "Exit code: 0 all was done; 2 usage, or the run refused something, which ends it; 5 the run "
               "could not be\n"
               "asked.  Of a scenario that is run again: that of `chaosctl run`.",
    .options = rows,
    .run = replay_run,
};

/* A fault of then, and what it is now. */
struct number {
    uint64_t then, now;
};

struct replay {
    const struct run_result *past;
    struct runs runs;
    const struct state *state;
    struct number *numbers;
    size_t numbers_count;
    uint64_t from_ns; /* when the first was done */
};

/* --- from a deed to a request --- */

struct ask_row {
    const char *what;
    enum drill_ask ask;
};

/* What came by itself (an end, a limit) comes by itself again; taking the run down is left to people. */
static const struct ask_row asks[] = {
    {"inject", DRILL_INJECT}, {"rehearse", DRILL_INJECT},   {"lift", DRILL_LIFT},
    {"note", DRILL_NOTE},     {"continue", DRILL_CONTINUE}, {"halt", DRILL_LIFT},
};

static const struct ask_row *row_of(const struct deed *deed)
{
    for (size_t i = 0; i < sizeof(asks) / sizeof(*asks); i++)
        if (!strcmp(words_text(deed->what), asks[i].what))
            return &asks[i];
    return NULL;
}

/* 0: it was none that somebody injected. */
static uint64_t number_now(const struct replay *r, uint64_t then)
{
    for (size_t i = 0; i < r->numbers_count; i++)
        if (r->numbers[i].then == then)
            return r->numbers[i].now;
    return 0;
}

static struct drill_request request_of(const struct replay *r, const struct deed *deed)
{
    struct drill_request request = {.ask = row_of(deed)->ask};

    if (request.ask == DRILL_INJECT) {
        request.text = deed->spec;
        request.for_ns = deed->for_ns;
        request.has_seed = true;
        request.seed = deed->seed;
        request.dry = !strcmp(deed->what, "rehearse");
    } else if (request.ask == DRILL_NOTE) {
        request.text = deed->text;
    } else if (request.ask == DRILL_LIFT) {
        request.id = deed->fault ? number_now(r, deed->fault) : 0;
    }
    return request;
}

/* --- doing it --- */

static const struct deed *first_of(const struct run_result *past)
{
    for (size_t i = 0; i < past->timeline_count; i++)
        if (row_of(&past->timeline[i]))
            return &past->timeline[i];
    return NULL;
}

static uint64_t after_ns(const struct replay *r, const struct deed *deed)
{
    uint64_t first_ns = first_of(r->past)->at_ns;

    return deed->at_ns > first_ns ? deed->at_ns - first_ns : 0;
}

static void say(const struct replay *r, const struct deed *deed, uint64_t number)
{
    cleanup_buf struct buf line = {0};
    char at[UNIT_TEXT_BYTES], lasts[UNIT_TEXT_BYTES];

    buf_printf(&line, "+%s %s", unit_format_duration(after_ns(r, deed), at), deed->what);
    if (*words_text(deed->text)) {
        buf_add_char(&line, ' ');
        text_line(&line, deed->text);
    }
    if (deed->for_ns)
        buf_printf(&line, ", for %s, seed %" PRIu64, unit_format_duration(deed->for_ns, lasts), deed->seed);
    if (number)
        buf_printf(&line, ": #%" PRIu64, number);
    puts(buf_text(&line));
    fflush(stdout);
}

static void sleep_until(uint64_t at_ns)
{
    const struct timespec at = {(time_t)(at_ns / NS_PER_S), (long)(at_ns % NS_PER_S)};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        continue;
}

static int waits(const struct replay *r, bool *ret_waits)
{
    const struct drill_request request = {.ask = DRILL_STATUS};
    json_t *answer = NULL;
    int code = runs_ask(&r->runs, r->state, &request, &answer);

    *ret_waits = json_is_true(json_object_get(answer, "waiting"));
    json_decref(answer);
    return code;
}

/* The run may come to its gate later than it did then. */
static int await_gate(const struct replay *r)
{
    bool is_there = false;
    int code;

    while (!(code = waits(r, &is_there)) && !is_there)
        sleep_until(now_mono_ns() + GATE_NS);
    return code;
}

static int remember(struct replay *r, const struct deed *deed, const json_t *answer)
{
    struct number *larger = realloc(r->numbers, (r->numbers_count + 1) * sizeof(*larger));

    if (!larger)
        return EXIT_TOOL;
    r->numbers = larger;
    r->numbers[r->numbers_count++] =
        (struct number){deed->fault, (uint64_t)json_integer_value(json_object_get(answer, "id"))};
    return EXIT_PASS;
}

/* One that ended by itself a moment earlier than then is not there to be lifted: that is no failure. */
static bool is_over(const struct replay *r, uint64_t id)
{
    const struct drill_request request = {.ask = DRILL_STATUS};
    json_t *answer = NULL, *fault;
    bool found = false;
    size_t i;

    if (runs_ask(&r->runs, r->state, &request, &answer))
        return false;
    json_array_foreach(json_object_get(answer, "faults"), i, fault) found =
        found || (uint64_t)json_integer_value(json_object_get(fault, "id")) == id;
    json_decref(answer);
    return !found;
}

static int leave_out(const struct replay *r, const struct deed *deed)
{
    cleanup_buf struct buf line = {0};
    char at[UNIT_TEXT_BYTES];

    text_line(&line, words_text(deed->text));
    fprintf(stderr, "chaosctl replay: +%s lift %s: left out, it is not active\n",
            unit_format_duration(after_ns(r, deed), at), buf_text(&line));
    return EXIT_PASS;
}

static int do_one(struct replay *r, const struct deed *deed)
{
    struct drill_request request = request_of(r, deed);
    json_t *answer = NULL;
    int code = EXIT_PASS;

    if (request.ask == DRILL_LIFT && deed->fault && (!request.id || is_over(r, request.id)))
        return leave_out(r, deed);
    if (request.ask == DRILL_CONTINUE)
        code = await_gate(r);
    if (!code)
        code = runs_ask(&r->runs, r->state, &request, &answer);
    if (!code && request.ask == DRILL_INJECT)
        code = remember(r, deed, answer);
    if (!code)
        say(r, deed, number_now(r, deed->fault));
    json_decref(answer);
    return code;
}

static int do_all(struct replay *r)
{
    int code = EXIT_PASS;

    r->from_ns = now_mono_ns();
    for (size_t i = 0; i < r->past->timeline_count && !code; i++) {
        const struct deed *deed = &r->past->timeline[i];
        if (!row_of(deed))
            continue;
        sleep_until(r->from_ns + after_ns(r, deed));
        code = do_one(r, deed);
    }
    return code;
}

/* --- which run --- */

static bool is_under_way(const struct runs *runs, const char *name)
{
    bool found = false;

    for (size_t i = 0; i < runs->count; i++)
        found = found || !strcmp(runs->states[i].run, name);
    return found;
}

static int replay_on(const struct run_result *past, const char *on)
{
    struct replay r = {.past = past};
    int code = runs_find(&command_replay, true, &r.runs);

    if (code)
        return code;
    const char *name = on ? on : is_under_way(&r.runs, words_text(past->run)) ? past->run : NULL;
    code = runs_choose(&r.runs, name, &r.state);
    if (!code)
        code = do_all(&r);
    free(r.numbers);
    runs_free(&r.runs);
    return code;
}

static int list(const struct run_result *past)
{
    const struct replay r = {.past = past};

    for (size_t i = 0; i < past->timeline_count; i++)
        if (row_of(&past->timeline[i]))
            say(&r, &past->timeline[i], 0);
    return EXIT_PASS;
}

static int run_again(const struct run_result *past)
{
    char name[] = "run", dry[] = "--dry-run", dashes[] = "--", seed[40];
    cleanup_free char *file = strdup(words_text(past->file));
    char *argv[] = {name, seed, past->dry ? dry : dashes, past->dry ? dashes : file, past->dry ? file : NULL,
                    NULL};

    snprintf(seed, sizeof(seed), "--seed=%" PRIu64, past->seed);
    return file ? command_run.run(past->dry ? 5 : 4, argv) : EXIT_TOOL;
}

static int replay(const struct run_result *past, const char *on, bool lists)
{
    if (!first_of(past) && (on || lists)) {
        fprintf(stderr, "chaosctl replay: nobody did anything to run %s\n", words_text(past->run));
        return EXIT_USAGE;
    }
    if (lists)
        return list(past);
    return first_of(past) ? replay_on(past, on) : run_again(past);
}

static int replay_run(int argc, char **argv)
{
    struct options o = options_of(&command_replay, argc, argv);
    struct run_result *past = NULL;
    const char *on = NULL;
    bool lists = false;

    for (int id; (id = option_next(&o)) > 0;)
        if (id == OPTION_ON)
            on = o.value;
        else
            lists = true;
    if (o.done)
        return o.status;
    if (o.operand_count != 1)
        return usage_error(&command_replay, "one JOURNAL is wanted, or `last`");
    int code = past_read(&command_replay, o.operands[0], &past);
    if (!code)
        code = replay(past, on, lists);
    result_free(past);
    return code;
}
