/* Names of dependencies, for programs whose own look-ups nobody sees.  Floor 3. */
#ifndef RUN_WAY_NAME_H
#define RUN_WAY_NAME_H

#include "chaosctl/scenario/scenario.h"

/* Is all that is known of it names? */
bool way_name_is_all(const struct dependency *dependency);

/* Look up the names of those dependencies, and add what they lead to now to their targets.  It may take as
 * long as the resolver does; what does not resolve stays a name.  0 or -ENOMEM. */
int way_name_resolve(struct scenario *scenario);

#endif
