/* One check, looked at as its quantifier says.  Floor 3. */
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/check/logwatch.h"
#include "chaosctl/run/phase_check.h"

struct count_mark {
    uint64_t calls, connects;
};

struct watch {
    struct run *run;
    const struct check *check;
    enum quantifier quantifier;
    uint64_t from_ns, to_ns; /* to_ns 0: the phase goes on */
    uint64_t begin_ns;       /* of the time that its quantifier gives it */
    uint64_t next_look_ns;
    bool asking; /* a probe is under way */
    struct logwatch *log;
    bool log_is_whole;
    struct count_mark mark;
    struct count_mark second; /* at second_ns: a rate that is looked at more than once is of a whole second */
    uint64_t second_ns;
    double rate_per_s; /* of the last whole second; < 0: none yet */
    bool decided;
    enum outcome outcome;
    uint64_t known, unknown; /* looks that told something, and those that did not */
    bool holds;
    uint64_t holding_since_ns, known_until_ns; /* known_until: when it was last found to hold */
    uint64_t samples;
    struct buf finding;
};

static struct count_mark count_now(const struct watch *w)
{
    struct table *table = control_table(w->run->control);
    struct count_mark sum = {0};

    for (unsigned bit = 0; bit < DEPENDENCY_MAX; bit++)
        if (w->check->targets & (1u << bit)) {
            sum.calls += atomic_load(&table->traffic[bit].calls);
            sum.connects += atomic_load(&table->traffic[bit].connects);
        }
    return sum;
}

static int open_log(struct watch *w)
{
    const char *path = services_log(w->run->services, (size_t)w->check->service);

    return path ? logwatch_new(path, w->check, false, &w->log) : -1;
}

struct watch *watch_new(struct run *run, const struct check *check, enum quantifier quantifier,
                        uint64_t from_ns)
{
    struct watch *w = calloc(1, sizeof(*w));

    if (!w)
        return NULL;
    w->run = run;
    w->check = check;
    w->quantifier = quantifier;
    w->from_ns = w->begin_ns = from_ns;
    w->outcome = OUTCOME_UNKNOWN;
    w->log_is_whole = true;
    if (check->kind == CHECK_CALLS)
        w->mark = w->second = count_now(w);
    w->second_ns = from_ns;
    w->rate_per_s = -1;
    if (check->kind == CHECK_LOG && open_log(w)) {
        watch_free(w);
        return NULL;
    }
    return w;
}

void watch_free(struct watch *w)
{
    if (!w)
        return;
    if (w->asking)
        prober_cancel(w->run->prober, w);
    logwatch_free(w->log);
    buf_free(&w->finding);
    free(w);
}

/* --- measuring --- */

static void set(struct observation *o, enum metric metric, double value)
{
    o->has[metric] = true;
    o->number[metric] = value;
}

static double rate_between(uint64_t before, uint64_t now, uint64_t ns)
{
    return (double)(now - before) * (double)NS_PER_S / (double)ns;
}

/* At the end of a phase the rate is that of the phase.  Looked at while it goes on, it is that of the last
 * whole second: of the first instants it would be nothing, and of the phase so far a burst at its start would
 * never leave it. */
static void observe_rate(struct watch *w, struct count_mark now, uint64_t now_ns, struct observation *o)
{
    if (w->quantifier == AT_END) {
        if (now_ns > w->from_ns)
            set(o, METRIC_rate, rate_between(w->mark.calls, now.calls, now_ns - w->from_ns));
        return;
    }
    if (now_ns >= w->second_ns + NS_PER_S) {
        w->rate_per_s = rate_between(w->second.calls, now.calls, now_ns - w->second_ns);
        w->second = now;
        w->second_ns = now_ns;
    }
    if (w->rate_per_s >= 0)
        set(o, METRIC_rate, w->rate_per_s);
}

static void observe_calls(struct watch *w, uint64_t now_ns, struct observation *o)
{
    struct count_mark now = count_now(w);

    o->samples = 1;
    set(o, METRIC_count, (double)(now.calls - w->mark.calls));
    set(o, METRIC_connects, (double)(now.connects - w->mark.connects));
    observe_rate(w, now, now_ns, o);
}

static double growth(uint64_t now, uint64_t before)
{
    return (double)now - (double)before;
}

