/* The table of reports.  Floor 4. */
#include <string.h>

#include "chaosctl/report/report.h"

const struct report *const reports[] = {
    &report_terminal, &report_json,   &report_junit,       &report_markdown,
    &report_html,     &report_github, &report_openmetrics, NULL,
};

const struct report *report_find(const char *name)
{
    for (const struct report *const *r = reports; *r; r++)
        if (!strcmp((*r)->name, name))
            return *r;
    return NULL;
}
