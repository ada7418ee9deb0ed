/* What `explore` writes, and what it compares with.  Floor 5. */
#ifndef CHAOSCTL_CMD_EXPLORE_OUTPUT_H
#define CHAOSCTL_CMD_EXPLORE_OUTPUT_H

#include "chaosctl/command.h"
#include "chaosctl/explore/baseline.h"
#include "chaosctl/report/explore.h"

#define EXPLORE_FILES_MAX 8

/* Options as they were written; NULL: not given. */
struct explore_output {
    const struct command *command;
    const struct explore_report *format; /* on standard output; NULL: text */
    struct {
        const struct explore_report *report;
        const char *path;
    } files[EXPLORE_FILES_MAX];
    size_t files_count;
    const char *replay_options; /* that a replay needs as well, each followed by a blank; NULL: none */
    const char *baseline_path, *written_path, *suppress_path;
    /* From the files, once checked. */
    struct baseline baseline;
    struct suppressions suppressions;
};

/* One option's value.  0, or an exit code after an error was printed. */
int explore_output_format(struct explore_output *output, const char *value);
int explore_output_file(struct explore_output *output, const char *value); /* NAME=FILE */

/* Read what is to be compared with, before anything is started.  0 or an exit code. */
int explore_output_check(struct explore_output *output);

/* Write all of it.  The exit code: 0 nothing new, 1 something new, 2 when a file cannot be written.  A new
 * baseline makes everything known. */
int explore_output_put(struct explore_output *output, const struct explore_result *result);
void explore_output_free(struct explore_output *output);

#endif
