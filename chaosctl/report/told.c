/* Reading what a run tells.  Floor 4. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "chaosctl/report/told.h"
#include "chaosctl/report/words.h"

const char *told_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

json_int_t told_count(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

double told_number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

bool told_is(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

bool told_has(const json_t *object, const char *key)
{
    return json_object_get(object, key);
}

/* A year is more than any run takes: what another process says is not cast before it is bounded. */
static uint64_t ns_of(double seconds, double step_ns)
{
    const double year_s = 366.0 * 86400;

    if (!(seconds > 0))
        return 0;
    return (uint64_t)floor((seconds < year_s ? seconds : year_s) * 1e9 / step_ns) * (uint64_t)step_ns;
}

const char *told_span(double seconds, char text[static UNIT_TEXT_BYTES])
{
    return unit_format_duration(ns_of(seconds, seconds < 60 ? 1e8 : 1e9), text);
}

const char *told_latency(const json_t *object, const char *key, char text[static UNIT_TEXT_BYTES])
{
    if (!told_has(object, key))
        return strcpy(text, "-");
    return unit_format_duration(ns_of(told_number(object, key), 1), text);
}

const char *told_rate(const json_t *object, const char *key, char text[static UNIT_TEXT_BYTES])
{
    double rate = told_number(object, key);

    if (!told_has(object, key))
        return strcpy(text, "-");
    snprintf(text, UNIT_TEXT_BYTES, rate > 0 && rate < 99.95 ? "%.1f" : "%.0f", rate);
    return text;
}

/* Which process it was and with which seed is in the journal: there is no room for it on a line. */
void told_deed(const json_t *deed, struct buf *out)
{
    const struct deed what = {.what = told_text(deed, "what"),
                              .text = told_text(deed, "text"),
                              .fault = (uint64_t)told_count(deed, "fault")};
    const char *user = told_text(deed, "user"), *terminal = told_text(deed, "terminal");
    size_t skip = strncmp(terminal, "/dev/", 5) ? 0 : 5;
    char text[UNIT_TEXT_BYTES];

    words_deed(&what, out);
    if (told_count(deed, "for_ns"))
        buf_printf(out, " for %s", told_span((double)told_count(deed, "for_ns") / 1e9, text));
    if (told_count(deed, "pid"))
        buf_printf(out, ", by %s%s%s", *user ? user : "?", *terminal ? " at " : "", terminal + skip);
}
