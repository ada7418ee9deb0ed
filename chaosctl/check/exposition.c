/* Reading a page of metrics.  Floor 3.
 *
 *   line    = [ sample | "# TYPE" name type | "#" text ] "\n"        blanks and tabs may stand between tokens
 *   sample  = name [ "{" [ label { "," label } [ "," ] ] "}" ] number [ time ] [ "#" exemplar ]
 *   label   = name "=" '"' { character | "\\" | "\"" | "\n" } '"' */
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/suggest.h"
#include "chaosctl/check/exposition.h"

#define NUMBER_MAX     64
#define NAMES_MAX      1024 /* looked through for a suggestion */
#define NAME_BYTES_MAX 128  /* of those */
#define SHOWN_MAX      3    /* series shown where the labels fit none */

struct span {
    const char *at, *end;
};

struct label {
    struct span name, value; /* the value as it is written: escapes stand in it */
};

struct sample {
    struct span name, labels; /* labels: what stands between the braces */
    double value;
};

/* --- tokens --- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blanks(struct span *rest)
{
    while (rest->at < rest->end && is_blank(*rest->at))
        rest->at++;
}

static bool is_name_character(char c, bool first)
{
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';

    return letter || (!first && c >= '0' && c <= '9');
}

/* Of series a name may have a colon, of labels not; here both may. */
static bool take_name(struct span *rest, struct span *ret_name)
{
    *ret_name = (struct span){rest->at, rest->at};
    while (rest->at < rest->end && is_name_character(*rest->at, rest->at == ret_name->at))
        ret_name->end = ++rest->at;
    return ret_name->end > ret_name->at;
}

static bool take_character(struct span *rest, char c)
{
    skip_blanks(rest);
    if (rest->at >= rest->end || *rest->at != c)
        return false;
    rest->at++;
    return true;
}

static bool span_is(struct span span, const char *text)
{
    size_t len = (size_t)(span.end - span.at);

    return strlen(text) == len && !memcmp(span.at, text, len);
}

/* Go's numbers are strtod's, but for blanks before them. */
static bool take_number(struct span *rest, double *ret_number)
{
    char text[NUMBER_MAX], *end = NULL;
    size_t len = 0;

    skip_blanks(rest);
    while (rest->at + len < rest->end && !is_blank(rest->at[len]) && rest->at[len] != '#')
        len++;
    if (!len || len >= sizeof(text))
        return false;
    memcpy(text, rest->at, len);
    text[len] = '\0';
    *ret_number = strtod(text, &end);
    rest->at += len;
    return end == text + len;
}

/* --- labels --- */

static bool take_quoted(struct span *rest, struct span *ret_value)
{
    if (!take_character(rest, '"'))
        return false;
    ret_value->at = rest->at;
    while (rest->at < rest->end && *rest->at != '"')
        rest->at += *rest->at == '\\' ? 2 : 1;
    if (rest->at >= rest->end)
        return false;
    ret_value->end = rest->at++;
    return true;
}

static bool take_label(struct span *rest, struct label *ret_label)
{
    skip_blanks(rest);
    return take_name(rest, &ret_label->name) && take_character(rest, '=') &&
           take_quoted(rest, &ret_label->value);
}

/* Behind the brace that opens; moves behind the one that closes. */
static bool take_labels(struct span *rest, struct span *ret_labels)
{
    struct label label;

    ret_labels->at = rest->at;
    for (;;) {
        ret_labels->end = rest->at;
        if (take_character(rest, '}'))
            return true;
        if (!take_label(rest, &label))
            return false;
        ret_labels->end = rest->at;
        if (!take_character(rest, ','))
            return take_character(rest, '}');
    }
}

static char unescaped(char c)
{
    return c == 'n' ? '\n' : c;
}

static bool value_is(struct span value, const char *wanted)
{
    while (value.at < value.end && *wanted) {
        bool escape = *value.at == '\\' && value.at + 1 < value.end;
        char c = escape ? unescaped(value.at[1]) : *value.at;
        if (c != *wanted++)
            return false;
        value.at += escape ? 2 : 1;
    }
    return value.at >= value.end && !*wanted;
}

static bool label_fits(struct span labels, const struct pair *wanted)
{
    struct label label;

    while (take_label(&labels, &label)) {
        if (span_is(label.name, wanted->name))
            return value_is(label.value, wanted->value);
        if (!take_character(&labels, ','))
            break;
    }
    return !*wanted->value;
}

/* --- lines --- */

