/* metric.def as a look-up table.  Floor 2. */
#include <string.h>

#include "chaosctl/scenario/condition.h"

static const struct metric_info rows[METRIC_COUNT] = {
#define METRIC(name, checks, unit, summary) [METRIC_##name] = {#name, summary, checks, UNIT_##unit},
#include "chaosctl/scenario/metric.def"
#undef METRIC
};

const struct metric_info *metric_info(enum metric metric)
{
    return &rows[metric];
}

enum metric metric_find(const char *name)
{
    for (int i = 0; i < METRIC_COUNT; i++)
        if (!strcmp(rows[i].name, name))
            return (enum metric)i;
    return METRIC_COUNT;
}

bool metric_is_number(enum metric metric)
{
    enum metric_unit unit = rows[metric].unit;

    return unit != UNIT_TEXT && unit != UNIT_JSON && unit != UNIT_HEADER;
}
