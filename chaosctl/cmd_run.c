/* chaosctl run: scenarios, judged.  Floor 5. */
#include <errno.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/suggest.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/cmd_run.h"
#include "chaosctl/command.h"
#include "chaosctl/run/way_in.h"
#include "chaosctl/run/halt.h"
#include "chaosctl/run/page_server.h"
#include "chaosctl/run/process.h"
#include "chaosctl/scenario/limits.h"

enum {
    JOURNAL = 1,
    REPORT,
    SEED,
    ONLY,
    KEEP,
    HOLD,
    DRY_RUN,
    METRICS,
    METRICS_FILE,
    WEBHOOK,
    QUIET,
    JSON,
    NO_COLOR
};

static const struct option_row options[] = {
    {JOURNAL, 0, "journal", "FILE", "write the journal there (default: the state folder); %s as in reports"},
    {REPORT, 'r', "report", "NAME=FILE", "write a report as well; %s in FILE: the scenario's name"},
    {SEED, 's', "seed", "N", "decide from this seed instead of the scenario's"},
    {ONLY, 'o', "only", "GLOB", "run only experiments (or EXPERIMENT/CELL) that fit"},
    {KEEP, 'k', "keep", NULL, "keep the run's folder with the services' logs"},
    {HOLD, 0, "hold", NULL, "inject nothing, stay up until `chaosctl down` or a signal: a live drill"},
    {DRY_RUN, 0, "dry-run", NULL, "inject nothing: count on real traffic what the faults would hit"},
    {METRICS, 'm', "metrics", "HOST:PORT", "serve the run's metrics there, as Prometheus reads them"},
    {METRICS_FILE, 0, "metrics-file", "FILE", "write them there each second, for node_exporter's textfiles"},
    {WEBHOOK, 0, "webhook", "URL", "post what happens there, as JSON, in place of the scenario's `notify`"},
    {QUIET, 'q', "quiet", NULL, "print nothing but errors"},
    {JSON, 'j', "json", NULL, "print the result as JSON; of several FILEs, an array"},
    {NO_COLOR, 0, "no-color", NULL, "no colour, even on a terminal"},
    {0},
};

static int run_command(int argc, char **argv);

const struct command command_run = {
    .name = "run",
    .operands = "FILE...",
    .summary = "Run scenarios: inject faults into real services and judge how they cope",
    .details =
        "Starts the services, waits for the steady state, injects, checks, lifts, measures the recovery,\n"
        "cleans up and reports.  All files, and where reports go, are checked before anything is started.\n"
        "Reports are terminal, json, junit, markdown, html, github and openmetrics; --report may be\n"
        "repeated.\n\n"
        "Exit code: 0 every hypothesis held and every fault landed; 1 refuted; 2 usage or an invalid\n"
        "file; 3 inconclusive; 4 stopped; 5 the tool or the clean-up failed.",
    .options = options,
    .run = run_command,
};

/* --- the command line --- */

#define THERE_ARE "terminal, json, junit, markdown, html, github and openmetrics"

/* In the words of `report --format`. */
static int unknown_report(const struct command *command, const char *name)
{
    const char *names[RUN_REPORTS_MAX];
    size_t n = 0;

    for (const struct report *const *r = reports; *r && n < RUN_REPORTS_MAX; r++)
        names[n++] = (*r)->name;
    const char *near = suggest(name, names, n);
    if (near)
        return usage_error(command, "unknown report \"%s\" (did you mean \"%s\"?)", name, near);
    return usage_error(command, "unknown report \"%s\"; there are " THERE_ARE, name);
}

int run_add_report(const struct command *command, struct run_request *request, const char *value)
{
    const char *equals = strchr(value, '=');
    cleanup_free char *name = strndup(value, equals ? (size_t)(equals - value) : strlen(value));

    if (!name || !equals || !equals[1])
        return usage_error(command, "--report takes NAME=FILE, not \"%s\"", value);
    if (request->reports_count == RUN_REPORTS_MAX)
        return usage_error(command, "more than %d reports", RUN_REPORTS_MAX);
    const struct report *report = report_find(name);
    if (report) {
        request->reports[request->reports_count].report = report;
        request->reports[request->reports_count++].path = equals + 1;
        return 0;
    }
    return unknown_report(command, name);
}

