/* Things done in order: the steps of an experiment, and its clean-up.  Floor 3. */
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/run/internal.h"

struct steps {
    struct run *run;
    const struct step *list;
    size_t count, next;
    enum phase phase;
    bool carry_on; /* after a failed step; otherwise the rest is not run */
    struct timer wait;
    bool asking; /* a probe is under way */
};

static void go_on(struct steps *steps);

struct steps *steps_new(struct run *run, const struct step *list, size_t count, enum phase phase,
                        bool carry_on)
{
    struct steps *steps = calloc(1, sizeof(*steps));

    if (steps)
        *steps =
            (struct steps){.run = run, .list = list, .count = count, .phase = phase, .carry_on = carry_on};
    return steps;
}

void steps_free(struct steps *steps)
{
    if (!steps)
        return;
    if (steps->asking)
        prober_cancel(steps->run->prober, steps);
    loop_unset_timer(steps->run->loop, &steps->wait);
    free(steps);
}

static void tally(struct steps *steps, const struct step *step, enum outcome outcome, const char *observed)
{
    struct run *run = steps->run;

    tally_check(run, &(struct check_result){
                         .phase = steps->phase,
                         .text = run_text(run, "%s", step->text),
                         .expected = tally_expected(run, step->expect, step->expect_count),
                         .observed = run_text(run, "%s", observed),
                         .outcome = outcome,
                         .samples = outcome != OUTCOME_NOT_RUN,
                         .at = step->at,
                     });
}

static void finish_step(struct steps *steps, enum judgement j, const char *observed)
{
    const struct step *step = &steps->list[steps->next++];

    tally(steps, step, j == JUDGE_HOLDS ? OUTCOME_HELD : OUTCOME_FAILED, observed);
    if (j != JUDGE_HOLDS && !steps->carry_on)
        while (steps->next < steps->count)
            tally(steps, &steps->list[steps->next++], OUTCOME_NOT_RUN, "a step before it failed");
    go_on(steps);
}

static void answered(void *arg, const struct answer *answer)
{
    struct steps *steps = arg;
    const struct step *step = &steps->list[steps->next];
    struct observation seen = {0};
    cleanup_buf struct buf why = {0};

    steps->asking = false;
    observation_of_answer(step->probe, answer, &seen);
    enum judgement j = judge_answer(step->probe, step->expect, step->expect_count, &seen, NULL, &why);
    finish_step(steps, j, buf_text(&why));
}

static void waited(void *arg)
{
    struct steps *steps = arg;

    steps->next++;
    go_on(steps);
}

static void ask(struct steps *steps, const struct step *step)
{
    int r = prober_ask(steps->run->prober, step->probe, answered, steps);

    steps->asking = !r;
    if (r)
        finish_step(steps, JUDGE_FAILS, strerror(-r));
}

static void go_on(struct steps *steps)
{
    if (steps_are_done(steps))
        return;
    const struct step *step = &steps->list[steps->next];
    if (step->probe) {
        ask(steps, step);
        return;
    }
    steps->wait.fn = waited;
    steps->wait.arg = steps;
    loop_set_timer(steps->run->loop, &steps->wait, now_mono_ns() + step->wait_ns);
}

void steps_start(struct steps *steps)
{
    go_on(steps);
}

bool steps_are_done(const struct steps *steps)
{
    return steps->next >= steps->count;
}
