/* chaosctl plan: the cells of a scenario, and how long they take.  Floor 5. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/command.h"
#include "chaosctl/scenario/limits.h"

extern const struct command command_plan;

enum {
    OPTION_JSON = 1,
};

static const struct option_row options[] = {
    {OPTION_JSON, 'j', "json", NULL, "print a JSON document"},
    {0},
};

struct estimate {
    uint64_t least_ns, most_ns;
};

static uint64_t starting_ns(const struct scenario *s)
{
    uint64_t ns = 0;

    for (size_t i = 0; i < s->services_count; i++)
        ns += (s->services[i].ready ? s->services[i].ready_within_ns : 0) + s->services[i].stop_within_ns;
    return ns;
}

/* Of deeds that are done together the longest counts. */
static uint64_t steps_ns(const struct step *steps, size_t count)
{
    uint64_t ns = 0, longest = 0;

    for (size_t i = 0; i < count; i++) {
        uint64_t took = steps[i].probe ? steps[i].probe->timeout_ns : steps[i].wait_ns;
        longest = steps[i].beside && longest > took ? longest : took;
        if (i + 1 == count || !steps[i + 1].beside)
            ns += longest;
    }
    return ns;
}

static uint64_t after_ns(const struct cell *cell)
{
    uint64_t ns = 0;

    for (size_t i = 0; i < cell->after_count; i++)
        ns += cell->after[i].time_ns + (cell->after[i].probe ? cell->after[i].probe->timeout_ns : 0);
    return ns;
}

/* At least: everything holds at once.  At most: every bound is used up, starting and stopping services
 * included. */
static struct estimate estimate_of(const struct scenario *s, const struct cell *cell)
{
    const struct timing *t = &cell->timing;
    uint64_t least = t->baseline_for_ns + t->hold_ns + t->stable_for_ns;

    return (struct estimate){
        least,
        least + t->baseline_within_ns + t->recovery_within_ns + after_ns(cell) +
            steps_ns(cell->cleanup, cell->cleanup_count) + (cell->shared ? 0 : starting_ns(s)),
    };
}

static struct estimate total_of(const struct scenario *s)
{
    struct estimate total = {0, 0};

    for (size_t i = 0; i < s->cells_count; i++) {
        struct estimate e = estimate_of(s, &s->cells[i]);
        total.least_ns += e.least_ns;
        total.most_ns += e.most_ns;
    }
    return total;
}

/* --- text --- */

static void print_masked(const struct scenario *s, const char *text)
{
    cleanup_buf struct buf masked = {0};

    scenario_mask(s, text, &masked);
    fputs(buf_text(&masked), stdout);
}

static void print_estimate(struct estimate e)
{
    char least[UNIT_TEXT_BYTES], most[UNIT_TEXT_BYTES];

    printf("%s, at most %s\n", unit_format_duration(e.least_ns, least),
           unit_format_duration(e.most_ns, most));
}

static void print_cell(const struct scenario *s, const struct cell *cell, size_t number)
{
    printf("%4zu  ", number);
    print_masked(s, cell->experiment);
    if (*cell->label) {
        fputs(" [", stdout);
        print_masked(s, cell->label);
        putchar(']');
    }
    fputs("\n      faults: ", stdout);
    for (size_t i = 0; i < cell->faults_count; i++) {
        fputs(i ? "; " : "", stdout);
        print_masked(s, cell->faults[i].text);
    }
    fputs("\n      takes ", stdout);
    print_estimate(estimate_of(s, cell));
}

static int print_text(const struct scenario *s)
{
    print_masked(s, s->name);
    printf(" (%s), seed %llu: %zu cell%s\n", s->path, (unsigned long long)s->seed, s->cells_count,
           s->cells_count == 1 ? "" : "s");
    for (size_t i = 0; i < s->cells_count; i++)
        print_cell(s, &s->cells[i], i + 1);
    fputs("in all ", stdout);
    print_estimate(total_of(s));
    return EXIT_PASS;
}

/* --- JSON --- */

static json_t *masked_json(const struct scenario *s, const char *text)
{
    cleanup_buf struct buf masked = {0};

    scenario_mask(s, text, &masked);
    return json_string(buf_text(&masked));
}

static json_t *cell_json(const struct scenario *s, const struct cell *cell)
{
    struct estimate e = estimate_of(s, cell);
    json_t *faults = json_array();

    for (size_t i = 0; i < cell->faults_count; i++)
        json_array_append_new(faults, masked_json(s, cell->faults[i].text));
    return json_pack("{s:o,s:o,s:o,s:o,s:f,s:f,s:f}", "experiment", masked_json(s, cell->experiment), "label",
                     masked_json(s, cell->label), "hypothesis",
                     cell->hypothesis ? masked_json(s, cell->hypothesis) : json_null(), "faults", faults,
                     "hold_s", (double)cell->timing.hold_ns / 1e9, "least_s", (double)e.least_ns / 1e9,
                     "most_s", (double)e.most_ns / 1e9);
}

static int print_json(const struct scenario *s)
{
    struct estimate total = total_of(s);
    json_t *cells = json_array();

    for (size_t i = 0; i < s->cells_count; i++)
        json_array_append_new(cells, cell_json(s, &s->cells[i]));
    json_t *plan = json_pack("{s:o,s:s,s:I,s:f,s:f,s:o}", "scenario", masked_json(s, s->name), "file",
                             s->path, "seed", (json_int_t)s->seed, "least_s", (double)total.least_ns / 1e9,
                             "most_s", (double)total.most_ns / 1e9, "cells", cells);
    cleanup_free char *text = json_dumps(plan, JSON_INDENT(2));
    json_decref(plan);
    if (text)
        puts(text);
    return text ? EXIT_PASS : EXIT_TOOL;
}

/* --- the command --- */

static int plan(const char *path, bool as_json)
{
    struct diag *diag = diag_new(path);
    struct scenario *s = NULL;
    cleanup_buf struct buf errors = {0};
    int r = diag ? limits_load_scenario(path, diag, &s) : -ENOMEM, status = EXIT_TOOL;

    if (!r) {
        status = as_json ? print_json(s) : print_text(s);
    } else if (r == -ENOMEM) {
        fputs("chaosctl plan: out of memory\n", stderr);
    } else {
        diag_render(diag, &errors);
        fputs(buf_text(&errors), stderr);
        status = EXIT_USAGE;
    }
    scenario_free(s);
    diag_free(diag);
    return status;
}

static int run(int argc, char **argv)
{
    struct options o = options_of(&command_plan, argc, argv);
    bool as_json = false;

    for (int id; (id = option_next(&o)) > 0;)
        as_json = as_json || id == OPTION_JSON;
    if (o.done)
        return o.status;
    if (o.operand_count != 1)
        return usage_error(&command_plan, o.operand_count ? "one FILE at a time" : "which FILE?");
    return plan(o.operands[0], as_json);
}

const struct command command_plan = {
    .name = "plan",
    .operands = "FILE",
    .summary = "Show the cells of a scenario and how long they take",
    .details = "A cell is one experiment with one choice of its matrix and its one_of.  Nothing is started.\n"
               "The shorter time is baseline, hold and recovery when all holds at once; the longer one uses "
               "up every\n"
               "bound, starting and stopping services included.",
    .options = options,
    .only_prints = true,
    .run = run,
};
