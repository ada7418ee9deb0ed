/* What the phases do to whole sets of loads and checks.  Floor 3; for phase.c and run.c. */
#ifndef RUN_PHASE_CHECK_H
#define RUN_PHASE_CHECK_H

#include "chaosctl/base/unit.h"
#include "chaosctl/run/internal.h"

/* The dependencies whose traffic some check of the cell, or of the scenario, counts. */
uint32_t watched_targets(const struct run *run);

int loads_start(struct run *run);
void loads_end(struct run *run);
bool loads_unfinished(const struct run *run, uint64_t from_ns, uint64_t to_ns);
/* A load check over the requests intended in [from, to), against the baseline where there is one.  Too few
 * samples are UNKNOWN. */
enum judgement loads_judge(struct run *run, const struct check *check, uint64_t from_ns, uint64_t to_ns,
                           struct observation *ret_seen, struct buf *why);
void baseline_record(struct run *run, uint64_t from_ns, uint64_t to_ns);

/* The longest that any probe of the scenario may take. */
uint64_t longest_timeout_ns(const struct run *run);

/* Watches of the present phase; -ENOMEM. */
int watches_start(struct run *run, const struct check *checks, size_t count, uint64_t from_ns);
int watches_start_during(struct run *run); /* `during`, or the steady state itself */
void watches_settle(struct run *run, enum phase phase);
void watches_end(struct run *run);

/* How long a check of `after` is looked at: what its quantifier says; "always" and "never" need a while; 0:
 * one look. */
uint64_t check_takes_ns(const struct cell *cell, const struct check *check);
/* And all of them: as long as the longest. */
uint64_t after_takes_ns(const struct cell *cell);

/* stop_when, from the baseline to the clean-up. */
int stops_start(struct run *run);
void stops_tick(struct run *run, uint64_t now_ns);
void stops_end(struct run *run);

#endif
