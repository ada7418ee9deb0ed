/* Numbers and texts against what was expected.  Floor 3. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/unit.h"
#include "chaosctl/check/compare.h"

#define QUOTE_MAX 80

bool comparison_has_bounds(enum comparison comparison)
{
    return comparison <= COMPARE_BETWEEN;
}

bool compare_bounds(enum comparison comparison, double value, struct bounds bounds)
{
    switch (comparison) {
    case COMPARE_LESS: return value < bounds.low;
    case COMPARE_AT_MOST: return value <= bounds.low;
    case COMPARE_GREATER: return value > bounds.low;
    case COMPARE_AT_LEAST: return value >= bounds.low;
    case COMPARE_BETWEEN: return value >= bounds.low && value <= bounds.high;
    case COMPARE_NOT:
    case COMPARE_ONE_OF:
    case COMPARE_MATCH: break;
    }
    return false;
}

/* JSON's numbers: strtod would take hexadecimal, infinity and leading blanks. */
bool parse_number(const char *text, double *ret_number)
{
    const char *digits = text + (*text == '-');
    char *end = NULL;

    if (!isdigit((unsigned char)*digits) || strspn(digits, "0123456789.eE+-") != strlen(digits))
        return false;
    double number = strtod(text, &end);
    if (*end || !isfinite(number))
        return false;
    *ret_number = number;
    return true;
}

/* 99.97 must not read as 100. */
static void format_percent(double number, struct buf *out)
{
    buf_printf(out, number > 99 && number < 100 ? "%.6g %%" : "%.3g %%", number);
}

static void format_size(double number, struct buf *out)
{
    char text[UNIT_TEXT_BYTES];

    buf_printf(out, "%s%s", number < 0 ? "-" : "", unit_format_size((uint64_t)fabs(number), text));
}

static void format_plain(double number, struct buf *out)
{
    buf_printf(out, fabs(number) < 1e15 && number == floor(number) ? "%.0f" : "%.6g", number);
}

void format_in_unit(enum metric_unit unit, double number, struct buf *out)
{
    char text[UNIT_TEXT_BYTES];

    switch (unit) {
    case UNIT_DURATION: buf_add(out, unit_format_duration((uint64_t)fmax(number, 0), text)); break;
    case UNIT_SIZE: format_size(number, out); break;
    case UNIT_PERCENT: format_percent(number, out); break;
    case UNIT_RATE: buf_printf(out, fabs(number) < 100 ? "%.3g/s" : "%.0f/s", number); break;
    case UNIT_BOOL: buf_add(out, number != 0 ? "true" : "false"); break;
    case UNIT_NUMBER:
    case UNIT_TEXT:
    case UNIT_JSON:
    case UNIT_HEADER: format_plain(number, out); break;
    }
}

static bool parse_integer(const char *text, long long *ret_integer)
{
    char *end = NULL;

    errno = 0;
    *ret_integer = strtoll(text, &end, 10);
    return !*end && !errno;
}

bool texts_equal(const char *a, const char *b)
{
    double x, y;
    long long i, j;

    if (!parse_number(a, &x) || !parse_number(b, &y))
        return !strcmp(a, b);
    if (parse_integer(a, &i) && parse_integer(b, &j))
        return i == j; /* beyond 2^53 doubles would make neighbours equal */
    return x == y;
}

void quote_text(const char *text, size_t len, struct buf *out)
{
    size_t shown = len < QUOTE_MAX ? len : QUOTE_MAX;

    while (shown < len && shown > QUOTE_MAX - 4 && ((unsigned char)text[shown] & 0xC0) == 0x80)
        shown--;
    buf_add_char(out, '"');
    for (size_t i = 0; i < shown; i++) {
        bool control = (unsigned char)text[i] < ' ' || text[i] == 0x7f;
        buf_add_char(out, control ? ' ' : text[i]);
    }
    buf_add(out, shown < len ? "...\"" : "\"");
}

/* --- texts --- */

/* What a program prints ends with a newline that nobody writes into an expectation.  false: the text holds
 * zero bytes, and equals nothing that can be written in YAML. */
static bool take_line(const char *text, size_t len, struct buf *line)
{
    if (len && text[len - 1] == '\n')
        len--;
    buf_add_n(line, text, len);
    return !line->failed && strlen(line->data) == len;
}

static bool equals_one(const struct condition *condition, const char *text, size_t len)
{
    cleanup_buf struct buf line = {0};
    bool whole = take_line(text, len, &line);

    for (size_t i = 0; i < condition->values_count; i++) {
        const char *value = condition->values[i];
        if (strlen(value) == len && !memcmp(value, text, len))
            return true;
        if (whole && texts_equal(line.data, value))
            return true;
    }
    return false;
}

static enum judgement compare_match(const struct condition *condition, const char *what, const char *text,
                                    size_t len, bool cut, struct buf *why)
{
    struct regex *regex = regex_new(condition->regex);
    enum judgement j = regex_match(regex, text, len);

    regex_free(regex);
    if (j == JUDGE_UNKNOWN) {
        buf_printf(why, "%s: regex gave up: too much backtracking", what);
        return j;
    }
    buf_printf(why, "%s %s /%s/", what, j == JUDGE_HOLDS ? "matches" : "does not match", condition->regex);
    if (j == JUDGE_HOLDS)
        return j;
    buf_add(why, ": ");
    quote_text(text, len, why);
    if (!cut)
        return j;
    buf_add(why, "; there is more of it, which was not kept");
    return JUDGE_UNKNOWN;
}

static enum judgement compare_as_number(const struct condition *condition, const char *what, const char *text,
                                        size_t len, struct buf *why)
{
    cleanup_buf struct buf line = {0};
    double number;

    if (!take_line(text, len, &line) || !parse_number(line.data, &number)) {
        buf_printf(why, "%s is not a number: ", what);
        quote_text(text, len, why);
        return JUDGE_FAILS;
    }
    buf_printf(why, "%s is %s", what, line.data);
    struct bounds bounds = {condition->low, condition->high};
    return compare_bounds(condition->comparison, number, bounds) ? JUDGE_HOLDS : JUDGE_FAILS;
}

enum judgement compare_text(const struct condition *condition, const char *what, const char *text, size_t len,
                            bool cut, struct buf *why)
{
    if (condition->comparison == COMPARE_MATCH)
        return compare_match(condition, what, text, len, cut, why);
    if (comparison_has_bounds(condition->comparison))
        return compare_as_number(condition, what, text, len, why);
    buf_printf(why, "%s is ", what);
    quote_text(text, len, why);
    bool equal = equals_one(condition, text, len);
    return equal == (condition->comparison == COMPARE_ONE_OF) ? JUDGE_HOLDS : JUDGE_FAILS;
}
