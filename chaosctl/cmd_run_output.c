/* What `run` shows and writes.  Floor 5. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/file.h"
#include "chaosctl/cmd_run.h"
#include "chaosctl/report/text.h"
#include "chaosctl/report/words.h"
#include "chaosctl/run/webhook.h"

static int columns_of(int fd)
{
    struct winsize size;

    return isatty(fd) && !ioctl(fd, TIOCGWINSZ, &size) ? size.ws_col : 0;
}

static void clear_line(const struct run_output *o)
{
    if (o->live)
        fputs("\r\033[K", stderr);
}

/* --- hooks --- */

/* What it hit is counted in the cell's event; each by itself would be a flood. */
static bool is_told(const char *event)
{
    return event && strcmp(event, "fault.hit") != 0 && strcmp(event, "fault.skipped") != 0 &&
           strcmp(event, "run.ended") != 0;
}

/* The journal's line, and whose it is. */
static void post(void *arg, const char *event, const char *line)
{
    struct run_output *o = arg;
    cleanup_buf struct buf json = {0};
    json_t *whose = is_told(event)
                        ? json_pack("{s:s, s:s}", "run", o->result->run, "scenario", o->result->scenario)
                        : NULL;
    cleanup_free char *head = whose ? json_dumps(whose, JSON_COMPACT) : NULL;

    json_decref(whose);
    if (!head)
        return;
    buf_printf(&json, "%.*s,%s", (int)strlen(head) - 1, head, line + 1);
    webhook_post(o->webhook, buf_text(&json));
}

static void take_webhook(void *arg, struct webhook *webhook)
{
    struct run_output *o = arg;

    o->webhook = webhook;
}

/* Its own event: the journal's last line is written when there is nobody left to post it. */
static void ended(void *arg, const struct run_result *result)
{
    struct run_output *o = arg;
    json_t *event =
        json_pack("{s:s, s:s, s:s, s:s, s:i, s:b, s:s?, s:f}", "run", result->run, "scenario",
                  result->scenario, "event", "run.ended", "verdict", verdict_name(result->verdict),
                  "exit_code", verdict_exit_code(result->verdict), "dry", result->dry, "reason",
                  result->reason, "took_s", (double)result->duration_ns / 1e9);
    cleanup_free char *json = event ? json_dumps(event, JSON_COMPACT) : NULL;
    cleanup_buf struct buf masked = {0};

    json_decref(event);
    scenario_mask(o->scenario, json ? json : "", &masked);
    if (masked.len)
        webhook_post(o->webhook, buf_text(&masked));
    o->webhook = NULL;
}

static void started(void *arg, const struct run_result *result)
{
    struct run_output *o = arg;
    cleanup_free char *path = output_path(o->request->journal, o->scenario->path);

    o->journal_error =
        !path && o->request->journal ? -ENOMEM : journal_open(path, result->run, o->scenario, &o->journal);
    if (o->journal_error) {
        o->journal = NULL;
        fprintf(stderr, "chaosctl run: no journal: %s\n", strerror(-o->journal_error));
        return;
    }
    o->result->journal = arena_copy(o->result->arena, journal_path(o->journal));
    if (o->webhook)
        journal_tap(o->journal, post, o);
    journal_run_started(o->journal, result);
}

/* Whoever starts a hold needs its name for everything else. */
static void tell_up(const struct run_output *o)
{
    clear_line(o);
    if (!o->request->quiet)
        fprintf(stderr,
                "chaosctl: run %s is up; `chaosctl inject %s FAULT`, `chaosctl status`, `chaosctl down %s`\n",
                o->result->run, o->result->run, o->result->run);
}

/* Even when quiet: otherwise it would wait for ever, and nobody would know. */
static void tell_waiting(const struct run_output *o)
{
    clear_line(o);
    fprintf(stderr, "chaosctl: run %s waits before its faults; `chaosctl continue %s`\n", o->result->run,
            o->result->run);
}

