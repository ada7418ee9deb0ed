/* Baselines.  Floor 3. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/file.h"
#include "chaosctl/explore/baseline.h"

#define FORMAT 1

/* --- reading --- */

static bool read_functions(struct arena *arena, const json_t *names, struct identity *identity)
{
    size_t count = json_array_size(names);

    if (!json_is_array(names) || count > IDENTITY_FUNCTIONS)
        return false;
    for (size_t i = 0; i < count; i++) {
        const char *name = json_string_value(json_array_get(names, i));
        identity->functions[i] = name ? arena_copy(arena, name) : NULL;
        if (!identity->functions[i])
            return false;
    }
    return true;
}

static bool read_text(struct arena *arena, const json_t *entry, const char *key, const char **ret_text)
{
    const char *text = json_string_value(json_object_get(entry, key));

    *ret_text = text ? arena_copy(arena, text) : NULL;
    return *ret_text;
}

static bool read_entry(struct arena *arena, const json_t *entry, struct identity *identity)
{
    return read_text(arena, entry, "outcome", &identity->outcome) &&
           read_text(arena, entry, "call", &identity->call) &&
           read_text(arena, entry, "error", &identity->error) &&
           read_text(arena, entry, "module", &identity->module) &&
           read_functions(arena, json_object_get(entry, "functions"), identity);
}

static int read_entries(const json_t *root, struct diag *diag, struct baseline *baseline)
{
    const json_t *entries = json_object_get(root, "findings");
    const struct position nowhere = {0};

    if (json_integer_value(json_object_get(root, "format")) != FORMAT || !json_is_array(entries)) {
        diag_error(diag, nowhere, "is no baseline of this chaosctl's: write it anew by --write-baseline");
        return -EINVAL;
    }
    for (size_t i = 0; i < json_array_size(entries); i++) {
        struct identity *identity =
            arena_push(baseline->arena, &baseline->items, &baseline->count, sizeof(*identity));
        if (!identity)
            return -ENOMEM;
        if (!read_entry(baseline->arena, json_array_get(entries, i), identity)) {
            diag_error(diag, nowhere, "entry %zu of findings is no entry of a baseline", i + 1);
            return -EINVAL;
        }
    }
    return 0;
}

int baseline_parse(const char *text, size_t len, struct diag *diag, struct baseline *ret_baseline)
{
    struct baseline baseline = {.arena = arena_new()};
    json_error_t error;

    if (!baseline.arena)
        return -ENOMEM;
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    int r = root ? read_entries(root, diag, &baseline) : -EINVAL;
    if (!root)
        diag_error(diag, (struct position){error.line, error.column}, "is no JSON: %s", error.text);
    json_decref(root);
    if (r)
        baseline_free(&baseline);
    else
        *ret_baseline = baseline;
    return r;
}

int baseline_load(const char *path, struct diag *diag, struct baseline *ret_baseline)
{
    cleanup_buf struct buf text = {0};
    int r = file_read(path, BASELINE_FILE_MAX, &text);

    if (r) {
        diag_error(diag, (struct position){0}, "%s%s", strerror(-r),
                   r == -ENOENT ? ": make one by --write-baseline" : "");
        return r;
    }
    return baseline_parse(buf_text(&text), text.len, diag, ret_baseline);
}

void baseline_free(struct baseline *baseline)
{
    arena_free(baseline->arena);
    *baseline = (struct baseline){0};
}

/* --- comparing --- */

static bool has(const struct baseline *baseline, const struct identity *identity)
{
    for (size_t i = 0; i < baseline->count; i++)
        if (identity_equal(&baseline->items[i], identity))
            return true;
    return false;
}

static bool is_known(const struct baseline *baseline, const struct defect *d)
{
    for (size_t i = 0; i < d->identities_count; i++)
        if (!has(baseline, d->identities[i]))
            return false;
    return true;
}

static bool is_found(const struct defects *defects, const struct identity *identity)
{
    for (size_t i = 0; i < defects->count; i++)
        for (size_t j = 0; j < defects->items[i].identities_count; j++)
            if (identity_equal(defects->items[i].identities[j], identity))
                return true;
    return false;
}

void baseline_compare(const struct baseline *baseline, struct defects *defects)
{
    defects->has_baseline = true;
    for (size_t i = 0; i < defects->count; i++)
        if (defects->items[i].state == DEFECT_NEW && is_known(baseline, &defects->items[i]))
            defects->items[i].state = DEFECT_KNOWN;
    for (size_t i = 0; i < baseline->count; i++)
        defects->absent += !is_found(defects, &baseline->items[i]);
    defects_sort(defects);
}

/* --- writing --- */

static char *line_of(const struct identity *identity)
{
    json_t *functions = json_array();

    for (int i = 0; i < IDENTITY_FUNCTIONS && identity->functions[i]; i++)
        json_array_append_new(functions, json_string(identity->functions[i]));
    json_t *entry =
        json_pack("{s:s, s:s, s:s, s:o, s:s}", "outcome", identity->outcome, "call", identity->call, "error",
                  identity->error, "functions", functions, "module", identity->module);
    char *line = entry ? json_dumps(entry, 0) : NULL;
    json_decref(entry);
    return line;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int collect(const struct defects *defects, struct arena *arena, char ***ret_lines, size_t *ret_count)
{
    for (size_t i = 0; i < defects->count; i++) {
        const struct defect *d = &defects->items[i];
        if (d->state != DEFECT_NEW && d->state != DEFECT_KNOWN)
            continue;
        for (size_t j = 0; j < d->identities_count; j++) {
            cleanup_free char *line = line_of(d->identities[j]);
            char **place = line ? arena_push(arena, ret_lines, ret_count, sizeof(*place)) : NULL;
            if (!place || !(*place = arena_copy(arena, line)))
                return -ENOMEM;
        }
    }
    return 0;
}

int baseline_render(const struct defects *defects, struct buf *ret_text)
{
    struct arena *arena = arena_new();
    char **lines = NULL;
    size_t count = 0;

    int r = arena ? collect(defects, arena, &lines, &count) : -ENOMEM;
    if (!r && count)
        qsort(lines, count, sizeof(*lines), compare);
    buf_printf(ret_text, "{\"format\": %d, \"findings\": [", FORMAT);
    for (size_t i = 0; i < count && !r; i++)
        if (!i || strcmp(lines[i - 1], lines[i])) /* two defects may share one */
            buf_printf(ret_text, "%s\n  %s", i ? "," : "", lines[i]);
    buf_add(ret_text, count ? "\n]}\n" : "]}\n");
    arena_free(arena);
    return r || ret_text->failed ? -ENOMEM : 0;
}
