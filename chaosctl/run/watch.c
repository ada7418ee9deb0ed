/* One check, looked at as its quantifier says.  Floor 3. */
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/check/logwatch.h"
#include "chaosctl/run/phase_check.h"

#define LINES_WITHIN_NS NS_PER_S

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
    struct metric_track metric;
    struct calls_track calls;
    bool decided;
    enum outcome outcome;
    uint64_t known, unknown; /* looks that told something, and those that did not */
    bool holds;
    uint64_t holding_since_ns, known_until_ns; /* known_until: when it was last found to hold */
    uint64_t samples;
    struct buf finding;
};

static int open_log(struct watch *w)
{
    const char *path = services_log(w->run->services, (size_t)w->check->service);

    int r = path ? logwatch_new(path, w->check, false, &w->log) : -1;
    if (!r && w->check->each)
        logwatch_note_requests(w->log, prober_ids(w->run->prober));
    return r;
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
        calls_begin(run, check, from_ns, &w->calls);
    if (check->kind == CHECK_METRIC)
        marks_begin(&run->course, check, &w->metric);
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

/* The lines of its other rules first: those may fail while no request did. */
static enum judgement judge_each(struct watch *w, struct buf *why)
{
    cleanup_buf struct buf lines = {0};
    enum judgement j = logwatch_judge(w->log, &lines);

    if (j == JUDGE_HOLDS)
        return each_judge(w->run, w->check, w->log, w->from_ns, w->to_ns, &w->samples, why);
    buf_add(why, buf_text(&lines));
    return j;
}

static enum judgement judge_log(struct watch *w, struct buf *why)
{
    const char *folder = control_folder(w->run->control);

    logwatch_poll(w->log, w->to_ns != 0);
    w->log_is_whole = w->log_is_whole && has_room(folder);
    if (w->log_is_whole)
        return w->check->each ? judge_each(w, why) : logwatch_judge(w->log, why);
    buf_printf(why, "lines of the log are missing: no room is left in %s", folder);
    return JUDGE_UNKNOWN;
}

static void observe_usage_baseline(const struct process_usage *before, struct observation *o)
{
    if (!before->threads)
        return;
    set(o, METRIC_rss, (double)before->rss_bytes);
    set(o, METRIC_fds, (double)before->fds);
    set(o, METRIC_threads, (double)before->threads);
}

static enum judgement judge_now(struct watch *w, uint64_t now_ns, struct buf *why)
{
    const struct check *c = w->check;
    uint64_t to_ns = w->to_ns ? w->to_ns : now_ns;
    struct observation seen = {0}, baseline = {0};

    if (c->kind == CHECK_LOG)
        return judge_log(w, why);
    if (c->kind == CHECK_LOAD) {
        enum judgement j = loads_judge(w->run, c, w->from_ns, to_ns, &seen, why);
        w->samples = seen.samples;
        return j;
    }
    if (c->kind == CHECK_CALLS) {
        calls_observe(w->run, c, &w->calls, w->quantifier == AT_END, to_ns, &seen);
        calls_baseline_of(w->run, c, &baseline);
    } else {
        observe_service(w->run, (size_t)c->service, &seen);
        observe_usage_baseline(&w->run->usage_baseline[c->service], &baseline);
    }
    w->samples = seen.samples;
    return judge_all(c->expect, c->expect_count, &seen, &baseline, why);
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

/* It takes a moment until the first look: who asks for the whole phase has it from its beginning, if nothing
 * else was ever seen. */
static uint64_t since_of(const struct watch *w, uint64_t at_ns)
{
    bool is_first = w->known == 1 && !w->unknown && w->check->time_ns && at_ns <= w->begin_ns + LOOK_NS;

    return is_first && w->begin_ns < at_ns ? w->begin_ns : at_ns;
}

/* What is answered when the phase is over says how it stood when it ended. */
static uint64_t held_ns(const struct watch *w)
{
    uint64_t now_ns = now_mono_ns(), until_ns = w->to_ns && w->to_ns < now_ns ? w->to_ns : now_ns;

    return until_ns > w->holding_since_ns ? until_ns - w->holding_since_ns : 0;
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
        w->holding_since_ns = since_of(w, at_ns);
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
        if (holds && w->check->time_ns && held_ns(w) >= w->check->time_ns)
            decide_as(w, OUTCOME_HELD);
        break;
    }
}

/* Without a number there is nothing that could be said to hold at no time. */
static enum judgement judge_page(struct watch *w, const struct answer *answer, struct buf *why)
{
    bool measured = false;
    enum judgement j =
        metric_judge(w->check, answer, &w->metric, marks_baseline(&w->run->course, w->check), &measured, why);

    w->samples += measured;
    return !measured && w->quantifier == NEVER ? JUDGE_UNKNOWN : j;
}

static enum judgement judge_probe(struct watch *w, const struct answer *answer, struct buf *why)
{
    const struct check *c = w->check;
    struct observation seen = {0};

    w->samples++;
    observation_of_answer(c->probe, answer, &seen);
    return judge_answer(c->probe, c->expect, c->expect_count, &seen, marks_baseline(&w->run->course, c), why);
}

static void answered(void *arg, const struct answer *answer)
{
    struct watch *w = arg;
    cleanup_buf struct buf why = {0};

    w->asking = false;
    w->next_look_ns = now_mono_ns() + LOOK_NS;
    enum judgement j =
        w->check->kind == CHECK_METRIC ? judge_page(w, answer, &why) : judge_probe(w, answer, &why);
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

    if (w->check->probe) {
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
    if (w->check->kind == CHECK_CALLS)
        calls_sample(w->run, w->check, &w->calls);
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
    if (!w->decided && w->check->probe && (w->quantifier == AT_END || !w->known || watch_is_holding(w)))
        look(w, to_ns);
}

bool watch_is_decided(const struct watch *w)
{
    return w->decided;
}

/* A line about a request may be written a moment after its answer. */
static bool waits_for_lines(const struct watch *w)
{
    if (!w->check->each || !w->to_ns || now_mono_ns() > w->to_ns + LINES_WITHIN_NS)
        return false;
    logwatch_poll(w->log, false);
    return !each_is_found(w->run, w->check, w->log, w->from_ns, w->to_ns);
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
    return w->asking || unfinished || waits_for_lines(w);
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

    if (!w->decided && !c->probe)
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
