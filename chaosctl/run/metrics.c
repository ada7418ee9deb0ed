/* The page of metrics of a run under way, and the file of the same for node_exporter.  Floor 3. */
#include <stdio.h>
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/base/file.h"
#include "chaosctl/probe/tally.h"
#include "chaosctl/run/internal.h"
#include "chaosctl/run/openmetrics.h"
#include "chaosctl/run/page_server.h"

#define FILE_NS   NS_PER_S
#define WINDOW_NS (10 * NS_PER_S) /* of a load's latency */

static const char *const le[TALLY_BOUNDS] = {"0.005", "0.01", "0.025", "0.05", "0.1", "0.25",
                                             "0.5",   "1.0",  "2.5",   "5.0",  "10.0"};

/* --- where it stands --- */

static void put_run(struct page *page, const struct run *run)
{
    const struct course *c = &run->course;

    page_gauge(page, "chaosctl_run_info", "The run, 1.");
    page_sample(page, 1, PAGE_LABELS("run", control_run(run->control), "scenario", run->result->scenario));
    page_gauge(page, "chaosctl_halted", "Is a halt in force.");
    page_sample(page, run->halted, PAGE_BARE);
    page_gauge(page, "chaosctl_phase", "The phase that the experiment is in: 1, and 0 for the others.");
    for (int p = 0; c->cell && p < PHASE_COUNT; p++)
        page_sample(page, p == (int)c->phase,
                    PAGE_LABELS("experiment", c->cell->experiment, "cell", c->cell->label, "phase",
                                phase_name((enum phase)p)));
}

static void put_cells(struct page *page, const struct run *run)
{
    const struct run_result *r = run->result;

    page_gauge(page, "chaosctl_cells_planned", "Cells of the run: an experiment is one or several.");
    page_sample(page, (double)r->cells_planned, PAGE_BARE);
    page_gauge(page, "chaosctl_cells", "Cells that are over, by their verdict.");
    for (int v = 0; v < VERDICT_COUNT; v++) {
        size_t count = 0;
        for (size_t i = 0; i < r->cells_count; i++)
            count += r->cells[i].verdict == (enum verdict_of_run)v;
        page_sample(page, (double)count, PAGE_LABELS("verdict", verdict_name((enum verdict_of_run)v)));
    }
}

/* --- faults --- */

typedef double number_fn(const struct injection *in);

static double active(const struct injection *in)
{
    return !in->lifted;
}

static double matches(const struct injection *in)
{
    return (double)in->matches;
}

static double hits(const struct injection *in)
{
    return (double)in->hits;
}

/* Ids are the run's: two faults that read the same are two. */
static void put_each(struct page *page, struct run *run, number_fn *number)
{
    struct injection *in;
    char id[16];

    for (size_t i = 0; (in = inject_at(run, i)); i++) {
        snprintf(id, sizeof(id), "%u", in->id);
        injection_count(in);
        page_sample(page, number(in),
                    PAGE_LABELS("id", id, "fault", in->fault->text, "kind", fault_name(in->fault->kind),
                                "dry", in->dry ? "true" : "false"));
    }
}

static void put_faults(struct page *page, struct run *run)
{
    struct injection *in;
    size_t count = 0;

    for (size_t i = 0; (in = inject_at(run, i)); i++)
        count += !in->lifted && !in->dry;
    page_gauge(page, "chaosctl_faults_active", "Faults that are active now, dry runs left out.");
    page_sample(page, (double)count, PAGE_BARE);
    page_gauge(page, "chaosctl_fault_active", "Is the fault active now.");
    put_each(page, run, active);
    page_counter(page, "chaosctl_fault_matches", "Calls that the fault is about.");
    put_each(page, run, matches);
    page_counter(page, "chaosctl_fault_hits", "Calls that it struck; of a dry run, that it would have.");
    put_each(page, run, hits);
}

/* --- probes and loads --- */

