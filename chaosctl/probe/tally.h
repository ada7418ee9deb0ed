/* What came of everything that was asked, by probe: for whoever looks at a run from outside.  Floor 3. */
#ifndef PROBE_TALLY_H
#define PROBE_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "chaosctl/probe/prober.h"

#define TALLY_BOUNDS 11
#define TALLY_MAX    256 /* probes; more are asked, and not counted */

extern const double tally_bounds_s[TALLY_BOUNDS];

struct tally {
    const char *name; /* of the probe; borrowed from it */
    uint64_t ok, failed;
    uint64_t within[TALLY_BOUNDS]; /* answers, good or bad, that took at most so long; not cumulated */
    uint64_t sum_ns;
};

struct tallies {
    struct tally items[TALLY_MAX];
    size_t count;
};

/* An HTTP status of 400 and above is a failure here, as for a load. */
void tally_answer(struct tallies *tallies, const struct probe *probe, const struct answer *answer);

#endif
