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

const char *reader_copy(struct reader *r, const char *text, size_t len)
{
    return noted(r, arena_copy_n(r->arena, text, len));
}

const char *reader_printf(struct reader *r, const char *format, ...)
{
    cleanup_free char *text = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    return noted(r, text ? arena_copy(r->arena, text) : NULL);
}

/* Nothing that was written may move the cursor of a terminal. */
static void make_printable(struct buf *text)
{
    for (size_t i = 0; i < text->len; i++)
        if ((unsigned char)text->data[i] < ' ' || text->data[i] == 127)
            text->data[i] = ' ';
}

/* What was written may be a secret's value. */
void reader_error(struct reader *r, const struct node *node, const char *format, ...)
{
    cleanup_free char *text = NULL;
    cleanup_buf struct buf masked = {0};
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    if (text)
        scenario_mask(r->scenario, text, &masked);
    make_printable(&masked);
    if (!text || masked.failed)
        r->failed = true;
    else
        diag_error(r->diag, node->at, "%s%s%s", r->key ? r->key : "", r->key ? ": " : "", buf_text(&masked));
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
    if (bytes <= r->work_left) {
        r->work_left -= bytes;
        return true;
    }
    r->work_left = 0;
    diag_error(r->diag, node->at, "the scenario grows beyond %zu MiB of text", READER_WORK_MAX >> 20);
    return false;
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
    const char *kept = text.failed ? NULL : arena_copy(r->arena, buf_text(&text));
    return noted(r, (void *)kept) ? kept : "";
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
