/* What a load's samples say about a window.  Floor 3. */
#include <stdlib.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/probe/load_run.h"

struct summary {
    size_t finished, failed;
    double sum_ns;
    uint64_t *latencies; /* of the finished, sorted */
    size_t by_error[ERRORS_MAX + 1];
};

size_t load_index(const struct load_run *run, uint64_t from_ns)
{
    size_t low = 0, high = run->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (run->samples[middle].intended_ns < from_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t load_count(const struct load_run *run, uint64_t from_ns, uint64_t to_ns, size_t *ret_unfinished)
{
    size_t from = load_index(run, from_ns), to = load_index(run, to_ns), unfinished = 0;

    for (size_t i = from; i < to; i++)
        unfinished += !run->samples[i].done;
    *ret_unfinished = unfinished;
    return to > from ? to - from : 0;
}

const struct sample *load_samples(const struct load_run *run, uint64_t from_ns, uint64_t to_ns,
                                  size_t *ret_count)
{
    size_t from = load_index(run, from_ns), to = load_index(run, to_ns);

    *ret_count = to > from ? to - from : 0;
    return run->samples + from;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void summarize(const struct load_run *run, size_t from, size_t to, struct summary *sum)
{
    for (size_t i = from; i < to; i++) {
        const struct sample *sample = &run->samples[i];
        if (!sample->done)
            continue;
        sum->latencies[sum->finished++] = sample->latency_ns;
        sum->sum_ns += (double)sample->latency_ns;
        sum->failed += !sample->ok;
        sum->by_error[sample->error] += !sample->ok;
    }
    qsort(sum->latencies, sum->finished, sizeof(*sum->latencies), by_value);
}

/* Nearest rank: the least value that at least that share of all values does not exceed. */
static double percentile(const struct summary *sum, unsigned percent)
{
    size_t rank = (sum->finished * percent + 99) / 100;

    return (double)sum->latencies[rank ? rank - 1 : 0];
}

static const char *commonest_error(const struct load_run *run, const struct summary *sum)
{
    size_t best = 0;

    for (size_t i = 1; i <= run->errors_count; i++)
        if (sum->by_error[i] > (best ? sum->by_error[best] : 0))
            best = i;
    return best ? run->errors[best - 1] : NULL;
}

static void set(struct observation *seen, enum metric metric, double value)
{
    seen->has[metric] = true;
    seen->number[metric] = value;
}

/* The part of the window in which the load could be seen; 0: none. */
static double seconds_of(const struct load_run *run, uint64_t from_ns, uint64_t to_ns)
{
    uint64_t now = now_mono_ns();

    if (from_ns < run->began_ns)
        from_ns = run->began_ns;
    if (to_ns > now)
        to_ns = now;
    return run->began_ns && to_ns > from_ns ? (double)(to_ns - from_ns) / 1e9 : 0;
}

static void set_shares(struct observation *seen, const struct summary *sum)
{
    double finished = (double)sum->finished;

    set(seen, METRIC_success, 100 * (finished - (double)sum->failed) / finished);
    set(seen, METRIC_errors, (double)sum->failed);
    set(seen, METRIC_p50, percentile(sum, 50));
    set(seen, METRIC_p90, percentile(sum, 90));
    set(seen, METRIC_p95, percentile(sum, 95));
    set(seen, METRIC_p99, percentile(sum, 99));
    set(seen, METRIC_max, (double)sum->latencies[sum->finished - 1]);
    set(seen, METRIC_mean, sum->sum_ns / finished);
}

void load_observe(const struct load_run *run, uint64_t from_ns, uint64_t to_ns, struct observation *ret)
{
    size_t from = load_index(run, from_ns), to = load_index(run, to_ns);
    size_t room = to > from ? to - from : 0;
    cleanup_free uint64_t *latencies = malloc((room + 1) * sizeof(*latencies));
    struct summary sum = {.latencies = latencies};

    *ret = (struct observation){0};
    if (!latencies)
        return; /* nothing is known */
    summarize(run, from, to, &sum);
    double seconds = seconds_of(run, from_ns, to_ns);
    ret->samples = sum.finished;
    set(ret, METRIC_count, (double)sum.finished);
    if (seconds > 0)
        set(ret, METRIC_rate, (double)sum.finished / seconds);
    if (sum.finished)
        set_shares(ret, &sum);
    ret->note = commonest_error(run, &sum);
}
