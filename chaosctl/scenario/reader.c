/* Memory and messages of a parse.  Floor 2. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/suggest.h"
#include "chaosctl/scenario/reader.h"

#define LISTED_MAX 40 /* names in a message */

struct reader reader_of(struct scenario *scenario, struct diag *diag)
{
    return (struct reader){
        .arena = scenario->arena,
        .diag = diag,
        .scenario = scenario,
        .nodes_left = READER_NODES_MAX,
        .work_left = READER_WORK_MAX,
    };
}

static void *noted(struct reader *r, void *p)
{
    if (!p)
        r->failed = true;
    return p;
}

void *reader_take(struct reader *r, size_t size_bytes)
{
    return noted(r, arena_take(r->arena, size_bytes));
}

void *reader_push(struct reader *r, void *items, size_t *count, size_t item_bytes)
{
    return noted(r, arena_push(r->arena, items, count, item_bytes));
}

/* Texts are charged: a long one in each of many cells would fill the memory. */
static bool charge(struct reader *r, struct position at, size_t bytes)
{
    if (bytes <= r->work_left) {
        r->work_left -= bytes;
        return true;
    }
    r->work_left = 0;
    reader_error_at(r, at, "the scenario grows beyond %zu MiB of text", READER_WORK_MAX >> 20);
    return false;
}

const char *reader_copy(struct reader *r, const char *text, size_t len)
{
    return charge(r, (struct position){0}, len) ? noted(r, arena_copy_n(r->arena, text, len)) : NULL;
}

const char *reader_printf(struct reader *r, const char *format, ...)
{
    cleanup_free char *text = NULL;
    va_list args;

    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    if (len >= 0)
        return reader_copy(r, text, (size_t)len);
    text = NULL;
    r->failed = true;
    return NULL;
}

#define HALF_MAX 400 /* bytes; a message quotes what was written, which may be megabytes */

/* Bytes until a character begins. */
static size_t to_boundary(const char *p)
{
    size_t n = 0;

    while (((unsigned char)p[n] & 0xC0) == 0x80)
        n++;
    return n;
}

/* What was written may be a secret's value, move the cursor of a terminal, or have no end. */
static void add_presentable(struct reader *r, const char *text, struct buf *out)
{
    cleanup_buf struct buf masked = {0};

    scenario_mask(r->scenario, text, &masked);
    for (size_t i = 0; i < masked.len; i++)
        if ((unsigned char)masked.data[i] < ' ' || masked.data[i] == 127)
            masked.data[i] = ' ';
    out->failed = out->failed || masked.failed;
    if (masked.len <= 2 * HALF_MAX) {
        buf_add(out, buf_text(&masked));
        return;
    }
    size_t head = HALF_MAX + to_boundary(masked.data + HALF_MAX);
    const char *tail = masked.data + masked.len - HALF_MAX;
    buf_add_n(out, masked.data, head);
    buf_printf(out, " ... %s", tail + to_boundary(tail));
}

static void report(struct reader *r, struct position at, const char *key, const char *format, va_list args)
{
    cleanup_free char *text = NULL;
    cleanup_buf struct buf out = {0};

    r->errors++;
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    if (key)
        buf_printf(&out, "%s: ", key);
    if (text)
        add_presentable(r, text, &out);
    if (!text || out.failed)
        r->failed = true;
    else
        diag_error(r->diag, at, "%s", buf_text(&out));
}

void reader_error(struct reader *r, const struct node *node, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    report(r, node->at, r->key, format, args);
    va_end(args);
}

void reader_error_at(struct reader *r, struct position at, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    report(r, at, NULL, format, args);
    va_end(args);
}

bool reader_wrong(struct reader *r, const struct node *node, const char *wanted)
{
    reader_error(r, node, "%s is wanted here, not %s", wanted, node_describe(node));
    return false;
}

bool reader_is_full(const struct reader *r)
{
    return r->failed || diag_count(r->diag) >= DIAG_MAX;
}

bool reader_spend(struct reader *r, const struct node *node, size_t bytes)
{
    return charge(r, node->at, bytes);
}

bool reader_text(struct reader *r, const struct node *node, const char *wanted, const char **ret_text,
                 bool *ret_plain)
{
    if (node->kind != NODE_SCALAR || node_is_null(node))
        return reader_wrong(r, node, wanted);
    return substitute(r, node, ret_text, ret_plain);
}

const char *reader_join(struct reader *r, const char *const *names, size_t count, const char *separator)
{
    cleanup_buf struct buf text = {0};

    for (size_t i = 0; i < count && i < LISTED_MAX; i++)
        buf_printf(&text, "%s%s", i ? separator : "", names[i]);
    if (count > LISTED_MAX)
        buf_add(&text, "...");
    r->failed = r->failed || text.failed;
    const char *kept = text.failed ? NULL : reader_copy(r, buf_text(&text), text.len);
    return kept ? kept : "";
}

const char *reader_hint(struct reader *r, const char *written, const char *const *names, size_t count)
{
    const char *near = reader_is_full(r) ? NULL : suggest(written, names, count);
    const char *hint = "";

    if (near)
        hint = reader_printf(r, " (did you mean \"%s\"?)", near);
    else if (count)
        hint = reader_printf(r, "; there are: %s", reader_join(r, names, count, ", "));
    return hint ? hint : "";
}

bool reader_word(struct reader *r, const struct node *node, const char *const *words, size_t count,
                 const char *wanted, const char *is_what, size_t *ret_index)
{
    const char *text = NULL;
    bool plain;

    if (!reader_text(r, node, wanted, &text, &plain))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!strcmp(words[i], text)) {
            *ret_index = i;
            return true;
        }
    reader_error(r, node, "\"%s\" %s%s", text, is_what, reader_hint(r, text, words, count));
    return false;
}
