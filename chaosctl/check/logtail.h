/* A file that grows, line by line.  Floor 3.
 *
 * Opened anew when its name is given to another file (rotation), read from its beginning when it has become
 * shorter (truncation).  What was written between the last look and a truncation is lost, as with tail -F. */
#ifndef CHECK_LOGTAIL_H
#define CHECK_LOGTAIL_H

#include <stdbool.h>
#include <stddef.h>

struct logtail;

/* Without its line end; borrowed.  A line longer than LOG_LINE_MAX comes in pieces. */
typedef void logtail_fn(void *arg, const char *line, size_t len);

/* From the present end, or from_start.  A file that does not exist yet is read from its beginning once it
 * does.  -errno. */
int logtail_new(const char *path, bool from_start, struct logtail **ret_tail);
void logtail_free(struct logtail *tail);

/* Give fn each whole line that came.  Reads at most LOGTAIL_READ_MAX or a little more; the rest waits for the
 * next call: a log that is written faster than it is read must not hold the loop.  last: all that there is by
 * now, and also a line without its newline. */
#define LOGTAIL_READ_MAX (16u << 20)
void logtail_read(struct logtail *tail, bool last, logtail_fn *fn, void *arg);

/* Why the log cannot be read now, -errno; or 0. */
int logtail_error(const struct logtail *tail);

#endif
