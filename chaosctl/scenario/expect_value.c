/* What stands behind one metric: a value, a bound, a regex, or a list of values.  Floor 2. */
#include <errno.h>
#include <string.h>

#include "chaosctl/scenario/expect_value.h"
#include "chaosctl/scenario/quantity.h"
#include "chaosctl/scenario/shape.h"

void expect_add(struct reader *r, struct expectation *e, struct condition c)
{
    struct condition *place = reader_push(r, &e->items, &e->count, sizeof(*place));

    if (place)
        *place = c;
}

static const char *with_key(struct reader *r, const struct condition *c)
{
    const char *name = metric_info(c->metric)->name;
    const char *both =
        c->key ? reader_printf(r, "%s %s", c->metric == METRIC_headers ? "header" : name, c->key) : name;

    return both ? both : name;
}

/* --- numbers --- */

static bool no_quantity(struct reader *r, const struct node *node, enum metric_unit unit, int why,
                        const char *text, const char *culprit)
{
    const char *part = *culprit ? culprit : text, *suffix[2];

    if (why == -EDOM)
        reader_error(r, node, "\"%s\" is upside down: the smaller number comes first", text);
    else if (why == -ERANGE)
        reader_error(r, node, "\"%s\" is out of range; %s is wanted", part, quantity_wanted(unit));
    else if (quantity_lacks_unit(unit, part, suffix) && suffix[1])
        reader_error(r, node, "\"%s\" has no unit: %s%s or %s%s?", part, part, suffix[0], part, suffix[1]);
    else if (quantity_lacks_unit(unit, part, suffix))
        reader_error(r, node, "\"%s\" has no unit: %s%s?", part, part, suffix[0]);
    else if (unit == UNIT_BOOL)
        reader_error(r, node, "true or false is wanted here, not \"%s\"", text);
    else
        reader_error(r, node,
                     "\"%s\" is not %s; a bound is written \"< 5\", \">= 5\", \"!= 5\" or \"2..5\" over such",
                     part, quantity_wanted(unit));
    return false;
}

/* What grows with time, or is a difference already, has nothing in the baseline to be a factor of. */
static bool may_be_relative(enum metric metric, uint32_t on)
{
    switch ((int)metric) {
    case METRIC_success:
    case METRIC_errors:
    case METRIC_count: return on & ON_LOAD;
    case METRIC_latency:
    case METRIC_value:
    case METRIC_rate:
    case METRIC_per_request:
    case METRIC_p50:
    case METRIC_p90:
    case METRIC_p95:
    case METRIC_p99:
    case METRIC_max:
    case METRIC_mean:
    case METRIC_rss:
    case METRIC_fds:
    case METRIC_threads: return true;
    default: return false;
    }
}

static bool check_relative(struct reader *r, const struct node *node, const struct expectation *e,
                           const struct condition *c)
{
    if (!c->relative)
        return true;
    if (e->has_no_baseline)
        reader_error(r, node,
                     "there is no baseline here to compare with: say a number; \"x baseline\" is for during "
                     "and after");
    else if (!may_be_relative(c->metric, e->on))
        reader_error(
            r, node,
            "%s is not compared with the baseline; latency, value, rate, per_request, rss, fds, threads and "
            "what a load measures are",
            metric_info(c->metric)->name);
    else if (c->comparison == COMPARE_NOT)
        reader_error(r, node, "\"!=\" makes no sense against a measured baseline");
    else
        return true;
    return false;
}

static const char *value_text(struct reader *r, double number)
{
    return reader_printf(r, "%.15g", number);
}

/* One plain value of a metric that is a number, as values[] wants it. */
static bool number_value(struct reader *r, const struct node *node, enum metric_unit unit, const char *text,
                         const char **ret_value)
{
    double number = 0;
    int why = quantity_parse(unit, text, &number);

    if (why)
        return no_quantity(r, node, unit, why, text, "");
    *ret_value = value_text(r, number);
    return *ret_value != NULL;
}

bool expect_set_value(struct reader *r, struct condition *c, const char *value)
{
    const char **values = reader_take(r, sizeof(*values));

    if (!values || !value)
        return false;
    values[0] = value;
    c->values = values;
    c->values_count = 1;
    return true;
}

/* --- one scalar --- */

