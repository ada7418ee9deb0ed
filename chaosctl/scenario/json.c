/* A node as JSON text: the body of a request.  Floor 2.
 *
 * Plain scalars are what YAML 1.2's core schema says: true, false, null, numbers; all else, and all that is
 * quoted, is text. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/scenario/parse.h"

static void clean_json(json_t **json)
{
    json_decref(*json);
}

#define cleanup_json __attribute__((cleanup(clean_json)))

static json_t *build(struct reader *r, const struct node *node);

/* -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)? */
static bool is_number(const char *text, bool *ret_whole)
{
    const char *p = text + (*text == '-');
    size_t digits = strspn(p, "0123456789");

    *ret_whole = !p[digits];
    if (!digits || (digits > 1 && *p == '0'))
        return false;
    p += digits;
    if (*p == '.') {
        digits = strspn(p + 1, "0123456789");
        if (!digits)
            return false;
        p += digits + 1;
    }
    if (*p == 'e' || *p == 'E') {
        p += p[1] == '+' || p[1] == '-' ? 2 : 1;
        digits = strspn(p, "0123456789");
        if (!digits)
            return false;
        p += digits;
    }
    return !*p;
}

static json_t *number(const char *text, bool whole)
{
    errno = 0;
    long long n = whole ? strtoll(text, NULL, 10) : 0;

    if (whole && !errno)
        return json_integer(n);
    double value = strtod(text, NULL);
    return isfinite(value) ? json_real(value) : json_string(text);
}

static json_t *scalar(struct reader *r, const struct node *node)
{
    const char *text = NULL;
    bool plain, whole;

    if (node_is_null(node))
        return json_null();
    if (!reader_text(r, node, "a value", &text, &plain))
        return NULL;
    if (plain && !strcmp(text, "true"))
        return json_true();
    if (plain && !strcmp(text, "false"))
        return json_false();
    if (plain && is_number(text, &whole))
        return number(text, whole);
    return json_string(text);
}

static json_t *list(struct reader *r, const struct node *node)
{
    cleanup_json json_t *array = json_array();

    for (size_t i = 0; array && i < node->count; i++) {
        json_t *item = build(r, node->items[i]);
        if (!item || json_array_append_new(array, item))
            return NULL;
    }
    return steal(&array);
}

static json_t *map(struct reader *r, const struct node *node)
{
    cleanup_json json_t *object = json_object();

    for (size_t i = 0; object && i < node->count; i++) {
        json_t *value = build(r, node->pairs[i].value);
        if (!value || json_object_set_new(object, node->pairs[i].key->text, value))
            return NULL;
    }
    return steal(&object);
}

static json_t *build(struct reader *r, const struct node *node)
{
    if (node->kind == NODE_MAP)
        return map(r, node);
    return node->kind == NODE_LIST ? list(r, node) : scalar(r, node);
}

const char *json_text(struct reader *r, const struct node *node)
{
    size_t before = r->errors;
    cleanup_json json_t *json = build(r, node);
    cleanup_free char *text = json ? json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

    if (text && reader_spend(r, node, strlen(text)))
        return reader_copy(r, text, strlen(text));
    if (!text && r->errors == before)
        r->failed = true;
    return NULL;
}
