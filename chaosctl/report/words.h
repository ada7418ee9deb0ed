/* What a result says, in sentences that all reports share.  Floor 4.
 *
 * Texts of the run pass through as they are: each report cleans and escapes for its own reader. */
#ifndef REPORT_WORDS_H
#define REPORT_WORDS_H

#include "chaosctl/base/buf.h"
#include "chaosctl/run/result.h"

/* "" for NULL: a journal may lack a text. */
const char *words_text(const char *text);

const char *words_mark(enum verdict_of_run verdict);        /* "REFUTED" */
const char *words_meaning(const struct run_result *result); /* "a check failed" */

void words_title(const struct cell_result *cell, struct buf *out);    /* recs-fail [refuse recs] */
void words_fault(const struct fault_result *fault, struct buf *out);  /* 3 of 5 matches struck */
void words_recovery(const struct cell_result *cell, struct buf *out); /* recovered in 340 ms (limit 5 s) */
void words_place(const struct run_result *result, struct position at, struct buf *out); /* shop.yml:31:9 */
void words_percent(double percent, struct buf *out);                 /* rounded down: 99.996 is not 100 */
void words_totals(const struct run_result *result, struct buf *out); /* 2 passed, 1 refuted, 1 not run */

/* Why the cell's verdict is what it is: its reason, else the first check that did not hold. */
void words_why(const struct cell_result *cell, struct buf *out);

/* Did not hold, or could not be judged: what a reader must see. */
bool words_is_finding(const struct check_result *check);

/* What is wrong with the run beside its cells: it did not end, or ended worse than they.  false: nothing. */
bool words_trouble(const struct run_result *result, struct buf *out);

/* What the run's cells say to one of the five questions. */
enum answer {
    ANSWER_UNTESTED,
    ANSWER_YES,    /* all that speak to it passed */
    ANSWER_NO,     /* one refutes it */
    ANSWER_PARTLY, /* some passed, others could not be judged */
    ANSWER_OPEN,   /* none could be judged */
    ANSWER_COUNT,
};

const char *words_answer(enum answer answer); /* "not tested" */

/* evidence: the experiments and what was seen; empty when untested. */
enum answer words_question(const struct run_result *result, enum question question, struct buf *evidence);

/* "inject #3 latency cache 200 ms, for 30 s, seed 7, by ann (uid 1000, process 77, pts/3)". */
void words_deed(const struct deed *deed, struct buf *out);

#endif
