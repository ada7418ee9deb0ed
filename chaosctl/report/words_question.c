/* The five questions, answered by what the run's cells showed.  Floor 4. */
#include <string.h>

#include "chaosctl/report/words.h"

#define EVIDENCE_MAX 3 /* experiments named per question; the rest are counted */

static const char *const answers[ANSWER_COUNT] = {
    [ANSWER_UNTESTED] = "not tested", [ANSWER_YES] = "yes",   [ANSWER_NO] = "no",
    [ANSWER_PARTLY] = "partly",       [ANSWER_OPEN] = "open",
};

const char *words_answer(enum answer answer)
{
    return answer < ANSWER_COUNT ? answers[answer] : "?";
}

enum group {
    GROUP_PASSED,
    GROUP_REFUTED,
    GROUP_UNJUDGED,
    GROUP_COUNT,
};

static enum group group_of(const struct cell_result *cell)
{
    if (cell->verdict == VERDICT_PASS)
        return GROUP_PASSED;
    return cell->verdict == VERDICT_REFUTED ? GROUP_REFUTED : GROUP_UNJUDGED;
}

#define TELLING_MAX 2

/* What speaks to a question best, and next, by how the check's text begins. */
static const char *const telling[QUESTION_COUNT][TELLING_MAX] = {
    [QUESTION_MONITOR] = {"metric ", "log "},    [QUESTION_DISABLE] = {"calls ", "probe "},
    [QUESTION_RECOVER] = {"load ", "probe "},    [QUESTION_SCALE] = {"load ", "service "},
    [QUESTION_UNDERSTAND] = {"log ", "metric "},
};

/* Did it hold under the fault, or after it? */
static bool is_shown(const struct check_result *check)
{
    bool tells = check->phase == PHASE_DURING || check->phase == PHASE_AFTER;

    return tells && check->outcome == OUTCOME_HELD && *words_text(check->observed);
}

static const struct check_result *first_shown(const struct cell_result *cell, const char *begins)
{
    for (size_t i = 0; i < cell->checks_count; i++) {
        const struct check_result *check = &cell->checks[i];
        if (is_shown(check) && !strncmp(words_text(check->text), begins, strlen(begins)))
            return check;
    }
    return NULL;
}

/* What a passed cell showed: the first check of a telling kind, else the first at all. */
static const struct check_result *shown_by(const struct cell_result *cell, enum question question)
{
    const struct check_result *check = NULL;

    for (int i = 0; i < TELLING_MAX && !check; i++)
        check = first_shown(cell, telling[question][i]);
    return check ? check : first_shown(cell, "");
}

static void add_shown(const struct cell_result *cell, enum question question, struct buf *out)
{
    const struct check_result *check = shown_by(cell, question);

    if (question == QUESTION_RECOVER && cell->recovery_measured) {
        buf_add(out, ": ");
        words_recovery(cell, out);
    } else if (check) {
        buf_printf(out, ": %s: %s", words_text(check->text), check->observed);
    }
}

static void add_evidence(const struct cell_result *cell, enum question question, struct buf *out)
{
    words_title(cell, out);
    if (cell->verdict == VERDICT_PASS) {
        add_shown(cell, question, out);
        return;
    }
    buf_printf(out, group_of(cell) == GROUP_UNJUDGED ? " (%s): " : ": ", verdict_name(cell->verdict));
    words_why(cell, out);
}

static void add_group(const struct run_result *result, enum question question, enum group group,
                      struct buf *out)
{
    size_t named = 0, more = 0;

    for (size_t i = 0; i < result->cells_count; i++) {
        const struct cell_result *cell = &result->cells[i];
        if (!(cell->answers & 1u << question) || group_of(cell) != group)
            continue;
        if (named == EVIDENCE_MAX) {
            more++;
            continue;
        }
        named++;
        buf_add(out, out->len ? "; " : "");
        add_evidence(cell, question, out);
    }
    if (more)
        buf_printf(out, "; and %zu more", more);
}

/* A question is answered by all that speak to it: one refutation is a no, one unjudged cell is no full yes.
 */
static enum answer answer_of(const size_t counts[static GROUP_COUNT])
{
    if (counts[GROUP_REFUTED])
        return ANSWER_NO;
    if (counts[GROUP_PASSED])
        return counts[GROUP_UNJUDGED] ? ANSWER_PARTLY : ANSWER_YES;
    return counts[GROUP_UNJUDGED] ? ANSWER_OPEN : ANSWER_UNTESTED;
}

enum answer words_question(const struct run_result *result, enum question question, struct buf *evidence)
{
    size_t counts[GROUP_COUNT] = {0};

    for (size_t i = 0; i < result->cells_count; i++)
        if (result->cells[i].answers & 1u << question)
            counts[group_of(&result->cells[i])]++;
    enum answer answer = answer_of(counts);
    if (answer == ANSWER_NO) {
        add_group(result, question, GROUP_REFUTED, evidence);
        return answer;
    }
    add_group(result, question, GROUP_PASSED, evidence);
    add_group(result, question, GROUP_UNJUDGED, evidence);
    return answer;
}