static void put_histogram(struct page *page, const struct tally *t)
{
    double total = (double)(t->ok + t->failed);
    uint64_t count = 0;

    for (size_t i = 0; i < TALLY_BOUNDS; i++) {
        count += t->within[i];
        page_part(page, "_bucket", (double)count, PAGE_LABELS("probe", t->name, "le", le[i]));
    }
    page_part(page, "_bucket", total, PAGE_LABELS("probe", t->name, "le", "+Inf"));
    page_part(page, "_sum", (double)t->sum_ns / 1e9, PAGE_LABELS("probe", t->name));
    page_part(page, "_count", total, PAGE_LABELS("probe", t->name));
}

static void put_probes(struct page *page, const struct run *run)
{
    const struct tallies *all = prober_tallies(run->prober);

    page_counter(page, "chaosctl_probe_answers", "Answers to probes and loads.");
    for (size_t i = 0; i < all->count; i++) {
        const struct tally *t = &all->items[i];
        page_sample(page, (double)t->ok, PAGE_LABELS("probe", t->name, "outcome", "ok"));
        page_sample(page, (double)t->failed, PAGE_LABELS("probe", t->name, "outcome", "failed"));
    }
    page_histogram(page, "chaosctl_probe_latency_seconds", "Time to the whole answer, or to its failure.");
    for (size_t i = 0; i < all->count; i++)
        put_histogram(page, &all->items[i]);
}

static void put_load(struct page *page, const struct run *run, size_t i)
{
    static const struct {
        enum metric metric;
        const char *quantile;
    } quantiles[] = {{METRIC_p50, "0.5"}, {METRIC_p95, "0.95"}, {METRIC_p99, "0.99"}};
    uint64_t now_ns = now_mono_ns();
    struct observation seen = {0};

    load_observe(run->loads[i], now_ns > WINDOW_NS ? now_ns - WINDOW_NS : 0, now_ns, &seen);
    for (size_t q = 0; q < sizeof(quantiles) / sizeof(*quantiles); q++)
        if (seen.has[quantiles[q].metric])
            page_sample(page, seen.number[quantiles[q].metric] / 1e9,
                        PAGE_LABELS("load", run->scenario->loads[i].name, "quantile", quantiles[q].quantile));
}

static void put_loads(struct page *page, const struct run *run)
{
    page_gauge(page, "chaosctl_load_latency_seconds",
               "Latency from the intended time, over the last ten seconds.");
    for (size_t i = 0; i < run->scenario->loads_count; i++)
        if (run->loads[i])
            put_load(page, run, i);
}

/* --- the page --- */

static void put_page(struct run *run, bool is_openmetrics, struct buf *ret_page)
{
    cleanup_buf struct buf plain = {0};
    struct page page = {.out = &plain, .is_openmetrics = is_openmetrics};

    put_run(&page, run);
    put_cells(&page, run);
    put_faults(&page, run);
    put_probes(&page, run);
    put_loads(&page, run);
    page_end(&page);
    scenario_mask(run->scenario, buf_text(&plain), ret_page);
    ret_page->failed = ret_page->failed || plain.failed;
}

static const char *page_of(void *arg, const char *accept, struct buf *ret_page)
{
    bool is_openmetrics = accept && strstr(accept, "application/openmetrics-text");

    put_page(arg, is_openmetrics, ret_page);
    return is_openmetrics ? OPENMETRICS_TYPE : TEXT_TYPE;
}

/* A file that cannot be written is no reason to stop; whoever looks for it sees its age. */
static void write_file(struct run *run)
{
    cleanup_buf struct buf page = {0};

    if (!run->options.metrics_file || !run->prober || !run->loads)
        return;
    put_page(run, false, &page);
    if (!page.failed)
        (void)file_replace(run->options.metrics_file, page.data, page.len);
}

int metrics_open(struct run *run)
{
    if (!run->options.has_metrics)
        return 0;
    return page_server_open(run->loop, run->options.metrics_fd, page_of, run, &run->metrics);
}

void metrics_tick(struct run *run, uint64_t now_ns)
{
    if (now_ns < run->metrics_ns)
        return;
    run->metrics_ns = now_ns + FILE_NS;
    write_file(run);
}

void metrics_close(struct run *run)
{
    page_server_close(run->metrics);
    run->metrics = NULL;
    if (run->result->complete)
        write_file(run);
}