/* The address is taken before anything is started. */
static int take_metrics(struct run_request *request, const char *value)
{
    int error =
        request->options.has_metrics ? -EALREADY : page_server_listen(value, &request->options.metrics_fd);

    request->options.has_metrics = request->options.has_metrics || !error;
    switch (error) {
    case 0: return 0;
    case -EALREADY: return usage_error(&command_run, "--metrics is here twice");
    case -EINVAL:
        return usage_error(&command_run, "--metrics takes HOST:PORT, such as 127.0.0.1:9464, not \"%s\"",
                           value);
    case -ELIBACC:
        return usage_error(&command_run, "--metrics needs libmicrohttpd, as in Debian's libmicrohttpd12");
    default: return usage_error(&command_run, "--metrics: cannot listen on %s: %s", value, strerror(-error));
    }
}

static int take_option(struct run_request *request, int id, const char *value)
{
    switch (id) {
    case JOURNAL:
        request->journal = value;
        if (!*value || !strcmp(value, "-"))
            return usage_error(&command_run, "--journal takes the path of a file, not \"%s\"", value);
        return 0;
    case REPORT: return run_add_report(&command_run, request, value);
    case SEED:
        request->has_seed = true;
        if (unit_parse_count(value, &request->seed))
            return usage_error(&command_run, "--seed takes a whole number, not \"%s\"", value);
        return 0;
    case ONLY: request->options.only = value; return 0;
    case KEEP: request->options.keep = true; return 0;
    case HOLD: request->options.hold = true; return 0;
    case METRICS: return take_metrics(request, value);
    case METRICS_FILE:
        request->options.metrics_file = value;
        return *value && !output_is_standard(value)
                   ? 0
                   : usage_error(&command_run, "--metrics-file takes the path of a file");
    case WEBHOOK:
        request->options.webhook = value;
        return url_is_valid(value) ? 0 : usage_error(&command_run, "--webhook: \"%s\" is no URL", value);
    case DRY_RUN: request->options.dry = true; return 0;
    case QUIET: request->quiet = true; return 0;
    case JSON: request->json = true; return 0;
    default: request->colourless = true; return 0;
    }
}

/* --- before anything starts --- */

/* A hold injects nothing by itself: each fault is asked about when it comes. */
static void refuse_now(const struct scenario *scenario, struct diag *diag)
{
    cleanup_buf struct buf why = {0};

    if (limits_refuse_time(scenario, time(NULL), &why) || limits_refuse_user(scenario, getuid(), &why))
        diag_error(diag, (struct position){0}, "limits: %s", buf_text(&why));
}

static void print_errors(struct diag *diag)
{
    cleanup_buf struct buf text = {0};

    diag_render(diag, &text);
    fputs(buf_text(&text), stderr);
}

struct scenario *run_load(const char *path, const struct run_request *request)
{
    struct scenario *scenario = NULL;
    struct diag *diag = diag_new(path);
    int r = diag ? limits_load_scenario(path, diag, &scenario) : -ENOMEM;

    if (!r && request->has_seed)
        scenario_reseed(scenario, request->seed);
    if (!r)
        r = way_in_settle(scenario, true, diag);
    if (!r && !request->options.hold && !request->options.dry)
        refuse_now(scenario, diag);
    if (r == -ENOMEM)
        fputs("chaosctl run: out of memory\n", stderr);
    if (diag && diag_count(diag)) {
        print_errors(diag);
        scenario_free(scenario);
        scenario = NULL;
    }
    diag_free(diag);
    return scenario;
}

/* As run.c picks cells. */
static bool fits(const struct scenario *scenario, const char *glob)
{
    for (size_t i = 0; i < scenario->cells_count; i++) {
        const struct cell *cell = &scenario->cells[i];
        cleanup_free char *full = NULL;
        if (!fnmatch(glob, cell->experiment, 0) ||
            (asprintf(&full, "%s/%s", cell->experiment, cell->label) >= 0 && !fnmatch(glob, full, 0)))
            return true;
    }
    return false;
}

/* What --only leaves nothing of.  Known before the first scenario starts: one that fits nowhere is a typo. */
static int leave_out(struct scenario **scenarios, char **files, size_t count,
                     const struct run_request *request)
{
    const char *glob = request->options.only;
    size_t left = 0;

    for (size_t i = 0; i < count; i++)
        left += fits(scenarios[i], glob);
    if (!left)
        return usage_error(&command_run, "no experiment%s%s fits --only %s", count == 1 ? " of " : "",
                           count == 1 ? files[0] : "", glob);
    for (size_t i = 0; i < count; i++) {
        if (fits(scenarios[i], glob))
            continue;
        if (!request->quiet)
            fprintf(stderr, "chaosctl run: %s: skipped: no experiment fits --only %s\n", files[i], glob);
        scenario_free(scenarios[i]);
        scenarios[i] = NULL;
    }
    return EXIT_PASS;
}

