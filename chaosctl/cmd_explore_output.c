/* What `explore` writes: reports, a baseline.  Floor 5. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/base/suggest.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/cmd_explore_output.h"

#define COLUMNS_ELSEWHERE 100 /* where nobody says how wide it is */

/* --- options --- */

static int unknown_report(const struct explore_output *o, const char *written)
{
    const char *names[8];
    size_t n = 0;

    for (const struct explore_report *const *r = explore_reports; *r && n < 8; r++)
        names[n++] = (*r)->name;
    const char *near = suggest(written, names, n);
    if (near)
        return usage_error(o->command, "unknown report \"%s\" (did you mean \"%s\"?)", written, near);
    return usage_error(o->command, "unknown report \"%s\"; there are text, json, junit and sarif", written);
}

int explore_output_format(struct explore_output *o, const char *value)
{
    o->format = explore_report_find(value);
    return o->format ? 0 : unknown_report(o, value);
}

int explore_output_file(struct explore_output *o, const char *value)
{
    const char *equals = strchr(value, '=');

    if (!equals || !equals[1])
        return usage_error(o->command, "--report wants NAME=FILE, as in sarif=found.sarif, not \"%s\"",
                           value);
    if (o->files_count == EXPLORE_FILES_MAX)
        return usage_error(o->command, "more than %d reports", EXPLORE_FILES_MAX);
    cleanup_free char *name = strndup(value, (size_t)(equals - value));
    if (!name)
        return EXIT_USAGE;
    o->files[o->files_count].report = explore_report_find(name);
    o->files[o->files_count].path = equals + 1;
    return o->files[o->files_count++].report ? 0 : unknown_report(o, name);
}

/* --- what is compared with --- */

static int fail(const struct explore_output *o, const char *path, int error)
{
    fprintf(stderr, "chaosctl %s: %s: %s\n", o->command->name, path, strerror(-error));
    return EXIT_USAGE;
}

/* Messages are file:line:column, for editors: nothing stands before them. */
static int refuse(struct diag *diag)
{
    cleanup_buf struct buf text = {0};

    diag_render(diag, &text);
    fputs(buf_text(&text), stderr);
    return EXIT_USAGE;
}

static int load(struct explore_output *o, const char *path, bool is_baseline)
{
    struct diag *diag = path ? diag_new(path) : NULL;

    if (!path || !diag)
        return path ? EXIT_USAGE : 0;
    int r = is_baseline ? baseline_load(path, diag, &o->baseline)
                        : suppressions_load(path, now_wall_ns(), diag, &o->suppressions);
    int status = r ? refuse(diag) : 0;
    diag_free(diag);
    return status;
}

int explore_output_check(struct explore_output *o)
{
    int status = load(o, o->baseline_path, true);

    return status ? status : load(o, o->suppress_path, false);
}

/* --- writing --- */

static struct report_style style_of_terminal(void)
{
    const char *columns = getenv("COLUMNS");
    struct report_style style = {.columns = COLUMNS_ELSEWHERE, .colour = may_colour(STDOUT_FILENO)};
    struct winsize size = {0};
    uint64_t count = 0;

    if (isatty(STDOUT_FILENO) && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
        style.columns = size.ws_col;
    else if (columns && !unit_parse_count(columns, &count) && count && count < 10000)
        style.columns = (int)count;
    return style;
}

static int put_file(const struct explore_output *o, const struct explore_report *report, const char *path,
                    const struct defects *defects)
{
    static const struct report_style plain = {.columns = COLUMNS_ELSEWHERE};
    cleanup_buf struct buf text = {0};

    int r = report->render(defects, &plain, &text);
    if (!r)
        r = report_save(path, text.data, text.len);
    return r ? fail(o, path, r) : 0;
}

static int put_terminal(const struct explore_output *o, const struct defects *defects)
{
    const struct explore_report *report = o->format ? o->format : &explore_report_text;
    struct report_style style = style_of_terminal();
    cleanup_buf struct buf text = {0};

    int r = report->render(defects, &style, &text);
    if (r)
        return fail(o, "standard output", r);
    fwrite(text.data, 1, text.len, stdout); /* main sees to a full disk */
    return 0;
}

static int put_baseline(const struct explore_output *o, struct defects *defects)
{
    cleanup_buf struct buf text = {0};
    struct diag *diag = diag_new(o->written_path);
    struct baseline written = {0};

    int r = baseline_render(defects, &text);
    if (!r)
        r = report_save(o->written_path, text.data, text.len);
    if (!r && diag)
        r = baseline_parse(text.data, text.len, diag, &written);
    diag_free(diag);
    if (r)
        return fail(o, o->written_path, r);
    baseline_compare(&written, defects);
    baseline_free(&written);
    return 0;
}

/* One that did nothing may well be out of date, or misspelt. */
static int suppress(const struct explore_output *o, struct defects *defects)
{
    const struct suppressions *s = &o->suppressions;
    cleanup_free bool *used = calloc(s->count + 1, sizeof(*used));

    if (!used)
        return EXIT_USAGE;
    defects_suppress(defects, s, used);
    for (size_t i = 0; i < s->count; i++)
        if (!used[i])
            fprintf(stderr, "%s:%d:%d: this suppresses nothing\n", o->suppress_path, s->items[i].at.line,
                    s->items[i].at.column);
    return 0;
}

static int put_all(const struct explore_output *o, struct defects *defects)
{
    int status = suppress(o, defects);

    if (!status && o->baseline_path)
        baseline_compare(&o->baseline, defects);
    if (!status && o->written_path)
        status = put_baseline(o, defects);
    for (size_t i = 0; i < o->files_count && !status; i++)
        status = put_file(o, o->files[i].report, o->files[i].path, defects);
    if (!status)
        status = put_terminal(o, defects);
    return status ? status : explore_exit_code(defects);
}

int explore_output_put(struct explore_output *o, const struct explore_result *result)
{
    struct defects *defects = NULL;
    int r = defects_make(result, &defects);

    if (r)
        return fail(o, "defects", r);
    defects->options = o->replay_options;
    int status = put_all(o, defects);
    defects_free(defects);
    return status;
}

void explore_output_free(struct explore_output *o)
{
    if (o->baseline.arena)
        baseline_free(&o->baseline);
    if (o->suppressions.owner)
        suppressions_free(&o->suppressions);
}
