/* Replacing ${...}.  Floor 2. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/buf.h"
#include "chaosctl/base/suggest.h"
#include "chaosctl/scenario/reader.h"
#include "chaosctl/scenario/substitute.h"
#include "chaosctl/scenario/utf8.h"

#define NAMES_MAX      (2 * VARIABLE_MAX + 1)
#define REFERENCE_COST 64 /* bytes of work: a reference is a search */

bool variable_is_valid(const char *name)
{
    if (!isalpha((unsigned char)*name) && *name != '_')
        return false;
    for (; *name; name++)
        if (!isalnum((unsigned char)*name) && *name != '_' && *name != '-')
            return false;
    return true;
}

static const struct binding *find(const struct scope *scope, const char *name)
{
    for (; scope; scope = scope->outer)
        for (size_t i = 0; i < scope->count; i++)
            if (!strcmp(scope->bindings[i].name, name))
                return &scope->bindings[i];
    return NULL;
}

static bool unknown(struct reader *r, const struct node *at, const char *name)
{
    const char *names[NAMES_MAX];
    size_t n = 0;

    for (const struct scope *s = r->scope; s; s = s->outer)
        for (size_t i = 0; i < s->count && n < NAMES_MAX; i++)
            names[n++] = s->bindings[i].name;
    if (!n)
        reader_error(
            r, at,
            "unknown variable \"%s\": there is none; write it under vars, or ${env.%s} for the environment",
            name, name);
    else
        reader_error(r, at, "unknown variable \"%s\"%s", name, reader_hint(r, name, names, n));
    return false;
}

static bool variable_value(struct reader *r, const struct node *at, const char *name,
                           struct binding *ret_value)
{
    const struct binding *b = find(r->scope, name);

    if (strstr(name, ":-")) {
        reader_error(r, at, "a default stands behind env alone: ${env.NAME:-default}");
        return false;
    }
    if (!b)
        return unknown(r, at, name);
    if (b->pending) {
        reader_error(r, at,
                     "variable \"%s\" is defined further down or by itself: a variable sees those above it",
                     name);
        return false;
    }
    *ret_value = *b;
    return b->value != NULL;
}

/* name: NAME or NAME:-default, cut in two. */
static bool environment_value(struct reader *r, const struct node *at, char *name, const char **ret_value)
{
    char *otherwise = strstr(name, ":-");

    if (otherwise) {
        *otherwise = 0;
        otherwise += 2;
    }
    if (!*name || strchr(name, '=')) {
        reader_error(r, at, "\"%s\" is no name of an environment variable", name);
        return false;
    }
    const char *value = getenv(name);
    if (otherwise && (!value || !*value))
        value = otherwise;
    if (!value)
        reader_error(r, at, "environment variable %s is not set; ${env.%s:-default} would give a default",
                     name, name);
    else if (!utf8_is_valid(value))
        reader_error(r, at, "environment variable %s is not UTF-8", name);
    *ret_value = value;
    return value && utf8_is_valid(value);
}

static bool request_id(struct reader *r, const struct node *at, struct binding *ret_value)
{
    if (!r->takes_request_id) {
        reader_error(
            r, at,
            "${request.id} stands in the URL, headers and body of an http request, and in the match of a "
            "log check with each_failed or each_request");
        return false;
    }
    *ret_value = (struct binding){.value = REQUEST_ID_MARK};
    return true;
}

/* ${each.NAME}: a load's values, which are not known here. */
static bool each_name(struct reader *r, const struct node *at, const char *name, struct binding *ret_value)
{
    if (!r->takes_request_id) {
        reader_error(r, at, "${%s} stands in the URL, headers and body of an http request that a load makes",
                     name);
        return false;
    }
    *ret_value = (struct binding){.value = reader_printf(r, "${%s}", name)};
    return ret_value->value != NULL;
}

/* What stands between the braces. */
static bool value_of(struct reader *r, const struct node *at, char *name, bool plain,
                     struct binding *ret_value)
{
    if (strstr(name, "${")) {
        reader_error(r, at, "${} within ${} is not understood");
        return false;
    }
    if (!strcmp(name, "request.id"))
        return request_id(r, at, ret_value);
    if (!strncmp(name, "each.", 5) && variable_is_valid(name + 5))
        return each_name(r, at, name, ret_value);
    if (strncmp(name, "env.", 4))
        return variable_value(r, at, name, ret_value);
    *ret_value = (struct binding){.plain = plain};
    return environment_value(r, at, name + 4, &ret_value->value);
}