static bool number_condition(struct reader *r, const struct node *node, const char *text, struct condition *c)
{
    enum metric_unit unit = metric_info(c->metric)->unit;
    char culprit[QUANTITY_MAX];
    const char *value = NULL;
    int why = quantity_parse_bound(unit, text, c, culprit);

    if (why == -ENOENT) {
        c->comparison = COMPARE_ONE_OF;
        c->text = reader_printf(r, "%s = %s", metric_info(c->metric)->name, text);
        return number_value(r, node, unit, text, &value) && expect_set_value(r, c, value);
    }
    if (why)
        return no_quantity(r, node, unit, why, text, culprit);
    c->text = reader_printf(r, c->comparison == COMPARE_BETWEEN ? "%s in %s" : "%s %s",
                            metric_info(c->metric)->name, text);
    return c->comparison != COMPARE_NOT || expect_set_value(r, c, value_text(r, c->low));
}

static bool match_condition(struct reader *r, const struct node *node, const char *regex, struct condition *c)
{
    c->comparison = COMPARE_MATCH;
    c->regex = regex;
    c->text = reader_printf(r, "%s ~ /%s/", with_key(r, c), regex);
    return regex_check(r, node, regex);
}

/* JSON values and headers: a bound when it is one, a regex between slashes, else the text itself. */
static bool loose_condition(struct reader *r, const struct node *node, const char *text, struct condition *c)
{
    char culprit[QUANTITY_MAX];
    size_t len = strlen(text);
    int why = quantity_parse_bound(UNIT_JSON, text, c, culprit);

    if (why == -EDOM)
        return no_quantity(r, node, UNIT_JSON, why, text, culprit);
    if (!why) {
        c->text =
            reader_printf(r, c->comparison == COMPARE_BETWEEN ? "%s in %s" : "%s %s", with_key(r, c), text);
        return c->comparison != COMPARE_NOT || expect_set_value(r, c, value_text(r, c->low));
    }
    if (len > 2 && text[0] == '/' && text[len - 1] == '/') {
        const char *regex = reader_copy(r, text + 1, len - 2);
        return regex && match_condition(r, node, regex, c);
    }
    bool is_not = !strncmp(text, "!=", 2);
    c->comparison = is_not ? COMPARE_NOT : COMPARE_ONE_OF;
    c->text = reader_printf(r, is_not ? "%s %s" : "%s = %s", with_key(r, c), text);
    return expect_set_value(r, c, is_not ? text + 2 + strspn(text + 2, " ") : text);
}

static bool scalar_text(struct reader *r, const struct node *node, const struct condition *c,
                        const char **ret_text)
{
    enum metric_unit unit = metric_info(c->metric)->unit;
    bool plain;

    if ((unit == UNIT_JSON || unit == UNIT_HEADER) && node_is_null(node)) {
        *ret_text = "null";
        return true;
    }
    return reader_text(r, node, quantity_wanted(unit), ret_text, &plain);
}

void expect_read_scalar(struct reader *r, const struct node *node, struct condition c, struct expectation *e)
{
    const char *text = NULL;
    bool good = false;

    if (!scalar_text(r, node, &c, &text))
        return;
    if (metric_is_number(c.metric))
        good = number_condition(r, node, text, &c) && check_relative(r, node, e, &c);
    else if (metric_info(c.metric)->unit == UNIT_TEXT)
        good = match_condition(r, node, text, &c);
    else
        good = loose_condition(r, node, text, &c);
    if (good)
        expect_add(r, e, c);
}

/* --- lists: one of --- */

struct choices {
    const struct condition *condition;
    const char **items;
    size_t count;
    bool bad;
};

static void add_choice(struct reader *r, const struct node *item, void *arg)
{
    struct choices *choices = arg;
    const struct condition *c = choices->condition;
    const char *text = NULL;

    choices->bad = true;
    if (!scalar_text(r, item, c, &text))
        return;
    if (metric_is_number(c->metric) && !number_value(r, item, metric_info(c->metric)->unit, text, &text))
        return;
    const char **place = reader_push(r, &choices->items, &choices->count, sizeof(*place));
    if (place)
        *place = text;
    choices->bad = !place;
}

void expect_read_list(struct reader *r, const struct node *node, struct condition c, struct expectation *e)
{
    struct choices choices = {.condition = &c};

    if (!node->count) {
        reader_error(r, node, "an empty list: nothing is one of nothing");
        return;
    }
    for (size_t i = 0; i < node->count; i++) {
        add_choice(r, node->items[i], &choices);
        if (choices.bad)
            return;
    }
    c.comparison = COMPARE_ONE_OF;
    c.values = choices.items;
    c.values_count = choices.count;
    c.text =
        reader_printf(r, "%s one of %s", with_key(r, &c), reader_join(r, choices.items, choices.count, ", "));
    expect_add(r, e, c);
}
