/* A metric check's series over time: what it stands at, and what it grew by.  Floor 3. */
#ifndef CHECK_METRIC_H
#define CHECK_METRIC_H

#include "chaosctl/check/exposition.h"
#include "chaosctl/check/judge.h"

struct answer;

/* Does the check need to know what its series stood at before the phase? */
bool metric_looks_back(const struct check *check);

/* What the page says.  HOLDS: it was read, though no series may fit.  Otherwise why says what is wrong with
 * it; UNKNOWN: it is longer than what is kept. */
enum judgement metric_read(const struct check *check, const struct answer *answer, struct series_sum *ret_sum,
                           struct buf *why);

struct metric_track {
    bool begun; /* else the first page that is read is what it grows from */
    bool lost;  /* what it stood at before is not known, nor then what it grew by */
    double last, grown;
};

/* It stood at this; NULL: nobody knows. */
void metric_begin(struct metric_track *track, const struct series_sum *sum);

/* A further page, and what the check's conditions say of it.  A series that is not there fails.
 *
 * A counter that falls has started anew, with its process, and has grown by all that it shows; what was lost
 * with the old process nobody knows.  A gauge grows by what it fell, too.  baseline: its
 * value then, or NULL.  ret_measured: there was a number to judge. */
enum judgement metric_judge(const struct check *check, const struct answer *answer,
                            struct metric_track *track, const struct observation *baseline,
                            bool *ret_measured, struct buf *why);

#endif
