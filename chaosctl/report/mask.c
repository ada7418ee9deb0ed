/* Secrets out of a result.  Floor 4. */
#include "chaosctl/report/report.h"
#include "chaosctl/report/layout.h"

int report_mask(struct run_result *result, const struct scenario *scenario)
{
    int r = layout_mask(&layout_run, result, result->arena, scenario);

    for (size_t i = 0; !r && i < result->cells_count; i++)
        r = layout_mask(&layout_cell, (struct cell_result *)&result->cells[i], result->arena, scenario);
    return r;
}
