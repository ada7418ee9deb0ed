/* What was measured, as a judge reads it.  Floor 3. */
#ifndef CHECK_OBSERVATION_H
#define CHECK_OBSERVATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chaosctl/scenario/condition.h"
#include "chaosctl/scenario/scenario.h"

struct answer;

struct observation {
    uint64_t samples;            /* how many measurements it rests on */
    bool has[METRIC_COUNT];      /* which numbers below are known */
    double number[METRIC_COUNT]; /* in the metric's unit */
    /* Texts and structures are borrowed from the answer that they came from. */
    const char *text[METRIC_COUNT]; /* body, stdout, stderr, error; json: the text to be read as JSON */
    size_t text_len[METRIC_COUNT];  /* they may hold zero bytes */
    bool text_cut[METRIC_COUNT];    /* there was more than was kept */
    const struct pair *headers;
    size_t headers_count;
    const char *note; /* what went wrong mostly, for people: "connection refused"; or NULL */
};

/* An answer as an observation; borrows the answer's texts.
 *
 * ok, latency and error are always known.  The rest is known of a whole answer alone: half a page with status
 * 200 has no status that an expectation could be content with.  Of exec a whole answer is any exit code. */
void observation_of_answer(const struct probe *probe, const struct answer *answer, struct observation *ret);

#endif
