/* One metric's expectation.  Floor 2, internal to expect.c. */
#ifndef SCENARIO_EXPECT_VALUE_H
#define SCENARIO_EXPECT_VALUE_H

#include "chaosctl/scenario/expect.h"

/* c comes with metric, key and place; what is read is added to e, nothing after an error. */
void expect_read_scalar(struct reader *r, const struct node *node, struct condition c, struct expectation *e);
void expect_read_list(struct reader *r, const struct node *node, struct condition c, struct expectation *e);

void expect_add(struct reader *r, struct expectation *e, struct condition c);

/* Make value the one of ONE_OF or NOT; false when memory is out. */
bool expect_set_value(struct reader *r, struct condition *c, const char *value);

#endif
