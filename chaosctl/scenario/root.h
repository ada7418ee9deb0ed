/* The root of a scenario file.  Floor 2, internal to chaosctl/scenario. */
#ifndef SCENARIO_ROOT_H
#define SCENARIO_ROOT_H

#include "chaosctl/scenario/field.h"

extern const struct shape shape_root;

/* Read everything under the root into the reader's scenario. */
void root_read(struct reader *r, const struct node *root);

#endif