/* Who watches the run sees at once what somebody else does to it. */
static void tell_deed(const struct run_output *o, const struct deed *deed)
{
    cleanup_buf struct buf words = {0}, line = {0};

    words_deed(deed, &words);
    text_line(&line, buf_text(&words));
    clear_line(o);
    fprintf(stderr, "chaosctl: %s\n", buf_text(&line));
}

static void phase(void *arg, const struct cell *cell, enum phase phase)
{
    struct run_output *o = arg;

    if (o->journal)
        journal_phase(o->journal, cell, phase);
    if (phase == PHASE_DURING && o->request->options.hold)
        tell_up(o);
}

static void deed(void *arg, const struct deed *deed)
{
    struct run_output *o = arg;

    if (o->journal)
        journal_deed(o->journal, deed);
    if (!o->request->quiet)
        tell_deed(o, deed);
}

static void note(void *arg, const char *event, const char *who, const char *detail)
{
    struct run_output *o = arg;
    json_t *fields = json_object();

    if (!strcmp(event, "experiment.waiting"))
        tell_waiting(o);
    if (!o->journal) {
        json_decref(fields);
        return;
    }
    if (who)
        json_object_set_new(fields, "service", json_string(who));
    if (detail)
        json_object_set_new(fields, "detail", json_string(detail));
    journal_event(o->journal, event, fields);
}

static void hit(void *arg, const struct record *record, const char *fault, const char *service)
{
    struct run_output *o = arg;

    if (o->journal)
        journal_hit(o->journal, record, fault, service);
}

/* Without a terminal there is no live line: one line per experiment says how far it is. */
static void cell(void *arg, const struct cell_result *result)
{
    struct run_output *o = arg;

    if (o->journal)
        journal_cell(o->journal, result);
    clear_line(o);
    if (!o->request->quiet && !o->live)
        fprintf(stderr, "chaosctl: %s%s%s: %s\n", result->experiment, *result->label ? ": " : "",
                result->label, verdict_name(result->verdict));
}

static void tick(void *arg, const struct run_status *status)
{
    struct run_output *o = arg;
    cleanup_buf struct buf line = {0};
    struct report_style style = {.colour = may_colour(2) && !o->request->colourless,
                                 .columns = columns_of(2)};
    struct progress p = {
        .experiment = status->cell->experiment,
        .label = status->cell->label,
        .phase = phase_name(status->phase),
        .cell = status->number,
        .cells = status->cells,
        .left_ns = status->left_ns,
        .samples = status->samples,
        .failures = status->failures,
        .hits = status->hits,
    };

    report_progress(&p, &style, &line);
    clear_line(o);
    fputs(buf_text(&line), stderr);
}

/* Without a live line nobody asks how it goes, and the samples are not sorted five times a second. */
struct run_hooks output_hooks(struct run_output *output)
{
    const char *term = getenv("TERM");

    output->live = !output->request->quiet && isatty(2) && term && strcmp(term, "dumb");
    return (struct run_hooks){.arg = output,
                              .started = started,
                              .phase = phase,
                              .note = note,
                              .hit = hit,
                              .deed = deed,
                              .cell = cell,
                              .webhook = take_webhook,
                              .ended = ended,
                              .tick = output->live ? tick : NULL};
}

/* --- the end --- */

/* One render, to wherever it goes. */
static int render_to(const struct run_output *o, const struct report *report, const char *path,
                     int (*put)(const char *path, const char *text, size_t len))
{
    cleanup_buf struct buf text = {0};
    int r = report->render(o->result, &(struct report_style){0}, &text);

    if (!r)
        r = put(path, buf_text(&text), text.len);
    if (r)
        fprintf(stderr, "chaosctl run: cannot write %s: %s\n", path, strerror(-r));
    return r;
}

/* Not by its path: standard output may be a file, which saving would replace. */
static int put_out(const char *path, const char *text, size_t len)
{
    (void)path;
    fflush(stdout); /* what the scenario before printed */
    return file_write_all(STDOUT_FILENO, text, len);
}

