/* Open-model load and its samples.  Floor 3.
 *
 * Requests leave at start + k / rate; a request that could not leave in time still counts its latency from
 * the intended time (G. Tene's "coordinated omission").  Samples are kept raw: windows are chosen afterwards.
 */
#ifndef PROBE_LOAD_H
#define PROBE_LOAD_H

#include "chaosctl/check/observation.h"
#include "chaosctl/probe/prober.h"

struct sample {
    uint64_t intended_ns; /* CLOCK_MONOTONIC */
    uint64_t latency_ns;  /* from intended_ns */
    uint64_t id;          /* the number of its request id; 0: it was not sent */
    bool done;
    bool ok;
    uint16_t status; /* HTTP, or 0 */
    uint16_t error;  /* 0, or 1 + its index among the run's error texts */
};

struct load_run;

/* A request succeeds when a whole answer came, its HTTP status is below 400, and the probe's own expectations
 * hold.  probe and load are borrowed.  -errno.  Nothing is sent before load_start. */
int load_new(struct loop *loop, struct prober *prober, const struct probe *probe, const struct load *load,
             struct load_run **ret_run);

/* Cancels what is in flight; to be called before prober_free.  NULL is fine. */
void load_free(struct load_run *run);
void load_start(struct load_run *run);

/* No new requests; those in flight still finish.  Those that were due and found no room among max_in_flight
 * are failed now: they were meant to be answered, and will not be. */
void load_stop(struct load_run *run);

/* Requests intended in [from, to): how many, and how many of them are still without an answer. */
size_t load_count(const struct load_run *run, uint64_t from_ns, uint64_t to_ns, size_t *ret_unfinished);

/* The requests intended in [from, to); borrowed until the loop goes on. */
const struct sample *load_samples(const struct load_run *run, uint64_t from_ns, uint64_t to_ns,
                                  size_t *ret_count);

/* Measure the finished requests intended in [from, to) (success, errors, count, rate, percentiles by nearest
 * rank, max, mean) and the most frequent error's text, which is the run's.  Unfinished ones are not counted,
 * and with none finished only count and rate are known. */
void load_observe(const struct load_run *run, uint64_t from_ns, uint64_t to_ns,
                  struct observation *ret_observation);

/* Forget samples intended before: a cell's memory stays bounded.  Requests among them that wait for room are
 * never sent. */
void load_forget(struct load_run *run, uint64_t before_ns);

#endif
