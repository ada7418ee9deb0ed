/* Rendering what exploring found.  Floor 4: reads the defects only. */
#ifndef REPORT_EXPLORE_H
#define REPORT_EXPLORE_H

#include "chaosctl/explore/defect.h"
#include "chaosctl/report/report.h"

struct explore_report {
    const char *name; /* "sarif" */
    const char *summary;
    /* 0 or -ENOMEM. */
    int (*render)(const struct defects *defects, const struct report_style *style, struct buf *ret_text);
};

extern const struct explore_report explore_report_text, explore_report_json, explore_report_junit,
    explore_report_sarif;

extern const struct explore_report *const explore_reports[]; /* ends with NULL */

/* NULL when there is none of that name. */
const struct explore_report *explore_report_find(const char *name);

/* --- sentences that the reports share; as they are: each report cleans and escapes for its own reader --- */

const char *explore_state(enum defect_state state); /* "new" */

/* push crashes (SIGSEGV) when malloc fails with ENOMEM */
void explore_sentence(const struct defect *defect, struct buf *out);

/* src/list.c:17 in push (inlined) */
void explore_place(const struct place *place, struct buf *out);

/* explored 412 of 430 points; not explored: 18 (the budget was over) */
void explore_extent(const struct explore_result *result, struct buf *out);

/* 2 new defects, 1 known by the baseline, 1 suppressed */
void explore_counts(const struct defects *defects, struct buf *out);

/* What to type to see it again; its parts are quoted for a shell. */
void explore_replay(const struct defects *defects, const struct defect *defect, struct buf *out);

/* What exploring exits with: 1 when there is something new, 2 when that could not be judged: nothing was
 * explored, or not all for another reason than the budget. */
int explore_exit_code(const struct defects *defects);

#endif