int output_reports(const struct run_output *o)
{
    int failed = 0;

    for (size_t i = 0; i < o->request->reports_count; i++) {
        cleanup_free char *path = output_path(o->request->reports[i].path, o->scenario->path);
        failed |= !path || render_to(o, o->request->reports[i].report, path,
                                     output_is_standard(path) ? put_out : report_save);
    }
    return failed;
}

/* GitHub reads annotations from standard output, and shows what is appended to the summary's file. */
static int tell_github(const struct run_output *o)
{
    const char *summary = getenv("GITHUB_STEP_SUMMARY"), *actions = getenv("GITHUB_ACTIONS");
    int failed = 0;

    bool speaks = !o->request->json && !(o->request->quiet && o->result->verdict == VERDICT_PASS);
    if (actions && !strcmp(actions, "true") && speaks)
        failed |= render_to(o, &report_github, "standard output", put_out);
    if (summary && *summary)
        failed |= render_to(o, &report_markdown, summary, file_append);
    return failed;
}

struct report_style output_style(const struct run_request *request)
{
    return (struct report_style){.colour = may_colour(1) && !request->colourless, .columns = columns_of(1)};
}

static int show(const struct run_output *o)
{
    const struct report *report = o->request->json ? &report_json : &report_terminal;
    struct report_style style = output_style(o->request);
    cleanup_buf struct buf text = {0};

    if (o->request->quiet && !o->request->json)
        return 0;
    int r = report->render(o->result, &style, &text);
    if (r)
        return r;
    if (o->request->shown++ && o->request->json)
        fputs(",\n", stdout);
    fputs(buf_text(&text), stdout); /* main sees to a full disk */
    return 0;
}

static void fail(struct run_output *o, const char *what, int r)
{
    bool other = o->result->verdict == VERDICT_TOOL_FAILED && o->result->reason;
    const char *before = other ? o->result->reason : "";

    o->result->verdict = verdict_worse(o->result->verdict, VERDICT_TOOL_FAILED);
    o->result->reason =
        arena_printf(o->result->arena, "%s%s%s: %s", before, other ? "; " : "", what, strerror(-r));
}

static void end_journal(struct run_output *o)
{
    if (!o->journal) {
        fail(o, "the journal could not be opened", o->journal_error);
        return;
    }
    journal_run_ended(o->journal, o->result);
    int r = journal_error(o->journal);
    if (r)
        fail(o, "the journal could not be written", r);
    journal_close(o->journal);
}

static void tell_reason(const struct run_result *result, const char *experiment, const char *label,
                        const char *reason)
{
    cleanup_buf struct buf line = {0};

    text_line(&line, reason);
    fprintf(stderr, "chaosctl run: %s: %s%s%s%s%s\n", result->file, experiment, *label ? "/" : "", label,
            *experiment ? ": " : "", buf_text(&line));
}

/* Exit 5 is explained even when quiet: the services are not at fault, so somebody must look here. */
static void tell_failure(const struct run_result *result)
{
    if (result->verdict == VERDICT_TOOL_FAILED && result->reason)
        tell_reason(result, "", "", result->reason);
    for (size_t i = 0; i < result->cells_count; i++) {
        const struct cell_result *cell = &result->cells[i];
        if (cell->verdict == VERDICT_TOOL_FAILED && cell->reason)
            tell_reason(result, cell->experiment, cell->label, cell->reason);
    }
}

void output_begin_all(const struct run_request *request)
{
    if (request->json && request->several)
        puts("[");
}

void output_end_all(const struct run_request *request)
{
    if (request->json && request->several)
        puts("]");
}

int output_close(struct run_output *o)
{
    clear_line(o);
    end_journal(o);
    int failed = report_mask(o->result, o->scenario);
    if (failed)
        fputs("chaosctl run: out of memory\n", stderr);
    else
        tell_failure(o->result);
    return failed;
}

int output_finish(struct run_output *o)
{
    int failed = output_close(o);
    if (!failed) {
        failed = output_reports(o);
        failed |= tell_github(o);
        failed |= show(o);
    }
    return failed ? EXIT_TOOL : verdict_exit_code(o->result->verdict);
}
