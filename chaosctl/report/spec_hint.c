/* Kinds, then keys, then values.  Floor 4. */
#include <stdio.h>
#include <string.h>

#include "chaosctl/base/suggest.h"
#include "chaosctl/report/spec_hint.h"
#include "chaosctl/report/told.h"
#include "chaosctl/scenario/spec_keys.h"
#include "injectors/decision/fault.h"

#define CHOICE_MAX 64
#define KIND_BYTES 32

struct choice {
    const char *text, *doc;
    const char *tail; /* what stands behind it: ":" or "=" */
    bool is_required;
};

/* What may stand where the cursor is. */
struct choices {
    struct choice all[CHOICE_MAX];
    size_t count;
    const char *part; /* what is typed of it */
    const char *doc;  /* of the key whose value it is */
    const char *what; /* "kind" */
};

static void offer(struct choices *c, const char *text, const char *doc, const char *tail, bool required)
{
    if (c->count < CHOICE_MAX)
        c->all[c->count++] = (struct choice){text, doc, tail, required};
}

static void offer_kinds(struct choices *c)
{
    c->what = "fault";
    for (int kind = 0; kind < FAULT_COUNT; kind++)
        offer(c, fault_name((enum fault_kind)kind), fault_summary((enum fault_kind)kind), ":", false);
}

static bool is_given(const char *typed, const char *part, const char *key)
{
    size_t len = strlen(key);

    for (const char *at = typed; (at = strstr(at, key)) && at < part; at += len)
        if (at > typed && strchr(":,", at[-1]) && at[len] == '=')
            return true;
    return false;
}

static void offer_keys(struct choices *c, const char *typed, const char *kind)
{
    struct spec_key keys[SPEC_KEY_MAX];
    size_t count = spec_keys(kind, keys);

    c->what = count ? "key" : "fault";
    for (size_t i = 0; i < count; i++)
        if (!is_given(typed, c->part, keys[i].name))
            offer(c, keys[i].name, keys[i].doc, "=", keys[i].is_required);
}

static void offer_names(struct choices *c, const json_t *run, const char *list)
{
    size_t i;
    const json_t *item;
    const json_t *items = json_object_get(run, list);

    json_array_foreach(items, i, item) offer(c, told_text(item, "name"), NULL, "", false);
}

/* Several targets are joined by "+". */
static void offer_values(struct choices *c, const json_t *run, const char *kind, const char *value)
{
    struct spec_key keys[SPEC_KEY_MAX];
    size_t count = spec_keys(kind, keys), key_len = (size_t)(value - 1 - c->part);
    bool is_target = key_len == 6 && !strncmp(c->part, "target", 6);
    bool is_in = key_len == 2 && !strncmp(c->part, "in", 2);
    const char *plus = is_target ? strrchr(value, '+') : NULL;

    for (size_t i = 0; i < count; i++)
        if (strlen(keys[i].name) == key_len && !strncmp(keys[i].name, c->part, key_len))
            c->doc = keys[i].doc;
    c->what = c->doc ? "name" : "key";
    c->part = plus ? plus + 1 : value;
    if (is_target || is_in)
        offer_names(c, run, is_target ? "dependencies" : "services");
}

static void find_choices(const char *typed, const json_t *run, struct choices *c)
{
    const char *colon = strchr(typed, ':'), *comma = colon ? strrchr(colon, ',') : NULL;
    char kind[KIND_BYTES];

    *c = (struct choices){.part = typed};
    if (!colon) {
        offer_kinds(c);
        return;
    }
    snprintf(kind, sizeof(kind), "%.*s", (int)(colon - typed), typed);
    c->part = (comma ? comma : colon) + 1;
    const char *equals = strchr(c->part, '=');
    if (equals && fault_find(kind) < FAULT_COUNT)
        offer_values(c, run, kind, equals + 1);
    else
        offer_keys(c, typed, kind);
}

static bool begins(const struct choice *choice, const char *part)
{
    return !strncmp(choice->text, part, strlen(part));
}

static size_t fitting(const struct choices *c, const struct choice **ret_last)
{
    size_t n = 0;

    for (size_t i = 0; i < c->count; i++)
        if (begins(&c->all[i], c->part)) {
            *ret_last = &c->all[i];
            n++;
        }
    return n;
}

/* --- in words --- */

static void hint_at_mistake(const struct choices *c, struct buf *out)
{
    const char *names[CHOICE_MAX];

    if (c->doc || (c->count && !*c->part)) { /* addresses are fine, too */
        buf_add(out, c->doc ? c->doc : "");
        return;
    }
    for (size_t i = 0; i < c->count; i++)
        names[i] = c->all[i].text;
    const char *near = suggest(c->part, names, c->count);
    buf_printf(out, "no %s of that name", c->what);
    if (near)
        buf_printf(out, "; did you mean %s?", near);
}

void spec_hint(const char *typed, const json_t *run, struct buf *ret_hint)
{
    struct choices c;
    const struct choice *only = NULL;

    find_choices(typed, run, &c);
    size_t n = fitting(&c, &only);
    if (n == 1 && only->doc) {
        buf_printf(ret_hint, "%s%s  %s", only->text, only->tail, only->doc);
        return;
    }
    if (!n) {
        hint_at_mistake(&c, ret_hint);
        return;
    }
    for (size_t i = 0; i < c.count; i++)
        if (begins(&c.all[i], c.part))
            buf_printf(ret_hint, "%s%s%s", ret_hint->len ? " " : "", c.all[i].text,
                       c.all[i].is_required ? "!" : "");
}

/* --- Tab --- */

static size_t common(const char *a, const char *b, size_t most)
{
    size_t n = 0;

    while (n < most && a[n] && a[n] == b[n])
        n++;
    return n;
}

void spec_complete(const char *typed, const json_t *run, struct buf *ret_added)
{
    struct choices c;
    const struct choice *last = NULL;

    find_choices(typed, run, &c);
    size_t n = fitting(&c, &last), typed_len = strlen(c.part);
    size_t len = n ? strlen(last->text) : 0;

    for (size_t i = 0; i < c.count; i++)
        if (begins(&c.all[i], c.part))
            len = common(last->text, c.all[i].text, len);
    if (!n)
        return;
    buf_add_n(ret_added, last->text + typed_len, len - typed_len);
    if (n == 1)
        buf_add(ret_added, last->tail);
}
