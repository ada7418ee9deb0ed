/* Findings of explore that somebody has decided to live with, for a while.  Floor 2.
 *
 *   version: 1
 *   suppress:
 *     - function: "g_malloc*"
 *       reason: GLib aborts when memory is out, and we accept that
 *       until: 2027-06-30
 *     - {module: "libssl.so.*", reason: reported upstream, until: 2027-01-31}
 *
 * None without a reason, and none for ever: one that has expired is an error at its place, so that somebody
 * decides anew. */
#ifndef SCENARIO_SUPPRESSION_H
#define SCENARIO_SUPPRESSION_H

#include <stdint.h>

#include "chaosctl/base/diag.h"

struct suppression {
    const char *function, *module; /* globs (fnmatch); NULL: any.  One of them is given */
    const char *reason;
    const char *until; /* 2027-06-30: the last day on which it holds, in UTC */
    struct position at;
};

struct suppressions {
    const struct suppression *items;
    size_t count;
    struct scenario *owner; /* of all the memory */
};

#define SUPPRESSION_FILE_MAX ((size_t)1 << 20)

/* now_wall_ns: what day it is.  0; -EINVAL with messages in diag; -ENOMEM. */
int suppressions_parse(const char *text, size_t len, uint64_t now_wall_ns, struct diag *diag,
                       struct suppressions *ret_suppressions);

/* The same from a file; what cannot be read is a message too, and -errno. */
int suppressions_load(const char *path, uint64_t now_wall_ns, struct diag *diag,
                      struct suppressions *ret_suppressions);

void suppressions_free(struct suppressions *suppressions);

#endif
