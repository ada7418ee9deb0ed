/* Reading a service's log while it grows, line by line.  Floor 3. */
#ifndef CHECK_LOGWATCH_H
#define CHECK_LOGWATCH_H

#include "chaosctl/check/judge.h"

#define LOG_LINE_MAX 65536 /* a longer line is cut into pieces of this size */

struct logwatch;

/* From the log's present end (from_start: from its beginning) for one check's match, never, every_line.
 * -errno. */
int logwatch_new(const char *path, const struct check *check, bool from_start, struct logwatch **ret_watch);
void logwatch_free(struct logwatch *watch);

/* Note whose lines match, by the id that the match begins with; borrowed.  For checks of each request. */
struct request_ids;
void logwatch_note_requests(struct logwatch *watch, const struct request_ids *ids);
bool logwatch_has_request(const struct logwatch *watch, uint64_t id);

/* Read what came.  last: also take a last line without its newline. */
void logwatch_poll(struct logwatch *watch, bool last);

/* The verdict so far, and what was found: "3 lines match", "line 17 breaks `never`: ...". */
enum judgement logwatch_judge(const struct logwatch *watch, struct buf *why);

#endif
