/* `expect:` and what goes without saying.  Floor 2. */
#include <string.h>

#include "chaosctl/scenario/expect_value.h"
#include "chaosctl/scenario/quantity.h"
#include "chaosctl/scenario/shape.h"

/* Of the contract, and not in this version; what comes nearest. */
static const struct {
    const char *name, *instead;
} later[] = {
    {"distinct", "a log check can count what the dependency wrote"},
};

/* --- maps: json and headers --- */

static bool pointer_is_valid(const char *p)
{
    if (*p && *p != '/')
        return false;
    for (; *p; p++)
        if (*p == '~' && p[1] != '0' && p[1] != '1')
            return false;
    return true;
}

static bool check_key(struct reader *r, const struct node *key, enum metric metric)
{
    if (metric == METRIC_json && !pointer_is_valid(key->text)) {
        reader_error(r, key, "\"%s\" is no JSON Pointer: /name/0/name, with ~1 for / and ~0 for ~ (RFC 6901)",
                     key->text);
        return false;
    }
    if (metric == METRIC_headers && (!*key->text || strpbrk(key->text, " :\r\n\t"))) {
        reader_error(r, key, "\"%s\" is no name of a header", key->text);
        return false;
    }
    return true;
}

static void keyed_conditions(struct reader *r, const struct node *map, struct condition c,
                             struct expectation *e)
{
    if (!map->count)
        reader_error(r, map, "an empty map expects nothing");
    for (size_t i = 0; i < map->count; i++) {
        const struct node *key = map->pairs[i].key, *value = map->pairs[i].value;
        c.key = key->text;
        c.at = key->at;
        if (!check_key(r, key, c.metric))
            continue;
        if (value->kind == NODE_MAP)
            (void)reader_wrong(r, value, "a value, a bound or a list");
        else if (value->kind == NODE_LIST)
            expect_read_list(r, value, c, e);
        else
            expect_read_scalar(r, value, c, e);
    }
}

void expect_read_metric(struct reader *r, enum metric metric, const struct node *value, struct expectation *e)
{
    enum metric_unit unit = metric_info(metric)->unit;
    struct condition c = {.metric = metric, .at = value->at};
    bool keyed = unit == UNIT_JSON || unit == UNIT_HEADER;

    if (keyed && value->kind == NODE_MAP)
        keyed_conditions(r, value, c, e);
    else if (keyed)
        (void)reader_wrong(r, value,
                           unit == UNIT_JSON ? "a map from JSON Pointers to values"
                                             : "a map from header names to values");
    else if (value->kind == NODE_MAP)
        (void)reader_wrong(r, value, quantity_wanted(unit));
    else if (value->kind == NODE_LIST)
        expect_read_list(r, value, c, e);
    else
        expect_read_scalar(r, value, c, e);
}

/* --- the map itself --- */

static void unknown_metric(struct reader *r, const struct node *key, const struct expectation *e)
{
    const char *names[METRIC_COUNT];
    enum metric metric = metric_find(key->text);
    size_t n = 0;

    for (size_t i = 0; i < sizeof(later) / sizeof(*later); i++)
        if (!strcmp(later[i].name, key->text)) {
            reader_error(r, key, "\"%s\" is not in this version yet; %s", key->text, later[i].instead);
            return;
        }
    for (int i = 0; i < METRIC_COUNT; i++)
        if (metric_info((enum metric)i)->checks & e->on)
            names[n++] = metric_info((enum metric)i)->name;
    if (metric != METRIC_COUNT)
        reader_error(r, key, "%s says nothing about \"%s\"; it knows: %s", e->what, key->text,
                     reader_join(r, names, n, ", "));
    else
        reader_error(r, key, "unknown expectation \"%s\" in %s%s", key->text, e->what,
                     reader_hint(r, key->text, names, n));
}

void expect_read(struct reader *r, const struct node *node, struct expectation *e)
{
    const char *outer = r->key;

    if (node->kind != NODE_MAP) {
        (void)reader_wrong(r, node, "a map from what is measured to what is expected");
        return;
    }
    if (!node->count)
        reader_error(r, node, "an empty map expects nothing");
    for (size_t i = 0; i < node->count && !r->failed; i++) {
        const struct node *key = node->pairs[i].key;
        enum metric metric = metric_find(key->text);
        r->key = NULL;
        if (metric == METRIC_COUNT || !(metric_info(metric)->checks & e->on)) {
            unknown_metric(r, key, e);
            continue;
        }
        r->key = metric_info(metric)->name;
        expect_read_metric(r, metric, node->pairs[i].value, e);
    }
    r->key = outer;
}

/* --- what goes without saying --- */

void expect_add_ok(struct reader *r, struct position at, struct expectation *e)
{
    struct condition c = {.metric = METRIC_ok, .comparison = COMPARE_ONE_OF, .text = "ok = true", .at = at};

    if (expect_set_value(r, &c, "1"))
        expect_add(r, e, c);
}

void expect_add_status(struct reader *r, struct position at, struct expectation *e)
{
    expect_add(r, e,
               (struct condition){.metric = METRIC_status,
                                  .comparison = COMPARE_LESS,
                                  .low = 400,
                                  .text = "status < 400",
                                  .at = at});
}

void expect_add_count(struct reader *r, struct position at, struct expectation *e)
{
    expect_add(r, e,
               (struct condition){.metric = METRIC_count,
                                  .comparison = COMPARE_AT_LEAST,
                                  .low = 1,
                                  .text = "count >= 1",
                                  .at = at});
}

bool expect_has(const struct condition *items, size_t count, enum metric metric)
{
    for (size_t i = 0; i < count; i++)
        if (items[i].metric == metric)
            return true;
    return false;
}

const struct shape shape_expect = {
    .name = "expect",
    .wanted = "a map from what is measured to what is expected",
    .kind = SHAPE_EXPECT,
};