static void observe_usage(struct run *run, size_t index, struct observation *o)
{
    pid_t pids[PIDS_MAX];
    struct process_usage now;
    const struct process_usage *before = &run->usage_baseline[index];

    process_usage(pids, services_pids(run->services, index, pids, PIDS_MAX), &now);
    set(o, METRIC_rss, (double)now.rss_bytes);
    set(o, METRIC_fds, (double)now.fds);
    set(o, METRIC_threads, (double)now.threads);
    if (!before->threads)
        return;
    set(o, METRIC_rss_growth, growth(now.rss_bytes, before->rss_bytes));
    set(o, METRIC_fds_growth, growth(now.fds, before->fds));
    set(o, METRIC_threads_growth, growth(now.threads, before->threads));
}

static int exit_code_of(int status)
{
    return status & 0x7f ? 128 + (status & 0x7f) : (status >> 8) & 0xff;
}

static void observe_service(struct run *run, size_t index, struct observation *o)
{
    struct service_state state;

    services_state(run->services, index, &state);
    o->samples = 1;
    set(o, METRIC_alive, state.alive);
    set(o, METRIC_restarts, state.restarts);
    if (!state.alive && state.status >= 0)
        set(o, METRIC_exit, exit_code_of(state.status));
    if (state.alive)
        observe_usage(run, index, o);
}

/* A service writes its log itself, and nobody hears when that fails: on a full disk lines are missing. */
static bool has_room(const char *folder)
{
    struct statvfs room;

    return statvfs(folder, &room) || room.f_bavail > 0;
}

static enum judgement judge_log(struct watch *w, struct buf *why)
{
    const char *folder = control_folder(w->run->control);

    logwatch_poll(w->log, w->to_ns != 0);
    w->log_is_whole = w->log_is_whole && has_room(folder);
    if (w->log_is_whole)
        return logwatch_judge(w->log, why);
    buf_printf(why, "lines of the log are missing: no room is left in %s", folder);
    return JUDGE_UNKNOWN;
}

static enum judgement judge_now(struct watch *w, uint64_t now_ns, struct buf *why)
{
    const struct check *c = w->check;
    uint64_t to_ns = w->to_ns ? w->to_ns : now_ns;
    struct observation seen = {0};

    if (c->kind == CHECK_LOG)
        return judge_log(w, why);
    if (c->kind == CHECK_LOAD) {
        enum judgement j = loads_judge(w->run, c, w->from_ns, to_ns, &seen, why);
        w->samples = seen.samples;
        return j;
    }
    if (c->kind == CHECK_CALLS)
        observe_calls(w, to_ns, &seen);
    else
        observe_service(w->run, (size_t)c->service, &seen);
    w->samples = seen.samples;
    return judge_all(c->expect, c->expect_count, &seen, NULL, why);
}

/* --- quantifiers --- */

static bool is_late(const struct watch *w, uint64_t now_ns)
{
    return w->quantifier == EVENTUALLY && w->check->time_ns && now_ns > w->begin_ns + w->check->time_ns;
}

static void decide_as(struct watch *w, enum outcome outcome)
{
    w->outcome = outcome;
    w->decided = true;
}

static void found(struct watch *w, enum judgement j, uint64_t at_ns, const char *why)
{
    bool holds = j == JUDGE_HOLDS;

    if (w->decided)
        return;
    buf_clear(&w->finding);
    buf_add(&w->finding, why);
    if (j == JUDGE_UNKNOWN) {
        w->holds = false;
        w->unknown++;
        return;
    }
    w->known++;
    if (holds && !w->holds)
        w->holding_since_ns = at_ns;
    w->known_until_ns = at_ns;
    w->holds = holds;
    switch (w->quantifier) {
    case AT_END: w->outcome = holds ? OUTCOME_HELD : OUTCOME_FAILED; break;
    case ALWAYS:
        if (!holds)
            decide_as(w, OUTCOME_FAILED);
        break;
    case NEVER:
        if (holds)
            decide_as(w, OUTCOME_FAILED);
        break;
    case EVENTUALLY:
        if (holds)
            decide_as(w, is_late(w, now_mono_ns()) ? OUTCOME_FAILED : OUTCOME_HELD);
        break;
    case FOR:
        if (holds && now_mono_ns() - w->holding_since_ns >= w->check->time_ns && w->check->time_ns)
            decide_as(w, OUTCOME_HELD);
        break;
    }
}

static void answered(void *arg, const struct answer *answer)
{
    struct watch *w = arg;
    const struct check *c = w->check;
    struct observation seen = {0};
    cleanup_buf struct buf why = {0};

    w->asking = false;
    w->samples++;
    w->next_look_ns = now_mono_ns() + LOOK_NS;
    observation_of_answer(c->probe, answer, &seen);
    enum judgement j = judge_answer(c->probe, c->expect, c->expect_count, &seen, &why);
    found(w, j, answer->started_ns, buf_text(&why));
}