/* --- running --- */

void run_describe(struct run_result *result, const struct scenario *scenario, bool dry)
{
    char host[256] = "";

    gethostname(host, sizeof(host) - 1);
    result->dry = dry;
    result->scenario = dry ? arena_printf(result->arena, "%s (dry run)", scenario->name) : scenario->name;
    result->file = scenario->path;
    result->version = CHAOSCTL_VERSION;
    result->host = arena_copy(result->arena, host);
    result->seed = scenario->seed;
    result->run = "";
}

static void tell_halted(void)
{
    cleanup_free char *own = halt_path();
    const char *file = halt_in_force(own);

    fprintf(stderr, "chaosctl run: halted by %s: nothing is started until `chaosctl resume`\n",
            file  ? file
            : own ? own
                  : HALT_EVERYBODY);
}

int run_tell_unbegun(int error)
{
    if (error == -ECANCELED) {
        tell_halted();
        return EXIT_STOPPED;
    }
    fprintf(stderr, "chaosctl run: cannot begin: %s\n",
            error == -ELIBACC ? "there is no libcurl here, as in Debian's libcurl4" : strerror(-error));
    return EXIT_TOOL;
}

/* *ret_stopped: nothing else is to be started, whatever the exit code says. */
static int run_one(struct scenario *scenario, struct run_request *request, bool *ret_stopped)
{
    struct run_result *result = result_new();
    struct run_output output = {.request = request, .scenario = scenario, .result = result};

    if (!result)
        return EXIT_TOOL;
    run_describe(result, scenario, request->options.dry);
    struct run_hooks hooks = output_hooks(&output);
    int r = run_scenario(scenario, &request->options, &hooks, result);
    int status = r ? run_tell_unbegun(r) : output_finish(&output);
    *ret_stopped = *ret_stopped || r == -ECANCELED || result->stopped;
    result_free(result);
    return status;
}

/* The worst of several: tool failure, stopped, refuted, inconclusive, pass; usage before all. */
static int worse(int a, int b)
{
    static const int rank[] = {[EXIT_PASS] = 0,    [EXIT_INCONCLUSIVE] = 1, [EXIT_REFUTED] = 2,
                               [EXIT_STOPPED] = 3, [EXIT_TOOL] = 4,         [EXIT_USAGE] = 5};

    return rank[a] >= rank[b] ? a : b;
}

static int load_all(struct scenario **scenarios, char **files, size_t count,
                    const struct run_request *request)
{
    int status = EXIT_PASS;

    for (size_t i = 0; i < count; i++) {
        scenarios[i] = run_load(files[i], request);
        if (!scenarios[i])
            status = EXIT_USAGE;
    }
    return status;
}

static int run_checked(struct scenario **scenarios, char **files, size_t count, struct run_request *request)
{
    int status = load_all(scenarios, files, count, request);

    if (!status && request->options.only)
        status = leave_out(scenarios, files, count, request);
    if (!status)
        status = output_check(request, scenarios, files, count);
    if (status)
        return status;
    output_begin_all(request);
    bool stopped = false;
    for (size_t i = 0; !stopped && i < count; i++)
        if (scenarios[i])
            status = worse(status, run_one(scenarios[i], request, &stopped));
    output_end_all(request);
    return status;
}

static int run_all(char **files, size_t count, struct run_request *request)
{
    cleanup_free struct scenario **scenarios = calloc(count, sizeof(struct scenario *));

    if (!scenarios)
        return EXIT_TOOL;
    int status = run_checked(scenarios, files, count, request);
    for (size_t i = 0; i < count; i++)
        scenario_free(scenarios[i]);
    return status;
}

static int run_command(int argc, char **argv)
{
    struct run_request request = {0};
    struct options o = options_of(&command_run, argc, argv);

    for (int id; (id = option_next(&o)) > 0;) {
        int status = take_option(&request, id, o.value);
        if (status)
            return status;
    }
    if (o.done)
        return o.status;
    if (!o.operand_count)
        return usage_error(&command_run, "no scenario given");
    if (request.options.hold && (o.operand_count > 1 || request.options.only))
        return usage_error(&command_run, "--hold takes one FILE, and no --only");
    if (request.options.hold && request.options.dry)
        return usage_error(&command_run,
                           "--hold injects nothing; `chaosctl inject --dry-run` counts for one fault");
    signal(SIGPIPE, SIG_IGN);
    request.several = o.operand_count > 1;
    return run_all(o.operands, (size_t)o.operand_count, &request);
}
