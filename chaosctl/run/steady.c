/* The steady state over a window: before the fault, and again in recovery.  Floor 3.
 *
 * A window is judged once every request that was meant to leave in it has been answered, so a hanging service
 * is not mistaken for a quiet one. */
#include <stdlib.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/run/phase_check.h"

struct steady {
    struct run *run;
    uint64_t from_ns;
    struct watch **watches; /* one a check; NULL for loads, whose windows are cut from their samples */
};

static bool is_load(const struct check *check)
{
    return check->kind == CHECK_LOAD;
}

struct steady *steady_new(struct run *run, uint64_t from_ns)
{
    const struct scenario *s = run->scenario;
    struct steady *steady = calloc(1, sizeof(*steady));

    if (!steady)
        return NULL;
    steady->run = run;
    steady->from_ns = from_ns;
    steady->watches = calloc(s->steady_count + 1, sizeof(*steady->watches));
    for (size_t i = 0; steady->watches && i < s->steady_count; i++) {
        if (is_load(&s->steady[i]))
            continue;
        steady->watches[i] = watch_new(run, &s->steady[i], FOR, from_ns);
        if (!steady->watches[i])
            break;
    }
    return steady;
}

void steady_free(struct steady *steady)
{
    if (!steady)
        return;
    for (size_t i = 0; steady->watches && i < steady->run->scenario->steady_count; i++)
        watch_free(steady->watches[i]);
    free(steady->watches);
    free(steady);
}

void steady_tick(struct steady *steady, uint64_t now_ns)
{
    for (size_t i = 0; i < steady->run->scenario->steady_count; i++)
        if (steady->watches[i])
            watch_tick(steady->watches[i], now_ns);
}

/* The latest instant up to which every request has been answered, in coarse steps back from now. */
static uint64_t answered_until(struct steady *steady, uint64_t window_ns, uint64_t now_ns)
{
    static const uint64_t lags_ns[] = {0, 50 * NS_PER_MS, 250 * NS_PER_MS, NS_PER_S, 3 * NS_PER_S};
    const struct scenario *s = steady->run->scenario;

    for (size_t i = 0; i < sizeof(lags_ns) / sizeof(*lags_ns); i++) {
        uint64_t to_ns = now_ns - lags_ns[i];
        size_t open = 0;
        for (size_t k = 0; k < s->steady_count && !open; k++)
            if (is_load(&s->steady[k]))
                load_count(steady->run->loads[s->steady[k].load], to_ns - window_ns, to_ns, &open);
        if (!open)
            return to_ns;
    }
    return 0;
}

static bool check_holds(struct steady *steady, size_t i, uint64_t from_ns, uint64_t to_ns)
{
    const struct check *check = &steady->run->scenario->steady[i];
    struct observation seen = {0};
    cleanup_buf struct buf why = {0};

    if (!is_load(check))
        return steady->watches[i] && watch_holding_since(steady->watches[i]) <= from_ns;
    return loads_judge(steady->run, check, from_ns, to_ns, &seen, &why) == JUDGE_HOLDS;
}

/* A window ends where something is last known: nobody knows what a probe that hangs will say. */
static uint64_t known_until(const struct steady *steady, uint64_t now_ns)
{
    for (size_t i = 0; i < steady->run->scenario->steady_count; i++)
        if (steady->watches[i] && watch_known_until(steady->watches[i]) < now_ns)
            now_ns = watch_known_until(steady->watches[i]);
    return now_ns;
}

bool steady_holds(struct steady *steady, uint64_t window_ns, uint64_t now_ns, uint64_t *ret_from_ns)
{
    now_ns = known_until(steady, now_ns);
    if (now_ns < steady->from_ns + window_ns)
        return false;
    uint64_t to_ns = answered_until(steady, window_ns, now_ns);
    if (to_ns < steady->from_ns + window_ns)
        return false;
    for (size_t i = 0; i < steady->run->scenario->steady_count; i++)
        if (!check_holds(steady, i, to_ns - window_ns, to_ns))
            return false;
    *ret_from_ns = to_ns - window_ns;
    return true;
}

void steady_settle(struct steady *steady, enum phase phase, enum outcome outcome, uint64_t window_ns,
                   uint64_t now_ns)
{
    struct run *run = steady->run;
    uint64_t from_ns = now_ns > window_ns ? now_ns - window_ns : 0;

    for (size_t i = 0; i < run->scenario->steady_count; i++) {
        const struct check *check = &run->scenario->steady[i];
        struct observation seen = {0};
        cleanup_buf struct buf why = {0};
        bool holds = outcome == OUTCOME_HELD;
        if (is_load(check)) {
            enum judgement j = loads_judge(steady->run, check, from_ns, now_ns, &seen, &why);
            holds = holds || j == JUDGE_HOLDS;
        } else if (steady->watches[i]) {
            buf_add(&why, watch_finding(steady->watches[i]));
            holds = holds || watch_holding_since(steady->watches[i]) <= from_ns;
        }
        tally_check(run, &(struct check_result){
                             .phase = phase,
                             .text = run_text(run, "%s", check->text),
                             .expected = tally_expected(run, check->expect, check->expect_count),
                             .observed = run_text(run, "%s", buf_text(&why)),
                             .outcome = holds ? OUTCOME_HELD : outcome,
                             .samples = seen.samples,
                             .at = check->at,
                         });
    }
}
