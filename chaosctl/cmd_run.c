/* chaosctl run: scenarios, judged.  Floor 5. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/suggest.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/cmd_run.h"
#include "chaosctl/command.h"
#include "chaosctl/run/entry.h"
#include "chaosctl/run/process.h"

enum { JOURNAL = 1, REPORT, SEED, ONLY, KEEP, QUIET, JSON, NO_COLOR };

static const struct option_row options[] = {
    {JOURNAL, 0, "journal", "FILE", "write the journal there (default: the state folder)"},
    {REPORT, 'r', "report", "NAME=FILE", "write a report as well: json, junit, markdown...; may be repeated"},
    {SEED, 's', "seed", "N", "decide from this seed instead of the scenario's"},
    {ONLY, 'o', "only", "GLOB", "run only experiments (or EXPERIMENT/CELL) that fit"},
    {KEEP, 'k', "keep", NULL, "keep the run's folder with the services' logs"},
    {QUIET, 'q', "quiet", NULL, "print nothing but errors"},
    {JSON, 'j', "json", NULL, "print the result as JSON instead of text"},
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
        "cleans up and reports.  All files are checked before anything is started.\n\n"
        "Exit code: 0 every hypothesis held and every fault landed; 1 refuted; 2 usage or an invalid\n"
        "file; 3 inconclusive; 4 stopped; 5 the tool or the clean-up failed.",
    .options = options,
    .run = run_command,
};

/* --- the command line --- */

static int add_report(struct run_request *request, const char *value)
{
    const char *equals = strchr(value, '=');
    cleanup_free char *name = strndup(value, equals ? (size_t)(equals - value) : strlen(value));
    const char *names[RUN_REPORTS_MAX];
    size_t n = 0;

    if (!name || !equals || !equals[1])
        return usage_error(&command_run, "--report takes NAME=FILE, not \"%s\"", value);
    if (request->reports_count == RUN_REPORTS_MAX)
        return usage_error(&command_run, "more than %d reports", RUN_REPORTS_MAX);
    const struct report *report = report_find(name);
    if (report) {
        request->reports[request->reports_count].report = report;
        request->reports[request->reports_count++].path = equals + 1;
        return 0;
    }
    for (const struct report *const *r = reports; *r && n < RUN_REPORTS_MAX; r++)
        names[n++] = (*r)->name;
    const char *near = suggest(name, names, n);
    return usage_error(&command_run,
                       near ? "unknown report \"%s\" (did you mean \"%s\"?)" : "unknown report \"%s\"", name,
                       near);
}

static int take_option(struct run_request *request, int id, const char *value)
{
    switch (id) {
    case JOURNAL: request->journal = value; return 0;
    case REPORT: return add_report(request, value);
    case SEED:
        request->has_seed = true;
        if (unit_parse_count(value, &request->seed))
            return usage_error(&command_run, "--seed takes a whole number, not \"%s\"", value);
        return 0;
    case ONLY: request->options.only = value; return 0;
    case KEEP: request->options.keep = true; return 0;
    case QUIET: request->quiet = true; return 0;
    case JSON: request->json = true; return 0;
    default: request->colourless = true; return 0;
    }
}

/* --- before anything starts --- */

/* A service that the shim cannot enter would pass every test: it is refused here. */
static void refuse_unenterable(const struct service *service, struct diag *diag)
{
    cleanup_free char *path = NULL;
    struct entry entry;
    int r = process_find(service->argv[0], service->dir, &path);

    if (r) {
        diag_error(diag, service->at, "service %s: cannot run %s: %s", service->name, service->argv[0],
                   strerror(-r));
        return;
    }
    if (service->inject == INJECT_NONE || entry_examine(path, &entry) || entry.verdict == ENTRY_PRELOAD)
        return;
    diag_error(diag, service->at, "service %s: %s cannot be entered: %s", service->name, path, entry.reason);
}

static void print_errors(struct diag *diag)
{
    cleanup_buf struct buf text = {0};

    diag_render(diag, &text);
    fputs(buf_text(&text), stderr);
}

/* NULL after the errors have been printed. */
static struct scenario *load(const char *path, const struct run_request *request)
{
    struct scenario *scenario = NULL;
    struct diag *diag = diag_new(path);
    int r = diag ? scenario_load(path, diag, &scenario) : -ENOMEM;

    if (!r && request->has_seed)
        scenario_reseed(scenario, request->seed);
    for (size_t i = 0; !r && i < scenario->services_count; i++)
        if (!scenario->services[i].join)
            refuse_unenterable(&scenario->services[i], diag);
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

/* --- running --- */

static void describe(struct run_result *result, const struct scenario *scenario)
{
    char host[256] = "";

    gethostname(host, sizeof(host) - 1);
    result->scenario = scenario->name;
    result->file = scenario->path;
    result->version = CHAOSCTL_VERSION;
    result->host = arena_copy(result->arena, host);
    result->seed = scenario->seed;
    result->run = "";
}

static int run_one(const struct scenario *scenario, const struct run_request *request)
{
    struct run_result *result = result_new();
    struct run_output output = {.request = request, .scenario = scenario, .result = result};

    if (!result)
        return EXIT_TOOL;
    describe(result, scenario);
    struct run_hooks hooks = output_hooks(&output);
    int r = run_scenario(scenario, &request->options, &hooks, result);
    int status = EXIT_TOOL;
    if (r == -ENOENT && request->options.only)
        status = usage_error(&command_run, "%s: no experiment fits --only %s", scenario->path,
                             request->options.only);
    else if (r)
        fprintf(stderr, "chaosctl run: cannot begin: %s\n", strerror(-r));
    else
        status = output_finish(&output);
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

static int run_all(char **files, int count, const struct run_request *request)
{
    struct scenario **scenarios = calloc((size_t)count, sizeof(*scenarios));
    int status = EXIT_PASS;

    for (int i = 0; scenarios && i < count; i++) {
        scenarios[i] = load(files[i], request);
        if (!scenarios[i])
            status = EXIT_USAGE;
    }
    for (int i = 0; scenarios && status != EXIT_USAGE && status != EXIT_STOPPED && i < count; i++)
        status = worse(status, run_one(scenarios[i], request));
    for (int i = 0; scenarios && i < count; i++)
        scenario_free(scenarios[i]);
    free(scenarios);
    return scenarios ? status : EXIT_TOOL;
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
    signal(SIGPIPE, SIG_IGN);
    return run_all(o.operands, o.operand_count, &request);
}
