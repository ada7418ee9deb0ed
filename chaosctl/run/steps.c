/* Things done in order: the steps of an experiment, and its clean-up.  Floor 3. */
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/run/internal.h"

/* One that is done, or is to be.  The prober knows each by it: several may be under way. */
struct asked {
    struct steps *steps;
    const struct step *step;
};

struct steps {
    struct run *run;
    size_t count, next; /* next: the first that is not over */
    size_t open;        /* deeds under way, from next on */
    enum phase phase;
    bool carry_on; /* after a failed step; otherwise the rest is not run */
    bool failed;   /* one of those that are done together */
    struct timer wait;
    struct asked asked[];
};

static void go_on(struct steps *steps);

struct steps *steps_new(struct run *run, const struct step *list, size_t count, enum phase phase,
                        bool carry_on)
{
    struct steps *steps = calloc(1, sizeof(*steps) + count * sizeof(*steps->asked));

    if (!steps)
        return NULL;
    *steps = (struct steps){.run = run, .count = count, .phase = phase, .carry_on = carry_on};
    for (size_t i = 0; i < count; i++)
        steps->asked[i] = (struct asked){steps, &list[i]};
    return steps;
}

/* Behind the last of those that are done at the same moment as the first. */
static size_t end_of_step(const struct steps *steps, size_t first)
{
    size_t end = first + 1;

    while (end < steps->count && steps->asked[end].step->beside)
        end++;
    return end;
}

void steps_free(struct steps *steps)
{
    if (!steps)
        return;
    for (size_t i = steps->next, end = end_of_step(steps, i); steps->open && i < end; i++)
        prober_cancel(steps->run->prober, &steps->asked[i]);
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

static void finish_step(struct steps *steps)
{
    bool stop = steps->failed && !steps->carry_on;

    steps->next = end_of_step(steps, steps->next);
    steps->failed = false;
    while (stop && steps->next < steps->count)
        tally(steps, steps->asked[steps->next++].step, OUTCOME_NOT_RUN, "a step before it failed");
    go_on(steps);
}

/* Told at once, not with the last of them: a run that is stopped meanwhile has it in its report. */
static void finish_deed(struct asked *asked, enum judgement j, const char *observed)
{
    struct steps *steps = asked->steps;

    steps->failed = steps->failed || j != JUDGE_HOLDS;
    tally(steps, asked->step, j == JUDGE_HOLDS ? OUTCOME_HELD : OUTCOME_FAILED, observed);
    if (!--steps->open)
        finish_step(steps);
}

static void answered(void *arg, const struct answer *answer)
{
    struct asked *asked = arg;
    const struct step *step = asked->step;
    struct observation seen = {0};
    cleanup_buf struct buf why = {0};

    observation_of_answer(step->probe, answer, &seen);
    enum judgement j = judge_answer(step->probe, step->expect, step->expect_count, &seen, NULL, &why);
    finish_deed(asked, j, buf_text(&why));
}

static void waited(void *arg)
{
    finish_step(arg);
}

/* All count as under way before the first is asked: one that cannot be asked is over at once, and must not
 * end the step without the others. */
static void ask(struct steps *steps)
{
    size_t first = steps->next, end = end_of_step(steps, first);

    steps->open = end - first;
    for (size_t i = first; i < end; i++) {
        struct asked *asked = &steps->asked[i];
        int r = prober_ask(steps->run->prober, asked->step->probe, answered, asked);
        if (r)
            finish_deed(asked, JUDGE_FAILS, strerror(-r));
    }
}

static void go_on(struct steps *steps)
{
    if (steps_are_done(steps))
        return;
    const struct step *step = steps->asked[steps->next].step;
    if (step->probe) {
        ask(steps);
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
