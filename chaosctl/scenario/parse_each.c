/* `each:` of a load: its requests take values in turn.  Floor 2.
 *
 * A probe keeps ${each.NAME} as it is written; a load that has values for it has a copy of the probe for
 * each. */
#include <string.h>

#include "chaosctl/base/buf.h"
#include "chaosctl/scenario/parse.h"

#define EACH_MARK "${each."
#define EACH_MAX  1000 /* values, that is copies */

const struct shape shape_each = {
    .name = "each",
    .wanted = "a map from names to lists of values",
    .schema = "{\"type\":\"object\",\"minProperties\":1,\"additionalProperties\":{\"type\":\"array\","
              "\"minItems\":1}}",
};

/* A probe with an error may lack anything. */
static bool has_mark(const char *text)
{
    return text && strstr(text, EACH_MARK);
}

static bool has_each(const struct probe *probe)
{
    bool has = probe->kind == PROBE_HTTP && (has_mark(probe->url) || has_mark(probe->body));

    for (size_t i = 0; i < probe->headers_count; i++)
        has = has || has_mark(probe->headers[i].value);
    return has;
}

void each_refuse(struct reader *r, struct position at, const struct probe *probe)
{
    if (has_each(probe))
        reader_error_at(r, at, "${each...} has its values from a load's each; here nothing gives it any");
}

/* --- one choice of values --- */

struct choice {
    const struct node *each;
    size_t number;
    struct position at; /* of the load */
    const char *load;
    bool bad;
};

static const char *value_of(struct reader *r, struct choice *c, const char *name, size_t len)
{
    const char *text = NULL;
    bool plain;

    for (size_t i = 0; c->each && i < c->each->count; i++) {
        const struct node_pair *pair = &c->each->pairs[i];
        if (strlen(pair->key->text) != len || strncmp(pair->key->text, name, len))
            continue;
        if (!reader_text(r, pair->value->items[c->number], "a value", &text, &plain))
            c->bad = true;
        return text;
    }
    reader_error_at(r, c->at,
                    "the probe of load %s has ${each.%.*s}, which each does not have: each: {%.*s: [...]}",
                    c->load, (int)len, name, (int)len, name);
    c->bad = true;
    return NULL;
}

static const char *filled(struct reader *r, struct choice *c, const char *text)
{
    cleanup_buf struct buf out = {0};
    const char *mark = text ? strstr(text, EACH_MARK) : NULL;

    if (!mark)
        return text;
    for (; mark && !c->bad; mark = strstr(text, EACH_MARK)) {
        const char *name = mark + strlen(EACH_MARK), *end = strchr(name, '}');
        buf_add_n(&out, text, (size_t)(mark - text));
        const char *value = end ? value_of(r, c, name, (size_t)(end - name)) : NULL;
        if (value)
            buf_add(&out, value);
        text = end ? end + 1 : mark + strlen(mark);
    }
    buf_add(&out, text);
    if (!reader_spend(r, c->each ? c->each : &(struct node){.at = c->at}, out.len))
        c->bad = true;
    return c->bad ? NULL : reader_copy(r, buf_text(&out), out.len);
}

static void fill_headers(struct reader *r, struct choice *c, struct probe *probe)
{
    struct pair *headers = reader_take(r, (probe->headers_count + 1) * sizeof(*headers));

    for (size_t i = 0; headers && i < probe->headers_count; i++)
        headers[i] = (struct pair){probe->headers[i].name, filled(r, c, probe->headers[i].value)};
    probe->headers = headers;
}

static bool read_choice(struct reader *r, struct choice *c, struct probe *probe)
{
    probe->url = filled(r, c, probe->url);
    probe->body = filled(r, c, probe->body);
    fill_headers(r, c, probe);
    if (!c->bad && probe->url && !url_is_valid(probe->url)) {
        reader_error_at(r, c->at, "\"%s\" is no URL: what each gives has blanks in it", probe->url);
        c->bad = true;
    }
    for (size_t i = 0; !c->bad && i < probe->headers_count; i++)
        if (probe->headers[i].value && strpbrk(probe->headers[i].value, "\r\n")) {
            reader_error_at(r, c->at, "header %s: what each gives has line breaks", probe->headers[i].name);
            c->bad = true;
        }
    return !c->bad;
}

/* --- all of them --- */

/* They go in step, so all are of one length. */
static bool count_values(struct reader *r, const struct node *each, size_t *ret_count)
{
    bool good = each->kind == NODE_MAP && each->count;

    if (!good)
        return reader_wrong(r, each, shape_each.wanted);
    for (size_t i = 0; i < each->count; i++) {
        const struct node *key = each->pairs[i].key, *list = each->pairs[i].value;
        if (!variable_is_valid(key->text)) {
            reader_error(r, key, "\"%s\" is no variable's name: letters, digits, _ and -", key->text);
            good = false;
        } else if (list->kind != NODE_LIST || !list->count || list->count > EACH_MAX) {
            reader_error(r, list, "a list of 1 to %d values is wanted here", EACH_MAX);
            good = false;
        } else if (list->count != each->pairs[0].value->count) {
            reader_error(r, list, "the lists go in step: this one has %zu values, the first %zu", list->count,
                         each->pairs[0].value->count);
            good = false;
        }
    }
    *ret_count = good ? each->pairs[0].value->count : 0;
    return good;
}

void each_read(struct reader *r, const struct node *each, struct load *load)
{
    const struct probe *probe = &r->scenario->probes[load->probe];
    struct choice c = {.each = each, .at = load->at, .load = load->name};
    size_t count = 1;

    r->key = "each";
    if (each && !count_values(r, each, &count))
        return;
    if (each && !has_each(probe))
        reader_error(r, each, "probe %s has none of it: write ${each.%s} into its URL, headers or body",
                     probe->name, each->pairs[0].key->text);
    r->key = NULL;
    if (!has_each(probe))
        return;
    struct probe *copies = reader_take(r, count * sizeof(*copies));
    for (c.number = 0; copies && c.number < count && !c.bad; c.number++) {
        copies[c.number] = *probe;
        read_choice(r, &c, &copies[c.number]);
    }
    if (!copies || c.bad)
        return;
    load->each = copies;
    load->each_count = count;
}
