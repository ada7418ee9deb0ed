/* Parts of what a run tells of itself: dependencies, loads, what people did.  Floor 3; for drill_status.c. */
#ifndef RUN_DRILL_FLOW_H
#define RUN_DRILL_FLOW_H

#include <jansson.h>

struct run;

json_t *drill_dependencies(const struct run *run);
json_t *drill_loads(const struct run *run);
json_t *drill_deeds(const struct run *run);

#endif
