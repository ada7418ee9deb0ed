/* What need not be run, and why.  Floor 4.
 *
 * Sound: with a fault that nothing meets, a run is the run without it.  It goes on being that until the
 * fault's first hit, and there is none: whoever was never called since the services started has neither a
 * connection that could break nor a caller.  Assumed: likely, and tried on a sample. */
#include "chaosctl/matrix/matrix.h"

static const struct {
    const char *name, *meaning;
    bool is_sound;
    enum matrix_outcome expected; /* CELL_OPEN: nothing in particular */
} rules[SKIP_COUNT] = {
    [SKIP_NONE] = {"none", "not explored", false, CELL_OPEN},
    [SKIP_UNCALLED] = {"uncalled", "nobody calls it", true, CELL_UNREACHED},
    [SKIP_UNMET] = {"unmet", "under the one fault nobody calls the other", true, CELL_UNREACHED},
    [SKIP_REFUTED] = {"refuted", "one of the two is refuted alone", false, CELL_REFUTED},
    [SKIP_UNCLEAR] = {"unclear", "one of the two could not be judged alone", false, CELL_OPEN},
    [SKIP_IDLE] = {"idle", "one of the two strikes nothing alone", false, CELL_UNREACHED},
    [SKIP_ALIKE] = {"alike", "passed alone, as down and hang do, which stand for it", false, CELL_PASSED},
};

const char *matrix_rule_name(enum matrix_rule rule)
{
    return rule < SKIP_COUNT ? rules[rule].name : "?";
}

const char *matrix_rule_meaning(enum matrix_rule rule)
{
    return rule < SKIP_COUNT ? rules[rule].meaning : "?";
}

bool matrix_rule_is_sound(enum matrix_rule rule)
{
    return rule < SKIP_COUNT && rules[rule].is_sound;
}

/* A name may be looked up by somebody who calls nobody. */
static bool is_called(uint32_t called, struct matrix_part part)
{
    return part.fault == MATRIX_DNS || called & (1u << part.dependency);
}

static const struct matrix_cell *alone(const struct matrix *m, struct matrix_part part)
{
    return &m->cells[m->single[part.dependency][part.fault]];
}

/* --- one fault --- */

static enum matrix_rule rule_of_single(const struct matrix *m, const struct matrix_cell *cell)
{
    return is_called(m->clean.called, cell->parts[0]) ? SKIP_NONE : SKIP_UNCALLED;
}

/* --- two faults --- */

static bool is_never_hit(const struct matrix_cell *single)
{
    return single->rule == SKIP_UNCALLED && !single->runs;
}

/* Under the first, is the second ever met?  Known only where the first was run. */
static bool is_unmet(const struct matrix_cell *first, struct matrix_part second)
{
    return first->runs && !is_called(first->called, second);
}

/* One that did not pass has a rule of its own. */
static bool has_stand_ins(const struct matrix *m, struct matrix_part part)
{
    static const enum matrix_fault stand_ins[] = {MATRIX_DOWN, MATRIX_HANG};

    if (part.fault == MATRIX_DOWN || part.fault == MATRIX_HANG)
        return false;
    for (int i = 0; i < 2; i++) {
        struct matrix_part one = {part.dependency, (uint8_t)stand_ins[i]};
        if (!m->faults[one.dependency][one.fault] || alone(m, one)->outcome != CELL_PASSED)
            return false;
    }
    return true;
}

static enum matrix_rule assumed_rule(const struct matrix *m, const struct matrix_cell *cell,
                                     const struct matrix_cell *a, const struct matrix_cell *b)
{
    if (a->outcome == CELL_UNREACHED || b->outcome == CELL_UNREACHED)
        return SKIP_IDLE;
    if (a->outcome == CELL_REFUTED || b->outcome == CELL_REFUTED)
        return SKIP_REFUTED;
    if (a->outcome == CELL_UNCLEAR || b->outcome == CELL_UNCLEAR || a->outcome == CELL_UNCONFIRMED ||
        b->outcome == CELL_UNCONFIRMED)
        return SKIP_UNCLEAR;
    if (has_stand_ins(m, cell->parts[0]) || has_stand_ins(m, cell->parts[1]))
        return SKIP_ALIKE;
    return SKIP_NONE;
}

static enum matrix_rule rule_of_pair(const struct matrix *m, const struct matrix_cell *cell)
{
    const struct matrix_cell *a = alone(m, cell->parts[0]), *b = alone(m, cell->parts[1]);

    if (is_never_hit(a) && is_never_hit(b))
        return SKIP_UNCALLED;
    if (is_unmet(a, cell->parts[1]) || is_unmet(b, cell->parts[0]))
        return SKIP_UNMET;
    return m->options.exhaustive ? SKIP_NONE : assumed_rule(m, cell, a, b);
}

enum matrix_rule matrix_rule_of(const struct matrix *m, const struct matrix_cell *cell)
{
    return cell->count == 2 ? rule_of_pair(m, cell) : cell->count ? rule_of_single(m, cell) : SKIP_NONE;
}

/* A pair that was not reached is a run with one fault, of which all is known. */
bool matrix_is_missed(const struct matrix_cell *cell)
{
    enum matrix_outcome expected = rules[cell->rule].expected;
    bool tells = cell->outcome == CELL_PASSED || cell->outcome == CELL_REFUTED;

    return cell->rule != SKIP_NONE && expected != CELL_OPEN && tells && cell->outcome != expected;
}
