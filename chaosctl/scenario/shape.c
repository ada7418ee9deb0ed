/* Shapes of numbers and units.  Floor 2. */
#include <errno.h>
#include <string.h>

#include "chaosctl/base/unit.h"
#include "chaosctl/scenario/shape.h"

/* In a schema every value may be a ${variable} instead. */
#define OR_VARIABLE "|.*\\\\$\\\\{.*"

static bool take_text(struct reader *r, const struct node *node, void *ret_value)
{
    bool plain;

    return reader_text(r, node, "text", ret_value, &plain);
}

static bool is_line(const char *text)
{
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 127)
            return false;
    return *text;
}

static bool take_line(struct reader *r, const struct node *node, void *ret_value)
{
    const char *text = NULL;
    bool plain;

    if (!reader_text(r, node, "text", &text, &plain))
        return false;
    if (!is_line(text)) {
        reader_error(r, node, "one line of text is wanted here%s",
                     *text ? ", without control characters" : ", not an empty one");
        return false;
    }
    *(const char **)ret_value = text;
    return true;
}

static bool take_bool(struct reader *r, const struct node *node, void *ret_value)
{
    static const char *const others[] = {"yes",   "no",   "on",    "off", "True",
                                         "False", "TRUE", "FALSE", "y",   "n"};
    const char *text = NULL;
    bool plain, yes;

    if (!reader_text(r, node, "true or false", &text, &plain))
        return false;
    yes = !strcmp(text, "true");
    if (plain && (yes || !strcmp(text, "false"))) {
        *(bool *)ret_value = yes;
        return true;
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        if (!strcmp(others[i], text)) {
            reader_error(r, node, "true or false is wanted here; \"%s\" is text (YAML 1.2)", text);
            return false;
        }
    reader_error(r, node, "true or false%s is wanted here, not \"%s\"", plain ? "" : ", without quotes,",
                 text);
    return false;
}

static bool bad(struct reader *r, const struct node *node, const char *text, int why,
                const struct shape *shape)
{
    if (why == -ERANGE)
        reader_error(r, node, "\"%s\" is out of range; %s is wanted", text, shape->wanted);
    else
        reader_error(r, node, "\"%s\" is not %s", text, shape->wanted);
    return false;
}

static bool zero(struct reader *r, const struct node *node, const char *text)
{
    reader_error(r, node, "\"%s\" would do nothing: more than 0 is wanted", text);
    return false;
}

static bool take_count(struct reader *r, const struct node *node, void *ret_value)
{
    const char *text = NULL;
    bool plain;

    if (!reader_text(r, node, shape_count.wanted, &text, &plain))
        return false;
    int why = unit_parse_count(text, ret_value);
    return !why || bad(r, node, text, why, &shape_count);
}

static bool take_positive(struct reader *r, const struct node *node, void *ret_value)
{
    uint64_t n = 0;

    if (!take_count(r, node, &n))
        return false;
    if (!n)
        return zero(r, node, "0");
    *(uint64_t *)ret_value = n;
    return true;
}

/* The mistake that is made most: a number without its unit. */
static bool is_bare_number(const char *text)
{
    return *text && !text[strspn(text, "0123456789.")];
}

static bool take_duration(struct reader *r, const struct node *node, void *ret_value)
{
    const char *text = NULL;
    bool plain;

    if (!reader_text(r, node, shape_duration.wanted, &text, &plain))
        return false;
    int why = unit_parse_duration(text, ret_value);
    if (why == -EINVAL && is_bare_number(text)) {
        reader_error(r, node, "\"%s\" has no unit: %sms or %ss?", text, text, text);
        return false;
    }
    return !why || bad(r, node, text, why, &shape_duration);
}

static bool take_time(struct reader *r, const struct node *node, void *ret_value)
{
    uint64_t ns = 0;

    if (!take_duration(r, node, &ns))
        return false;
    if (!ns)
        return zero(r, node, node->text);
    *(uint64_t *)ret_value = ns;
    return true;
}

static bool take_size(struct reader *r, const struct node *node, void *ret_value)
{
    const char *text = NULL;
    bool plain;

    if (!reader_text(r, node, shape_size.wanted, &text, &plain))
        return false;
    int why = unit_parse_size(text, ret_value);
    return !why || bad(r, node, text, why, &shape_size);
}

static bool take_bytes(struct reader *r, const struct node *node, void *ret_value)
{
    uint64_t bytes = 0;

    if (!take_size(r, node, &bytes))
        return false;
    if (!bytes)
        return zero(r, node, node->text);
    *(uint64_t *)ret_value = bytes;
    return true;
}

/* Where other faults count matches, so a bare number could be meant as that. */
static bool take_stream_size(struct reader *r, const struct node *node, void *ret_value)
{
    const char *text = NULL;
    bool plain;

    if (!reader_text(r, node, shape_stream_size.wanted, &text, &plain))
        return false;
    if (is_bare_number(text)) {
        reader_error(r, node, "\"%s\" has no unit; bytes of the stream are counted here, not calls: %sB?",
                     text, text);
        return false;
    }
    int why = unit_parse_size(text, ret_value);
    return !why || bad(r, node, text, why, &shape_stream_size);
}

/* Which of the three is meant, the unit says: "3" connections or calls, "10KiB", "300ms". */
static bool take_cut_after(struct reader *r, const struct node *node, void *ret_value)
{
    struct cut_after *after = ret_value;
    const char *text = NULL;
    bool plain;

    if (!reader_text(r, node, shape_cut_after.wanted, &text, &plain))
        return false;
    if (is_bare_number(text))
        return shape_count.take(r, node, &after->matches);
    if (!unit_parse_duration(text, &after->age_ns) && after->age_ns)
        return true;
    int why = unit_parse_size(text, &after->bytes);
    return !why || bad(r, node, text, why, &shape_cut_after);
}

static bool take_throughput(struct reader *r, const struct node *node, void *ret_value)
{
    const char *text = NULL;
    uint64_t size;
    bool plain;

    if (!reader_text(r, node, shape_throughput.wanted, &text, &plain))
        return false;
    int why = unit_parse_throughput(text, ret_value);
    if (why == -EINVAL && (is_bare_number(text) || !unit_parse_size(text, &size))) {
        reader_error(r, node, "\"%s\" has no unit: %s%s?", text, text, is_bare_number(text) ? "kB/s" : "/s");
        return false;
    }
    return !why || bad(r, node, text, why, &shape_throughput);
}

static bool take_rate(struct reader *r, const struct node *node, void *ret_value)
{
    const char *text = NULL;
    bool plain;

    if (!reader_text(r, node, shape_rate.wanted, &text, &plain))
        return false;
    int why = unit_parse_rate(text, ret_value);
    if (why == -EINVAL && is_bare_number(text)) {
        reader_error(r, node, "\"%s\" has no unit: %s/s?", text, text);
        return false;
    }
    return !why || bad(r, node, text, why, &shape_rate);
}

static bool take_probability(struct reader *r, const struct node *node, void *ret_value)
{
    const char *text = NULL;
    double p = 0;
    bool plain;

    if (!reader_text(r, node, shape_probability.wanted, &text, &plain))
        return false;
    int why = unit_parse_probability(text, &p);
    if (why)
        return bad(r, node, text, why, &shape_probability);
    if (p <= 0)
        return zero(r, node, text);
    *(double *)ret_value = p;
    return true;
}

const struct shape shape_text = {
    .name = "text",
    .wanted = "text",
    .schema = "{\"type\":[\"string\",\"number\",\"boolean\"]}",
    .take = take_text,
};
const struct shape shape_line = {
    .name = "line",
    .wanted = "one line of text",
    .schema = "{\"type\":[\"string\",\"number\",\"boolean\"],\"minLength\":1}",
    .take = take_line,
};
const struct shape shape_bool = {
    .name = "bool",
    .wanted = "true or false",
    .schema = "{\"anyOf\":[{\"type\":\"boolean\"},{\"type\":\"string\",\"pattern\":\"^.*\\\\$\\\\{.*$\"}]}",
    .take = take_bool,
};
const struct shape shape_count = {
    .name = "count",
    .wanted = "a whole number",
    .schema = "{\"anyOf\":[{\"type\":\"integer\",\"minimum\":0},{\"type\":\"string\",\"pattern\":\"^([0-9]"
              "+" OR_VARIABLE ")$\"}]}",
    .take = take_count,
};
const struct shape shape_positive = {
    .name = "positive",
    .wanted = "a whole number of at least 1",
    .schema = "{\"anyOf\":[{\"type\":\"integer\",\"minimum\":1},{\"type\":\"string\",\"pattern\":\"^([0-9]"
              "+" OR_VARIABLE ")$\"}]}",
    .take = take_positive,
};
#define DURATION "^([0-9]+(\\\\.[0-9]+)? ?(ns|us|ms|s|m|h)" OR_VARIABLE ")$"
const struct shape shape_duration = {
    .name = "duration",
    .wanted = "a duration such as 300ms",
    .schema = "{\"anyOf\":[{\"const\":0},{\"type\":\"string\",\"pattern\":\"" DURATION "\"}]}",
    .take = take_duration,
};
const struct shape shape_time = {
    .name = "time",
    .wanted = "a duration such as 300ms",
    .schema = "{\"type\":\"string\",\"pattern\":\"" DURATION "\"}",
    .take = take_time,
};
#define SIZE_UNITS "(B|kB|MB|GB|KiB|MiB|GiB)"
const struct shape shape_size = {
    .name = "size",
    .wanted = "a size such as 64KiB",
    .schema = "{\"anyOf\":[{\"type\":\"integer\",\"minimum\":0},{\"type\":\"string\",\"pattern\":"
              "\"^([0-9]+(\\\\.[0-9]+)? ?" SIZE_UNITS "?" OR_VARIABLE ")$\"}]}",
    .take = take_size,
};
const struct shape shape_bytes = {
    .name = "bytes",
    .wanted = "a size such as 64KiB",
    .schema = "{\"anyOf\":[{\"type\":\"integer\",\"minimum\":1},{\"type\":\"string\",\"pattern\":"
              "\"^([0-9]+(\\\\.[0-9]+)? ?" SIZE_UNITS "?" OR_VARIABLE ")$\"}]}",
    .take = take_bytes,
};
const struct shape shape_stream_size = {
    .name = "stream-size",
    .wanted = "a size with its unit, such as 20B",
    .schema = "{\"type\":\"string\",\"pattern\":\"^([0-9]+(\\\\.[0-9]+)? ?" SIZE_UNITS OR_VARIABLE ")$\"}",
    .take = take_stream_size,
};
const struct shape shape_cut_after = {
    .name = "cut-after",
    .wanted = "a number of matches, a size of received bytes with its unit, or a time: 3, 10KiB, 300ms",
    .schema = "{\"type\":[\"string\",\"integer\"],\"minimum\":0}",
    .take = take_cut_after,
};
const struct shape shape_throughput = {
    .name = "throughput",
    .wanted = "a size a second, such as 100kB/s",
    .schema =
        "{\"type\":\"string\",\"pattern\":\"^([0-9]+(\\\\.[0-9]+)? ?" SIZE_UNITS "/s" OR_VARIABLE ")$\"}",
    .take = take_throughput,
};
const struct shape shape_rate = {
    .name = "rate",
    .wanted = "a rate such as 50/s",
    .schema = "{\"type\":\"string\",\"pattern\":\"^([0-9]+(\\\\.[0-9]+)? ?/[smh]" OR_VARIABLE ")$\"}",
    .take = take_rate,
};
const struct shape shape_probability = {
    .name = "probability",
    .wanted = "a probability such as 50%",
    .schema = "{\"anyOf\":[{\"type\":\"number\",\"exclusiveMinimum\":0,\"maximum\":1},{\"type\":\"string\","
              "\"pattern\":"
              "\"^([0-9]+(\\\\.[0-9]+)? ?%|0?\\\\.[0-9]+|1" OR_VARIABLE ")$\"}]}",
    .take = take_probability,
};
const struct shape shape_any = {
    .name = "any",
    .wanted = "a value",
    .schema = "true",
};
