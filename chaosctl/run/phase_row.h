/* The entries and ticks that phase.c's table names, and what they share.  Floor 3; for the phase_*.c alone.
 */
#ifndef RUN_PHASE_ROW_H
#define RUN_PHASE_ROW_H

#include "chaosctl/run/phase_check.h"

void phase_enter_start(struct run *run);
void phase_enter_baseline(struct run *run);
void phase_tick_baseline(struct run *run, uint64_t now_ns);
void phase_enter_inject(struct run *run);
void phase_enter_during(struct run *run);
void phase_tick_during(struct run *run, uint64_t now_ns);
void phase_enter_lift(struct run *run);
void phase_enter_recovery(struct run *run);
void phase_tick_recovery(struct run *run, uint64_t now_ns);
void phase_enter_after(struct run *run);
void phase_tick_after(struct run *run, uint64_t now_ns);
void phase_enter_cleanup(struct run *run);
void phase_tick_cleanup(struct run *run, uint64_t now_ns);
void phase_enter_stop(struct run *run);

/* Judge and give the cell up. */
void phase_give_up_for(struct run *run, enum verdict_of_run verdict, const char *reason);
/* The same, for an errno: `what: strerror(-r)`. */
void phase_give_up(struct run *run, enum verdict_of_run verdict, const char *what, int r);

/* The phase's time is over: take the last looks; and are they all in (or too late)? */
void phase_close(struct run *run, uint64_t now_ns);
bool phase_is_closed(struct run *run, uint64_t now_ns);

#endif
