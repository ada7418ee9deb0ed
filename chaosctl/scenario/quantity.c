/* Numbers and bounds.  Floor 2.
 *
 *   bound    = operator number | number ".." number
 *   operator = "<" | "<=" | ">" | ">=" | "!="
 *   number   = as its unit is written | decimal "x" (relative, with " baseline" at the very end) */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/unit.h"
#include "chaosctl/scenario/quantity.h"

struct unit_row {
    const char *wanted;
    const char *suffixes[2]; /* of a bare number, the likely ones */
};

static const struct unit_row units[] = {
    [UNIT_DURATION] = {"a duration such as 300ms", {"ms", "s"}},
    [UNIT_SIZE] = {"a size such as 64MiB", {NULL, NULL}},
    [UNIT_PERCENT] = {"a percentage such as 99%", {"%", NULL}},
    [UNIT_NUMBER] = {"a number such as 5", {NULL, NULL}},
    [UNIT_RATE] = {"a rate such as 5/s", {"/s", "/m"}},
    [UNIT_BOOL] = {"true or false", {NULL, NULL}},
    [UNIT_TEXT] = {"a regular expression", {NULL, NULL}},
    [UNIT_JSON] = {"a number", {NULL, NULL}},
    [UNIT_HEADER] = {"a number", {NULL, NULL}},
};

const char *quantity_wanted(enum metric_unit unit)
{
    return units[unit].wanted;
}

bool quantity_lacks_unit(enum metric_unit unit, const char *text, const char *suffixes[2])
{
    suffixes[0] = units[unit].suffixes[0];
    suffixes[1] = units[unit].suffixes[1];
    return suffixes[0] && *text && !text[strspn(text, "0123456789.")];
}

/* strtod would take hexadecimal, infinity and the locale's comma; chaosctl never calls setlocale. */
static int parse_number(const char *text, double *ret_number)
{
    const char *p = text + (*text == '-');
    char *end = NULL;

    if (!isdigit((unsigned char)*p) || strlen(text) > 40 || text[strspn(text, "0123456789.eE+-")])
        return -EINVAL;
    double value = strtod(text, &end);
    if (*end)
        return -EINVAL;
    *ret_number = value;
    return 0;
}

static int parse_percent(const char *text, double *ret_number)
{
    double fraction = 0;

    if (!strchr(text, '%'))
        return -EINVAL;
    int r = unit_parse_probability(text, &fraction);
    if (!r)
        *ret_number = fraction * 100;
    return r;
}

static int parse_rate(const char *text, double *ret_number)
{
    if (!strcmp(text, "0") || !strcmp(text, "0/s")) {
        *ret_number = 0;
        return 0;
    }
    return unit_parse_rate(text, ret_number);
}

static int parse_whole(enum metric_unit unit, const char *text, double *ret_number)
{
    bool negative = *text == '-' && unit == UNIT_SIZE; /* growth may be one */
    uint64_t n = 0;
    int r = unit == UNIT_SIZE ? unit_parse_size(text + negative, &n) : unit_parse_duration(text, &n);

    if (!r)
        *ret_number = negative ? -(double)n : (double)n;
    return r;
}

static int parse_bool(const char *text, double *ret_number)
{
    if (strcmp(text, "true") && strcmp(text, "false"))
        return -EINVAL;
    *ret_number = *text == 't';
    return 0;
}

int quantity_parse(enum metric_unit unit, const char *text, double *ret_number)
{
    switch (unit) {
    case UNIT_DURATION:
    case UNIT_SIZE: return parse_whole(unit, text, ret_number);
    case UNIT_PERCENT: return parse_percent(text, ret_number);
    case UNIT_RATE: return parse_rate(text, ret_number);
    case UNIT_BOOL: return parse_bool(text, ret_number);
    case UNIT_NUMBER:
    case UNIT_JSON:
    case UNIT_HEADER: return parse_number(text, ret_number);
    case UNIT_TEXT: break;
    }
    return -EINVAL;
}

static const struct {
    const char *sign;
    enum comparison comparison;
} operators[] = {
    {"<=", COMPARE_AT_MOST}, {">=", COMPARE_AT_LEAST}, {"!=", COMPARE_NOT},
    {"<", COMPARE_LESS},     {">", COMPARE_GREATER},
};

static const char *parse_operator(const char *text, enum comparison *ret_comparison)
{
    for (size_t i = 0; i < sizeof(operators) / sizeof(*operators); i++) {
        size_t len = strlen(operators[i].sign);
        if (!strncmp(text, operators[i].sign, len)) {
            *ret_comparison = operators[i].comparison;
            return text + len + strspn(text + len, " ");
        }
    }
    return NULL;
}

/* Of text[0..len): a number of the unit, or a factor of the baseline when relative. */
static int parse_part(enum metric_unit unit, const char *text, size_t len, bool relative, double *ret_number,
                      char culprit[static QUANTITY_MAX])
{
    while (len && text[len - 1] == ' ')
        len--;
    snprintf(culprit, QUANTITY_MAX, "%.*s", (int)(len < QUANTITY_MAX ? len : QUANTITY_MAX), text);
    if (len >= QUANTITY_MAX)
        return -EINVAL;
    if (!relative)
        return quantity_parse(unit, culprit, ret_number);
    if (len < 2 || culprit[len - 1] != 'x')
        return -EINVAL;
    culprit[len - 1] = 0;
    int r = parse_number(culprit, ret_number);
    culprit[len - 1] = 'x';
    return r ? r : *ret_number < 0 ? -ERANGE : 0;
}

static int parse_range(enum metric_unit unit, const char *text, const char *dots, const char *end,
                       struct condition *ret, char culprit[static QUANTITY_MAX])
{
    const char *high = dots + 2 + strspn(dots + 2, " ");
    int r = parse_part(unit, text, (size_t)(dots - text), ret->relative, &ret->low, culprit);

    if (!r)
        r = high <= end ? parse_part(unit, high, (size_t)(end - high), ret->relative, &ret->high, culprit)
                        : -EINVAL;
    ret->comparison = COMPARE_BETWEEN;
    return r ? r : ret->low > ret->high ? -EDOM : 0;
}

int quantity_parse_bound(enum metric_unit unit, const char *text, struct condition *ret,
                         char ret_culprit[static QUANTITY_MAX])
{
    static const char baseline[] = " baseline";
    size_t len = strlen(text), tail = sizeof(baseline) - 1;
    bool loose = unit == UNIT_JSON || unit == UNIT_HEADER; /* text is meant when it is no number */
    const char *dots = strstr(text, ".."), *operand = parse_operator(text, &ret->comparison);
    int r = -ENOENT;

    ret->relative = len > tail && !strcmp(text + len - tail, baseline) && !loose;
    const char *end = text + len - (ret->relative ? tail : 0);
    *ret_culprit = 0;
    if (operand)
        r = operand <= end
                ? parse_part(unit, operand, (size_t)(end - operand), ret->relative, &ret->low, ret_culprit)
                : -EINVAL;
    else if (dots && dots < end)
        r = parse_range(unit, text, dots, end, ret, ret_culprit);
    return loose && (r == -EINVAL || r == -ERANGE) ? -ENOENT : r;
}
