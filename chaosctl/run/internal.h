/* What the files of a running scenario share.  Floor 3; nobody outside chaosctl/run/ includes this. */
#ifndef RUN_INTERNAL_H
#define RUN_INTERNAL_H

#include <jansson.h>

#include "chaosctl/base/buf.h"
#include "chaosctl/check/judge.h"
#include "chaosctl/check/logwatch.h"
#include "chaosctl/check/metric.h"
#include "chaosctl/probe/load.h"
#include "chaosctl/run/control.h"
#include "chaosctl/run/loop.h"
#include "chaosctl/run/process.h"
#include "chaosctl/run/run.h"
#include "chaosctl/run/service.h"

#define TICK_NS   (20 * NS_PER_MS)  /* drain, renew, look at what is due */
#define LOOK_NS   (100 * NS_PER_MS) /* between two looks at one check */
#define STATUS_NS (200 * NS_PER_MS)
#define PIDS_MAX  1024 /* processes of one service at a time */

/* One fault of the cell, while it lasts. */
struct injection {
    struct run *run;
    const struct fault *fault;
    int rule;      /* index in the table, or -1 */
    bool active;   /* process faults: being done now */
    uint64_t done; /* from here: processes struck, established connections reset */
    struct timer begin, end;
    uint64_t matches, hits, skipped, unseen; /* as read when it was lifted */
    uint32_t id;                             /* in the run, from 1 */
    bool lifted;
    /* Of one that somebody injected while it runs, beside those of the cell. */
    bool live;
    struct fault own;
    uint64_t for_ns, until_ns; /* lifted then */
    struct timer over;
};

/* A cell on its way. */
struct course {
    const struct cell *cell;
    size_t number; /* from 0, among those that run */
    enum phase phase;
    bool over;
    bool entering;     /* the phase's entry has not been run yet */
    bool was_ready;    /* its services were, once */
    bool is_waiting;   /* for somebody to say that the faults may come */
    bool was_told;     /* somebody did */
    bool stopping;     /* nothing but lifting and cleaning up is left to do */
    uint64_t phase_ns; /* when it began */
    uint64_t started_ns, started_wall_ns;
    uint64_t injected_ns, held_ns, lifted_ns; /* held: when the hold was over */
    bool lifted;
    struct injection *injections; /* the cell's own */
    struct injection **live;      /* those that somebody injected */
    size_t live_count;
    const struct deed *deeds;
    size_t deeds_count;
    struct watch **watches; /* of the present phase */
    size_t watches_count;
    bool closing; /* the phase's last looks are under way */
    uint64_t closing_until_ns;
    struct steps *steps;
    struct steady *steady;
    struct marks *before, *at_lift; /* NULL: not asked yet */
    uint64_t pending_restarts;
    uint64_t lapsed_ns; /* how long faults were off because the lease was not renewed */
    /* What is found. */
    enum verdict_of_run verdict;
    const char *reason;
    struct check_result *checks;
    size_t checks_count;
    struct load_result *loads;
    size_t loads_count;
    uint64_t phase_took_ns[PHASE_COUNT];
    bool recovery_measured;
    uint64_t recovery_ns;
};

/* Of calls to each dependency, what was most since the last tick. */
struct calls_peak {
    uint64_t most[DEPENDENCY_MAX], longest_ns[DEPENDENCY_MAX];
};

struct run {
    struct scenario *scenario; /* what is injected live may add dependencies */
    struct run_options options;
    struct run_hooks hooks;
    struct run_result *result;
    struct loop *loop;
    struct prober *prober;
    struct control *control;
    struct services *services; /* NULL while none run */
    struct relays *relays;     /* NULL: the scenario has no proxies */
    bool services_up;
    struct load_run **loads; /* scenario->loads_count */
    struct observation *load_baseline;
    bool *has_baseline;
    struct process_usage *usage_baseline; /* of each service, at the baseline's end */
    struct calls_baseline *calls_baseline;
    struct calls_peak calls_peak;
    struct watch **stops; /* of stop_when */
    const struct cell **queue;
    size_t queue_count;
    struct course course;
    struct timer tick;
    uint64_t status_ns;      /* next hooks.tick */
    uint64_t dropped_before; /* records of earlier cells that share the control area */
    bool aborted;            /* no further cells */
    int signal;              /* that stopped us, or 0 */
    struct cell held;        /* options.hold: the only one, without a fault */
    bool hold_is_over;
    struct drill_server *server; /* NULL: nobody can ask */
    uint32_t injected;           /* ids given out */
    char *halt;                  /* path of this user's halt */
    bool halted;
};

