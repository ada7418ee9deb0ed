/* Requests to a run, from JSON and to JSON.  Floor 3. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/run/drill_request.h"

enum key {
    KEY_TEXT,
    KEY_ID,
    KEY_FOR,
    KEY_SEED,
    KEY_DRY,
    KEY_USER,
    KEY_TERMINAL,
    KEY_COUNT,
};

static const char *const keys[KEY_COUNT] = {"text", "id", "for_ns", "seed", "dry", "user", "terminal"};

#define ASKER (1u << KEY_USER | 1u << KEY_TERMINAL)

static const struct {
    const char *name;
    unsigned takes, needs; /* keys, one bit each */
} asks[DRILL_ASK_COUNT] = {
    [DRILL_STATUS] = {"status", ASKER, 0},
    [DRILL_INJECT] = {"inject", ASKER | 1u << KEY_TEXT | 1u << KEY_FOR | 1u << KEY_SEED | 1u << KEY_DRY,
                      1u << KEY_TEXT},
    [DRILL_LIFT] = {"lift", ASKER | 1u << KEY_ID, 0},
    [DRILL_NOTE] = {"note", ASKER | 1u << KEY_TEXT, 1u << KEY_TEXT},
    [DRILL_CONTINUE] = {"continue", ASKER, 0},
    [DRILL_DOWN] = {"down", ASKER, 0},
};

const char *drill_ask_name(enum drill_ask ask)
{
    return ask < DRILL_ASK_COUNT ? asks[ask].name : "?";
}

/* --- reading --- */

struct reading {
    struct arena *arena;
    struct drill_request *request;
    const char *why;
};

__attribute__((format(printf, 2, 3))) static int refuse(struct reading *r, const char *format, ...)
{
    cleanup_free char *words = NULL;
    va_list args;

    va_start(args, format);
    int n = vasprintf(&words, format, args);
    va_end(args);
    if (n < 0) {
        words = NULL;
        return -ENOMEM;
    }
    r->why = arena_copy(r->arena, words);
    return r->why ? -EINVAL : -ENOMEM;
}

static int take_text(struct reading *r, const char *key, const json_t *value, const char **ret_text)
{
    size_t len = json_string_length(value);

    if (!json_is_string(value) || !len)
        return refuse(r, "\"%s\" must be a text", key);
    if (len > DRILL_TEXT_MAX)
        return refuse(r, "\"%s\" is longer than %d bytes", key, DRILL_TEXT_MAX);
    *ret_text = arena_copy(r->arena, json_string_value(value));
    return *ret_text ? 0 : -ENOMEM;
}

static int take_number(struct reading *r, const char *key, const json_t *value, uint64_t *ret_number)
{
    if (!json_is_integer(value) || json_integer_value(value) <= 0)
        return refuse(r, "\"%s\" must be a whole number above 0", key);
    *ret_number = (uint64_t)json_integer_value(value);
    return 0;
}

static int take_flag(struct reading *r, const char *key, const json_t *value, bool *ret_flag)
{
    if (!json_is_boolean(value))
        return refuse(r, "\"%s\" must be true or false", key);
    *ret_flag = json_is_true(value);
    return 0;
}

/* Decimals in a text: 64 bits do not survive every JSON reader. */
static int take_seed(struct reading *r, const json_t *value)
{
    const char *text = json_string_value(value);

    if (!text || unit_parse_count(text, &r->request->seed))
        return refuse(r, "\"seed\" must be a whole number in a text");
    r->request->has_seed = true;
    return 0;
}

static int take_key(struct reading *r, enum key key, const json_t *value)
{
    switch (key) {
    case KEY_TEXT: return take_text(r, keys[key], value, &r->request->text);
    case KEY_ID: return take_number(r, keys[key], value, &r->request->id);
    case KEY_FOR: return take_number(r, keys[key], value, &r->request->for_ns);
    case KEY_SEED: return take_seed(r, value);
    case KEY_DRY: return take_flag(r, keys[key], value, &r->request->dry);
    case KEY_USER: return take_text(r, keys[key], value, &r->request->user);
    case KEY_TERMINAL: return take_text(r, keys[key], value, &r->request->terminal);
    case KEY_COUNT: break;
    }
    return -EINVAL;
}

static int find_ask(struct reading *r, const json_t *object)
{
    const char *name = json_string_value(json_object_get(object, "do"));

    for (int a = 0; name && a < DRILL_ASK_COUNT; a++)
        if (!strcmp(asks[a].name, name)) {
            r->request->ask = (enum drill_ask)a;
            return 0;
        }
    return name ? refuse(r, "this chaosctl does not know how to \"%.32s\"", name)
                : refuse(r, "\"do\" is missing");
}

static int find_key(const char *name)
{
    for (int k = 0; k < KEY_COUNT; k++)
        if (!strcmp(keys[k], name))
            return k;
    return -1;
}

static int take_object(struct reading *r, json_t *object)
{
    unsigned seen = 0;
    const char *name;
    json_t *value;
    int error = find_ask(r, object);

    json_object_foreach(object, name, value)
    {
        int key = find_key(name);
        if (error || !strcmp(name, "do"))
            continue;
        if (key < 0 || !(asks[r->request->ask].takes & 1u << key))
            error = refuse(r, "%s takes no \"%.32s\"", drill_ask_name(r->request->ask), name);
        else
            error = take_key(r, (enum key)key, value);
        seen |= key < 0 ? 0 : 1u << key;
    }
    if (!error && asks[r->request->ask].needs & ~seen)
        error = refuse(r, "%s needs a \"text\"", drill_ask_name(r->request->ask));
    return error;
}

int drill_request_read(const char *line, size_t len, struct arena *arena, struct drill_request *ret_request,
                       const char **ret_why)
{
    struct drill_request request = {0};
    struct reading r = {arena, &request, NULL};
    json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
    int error = json_is_object(object) ? take_object(&r, object) : refuse(&r, "not an object of JSON");

    json_decref(object);
    if (error)
        *ret_why = r.why;
    else
        *ret_request = request;
    return error;
}

/* --- writing --- */

/* False: it is not UTF-8, or memory is out. */
static bool put_text(json_t *object, const char *key, const char *text)
{
    return !text || !*text || !json_object_set_new(object, key, json_string(text));
}

char *drill_request_line(const struct drill_request *request)
{
    json_t *object = json_pack("{s:s}", "do", drill_ask_name(request->ask));
    cleanup_free char *text = NULL;
    char seed[24], *line = NULL;

    bool whole = put_text(object, "text", request->text);
    (void)put_text(object, "user", request->user);
    (void)put_text(object, "terminal", request->terminal);
    if (request->id)
        json_object_set_new(object, "id", json_integer((json_int_t)request->id));
    if (request->for_ns)
        json_object_set_new(object, "for_ns", json_integer((json_int_t)request->for_ns));
    if (request->dry)
        json_object_set_new(object, "dry", json_true());
    snprintf(seed, sizeof(seed), "%" PRIu64, request->seed);
    if (request->has_seed)
        json_object_set_new(object, "seed", json_string(seed));
    text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    return whole && text && asprintf(&line, "%s\n", text) >= 0 ? line : NULL;
}