static void ask(struct watch *w)
{
    int r = prober_ask(w->run->prober, w->check->probe, answered, w);

    w->asking = !r;
    if (r)
        found(w, JUDGE_UNKNOWN, now_mono_ns(), strerror(-r));
}

static void look(struct watch *w, uint64_t now_ns)
{
    cleanup_buf struct buf why = {0};

    if (w->check->kind == CHECK_PROBE) {
        if (!w->asking)
            ask(w);
        return;
    }
    enum judgement j = judge_now(w, now_ns, &why);
    w->next_look_ns = now_ns + LOOK_NS;
    found(w, j, now_ns, buf_text(&why));
}

void watch_tick(struct watch *w, uint64_t now_ns)
{
    if (w->decided || w->to_ns)
        return;
    if (is_late(w, now_ns) && !w->asking)
        decide_as(w, w->known ? OUTCOME_FAILED : OUTCOME_UNKNOWN);
    else if (w->quantifier != AT_END && now_ns >= w->next_look_ns)
        look(w, now_ns);
}

void watch_close(struct watch *w, uint64_t to_ns)
{
    if (w->to_ns)
        return;
    w->to_ns = to_ns;
    if (!w->decided && w->check->kind == CHECK_PROBE && (w->quantifier == AT_END || !w->known))
        look(w, to_ns);
}

bool watch_is_decided(const struct watch *w)
{
    return w->decided;
}

bool watch_is_holding(const struct watch *w)
{
    return w->quantifier == FOR && !w->decided && w->holds;
}

bool watch_is_busy(const struct watch *w)
{
    size_t unfinished = 0;

    if (w->decided)
        return false;
    if (w->check->kind == CHECK_LOAD)
        load_count(w->run->loads[w->check->load], w->from_ns, w->to_ns, &unfinished);
    return w->asking || unfinished;
}

/* "Always" and "never" say something of every look; but a rate, a share and a percentile need their first
 * samples. */
static bool is_patchy(const struct watch *w)
{
    bool gathers = w->check->kind == CHECK_LOAD || w->check->kind == CHECK_CALLS;

    return (w->quantifier == ALWAYS || w->quantifier == NEVER) && !gathers && w->unknown;
}

/* What still waits for an answer, long after any should have come, does not hold. */
static enum outcome final_outcome(struct watch *w)
{
    if (watch_is_busy(w)) {
        buf_add(&w->finding, w->finding.len ? "; " : "");
        buf_add(&w->finding, "and answers were still outstanding when the phase ended");
        return w->outcome == OUTCOME_FAILED ? OUTCOME_FAILED : OUTCOME_UNKNOWN;
    }
    if (w->decided || w->quantifier == AT_END)
        return w->outcome;
    if (!w->known || is_patchy(w))
        return OUTCOME_UNKNOWN;
    return w->quantifier == ALWAYS || w->quantifier == NEVER ? OUTCOME_HELD : OUTCOME_FAILED;
}

void watch_settle(struct watch *w, enum phase phase)
{
    const struct check *c = w->check;

    if (!w->decided && c->kind != CHECK_PROBE)
        look(w, w->to_ns);
    enum outcome outcome = final_outcome(w);
    tally_check(w->run, &(struct check_result){
                            .phase = phase,
                            .text = run_text(w->run, "%s", c->text),
                            .expected = tally_expected(w->run, c->expect, c->expect_count),
                            .observed = run_text(w->run, "%s", buf_text(&w->finding)),
                            .outcome = outcome,
                            .samples = w->samples,
                            .at = c->at,
                        });
}

void watch_begin(struct watch *w, uint64_t begin_ns)
{
    w->begin_ns = begin_ns;
}

void watch_slide(struct watch *w, uint64_t now_ns, uint64_t window_ns)
{
    if (w->check->kind == CHECK_LOAD && now_ns > w->from_ns + window_ns)
        w->from_ns = now_ns - window_ns;
}

bool watch_has_held(const struct watch *w)
{
    return w->decided && w->outcome == OUTCOME_HELD;
}

const char *watch_finding(const struct watch *w)
{
    return buf_text(&w->finding);
}

uint64_t watch_known_until(const struct watch *w)
{
    return w->known_until_ns;
}

uint64_t watch_holding_since(const struct watch *w)
{
    return w->holds ? w->holding_since_ns : UINT64_MAX;
}
