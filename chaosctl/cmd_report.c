/* chaosctl report: render a past run from its journal.  Floor 5. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/suggest.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/command.h"
#include "chaosctl/past.h"
#include "chaosctl/report/report.h"

#define COLUMNS_ELSEWHERE 100 /* where nobody says how wide it is */

enum {
    OPTION_FORMAT = 1,
    OPTION_OUTPUT,
};

static const struct option_row options[] = {
    {OPTION_FORMAT, 'f', "format", "FORMAT",
     "terminal (the default), json, junit, markdown, html, github or openmetrics"},
    {OPTION_OUTPUT, 'o', "output", "FILE", "write there instead of standard output; never half a file"},
    {0},
};

static int run(int argc, char **argv);

const struct command command_report = {
    .name = "report",
    .operands = "JOURNAL",
    .summary = "Render a past run",
    .details = "JOURNAL is the file that a run wrote, `last` for the newest one in the state folder\n"
               "($XDG_STATE_HOME/chaosctl, else ~/.local/state/chaosctl), or `-` for standard input.\n"
               "Exits 0 when it was rendered, whatever the run's verdict; 2 when it could not be read.",
    .options = options,
    .run = run,
};

struct request {
    const struct report *report;
    const char *output;
};

static int unknown_format(const char *written)
{
    const char *names[16];
    size_t n = 0;

    for (const struct report *const *r = reports; *r && n < 16; r++)
        names[n++] = (*r)->name;
    const char *near = suggest(written, names, n);
    if (near)
        return usage_error(&command_report, "unknown format \"%s\" (did you mean \"%s\"?)", written, near);
    return usage_error(&command_report,
                       "unknown format \"%s\"; there are terminal, json, junit, markdown, html, github and "
                       "openmetrics",
                       written);
}

static int fail(int status, const char *path, const char *why)
{
    fprintf(stderr, "chaosctl report: %s: %s\n", path, why);
    return status;
}

static struct report_style style_of(const struct request *request)
{
    const char *columns = getenv("COLUMNS");
    struct report_style style = {.columns = COLUMNS_ELSEWHERE};
    struct winsize size = {0};
    uint64_t count = 0;

    if (!request->output)
        style.colour = may_colour(STDOUT_FILENO);
    if (!request->output && isatty(STDOUT_FILENO) && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
        style.columns = size.ws_col;
    else if (columns && !unit_parse_count(columns, &count) && count && count < 10000)
        style.columns = (int)count;
    return style;
}

static int put(const struct request *request, const struct buf *text)
{
    int r = 0;

    if (request->output)
        r = report_save(request->output, text->data, text->len);
    else
        fwrite(text->data, 1, text->len, stdout); /* main sees to a full disk */
    return r ? fail(EXIT_TOOL, request->output, strerror(-r)) : EXIT_PASS;
}

static int render(const struct request *request, const char *operand)
{
    struct report_style style = style_of(request);
    struct run_result *result = NULL;
    cleanup_buf struct buf text = {0};
    int status = past_read(&command_report, operand, &result);

    if (status)
        return status;
    int r = request->report->render(result, &style, &text);
    result_free(result);
    return r ? fail(EXIT_TOOL, operand, strerror(-r)) : put(request, &text);
}

static int run(int argc, char **argv)
{
    struct options o = options_of(&command_report, argc, argv);
    struct request request = {.report = &report_terminal};
    const char *format = NULL;

    for (int id; (id = option_next(&o)) > 0;) {
        if (id == OPTION_FORMAT)
            format = o.value;
        else
            request.output = strcmp(o.value, "-") ? o.value : NULL;
    }
    if (o.done)
        return o.status;
    if (format)
        request.report = report_find(format);
    if (!request.report)
        return unknown_format(format);
    if (o.operand_count != 1)
        return usage_error(&command_report, o.operand_count ? "one JOURNAL at a time" : "which JOURNAL?");
    return render(&request, o.operands[0]);
}
