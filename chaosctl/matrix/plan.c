/* Which cell comes next, and what came of it.  Floor 4.
 *
 * A state of few words: a clean run, the cells in their order, then a sample of those that were left out.
 * Services are kept from cell to cell for as long as the steady state comes back; any doubt starts them anew.
 * What is refuted is run a second time on services that have just started, and counts only when it is refuted
 * again. */
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/matrix/matrix.h"

#define SAMPLED_PERCENT   2
#define FAILED_STARTS_MAX 2 /* in a row: no further one will do better */

/* --- the cell for the run --- */

/* An experiment of the file that injects just this has said what must hold then, and what is to be done. */
static const struct cell *own_experiment(const struct matrix *m, const struct matrix_cell *cell)
{
    const struct scenario *s = m->scenario;

    for (size_t i = 0; cell->count == 1 && i < s->cells_count; i++)
        if (s->cells[i].faults_count == 1 &&
            !strcmp(s->cells[i].faults[0].text,
                    m->faults[cell->parts[0].dependency][cell->parts[0].fault]->text))
            return &s->cells[i];
    return NULL;
}

static struct cell plain_cell(const struct matrix *m)
{
    const struct scenario *s = m->scenario;

    if (!s->cells_count)
        return (struct cell){0};
    return (struct cell){.timing = s->cells[0].timing, .at = s->cells[0].at};
}

static bool put_faults(struct matrix *m, const struct matrix_cell *cell, struct cell *made)
{
    struct fault *faults = arena_take(m->arena, (cell->count + 1u) * sizeof(*faults));

    for (size_t i = 0; faults && i < cell->count; i++)
        faults[i] = *m->faults[cell->parts[i].dependency][cell->parts[i].fault];
    made->faults = faults;
    made->faults_count = cell->count;
    return faults != NULL;
}

/* Its seed follows from what it is, not from when it comes. */
static uint64_t seed_of(const struct matrix *m, const struct matrix_cell *cell)
{
    return rule_draw(m->scenario->seed, cell->count ? (uint64_t)(cell - m->cells) + 1 : 0);
}

static const struct cell *make_cell(struct matrix *m, struct matrix_cell *cell)
{
    const struct cell *own = own_experiment(m, cell);
    struct cell *made = arena_take(m->arena, sizeof(*made));
    cleanup_buf struct buf label = {0};

    if (!made)
        return NULL;
    *made = own ? *own : plain_cell(m);
    made->experiment = "explore";
    made->label = arena_copy(m->arena, matrix_label(m, cell, &label));
    made->hypothesis = NULL;
    made->answers = 0;
    made->waits = false;
    made->shared = true;
    made->seed = seed_of(m, cell);
    if (m->options.hold_ns)
        made->timing.hold_ns = m->options.hold_ns;
    cell->cell = made;
    return made->label && put_faults(m, cell, made) ? made : NULL;
}

/* --- the walk --- */

static struct matrix_cell *next_planned(struct matrix *m)
{
    for (; m->at < m->count; m->at++) {
        struct matrix_cell *cell = &m->cells[m->at];
        cell->rule = matrix_rule_of(m, cell);
        if (cell->rule == SKIP_NONE) {
            m->at++;
            return cell;
        }
    }
    return NULL;
}

static bool may_be_sampled(const struct matrix_cell *cell)
{
    return cell->rule != SKIP_NONE && cell->rule != SKIP_UNCLEAR && !cell->sampled && !cell->runs;
}

static struct matrix_cell *draw_one(struct matrix *m)
{
    struct matrix_cell *drawn = NULL;
    uint64_t least = 0;

    for (size_t i = 0; i < m->count; i++) {
        uint64_t draw = rule_draw(m->scenario->seed, i);
        if (may_be_sampled(&m->cells[i]) && (!drawn || draw < least)) {
            drawn = &m->cells[i];
            least = draw;
        }
    }
    return drawn;
}

static void draw_samples(struct matrix *m)
{
    size_t skipped = 0;

    for (size_t i = 0; i < m->count; i++)
        skipped += may_be_sampled(&m->cells[i]);
    for (size_t wanted = (skipped * SAMPLED_PERCENT + 99) / 100; wanted; wanted--)
        draw_one(m)->sampled = true;
}

static struct matrix_cell *next_sample(struct matrix *m)
{
    if (!m->is_sampling) {
        m->is_sampling = true;
        draw_samples(m);
    }
    for (size_t i = 0; i < m->count; i++)
        if (m->cells[i].sampled && !m->cells[i].runs)
            return &m->cells[i];
    return NULL;
}