/* --- run.c --- */

/* Text for the result: formatted, secrets masked, in the result's arena.  "" when memory is out. */
const char *run_text(struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
void run_note(struct run *run, const char *event, const char *who, const char *detail);

/* Make the cell's verdict at least as bad, with the reason of the worst. */
void run_judge(struct run *run, enum verdict_of_run verdict, const char *reason);
/* Stop the whole run: a signal, a stop condition.  Lifts first, cleans up second. */
void run_abort(struct run *run, const char *reason);

/* The present phase's work is done, well or badly: phase.c says what comes next. */
void phase_done(struct run *run);
/* Give the cell up: lift, clean up, end.  The verdict has been judged. */
void phase_stop(struct run *run);
/* Begin a cell; look at the present phase at each tick. */
void phase_begin(struct run *run);
void phase_tick(struct run *run, uint64_t now_ns);
uint64_t phase_left_ns(const struct run *run, uint64_t now_ns);

/* --- mark.c: what checks that ask need to know from before their phase --- */

struct marks;

/* Ask what the series of the cell's checks stand at, before the fault or before its lift; one request for
 * each check that looks back.  NULL: out of memory. */
struct marks *marks_before(struct run *run);
struct marks *marks_at_lift(struct run *run);
void marks_free(struct marks *marks);
/* Have all pages come, or failed to? */
bool marks_are_in(const struct marks *marks);
/* What relative bounds of a check are compared with, or NULL. */
const struct observation *marks_baseline(const struct course *course, const struct check *check);
/* What a metric is known to have stood at before; nothing, where nothing was asked. */
void marks_begin(const struct course *course, const struct check *check, struct metric_track *track);

/* --- calls.c: what dependencies were seen being asked --- */

struct calls_mark {
    uint64_t calls, connects;
};

/* One check's, from when it began to look. */
struct calls_track {
    uint64_t from_ns;
    struct calls_mark mark;
    struct calls_mark second; /* at second_ns: a rate that is looked at more than once is of a whole second */
    uint64_t second_ns;
    double rate_per_s; /* of the last whole second; < 0: none yet */
    uint64_t most, longest_ns, untold;
};

/* At each tick, before the checks are looked at. */
void calls_tick(struct run *run, uint64_t now_ns);
/* Let a check's own most grow by it. */
void calls_sample(const struct run *run, const struct check *check, struct calls_track *track);
/* The dependencies of the checks that want calls to be followed. */
uint32_t followed_targets(const struct run *run);

void calls_begin(const struct run *run, const struct check *check, uint64_t from_ns,
                 struct calls_track *track);
/* at_end: the rate is that of the whole time, not of the last whole second. */
void calls_observe(const struct run *run, const struct check *check, struct calls_track *track, bool at_end,
                   uint64_t now_ns, struct observation *seen);

/* The baseline's traffic: of the time between these two. */
struct calls_baseline;
struct calls_baseline *calls_baseline_new(void);
void calls_baseline_begin(struct run *run);
void calls_baseline_end(struct run *run);
/* Rate and calls per request, as far as they are known. */
void calls_baseline_of(const struct run *run, const struct check *check, struct observation *seen);

/* --- each.c: each request of a load in a log --- */

bool each_is_found(const struct run *run, const struct check *check, const struct logwatch *log,
                   uint64_t from_ns, uint64_t to_ns);
enum judgement each_judge(const struct run *run, const struct check *check, const struct logwatch *log,
                          uint64_t from_ns, uint64_t to_ns, uint64_t *ret_samples, struct buf *why);

/* --- watch.c: one check, looked at as its quantifier says --- */

struct watch;

/* from_ns: what came before does not count.  NULL: out of memory. */
struct watch *watch_new(struct run *run, const struct check *check, enum quantifier quantifier,
                        uint64_t from_ns);
void watch_free(struct watch *watch);
/* Its time (EVENTUALLY, FOR) counts from here, though what it counts began before. */
void watch_begin(struct watch *watch, uint64_t begin_ns);
/* Look if a look is due. */
void watch_tick(struct watch *watch, uint64_t now_ns);
/* The phase is over at to_ns: take the last look. */
void watch_close(struct watch *watch, uint64_t to_ns);
/* Has its outcome been found already, whatever comes? */
bool watch_is_decided(const struct watch *watch);
/* Does it hold now, and is it to hold for a time that is not over yet? */
bool watch_is_holding(const struct watch *watch);
/* Is the last look still under way? */
bool watch_is_busy(const struct watch *watch);
/* Decide what is still open, and put it into the result. */
void watch_settle(struct watch *watch, enum phase phase);
/* Let a load's window end now and be at most that long. */
void watch_slide(struct watch *watch, uint64_t now_ns, uint64_t window_ns);
/* Has it been found to hold (EVENTUALLY), for stop_when? */
bool watch_has_held(const struct watch *watch);
const char *watch_finding(const struct watch *watch);
/* When it was last found to hold, or not to; 0: never.  A probe that hangs is not known to hold any more. */
uint64_t watch_known_until(const struct watch *watch);
/* Since when has it held without a break; UINT64_MAX: it does not hold, or nobody knows. */
uint64_t watch_holding_since(const struct watch *watch);

/* --- steady.c: the steady state over a window --- */

struct steady;
struct steady *steady_new(struct run *run, uint64_t from_ns);
void steady_free(struct steady *steady);
void steady_tick(struct steady *steady, uint64_t now_ns);
/* Did it hold over a window of that length that ends about now?  When it did: where the window began. */
bool steady_holds(struct steady *steady, uint64_t window_ns, uint64_t now_ns, uint64_t *ret_from_ns);
/* What does not hold; for the result. */
void steady_settle(struct steady *steady, enum phase phase, enum outcome outcome, uint64_t window_ns,
                   uint64_t now_ns);

/* --- inject.c --- */

/* Those of the cell, then the live ones; NULL behind the last. */
struct injection *inject_at(const struct run *run, size_t index);
/* One of them: armed or planned from now_ns on, by its ordinal under the seed; -errno. */
int injection_arm(struct injection *in, uint32_t ordinal, uint64_t seed, uint64_t now_ns);
/* Lifting twice does nothing. */
void injection_lift(struct injection *in);
/* As far as they are known now, into matches, hits... */
void injection_count(struct injection *in);

int inject_begin(struct run *run);   /* arm everything; -errno */
void inject_lift(struct run *run);   /* lift everything; restarts may be pending afterwards */
void inject_settle(struct run *run); /* judge the hits */
uint64_t inject_hits(const struct run *run);
/* Are its hits as expected? */
bool inject_landed(const struct injection *injection);
/* Record the fault that a rule index belongs to, for the journal. */
const char *inject_fault_of(const struct run *run, uint32_t rule);

/* --- live.c: what somebody injects while it runs --- */

/* Why nothing can be injected now, or NULL. */
const char *live_obstacle(const struct run *run);
/* Inject a SPEC for so long (0: as long as it says itself, or a minute), and say which.  -EINVAL with words
 * in ret_why; -errno. */
int live_inject(struct run *run, const char *spec, uint64_t for_ns, uint64_t seed, struct buf *ret_why,
                struct injection **ret_injection);
void live_lift_all(struct run *run);
bool live_is_active(const struct run *run);
void live_free(struct course *course);

/* --- deed.c: what people did, for the journal and the report --- */

/* Note it; texts are copied, and the time is now. */
void deed_note(struct run *run, const struct deed *deed);
/* Did somebody change what the cell was to show? */
bool deed_was_meddling(const struct deed *deed);

/* --- drill.c: requests --- */

int drill_open(struct run *run);
void drill_close(struct run *run);
/* Behind each renewal of the lease: whoever halts ends leases before he looks at who renews them. */
void drill_heed_halt(struct run *run);
/* SIGUSR1: the same as `chaosctl halt`. */
void drill_halt(struct run *run);
/* drill_status.c: a JSON object, members of the answer. */
json_t *drill_status(struct run *run);

/* --- steps.c: things done in order --- */

struct steps;
struct steps *steps_new(struct run *run, const struct step *list, size_t count, enum phase phase,
                        bool carry_on);
void steps_free(struct steps *steps);
void steps_start(struct steps *steps);
bool steps_are_done(const struct steps *steps);

/* --- tally.c: filling the result --- */

void tally_check(struct run *run, const struct check_result *check);
void tally_loads(struct run *run, enum phase phase, uint64_t from_ns, uint64_t to_ns);
void tally_cell(struct run *run);
/* "success >= 99%, p95 < 300ms" */
const char *tally_expected(struct run *run, const struct condition *conditions, size_t count);

#endif
