/* What `run` shows and writes while it runs and at its end.  Floor 5; shared by cmd_run*.c. */
#ifndef CHAOSCTL_CMD_RUN_H
#define CHAOSCTL_CMD_RUN_H

#include "chaosctl/command.h"
#include "chaosctl/report/journal.h"
#include "chaosctl/report/report.h"
#include "chaosctl/run/run.h"

#define RUN_REPORTS_MAX 16

extern const struct command command_run;

/* What the command line asks for. */
struct run_request {
    struct run_options options;
    const char *journal; /* path, or NULL: in the state folder; as those of reports, it may hold %s */
    bool quiet, json, colourless, has_seed;
    bool several; /* FILEs: each with reports and a journal of its own, and JSON is an array */
    size_t shown; /* results that were printed */
    uint64_t seed;
    struct {
        const struct report *report;
        const char *path; /* each %s in it becomes the name of the scenario's file */
    } reports[RUN_REPORTS_MAX];
    size_t reports_count;
};

/* What other commands that run a scenario share with `run` (cmd_run.c). */

/* `--report NAME=FILE`; EXIT_USAGE after saying what is wrong with it. */
int run_add_report(const struct command *command, struct run_request *request, const char *value);
/* Read, checked, and each service looked at.  NULL after the errors have been printed. */
struct scenario *run_load(const char *path, const struct run_request *request);
void run_describe(struct run_result *result, const struct scenario *scenario, bool dry);
/* Say why run_scenario did not begin; returns the exit code. */
int run_tell_unbegun(int error);

/* One scenario's output. */
struct run_output {
    struct run_request *request;
    const struct scenario *scenario;
    struct run_result *result;
    struct journal *journal;
    int journal_error;       /* why there is none */
    struct webhook *webhook; /* NULL: nobody is told */
    bool live;               /* a live line on standard error */
};

/* Is it "-" or /dev/stdout?  That is written to, never replaced: it may be a file. */
bool output_is_standard(const char *path);

/* The path that a pattern means for a scenario's file; to be freed, NULL when memory is out. */
char *output_path(const char *pattern, const char *file);

/* Can all be written where it is to go, and is nothing written over another?  scenarios: NULL for one that is
 * left out; files: their operands.  Says what is wrong, and returns EXIT_USAGE. */
int output_check(const struct run_request *request, struct scenario *const *scenarios, char *const *files,
                 size_t count);

/* The hooks that journal and show; output must outlive the run. */
struct run_hooks output_hooks(struct run_output *output);

/* Reports, annotations and the verdict; returns the exit code. */
int output_finish(struct run_output *output);
/* The parts of it for who shows something else: the journal's end and the masking, and the reports.  Not 0:
 * it failed, which was said. */
int output_close(struct run_output *output);
int output_reports(const struct run_output *output);
/* The style of standard output. */
struct report_style output_style(const struct run_request *request);

/* Around the results of several scenarios. */
void output_begin_all(const struct run_request *request);
void output_end_all(const struct run_request *request);

#endif