bool matrix_is_repeating(const struct matrix *m)
{
    return m->again != NULL;
}

const struct cell *matrix_next(struct matrix *m, bool *ret_fresh)
{
    struct matrix_cell *cell = m->again ? m->again : !m->clean.runs ? &m->clean : next_planned(m);

    if (m->trouble)
        return NULL;
    if (!cell)
        cell = next_sample(m);
    if (!cell || (!cell->cell && !make_cell(m, cell)))
        return NULL;
    m->running = cell;
    m->was_fresh = m->again || m->doubt || m->options.fresh || cell == &m->clean;
    m->again = NULL;
    *ret_fresh = m->was_fresh;
    return cell->cell;
}

/* --- what came of it --- */

static void take_clean(struct matrix *m, enum matrix_outcome outcome, const struct cell_result *result)
{
    m->clean.outcome = outcome;
    if (outcome != CELL_PASSED)
        m->trouble = arena_printf(m->arena, "a run without any fault does not pass: %s",
                                  result->reason ? result->reason : verdict_name(result->verdict));
}

/* One that was refuted and is not any more keeps the result that refuted it, to be looked at. */
static void take_outcome(struct matrix *m, struct matrix_cell *cell, enum matrix_outcome outcome)
{
    cell->refutations += outcome == CELL_REFUTED;
    if (outcome == CELL_REFUTED)
        cell->outcome = cell->refutations > 1 ? CELL_REFUTED : CELL_UNCONFIRMED;
    else
        cell->outcome = cell->refutations ? CELL_UNCONFIRMED : outcome;
    if (cell->refutations == 1 && outcome == CELL_REFUTED)
        m->again = cell;
    /* As assumed, and no news: the one fault was confirmed alone. */
    if (cell->rule == SKIP_REFUTED && outcome == CELL_REFUTED) {
        cell->outcome = CELL_REFUTED;
        m->again = NULL;
    }
    if (outcome == CELL_UNCLEAR && !m->was_fresh)
        m->again = cell;
}

/* A copy: the caller's is gone with the call. */
static void keep_result(struct matrix *m, struct matrix_cell *cell, enum matrix_outcome outcome,
                        const struct cell_result *result)
{
    struct cell_result *kept;

    if (cell->refutations && outcome != CELL_REFUTED)
        return;
    kept = arena_take(m->arena, sizeof(*kept));
    if (kept)
        *kept = *result;
    cell->result = kept;
}

static void count_start(struct matrix *m, const struct cell_result *result)
{
    if (result->phase_ns[PHASE_BASELINE])
        m->failed_starts = 0;
    else if (++m->failed_starts == FAILED_STARTS_MAX)
        m->trouble = arena_printf(m->arena, "the services do not start any more: %s",
                                  result->reason ? result->reason : verdict_name(result->verdict));
}

/* Did the steady state come back?  Then the services may be kept, whatever they did under the fault. */
static bool is_as_before(const struct cell_result *result)
{
    if (result->verdict == VERDICT_STOPPED || !result->recovery_measured)
        return false;
    for (size_t i = 0; i < result->checks_count; i++)
        if (result->checks[i].phase >= PHASE_RECOVERY && result->checks[i].outcome != OUTCOME_HELD)
            return false;
    return true;
}

void matrix_take(struct matrix *m, const struct cell_result *result, uint32_t called)
{
    struct matrix_cell *cell = m->running;
    enum matrix_outcome outcome = matrix_judge(result);

    m->doubt = outcome == CELL_UNCLEAR || !is_as_before(result);
    cell->runs++;
    cell->called |= called;
    count_start(m, result);
    if (cell == &m->clean)
        take_clean(m, outcome, result);
    else
        take_outcome(m, cell, outcome);
    keep_result(m, cell, outcome, result);
}

/* --- the end --- */

static bool is_known(const struct matrix *m, struct matrix_part part)
{
    const struct matrix_cell *single = &m->cells[m->single[part.dependency][part.fault]];

    return single->runs || single->rule != SKIP_NONE;
}

void matrix_settle(struct matrix *m)
{
    for (; m->clean.outcome == CELL_PASSED && m->at < m->count; m->at++) {
        struct matrix_cell *cell = &m->cells[m->at];
        bool known = cell->count == 1 || (is_known(m, cell->parts[0]) && is_known(m, cell->parts[1]));
        if (known && !cell->runs)
            cell->rule = matrix_rule_of(m, cell);
    }
}
