/* The journal: append-only JSON lines, one event each, flushed as it grows (RFC 8259; one object a line).
 * Floor 4.
 *
 * Every line has "t" (seconds since the run began, CLOCK_MONOTONIC), "wall" (RFC 3339) and "event".  docs:
 * man chaosctl-report(1), "The journal".  Secrets are masked here, whatever the caller passes. */
#ifndef REPORT_JOURNAL_H
#define REPORT_JOURNAL_H

#include <jansson.h>

#include "chaosctl/run/result.h"
#include "injectors/decision/ring.h"

struct journal;

#define JOURNAL_LINE_MAX (4u << 20)  /* bytes; a longer one is neither written nor read */
#define JOURNAL_TEXT_MAX (16u << 10) /* bytes of one text; what is cut is marked by "..." */

/* Create (O_APPEND, mode 0600; the folder too, 0700).  path NULL: $XDG_STATE_HOME/chaosctl/RUN.jsonl, else
 * ~/.local/state/chaosctl/RUN.jsonl.  A journal that is there is begun anew; -EEXIST when the file is
 * something else.  -errno. */
int journal_open(const char *path, const char *run, const struct scenario *scenario,
                 struct journal **ret_journal);

/* Would journal_open succeed?  Makes the folder, touches no file.  -EEXIST as above; -errno. */
int journal_check(const char *path);

void journal_close(struct journal *journal);
const char *journal_path(const struct journal *journal);

/* The folder of journals, and the newest one in it (-ENOENT when there is none).  To be freed; -errno. */
int journal_folder(char **ret_path);
int journal_last(char **ret_path);

/* The first error that writing met (a full disk), or 0: the run goes on, and ends as failed. */
int journal_error(const struct journal *journal);

/* Hand each line, without its newline, to fn as well, whether or not it could be written. */
typedef void journal_tap_fn(void *arg, const char *event, const char *line);
void journal_tap(struct journal *journal, journal_tap_fn *fn, void *arg);

/* Append one event; fields is stolen (an object, or NULL). */
void journal_event(struct journal *journal, const char *event, json_t *fields);

/* The events whose content a report is rebuilt from: run.started, phase, fault.hit and fault.skipped (the
 * record's own time), cell, run.ended. */
void journal_run_started(struct journal *journal, const struct run_result *result);
void journal_phase(struct journal *journal, const struct cell *cell, enum phase phase);
void journal_hit(struct journal *journal, const struct record *record, const char *fault,
                 const char *service);
void journal_deed(struct journal *journal, const struct deed *deed); /* drill.inject, drill.lift... */
void journal_cell(struct journal *journal, const struct cell_result *result); /* everything in it */
void journal_run_ended(struct journal *journal, const struct run_result *result);

/* Read a journal back.  A last line that was cut is left out; without run.ended, complete is false, the
 * reason tells where the journal stops, and the verdict is inconclusive at best.  A damaged line in the
 * middle is an error with its number.  0, -errno, or -EINVAL with *ret_why (to be freed). */
int journal_read(const char *path, struct run_result **ret_result, char **ret_why);

#endif
