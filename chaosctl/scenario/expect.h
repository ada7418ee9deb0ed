/* `expect:` into conditions.  Floor 2, internal to chaosctl/scenario. */
#ifndef SCENARIO_EXPECT_H
#define SCENARIO_EXPECT_H

#include "chaosctl/scenario/field.h"

struct expectation {
    const struct condition *items;
    size_t count;
    uint32_t on;          /* ON_x: the kind of check that it stands in */
    const char *what;     /* "a load check": for errors */
    bool has_no_baseline; /* relative bounds are refused: there is nothing to compare with yet */
};

extern const struct shape shape_expect;

/* Read a map from metrics to expectations; items and count grow. */
void expect_read(struct reader *r, const struct node *node, struct expectation *expectation);

/* One metric's expectation, written outside `expect`: `count: ">= 1"`. */
void expect_read_metric(struct reader *r, enum metric metric, const struct node *value,
                        struct expectation *expectation);

/* What holds without saying: ok: true; status: "< 400". */
void expect_add_ok(struct reader *r, struct position at, struct expectation *expectation);
void expect_add_status(struct reader *r, struct position at, struct expectation *expectation);
void expect_add_count(struct reader *r, struct position at, struct expectation *expectation); /* >= 1 */

bool expect_has(const struct condition *items, size_t count, enum metric metric);

#endif
