/* chaosctl explore FILE: each dependency with each fault.  Floor 5. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/cmd_explore_matrix.h"

struct explore {
    struct run_output output; /* first: the hooks of `run` take it */
    struct matrix *matrix;
    void (*tick)(void *arg, const struct run_status *status);
    uint64_t started_ns, budget_ns;
    uint64_t cells_ns; /* when the first cell was asked for */
    size_t cells;      /* that were run */
};

/* --- the command line --- */

static int take_duration(const struct command *command, const char *name, const char *value, uint64_t *ret_ns)
{
    if (!unit_parse_duration(value, ret_ns) && *ret_ns)
        return EXIT_PASS;
    return usage_error(command, "--%s takes a duration such as 60s, not \"%s\"", name, value);
}

static int take_seed(const struct command *command, const char *value, struct run_request *request)
{
    request->has_seed = true;
    return unit_parse_count(value, &request->seed)
               ? usage_error(command, "--seed takes a whole number, not \"%s\"", value)
               : EXIT_PASS;
}

int explore_matrix_option(const struct command *command, struct explore_matrix_request *request,
                          const char *name, const char *value)
{
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {{"exhaustive", &request->options.exhaustive},
                 {"fresh", &request->options.fresh},
                 {"json", &request->run.json},
                 {"quiet", &request->run.quiet},
                 {"no-color", &request->run.colourless}};

    for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
        if (!strcmp(flags[i].name, name)) {
            *flags[i].flag = true;
            return EXIT_PASS;
        }
    if (!strcmp(name, "budget"))
        return take_duration(command, name, value, &request->budget_ns);
    if (!strcmp(name, "hold"))
        return take_duration(command, name, value, &request->options.hold_ns);
    if (!strcmp(name, "seed"))
        return take_seed(command, value, &request->run);
    return strcmp(name, "report") ? -ENOENT : run_add_report(command, &request->run, value);
}

/* --- while it runs --- */

/* One more cell would, as far as the average tells, end behind the budget.  The clean run, without which
 * there is nothing to tell, and the second run of what was refuted are always made. */
static bool is_late(const struct explore *e, uint64_t now_ns)
{
    if (!e->cells || matrix_is_repeating(e->matrix))
        return false;
    return now_ns - e->started_ns + (now_ns - e->cells_ns) / e->cells > e->budget_ns;
}

static const struct cell *next(void *arg, const struct cell_result *last, uint32_t called, bool *ret_fresh)
{
    struct explore *e = arg;
    uint64_t now_ns = now_mono_ns();

    if (last) {
        matrix_take(e->matrix, last, called);
        e->cells++;
    } else {
        e->cells_ns = now_ns;
    }
    return is_late(e, now_ns) ? NULL : matrix_next(e->matrix, ret_fresh);
}

/* Nobody knows how many will be spared. */
static void tick(void *arg, const struct run_status *status)
{
    struct explore *e = arg;
    struct run_status own = *status;

    own.cells = e->matrix->count + 1;
    e->tick(arg, &own);
}

/* --- its end --- */

static int show(const struct explore *e, uint64_t took_ns)
{
    struct report_style style = output_style(e->output.request);
    cleanup_buf struct buf text = {0};
    int r = 0;

    if (e->output.request->json)
        r = matrix_json(e->matrix, took_ns, &text);
    else if (!e->output.request->quiet)
        matrix_text(e->matrix, took_ns, &style, &text);
    if (!r && !text.failed)
        fputs(buf_text(&text), stdout);
    return r || text.failed;
}

static int finish(struct explore *e)
{
    int failed = output_close(&e->output);

    if (e->output.result->stopped)
        e->matrix->trouble = "it was stopped before its end";
    matrix_settle(e->matrix);
    if (!failed)
        failed = matrix_result(e->matrix, e->output.result);
    if (!failed)
        failed = output_reports(&e->output) | show(e, now_mono_ns() - e->started_ns);
    if (failed)
        fputs("chaosctl explore: not all could be written\n", stderr);
    return failed ? EXIT_TOOL : matrix_exit_code(e->matrix);
}

static int explore(struct explore *e)
{
    struct run_hooks hooks = output_hooks(&e->output);

    e->tick = hooks.tick;
    hooks.tick = hooks.tick ? tick : NULL;
    hooks.next = next;
    e->started_ns = now_mono_ns();
    run_describe(e->output.result, e->matrix->scenario, false);
    int r = run_scenario(e->matrix->scenario, &e->output.request->options, &hooks, e->output.result);
    return r ? run_tell_unbegun(r) : finish(e);
}

static int explore_loaded(struct scenario *scenario, struct explore_matrix_request *request)
{
    cleanup_buf struct buf why = {0};
    struct explore e = {.output = {.request = &request->run, .scenario = scenario, .result = result_new()},
                        .budget_ns = request->budget_ns ? request->budget_ns : EXPLORE_BUDGET_NS};
    int r = e.output.result ? matrix_new(scenario, &request->options, &why, &e.matrix) : -ENOMEM;
    int status = r == -EINVAL ? EXIT_USAGE : EXIT_TOOL;

    if (r)
        fprintf(stderr, "chaosctl explore: %s: %s\n", scenario->path,
                r == -EINVAL ? buf_text(&why) : strerror(-r));
    else
        status = explore(&e);
    matrix_free(e.matrix);
    result_free(e.output.result);
    return status;
}

int explore_matrix(char *file, struct explore_matrix_request *request)
{
    struct scenario *scenario = run_load(file, &request->run);

    if (!scenario)
        return EXIT_USAGE;
    signal(SIGPIPE, SIG_IGN);
    int status = output_check(&request->run, &scenario, &file, 1);
    if (!status)
        status = explore_loaded(scenario, request);
    scenario_free(scenario);
    return status;
}