static bool take_sample(struct span line, struct sample *ret_sample)
{
    double time;

    if (!take_name(&line, &ret_sample->name))
        return false;
    ret_sample->labels = (struct span){line.at, line.at};
    if (take_character(&line, '{') && !take_labels(&line, &ret_sample->labels))
        return false;
    if (!take_number(&line, &ret_sample->value))
        return false;
    skip_blanks(&line);
    if (line.at < line.end && *line.at != '#' && !take_number(&line, &time))
        return false;
    skip_blanks(&line);
    return line.at >= line.end || *line.at == '#';
}

static struct span take_word(struct span *rest)
{
    skip_blanks(rest);
    struct span word = {rest->at, rest->at};
    while (word.end < rest->end && !is_blank(*word.end))
        word.end++;
    rest->at = word.end;
    return word;
}

/* Any other comment is one. */
static bool says_gauge(struct span comment, const char *name)
{
    return span_is(take_word(&comment), "#") && span_is(take_word(&comment), "TYPE") &&
           span_is(take_word(&comment), name) && span_is(take_word(&comment), "gauge");
}

/* The last line ends too: one that does not may be half a number. */
static bool take_line(struct span *rest, struct span *ret_line)
{
    const char *end = rest->at < rest->end ? memchr(rest->at, '\n', (size_t)(rest->end - rest->at)) : NULL;

    if (!end)
        return false;
    *ret_line = (struct span){rest->at, end};
    rest->at = end + 1;
    skip_blanks(ret_line);
    return true;
}

static bool fits(const struct sample *sample, const struct series_query *query)
{
    if (!span_is(sample->name, query->name))
        return false;
    for (size_t i = 0; i < query->labels_count; i++)
        if (!label_fits(sample->labels, &query->labels[i]))
            return false;
    return true;
}

size_t exposition_sum(const char *text, size_t len, const struct series_query *query, struct series_sum *ret)
{
    struct span rest = {text, text + len}, line;
    struct series_sum sum = {0};
    struct sample sample;
    size_t number = 1;

    for (; take_line(&rest, &line); number++) {
        if (line.at == line.end)
            continue;
        if (*line.at == '#') {
            sum.is_gauge = sum.is_gauge || says_gauge(line, query->name);
            continue;
        }
        if (!take_sample(line, &sample))
            return number;
        if (!fits(&sample, query))
            continue;
        sum.count++;
        sum.value += sample.value;
    }
    if (rest.at < rest.end)
        return number;
    *ret = sum;
    return 0;
}

/* --- for people --- */

static void hint_labels(struct span rest, const struct series_query *query, struct buf *out)
{
    struct span line;
    struct sample sample;
    size_t shown = 0;

    while (shown < SHOWN_MAX && take_line(&rest, &line)) {
        if (!take_sample(line, &sample) || !span_is(sample.name, query->name))
            continue;
        buf_add(out, shown++ ? ", {" : "; its series there: {");
        buf_add_n(out, sample.labels.at, (size_t)(sample.labels.end - sample.labels.at));
        buf_add_char(out, '}');
    }
}

/* Neighbours on the page mostly bear the same name: each once, as long as it lasts. */
static size_t names_of(struct span rest, char (*names)[NAME_BYTES_MAX])
{
    struct span line;
    struct sample sample;
    size_t count = 0;

    while (count < NAMES_MAX && take_line(&rest, &line)) {
        size_t len;
        if (!take_sample(line, &sample))
            continue;
        len = (size_t)(sample.name.end - sample.name.at);
        if (len >= NAME_BYTES_MAX || (count && span_is(sample.name, names[count - 1])))
            continue;
        memcpy(names[count], sample.name.at, len);
        names[count++][len] = '\0';
    }
    return count;
}

static void hint_name(struct span rest, const struct series_query *query, struct buf *out)
{
    char(*names)[NAME_BYTES_MAX] = calloc(NAMES_MAX, sizeof(*names));
    const char **list = calloc(NAMES_MAX, sizeof(*list));
    size_t count = names && list ? names_of(rest, names) : 0;

    for (size_t i = 0; i < count; i++)
        list[i] = names[i];
    const char *near = count ? suggest(query->name, list, count) : NULL;
    if (near)
        buf_printf(out, " (did you mean \"%s\"?)", near);
    free(list);
    free(names);
}

void exposition_hint(const char *text, size_t len, const struct series_query *query, struct buf *out)
{
    struct span rest = {text, text + len};
    size_t before = out->len;

    hint_labels(rest, query, out);
    if (out->len == before)
        hint_name(rest, query, out);
}
