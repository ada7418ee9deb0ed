/* A condition on a value within a JSON text.  Floor 3.
 *
 * The text is parsed anew for each condition: a few hundred microseconds for a usual answer, and an
 * observation stays plain data. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/check/compare.h"
#include "chaosctl/check/json_pointer.h"

/* A number's text keeps an integer exact. */
static void add_number(const json_t *value, struct buf *text)
{
    if (json_is_integer(value))
        buf_printf(text, "%lld", (long long)json_integer_value(value));
    else
        buf_printf(text, "%.15g", json_real_value(value));
}

/* A string is itself; numbers, true, false, null, arrays and objects are as JSON writes them, compactly. */
static void add_text_of(const json_t *value, struct buf *text)
{
    buf_add(text, "");
    if (json_is_string(value)) {
        buf_add_n(text, json_string_value(value), json_string_length(value));
    } else if (json_is_number(value)) {
        add_number(value, text);
    } else {
        cleanup_free char *dumped = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        buf_add(text, dumped ? dumped : "");
    }
}

/* Containers are equal whatever the order of their keys. */
static bool equals_container(const struct condition *condition, const json_t *value)
{
    for (size_t i = 0; i < condition->values_count; i++) {
        json_t *wanted = json_loads(condition->values[i], 0, NULL);
        bool equal = wanted && json_equal(wanted, value);
        json_decref(wanted);
        if (equal)
            return true;
    }
    return false;
}

static const char *name_of(const struct condition *condition)
{
    return *condition->key ? condition->key : "the whole";
}

static enum judgement judge_value(const struct condition *condition, const json_t *value, struct buf *why)
{
    cleanup_buf struct buf text = {0};
    enum comparison c = condition->comparison;

    add_text_of(value, &text);
    if (comparison_has_bounds(c) && !json_is_number(value)) {
        buf_printf(why, "%s is not a number: ", name_of(condition));
        quote_text(buf_text(&text), text.len, why);
        return JUDGE_FAILS;
    }
    if (json_is_string(value) || c == COMPARE_MATCH || comparison_has_bounds(c))
        return compare_text(condition, name_of(condition), buf_text(&text), text.len, false, why);
    bool is_container = json_is_object(value) || json_is_array(value);
    bool equal = is_container && equals_container(condition, value);
    for (size_t i = 0; i < condition->values_count && !equal; i++)
        equal = texts_equal(buf_text(&text), condition->values[i]);
    buf_printf(why, "%s is %.80s", name_of(condition), buf_text(&text));
    return equal == (c == COMPARE_ONE_OF) ? JUDGE_HOLDS : JUDGE_FAILS;
}

static enum judgement judge_unreadable(const struct observation *seen, const char *reason, struct buf *why)
{
    const char *what = seen->text[METRIC_stdout] ? "stdout" : "body";

    if (seen->text_cut[METRIC_json]) {
        buf_printf(why, "%s is too long to be read as JSON", what);
        return JUDGE_UNKNOWN;
    }
    buf_printf(why, "%s is not JSON (%s): ", what, reason);
    quote_text(seen->text[METRIC_json], seen->text_len[METRIC_json], why);
    return JUDGE_FAILS;
}

enum judgement judge_json(const struct condition *condition, const struct observation *seen,
                          const struct observation *baseline, struct buf *why)
{
    json_error_t error;
    const char *text = seen->text[METRIC_json] ? seen->text[METRIC_json] : "";
    json_t *root = json_loadb(text, seen->text_len[METRIC_json], JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    enum judgement j = JUDGE_FAILS;

    (void)baseline;
    if (!root || seen->text_cut[METRIC_json]) {
        j = judge_unreadable(seen, root ? "" : error.text, why);
    } else {
        const json_t *value = json_pointer_find(root, condition->key);
        if (value)
            j = judge_value(condition, value, why);
        else
            buf_printf(why, "%s is absent", condition->key);
    }
    json_decref(root);
    return j;
}
