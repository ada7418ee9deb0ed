/* Shapes of regexes, signals, commands and maps of texts.  Floor 2. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <signal.h>
#include <string.h>
#include <strings.h>

#include "chaosctl/base/unit.h"
#include "chaosctl/scenario/shape.h"
#include "chaosctl/scenario/utf8.h"

#define REGEX_MAX 8192

struct position node_place(const struct node *node, const char *text, size_t offset)
{
    struct position at = node->at;

    /* Replaced text and blocks have places of their own: their beginning is as near as one gets. */
    if (text == node->text && node->style != '|' && node->style != '>')
        at.column += (int)utf8_length(text, offset) + (node->style != 0);
    return at;
}

static bool say_why(struct reader *r, const struct node *node, const char *pattern, int error, size_t offset)
{
    PCRE2_UCHAR message[160] = "";
    const char *key = r->key;

    pcre2_get_error_message(error, message, sizeof(message));
    reader_error_at(r, node_place(node, pattern, offset), "%s%sregex: %s", key ? key : "", key ? ": " : "",
                    (const char *)message);
    return false;
}

bool regex_check(struct reader *r, const struct node *node, const char *pattern)
{
    size_t len = strlen(pattern), offset = 0;
    int error = 0;

    if (len > REGEX_MAX) {
        reader_error(r, node, "a regex of more than %d bytes", REGEX_MAX);
        return false;
    }
    if (!reader_spend(r, node, len))
        return false;
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)pattern, len, PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &error, &offset, NULL);
    pcre2_code_free(code);
    if (!code && error == PCRE2_ERROR_HEAP_FAILED)
        r->failed = true;
    return code || say_why(r, node, pattern, error, offset);
}

static bool take_regex(struct reader *r, const struct node *node, void *ret_value)
{
    const char *text = NULL;
    bool plain;

    if (!reader_text(r, node, shape_regex.wanted, &text, &plain) || !regex_check(r, node, text))
        return false;
    *(const char **)ret_value = text;
    return true;
}

/* --- signals --- */

#define SIGNAL_NAMES 64

int signal_find(const char *name)
{
    uint64_t number = 0;

    if (!unit_parse_count(name, &number))
        return number < SIGNAL_NAMES ? (int)number : 0;
    if (!strncasecmp(name, "SIG", 3))
        name += 3;
    for (int i = 1; i < SIGNAL_NAMES; i++)
        if (sigabbrev_np(i) && !strcasecmp(sigabbrev_np(i), name))
            return i;
    return 0;
}

static bool unknown_signal(struct reader *r, const struct node *node, const char *written)
{
    const char *names[SIGNAL_NAMES];
    size_t n = 0;

    for (int i = 1; i < SIGNAL_NAMES; i++)
        if (sigabbrev_np(i) && (names[n] = reader_printf(r, "SIG%s", sigabbrev_np(i))))
            n++;
    reader_error(r, node, "unknown signal \"%s\"%s", written, reader_hint(r, written, names, n));
    return false;
}

static bool take_signal(struct reader *r, const struct node *node, void *ret_value)
{
    const char *text = NULL;
    bool plain;

    if (!reader_text(r, node, shape_signal.wanted, &text, &plain))
        return false;
    int number = signal_find(text);
    if (!number)
        return unknown_signal(r, node, text);
    *(int *)ret_value = number;
    return true;
}

/* --- commands --- */

#define ARGV_WANTED "a list: program and arguments, such as [redis-server, --port, \"6390\"] (no shell)"

struct argv {
    const char **items;
    size_t count;
};

static void add_argument(struct reader *r, const struct node *item, void *arg)
{
    struct argv *argv = arg;
    const char *text = NULL;
    bool plain;

    if (!reader_text(r, item, "text (\"\" for an empty one)", &text, &plain))
        return;
    const char **place = reader_push(r, &argv->items, &argv->count, sizeof(*place));
    if (place)
        *place = text;
}

static bool take_argv(struct reader *r, const struct node *node, void *ret_value)
{
    struct argv argv = {0};

    if (!list_each(r, node, ARGV_WANTED, false, add_argument, &argv))
        return false;
    if (!argv.count || !*argv.items[0]) {
        reader_error(r, node, "the program is missing: %s", ARGV_WANTED);
        return false;
    }
    const char **end = reader_push(r, &argv.items, &argv.count, sizeof(*end));
    *(const char ***)ret_value = argv.items;
    return end != NULL;
}

/* --- maps of texts --- */

static bool take_pairs(struct reader *r, const struct node *node, void *ret_value)
{
    struct pairs *pairs = ret_value;
    const char *outer = r->key;

    if (node->kind != NODE_MAP)
        return reader_wrong(r, node, shape_pairs.wanted);
    for (size_t i = 0; i < node->count; i++) {
        const char *text = NULL;
        bool plain;
        r->key = node->pairs[i].key->text;
        if (!reader_text(r, node->pairs[i].value, "text (\"\" for an empty one)", &text, &plain))
            continue;
        struct pair *pair = reader_push(r, &pairs->items, &pairs->count, sizeof(*pair));
        if (pair)
            *pair = (struct pair){r->key, text};
    }
    r->key = outer;
    return true;
}

const struct shape shape_regex = {
    .name = "regex",
    .wanted = "a regular expression (PCRE2)",
    .schema = "{\"type\":\"string\"}",
    .take = take_regex,
};
const struct shape shape_signal = {
    .name = "signal",
    .wanted = "a signal such as SIGTERM",
    .schema = "{\"type\":[\"string\",\"integer\"]}",
    .take = take_signal,
};
const struct shape shape_argv = {
    .name = "command",
    .wanted = ARGV_WANTED,
    .schema = "{\"type\":\"array\",\"minItems\":1,\"items\":{\"type\":[\"string\",\"number\",\"boolean\"]}}",
    .take = take_argv,
};
const struct shape shape_pairs = {
    .name = "texts",
    .wanted = "a map from names to texts",
    .schema = "{\"type\":\"object\",\"additionalProperties\":{\"type\":[\"string\",\"number\",\"boolean\"]}}",
    .take = take_pairs,
};