/* One reference, text behind "${": appends its value and moves text behind the brace. */
static bool replace(struct reader *r, const struct node *node, const char **text, struct buf *out,
                    struct binding *ret_value)
{
    const char *end = strchr(*text, '}');
    cleanup_buf struct buf name = {0};

    if (!end) {
        reader_error(r, node, "${ without its }; $${ is a literal ${");
        return false;
    }
    if (end == *text) {
        reader_error(r, node, "${} without a name; $${ is a literal ${");
        return false;
    }
    buf_add_n(&name, *text, (size_t)(end - *text));
    if (name.failed) {
        r->failed = true;
        return false;
    }
    *text = end + 1;
    if (!value_of(r, node, name.data, !node->style, ret_value))
        return false;
    /* The value lives in vars, the environment, or (a default) in name, which ends here. */
    if (!reader_spend(r, node, strlen(ret_value->value) + REFERENCE_COST))
        return false;
    buf_add(out, ret_value->value);
    return true;
}

static bool keep(struct reader *r, struct buf *out, const char **ret_text)
{
    if (out->failed)
        r->failed = true;
    else
        *ret_text = reader_copy(r, buf_text(out), out->len);
    return !out->failed && *ret_text;
}

bool substitute(struct reader *r, const struct node *scalar, const char **ret_text, bool *ret_plain)
{
    const char *p = scalar->text;
    cleanup_buf struct buf out = {0};
    struct binding value = {0};

    *ret_plain = !scalar->style;
    if (!strstr(p, "${")) {
        *ret_text = p;
        return true;
    }
    if (!reader_spend(r, scalar, strlen(p)))
        return false;
    for (const char *dollar; (dollar = strstr(p, "${"));) {
        bool literal = dollar > p && dollar[-1] == '$';
        buf_add_n(&out, p, (size_t)(dollar - p) - literal);
        p = dollar + 2;
        if (literal)
            buf_add(&out, "${");
        else if (!replace(r, scalar, &p, &out, &value))
            return false;
        else if (dollar == scalar->text && !*p)
            *ret_plain = value.plain;
    }
    buf_add(&out, p);
    return keep(r, &out, ret_text);
}

/* --- vars --- */

static void keep_secret(struct reader *r, const char *value)
{
    struct scenario *s = r->scenario;
    const char **secret = *value ? reader_push(r, &s->secrets, &s->secrets_count, sizeof(*secret)) : NULL;

    if (secret)
        *secret = reader_copy(r, value, strlen(value));
}

static void read_secret(struct reader *r, const struct node *map, struct binding *b)
{
    const struct node *from = map->count == 1 ? node_get(map, "secret") : NULL;
    const char *value = NULL;

    if (!from || from->kind != NODE_SCALAR || strncmp(from->text, "env.", 4)) {
        reader_error(r, from ? from : map, "a value, or {secret: env.NAME}, is wanted here");
        return;
    }
    char *name = (char *)reader_copy(r, from->text + 4, strlen(from->text + 4));
    if (!name)
        return;
    if (!getenv(name))
        reader_error(r, from, "environment variable %s, wanted as a secret, is not set", name);
    else if (environment_value(r, from, name, &value))
        keep_secret(r, value);
    b->value = value ? reader_copy(r, value, strlen(value)) : NULL;
}

static void read_var(struct reader *r, const struct node_pair *pair, struct binding *b)
{
    r->key = b->name;
    b->plain = false;
    if (!variable_is_valid(b->name))
        reader_error(r, pair->key, "a variable's name is letters, digits, _ and -");
    if (pair->value->kind == NODE_MAP)
        read_secret(r, pair->value, b);
    else
        (void)reader_text(r, pair->value, "a value, or {secret: env.NAME},", &b->value, &b->plain);
    b->pending = false;
    r->key = NULL;
}

void vars_read(struct reader *r, const struct node *node, struct scope *ret_scope)
{
    struct binding *bindings = NULL;

    *ret_scope = (struct scope){0};
    if (!node || node_is_null(node))
        return;
    if (node->kind != NODE_MAP) {
        (void)reader_wrong(r, node, "a map of names and values");
        return;
    }
    if (node->count > VARIABLE_MAX) {
        reader_error(r, node, "more than %d variables", VARIABLE_MAX);
        return;
    }
    bindings = reader_take(r, (node->count + 1) * sizeof(*bindings));
    if (!bindings)
        return;
    for (size_t i = 0; i < node->count; i++)
        bindings[i] = (struct binding){.name = node->pairs[i].key->text, .pending = true};
    *ret_scope = (struct scope){bindings, node->count, NULL};
    r->scope = ret_scope;
    for (size_t i = 0; i < node->count; i++)
        read_var(r, &node->pairs[i], &bindings[i]);
}
