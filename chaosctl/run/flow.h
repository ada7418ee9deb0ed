/* What flows to each dependency now, and what did before the fault.  Floor 3; internal to chaosctl/run/. */
#ifndef RUN_FLOW_H
#define RUN_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct run;
struct flow;

struct flow_rates {
    bool is_known;
    double calls_per_s, failed_per_s;
    double latency_s; /* on average, of the calls that were answered; < 0: none was */
    double longest_s; /* a call that waits still counts, too; 0 of before */
};

struct flow *flow_new(void); /* to be freed */

/* A fresh control area: nothing was seen in it yet. */
void flow_begin(struct run *run);
/* Of a hold: count the calls to every dependency, those that it has gained since too. */
void flow_watch(struct run *run);
/* At each tick, behind calls_tick. */
void flow_tick(struct run *run, uint64_t now_ns);
/* Is a whole second over? */
bool flow_is_due(const struct run *run, uint64_t now_ns);

struct flow_rates flow_now(const struct run *run, size_t dependency);
struct flow_rates flow_before(const struct run *run, size_t dependency);

#endif
