/* A result as metrics: for a textfile collector or a push gateway, once a run is over.  Floor 4. */
#include <errno.h>
#include <stdio.h>

#include "chaosctl/report/report.h"
#include "chaosctl/report/words.h"
#include "chaosctl/run/openmetrics.h"

static const char *label_of(const struct cell_result *cell)
{
    return words_text(cell->label);
}

#define OF_CELL(cell, ...)                                                                                   \
    PAGE_LABELS("experiment", words_text((cell)->experiment), "cell", label_of(cell), __VA_ARGS__)

static void put_verdicts(struct page *page, const struct run_result *r)
{
    page_gauge(page, "chaosctl_verdict", "The verdict of each cell: 1, and 0 for the others.");
    for (size_t i = 0; i < r->cells_count; i++)
        for (int v = 0; v < VERDICT_COUNT; v++)
            page_sample(page, r->cells[i].verdict == (enum verdict_of_run)v,
                        OF_CELL(&r->cells[i], "verdict", verdict_name((enum verdict_of_run)v)));
}

static void put_run(struct page *page, const struct run_result *r)
{
    page_gauge(page, "chaosctl_run_info", "The run, 1.");
    page_sample(page, 1,
                PAGE_LABELS("run", words_text(r->run), "scenario", words_text(r->scenario), "verdict",
                            verdict_name(r->verdict)));
    page_gauge(page, "chaosctl_run_timestamp_seconds", "When the run began.");
    page_sample(page, (double)r->started_wall_ns / 1e9, PAGE_BARE);
    page_gauge(page, "chaosctl_run_duration_seconds", "How long it took.");
    page_sample(page, (double)r->duration_ns / 1e9, PAGE_BARE);
    page_gauge(page, "chaosctl_cells_planned", "Cells of the run: an experiment is one or several.");
    page_sample(page, (double)r->cells_planned, PAGE_BARE);
}

static void put_recovery(struct page *page, const struct run_result *r)
{
    page_gauge(page, "chaosctl_recovery_seconds", "From the lift until the steady state held again.");
    for (size_t i = 0; i < r->cells_count; i++)
        if (r->cells[i].recovery_measured)
            page_sample(page, (double)r->cells[i].recovery_ns / 1e9,
                        PAGE_LABELS("experiment", words_text(r->cells[i].experiment), "cell",
                                    label_of(&r->cells[i])));
}

static void put_counts(struct page *page, const struct run_result *r, bool hits)
{
    char id[24];

    for (size_t i = 0; i < r->cells_count; i++)
        for (size_t k = 0; k < r->cells[i].faults_count; k++) {
            const struct fault_result *f = &r->cells[i].faults[k];
            snprintf(id, sizeof(id), "%zu", k + 1);
            page_sample(page, (double)(hits ? f->hits : f->matches),
                        OF_CELL(&r->cells[i], "number", id, "fault", words_text(f->text), "kind",
                                words_text(f->kind), "dry", f->dry ? "true" : "false"));
        }
}

static void put_faults(struct page *page, const struct run_result *r)
{
    page_counter(page, "chaosctl_fault_matches", "Calls that the fault was about.");
    put_counts(page, r, false);
    page_counter(page, "chaosctl_fault_hits", "Calls that it struck; of a dry run, that it would have.");
    put_counts(page, r, true);
}

static void put_checks(struct page *page, const struct run_result *r)
{
    page_gauge(page, "chaosctl_checks", "Checks and steps of each cell, by what came of them.");
    for (size_t i = 0; i < r->cells_count; i++)
        for (int o = 0; o < OUTCOME_COUNT; o++) {
            size_t count = 0;
            for (size_t k = 0; k < r->cells[i].checks_count; k++)
                count += r->cells[i].checks[k].outcome == (enum outcome)o;
            page_sample(page, (double)count, OF_CELL(&r->cells[i], "outcome", outcome_name((enum outcome)o)));
        }
}

static void put_load(struct page *page, const struct cell_result *cell, const struct load_result *load)
{
    const struct {
        const char *quantile;
        uint64_t ns;
    } quantiles[] = {
        {"0.5", load->p50_ns}, {"0.95", load->p95_ns}, {"0.99", load->p99_ns}, {"1", load->max_ns}};

    for (size_t q = 0; load->samples && q < sizeof(quantiles) / sizeof(*quantiles); q++)
        page_sample(page, (double)quantiles[q].ns / 1e9,
                    OF_CELL(cell, "load", words_text(load->name), "phase", phase_name(load->phase),
                            "quantile", quantiles[q].quantile));
}

static void put_requests(struct page *page, const struct cell_result *cell, const struct load_result *load)
{
    const char *name = words_text(load->name), *phase = phase_name(load->phase);

    page_sample(page, (double)(load->samples - load->errors),
                OF_CELL(cell, "load", name, "phase", phase, "outcome", "ok"));
    page_sample(page, (double)load->errors, OF_CELL(cell, "load", name, "phase", phase, "outcome", "failed"));
}

static void put_loads(struct page *page, const struct run_result *r,
                      void (*put)(struct page *, const struct cell_result *, const struct load_result *))
{
    for (size_t i = 0; i < r->cells_count; i++)
        for (size_t k = 0; k < r->cells[i].loads_count; k++)
            put(page, &r->cells[i], &r->cells[i].loads[k]);
}

static int render(const struct run_result *result, const struct report_style *style, struct buf *out)
{
    struct page page = {.out = out, .is_openmetrics = true};

    (void)style;
    put_run(&page, result);
    put_verdicts(&page, result);
    put_recovery(&page, result);
    put_faults(&page, result);
    put_checks(&page, result);
    page_counter(&page, "chaosctl_load_requests", "Requests of each load in each phase.");
    put_loads(&page, result, put_requests);
    page_gauge(&page, "chaosctl_load_latency_seconds", "Latency from the intended time, in each phase.");
    put_loads(&page, result, put_load);
    page_end(&page);
    return out->failed ? -ENOMEM : 0;
}

const struct report report_openmetrics = {
    .name = "openmetrics",
    .summary = "metrics in the OpenMetrics text format",
    .render = render,
};
