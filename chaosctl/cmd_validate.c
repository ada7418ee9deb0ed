/* chaosctl validate: everything that is wrong with scenario files, in one go.  Floor 5. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/command.h"
#include "chaosctl/scenario/limits.h"
#include "chaosctl/run/way_in.h"
#include "chaosctl/scenario/scenario.h"

extern const struct command command_validate;

enum {
    OPTION_JSON = 1,
};

static const struct option_row options[] = {
    {OPTION_JSON, 'j', "json", NULL, "print a JSON document"},
    {0},
};

static size_t count_experiments(const struct scenario *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->cells_count; i++)
        n += !i || s->cells[i].experiment != s->cells[i - 1].experiment;
    return n;
}

static json_t *errors_json(const struct diag *diag)
{
    json_t *errors = json_array();
    struct position at;

    for (size_t i = 0;; i++) {
        const char *message = diag_message(diag, i, &at);
        if (!message)
            return errors;
        json_array_append_new(
            errors, json_pack("{s:i,s:i,s:s}", "line", at.line, "column", at.column, "message", message));
    }
}

static void report_text(const char *path, const struct diag *diag, const struct scenario *s)
{
    cleanup_buf struct buf text = {0};

    if (s) {
        size_t experiments = count_experiments(s);
        printf("%s: ok (%zu experiment%s, %zu cell%s)\n", path, experiments, experiments == 1 ? "" : "s",
               s->cells_count, s->cells_count == 1 ? "" : "s");
        return;
    }
    diag_render(diag, &text);
    fputs(buf_text(&text), stderr);
}

static void report_json(const char *path, const struct diag *diag, const struct scenario *s, json_t *files)
{
    json_t *file = json_pack("{s:s,s:b,s:o,s:I}", "file", path, "ok", s != NULL, "errors", errors_json(diag),
                             "error_count", (json_int_t)diag_count(diag));

    if (s) {
        json_object_set_new(file, "name", json_string(s->name));
        json_object_set_new(file, "experiments", json_integer((json_int_t)count_experiments(s)));
        json_object_set_new(file, "cells", json_integer((json_int_t)s->cells_count));
    }
    json_array_append_new(files, file);
}

/* files: NULL for text. */
static int validate(const char *path, json_t *files)
{
    struct diag *diag = diag_new(path);
    struct scenario *s = NULL;
    int r = diag ? limits_load_scenario(path, diag, &s) : -ENOMEM;

    if (!r)
        r = way_in_settle(s, false, diag);
    if (!r && diag_count(diag)) {
        scenario_free(s);
        s = NULL;
        r = -EINVAL;
    }
    if (r == -ENOMEM)
        fprintf(stderr, "chaosctl validate: %s: out of memory\n", path);
    else if (files)
        report_json(path, diag, s, files);
    else
        report_text(path, diag, s);
    scenario_free(s);
    diag_free(diag);
    return !r ? EXIT_PASS : r == -ENOMEM ? EXIT_TOOL : EXIT_USAGE;
}

static int print(json_t *files)
{
    cleanup_free char *text = json_dumps(files, JSON_INDENT(2));

    json_decref(files);
    if (text)
        puts(text);
    return text ? EXIT_PASS : EXIT_TOOL;
}

static int run(int argc, char **argv)
{
    struct options o = options_of(&command_validate, argc, argv);
    json_t *files = NULL;
    int status = EXIT_PASS;

    for (int id; (id = option_next(&o)) > 0;)
        if (id == OPTION_JSON && !files)
            files = json_array();
    if (!o.done && !o.operand_count)
        o = (struct options){.done = true, .status = usage_error(&command_validate, "which FILE?")};
    if (o.done) {
        json_decref(files);
        return o.status;
    }
    for (int i = 0; i < o.operand_count; i++) {
        int one = validate(o.operands[i], files);
        status = one > status ? one : status;
    }
    int printed = files ? print(files) : EXIT_PASS;
    return printed > status ? printed : status;
}

const struct command command_validate = {
    .name = "validate",
    .operands = "FILE...",
    .summary = "Say everything that is wrong with scenario files",
    .details =
        "Each error is printed to standard error as FILE:LINE:COLUMN: what is wrong, and what would work.\n"
        "Nothing is started.  Exit status: 0 all files are valid, 2 one is not.",
    .options = options,
    .only_prints = true,
    .run = run,
};
