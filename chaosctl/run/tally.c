/* What was found becomes the result.  Floor 3. */
#include <string.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/run/internal.h"

const char *tally_expected(struct run *run, const struct condition *conditions, size_t count)
{
    cleanup_buf struct buf text = {0};

    conditions_text(conditions, count, &text);
    return run_text(run, "%s", buf_text(&text));
}

/* A failed clean-up is the tool's failure; a failed check refutes; what cannot be judged proves nothing. */
static enum verdict_of_run verdict_of(const struct course *course, const struct check_result *check)
{
    if (check->outcome == OUTCOME_HELD || check->outcome == OUTCOME_NOT_RUN)
        return VERDICT_PASS;
    if (check->phase == PHASE_CLEANUP && course->was_ready)
        return VERDICT_TOOL_FAILED;
    if (check->phase == PHASE_CLEANUP)
        return VERDICT_INCONCLUSIVE; /* there was no service to clean up behind */
    if (check->outcome == OUTCOME_UNKNOWN || check->phase == PHASE_BASELINE)
        return VERDICT_INCONCLUSIVE;
    return VERDICT_REFUTED;
}

void tally_check(struct run *run, const struct check_result *check)
{
    struct course *c = &run->course;
    struct check_result *slot = arena_push(run->result->arena, &c->checks, &c->checks_count, sizeof(*slot));

    if (slot)
        *slot = *check;
    enum verdict_of_run verdict = verdict_of(c, check);
    if (verdict != VERDICT_PASS)
        run_judge(run, verdict,
                  run_text(run, "%s: %s: %s", phase_name(check->phase), check->text, check->observed));
}

static void tally_load(struct run *run, size_t index, enum phase phase, uint64_t from_ns, uint64_t to_ns)
{
    struct course *c = &run->course;
    struct observation seen = {0};

    load_observe(run->loads[index], from_ns, to_ns, &seen);
    struct load_result *slot = arena_push(run->result->arena, &c->loads, &c->loads_count, sizeof(*slot));
    if (!slot)
        return;
    *slot = (struct load_result){
        .name = run->scenario->loads[index].name,
        .phase = phase,
        .samples = seen.samples,
        .errors = (uint64_t)seen.number[METRIC_errors],
        .success_percent = seen.number[METRIC_success],
        .p50_ns = (uint64_t)seen.number[METRIC_p50],
        .p95_ns = (uint64_t)seen.number[METRIC_p95],
        .p99_ns = (uint64_t)seen.number[METRIC_p99],
        .max_ns = (uint64_t)seen.number[METRIC_max],
        .note = seen.note ? run_text(run, "%s", seen.note) : NULL,
    };
}

void tally_loads(struct run *run, enum phase phase, uint64_t from_ns, uint64_t to_ns)
{
    for (size_t i = 0; i < run->scenario->loads_count; i++)
        if (run->loads[i])
            tally_load(run, i, phase, from_ns, to_ns);
}

static void tally_faults(struct run *run, struct cell_result *cell)
{
    const struct injection *in;

    for (size_t i = 0; (in = inject_at(run, i)); i++) {
        struct fault_result *slot =
            arena_push(run->result->arena, &cell->faults, &cell->faults_count, sizeof(*slot));
        if (!slot)
            return;
        *slot = (struct fault_result){
            .text = run_text(run, "%s", in->fault->text),
            .kind = fault_name(in->fault->kind),
            .matches = in->matches,
            .hits = in->hits,
            .skipped = in->skipped,
            .unseen = in->unseen,
            .hits_expected = in->fault->hits_text,
            .landed = inject_landed(in),
            .dry = in->dry,
            .at = in->live ? run->course.cell->at : in->fault->at,
        };
    }
}

/* None without a control area: the cell ended before it had one. */
static uint64_t dropped_in(const struct run *run)
{
    const struct table *table = control_table(run->control);

    return table ? atomic_load(&table->ring.dropped) - run->dropped_before : 0;
}

void tally_view(struct run *run, struct cell_result *ret_cell)
{
    const struct course *c = &run->course;

    *ret_cell = (struct cell_result){
        .experiment = c->cell->experiment,
        .label = c->cell->label,
        .hypothesis = c->cell->hypothesis,
        .verdict = c->verdict,
        .reason = c->reason,
        .answers = c->cell->answers,
        .seed = c->cell->seed,
        .started_wall_ns = c->started_wall_ns,
        .duration_ns = now_mono_ns() - c->started_ns,
        .recovery_measured = c->recovery_measured,
        .recovery_ns = c->recovery_ns,
        .recovery_within_ns = c->cell->timing.recovery_within_ns,
        .checks = c->checks,
        .checks_count = c->checks_count,
        .loads = c->loads,
        .loads_count = c->loads_count,
        .deeds = c->deeds,
        .deeds_count = c->deeds_count,
        .dropped = dropped_in(run),
        .at = c->cell->at,
    };
    memcpy(ret_cell->phase_ns, c->phase_took_ns, sizeof(ret_cell->phase_ns));
    if (!run->scenario->steady_count)
        ret_cell->phase_ns[PHASE_RECOVERY] = 0; /* nothing says what it would be */
    tally_faults(run, ret_cell);
}

void tally_cell(struct run *run)
{
    struct run_result *r = run->result;
    struct cell_result *slot = arena_push(r->arena, &r->cells, &r->cells_count, sizeof(*slot));

    r->verdict = verdict_worse(r->verdict, slot ? run->course.verdict : VERDICT_TOOL_FAILED);
    if (!slot)
        return;
    tally_view(run, slot);
    if (run->hooks.cell)
        run->hooks.cell(run->hooks.arg, slot);
}
