/* What one run says, and what all of them come to.  Floor 4. */
#include <errno.h>

#include "chaosctl/matrix/matrix.h"

static const char *const outcome_names[CELL_OUTCOME_COUNT] = {
    [CELL_OPEN] = "not explored",     [CELL_PASSED] = "passed",
    [CELL_REFUTED] = "refuted",       [CELL_UNCONFIRMED] = "refuted once only",
    [CELL_UNREACHED] = "not reached", [CELL_UNCLEAR] = "could not be judged",
};

const char *matrix_outcome_name(enum matrix_outcome outcome)
{
    return outcome < CELL_OUTCOME_COUNT ? outcome_names[outcome] : "?";
}

/* --- one run --- */

static bool all_checks_hold(const struct cell_result *r)
{
    for (size_t i = 0; i < r->checks_count; i++)
        if (r->checks[i].outcome == OUTCOME_FAILED || r->checks[i].outcome == OUTCOME_UNKNOWN)
            return false;
    return true;
}

static size_t strikes(const struct cell_result *r)
{
    size_t faults = 0;

    for (size_t i = 0; i < r->faults_count; i++)
        faults += r->faults[i].hits > 0;
    return faults;
}

/* A fault that a call met and that could not land is not one that nothing met. */
static bool is_unmet(const struct cell_result *r)
{
    for (size_t i = 0; i < r->faults_count; i++)
        if (!r->faults[i].hits && !r->faults[i].matches && !r->faults[i].skipped && !r->faults[i].unseen)
            return true;
    return false;
}

/* What fails while the fault strikes nothing does not fail because of it; and if one of two does, the pair
 * was not there. */
static enum matrix_outcome judge_failed(const struct cell_result *r)
{
    if (r->faults_count && strikes(r) == r->faults_count)
        return CELL_REFUTED;
    return strikes(r) && is_unmet(r) ? CELL_UNREACHED : CELL_UNCLEAR;
}

enum matrix_outcome matrix_judge(const struct cell_result *r)
{
    switch (r->verdict) {
    case VERDICT_PASS: return CELL_PASSED;
    case VERDICT_STOPPED:
    case VERDICT_REFUTED: return judge_failed(r);
    case VERDICT_INCONCLUSIVE: return is_unmet(r) && all_checks_hold(r) ? CELL_UNREACHED : CELL_UNCLEAR;
    case VERDICT_TOOL_FAILED:
    case VERDICT_COUNT: break;
    }
    return CELL_UNCLEAR;
}

/* --- all of them --- */

struct matrix_totals matrix_totals(const struct matrix *m)
{
    struct matrix_totals t = {.planned = m->count};

    for (size_t i = 0; i < m->count; i++) {
        const struct matrix_cell *cell = &m->cells[i];
        t.explored += cell->runs > 0;
        t.sampled += cell->runs && cell->rule != SKIP_NONE;
        t.missed += matrix_is_missed(cell);
        if (cell->runs)
            t.outcomes[cell->outcome]++;
        else
            t.unexplored[cell->rule]++;
    }
    return t;
}

/* What cannot be judged is no pass; what was refuted once, and then was not, fails nothing. */
int matrix_exit_code(const struct matrix *m)
{
    struct matrix_totals t = matrix_totals(m);

    if (t.outcomes[CELL_REFUTED])
        return 1;
    return m->trouble || t.outcomes[CELL_UNCLEAR] || !t.outcomes[CELL_PASSED] ? 2 : 0;
}

/* What was not reached is no test. */
static const struct cell_result *result_of(const struct matrix_cell *cell)
{
    return cell->outcome == CELL_UNREACHED ? NULL : cell->result;
}

int matrix_result(const struct matrix *m, struct run_result *result)
{
    result->cells = NULL;
    result->cells_count = 0;
    for (size_t i = 0; i <= m->count; i++) {
        const struct matrix_cell *cell = i ? &m->cells[i - 1] : &m->clean;
        if (!result_of(cell))
            continue;
        struct cell_result *slot =
            arena_push(result->arena, &result->cells, &result->cells_count, sizeof(*slot));
        if (!slot)
            return -ENOMEM;
        *slot = *result_of(cell);
        if (cell->outcome == CELL_UNCONFIRMED)
            slot->verdict = VERDICT_INCONCLUSIVE;
    }
    result->cells_planned = result->cells_count;
    return 0;
}
