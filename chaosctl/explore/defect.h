/* Defects: what was found, one per cause, and what tells each from those that are known already.  Floor 3.
 *
 * Findings have one cause when they ended in the same way: without a crash, when the program made the call
 * that failed on the same line; with one, when it crashed in the same function, with the same caller.  When
 * that function itself had made the call, the line of the call tells, not the caller.
 *
 * A point is told from others, from one build to the next, by its call, its error, the four innermost
 * functions of the program in its stack, their module and how it ended: no line, no address, no number. */
#ifndef EXPLORE_DEFECT_H
#define EXPLORE_DEFECT_H

#include "chaosctl/explore/trail.h"
#include "chaosctl/scenario/suppression.h"

#define IDENTITY_FUNCTIONS 4

struct identity {
    const char *call, *error;
    const char *functions[IDENTITY_FUNCTIONS]; /* the innermost first; NULL: there were fewer */
    const char *module;                        /* of the first: its name without folders */
    const char *outcome;
};

enum defect_state {
    DEFECT_NEW,
    DEFECT_KNOWN,       /* each of its points is in the baseline */
    DEFECT_SUPPRESSED,  /* a suppression holds for it */
    DEFECT_UNCONFIRMED, /* did not happen again in a run of its own: told apart, never counted */
    DEFECT_STATE_COUNT,
};

struct defect {
    uint64_t id;                   /* of its identities: the same in the next build */
    const struct finding *finding; /* the first of it */
    const struct identity **identities;
    size_t identities_count; /* different ones */
    size_t points;
    struct trail injected, crash; /* of the first */
    const struct place *at;       /* where to look first; NULL: nothing is known */
    const struct place **callers; /* of the function that crashed: different ones */
    size_t callers_count;
    enum defect_state state;
    const struct suppression *suppression;
};

struct defects {
    const struct explore_result *result; /* borrowed */
    struct arena *arena;
    struct source *source; /* of the names in places */
    struct defect *items;  /* by state, in each the gravest outcome first, then as found */
    size_t count;
    size_t counts[DEFECT_STATE_COUNT];
    bool has_baseline;   /* it was compared with one */
    size_t absent;       /* entries of the baseline that were not found */
    const char *options; /* of explore, that a replay needs as well: "--exit 1 "; NULL: none */
    const char *trouble; /* why there are no lines; NULL: there are */
};

/* 0 or -ENOMEM.  The result must outlive it. */
int defects_make(const struct explore_result *result, struct defects **ret_defects);
void defects_free(struct defects *defects);

/* Mark those of which a suppression holds for a function in the stack of the call or of the crash; used[i]
 * becomes true for the i-th suppression when it held for any. */
void defects_suppress(struct defects *defects, const struct suppressions *suppressions, bool *used);

/* Put them in order, and count: after the states have changed. */
void defects_sort(struct defects *defects);

bool identity_equal(const struct identity *a, const struct identity *b);

#endif
