/* What `run` shows and writes while it runs and at its end.  Floor 5; shared by cmd_run.c and
 * cmd_run_output.c. */
#ifndef CHAOSCTL_CMD_RUN_H
#define CHAOSCTL_CMD_RUN_H

#include "chaosctl/report/journal.h"
#include "chaosctl/report/report.h"
#include "chaosctl/run/run.h"

#define RUN_REPORTS_MAX 16

/* What the command line asks for. */
struct run_request {
    struct run_options options;
    const char *journal; /* path, or NULL: in the state folder */
    bool quiet, json, colourless, has_seed;
    uint64_t seed;
    struct {
        const struct report *report;
        const char *path;
    } reports[RUN_REPORTS_MAX];
    size_t reports_count;
};

/* One scenario's output. */
struct run_output {
    const struct run_request *request;
    const struct scenario *scenario;
    struct run_result *result;
    struct journal *journal;
    int journal_error; /* why there is none */
    bool live;         /* a live line on standard error */
};

/* The hooks that journal and show; output must outlive the run. */
struct run_hooks output_hooks(struct run_output *output);

/* Reports, annotations and the verdict; returns the exit code. */
int output_finish(struct run_output *output);

#endif
