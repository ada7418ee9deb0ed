/* What was found before: so that only what is new fails.  Floor 3.
 *
 * A file to be committed beside the sources: JSON with one entry a line, sorted, so that a diff of it can be
 * read.  An entry is an identity (defect.h); it says nothing about lines, so that moving code is no news.  An
 * entry that is no longer found does no harm, and is counted. */
#ifndef EXPLORE_BASELINE_H
#define EXPLORE_BASELINE_H

#include "chaosctl/base/diag.h"
#include "chaosctl/explore/defect.h"

#define BASELINE_FILE_MAX ((size_t)16 << 20)

struct baseline {
    struct arena *arena;
    struct identity *items;
    size_t count;
};

/* 0; -EINVAL with messages in diag; -ENOMEM. */
int baseline_parse(const char *text, size_t len, struct diag *diag, struct baseline *ret_baseline);

/* The same from a file; what cannot be read is a message too, and -errno. */
int baseline_load(const char *path, struct diag *diag, struct baseline *ret_baseline);
void baseline_free(struct baseline *baseline);

/* Mark as known what is in it: a defect of which each identity is there. */
void baseline_compare(const struct baseline *baseline, struct defects *defects);

/* One of all that is confirmed and not suppressed.  0 or -ENOMEM. */
int baseline_render(const struct defects *defects, struct buf *ret_text);

#endif
