/* One experiment into its cells.  Floor 2, internal to chaosctl/scenario. */
#ifndef SCENARIO_EXPAND_H
#define SCENARIO_EXPAND_H

#include "chaosctl/scenario/parse.h"

struct experiment_nodes {
    const struct node *name, *hypothesis, *answers, *matrix, *faults, *during, *steps, *after, *cleanup,
        *confirm;
    const struct node *hold, *recovery, *baseline, *isolation;
};

/* Everything of a cell but its faults and label, in the scope that is set. */
void cell_read(struct reader *r, const struct experiment_nodes *n, const struct defaults *defaults,
               struct cell *cell);

/* All cells: the matrix times the alternatives, in the order of the file, the last varying fastest. */
void expand(struct reader *r, const struct node *experiment, const struct experiment_nodes *n,
            const struct defaults *defaults, const char *name);

extern const struct shape shape_matrix, shape_faults;

#endif
