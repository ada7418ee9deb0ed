/* What may be asked of a run from outside: one line of JSON each.  Floor 3.
 *
 *   {"do": "inject", "text": "latency:target=cache,delay=200ms", "for_ns": 30000000000, "user": "ann"}
 *
 * Answered by {"ok": true, ...} or {"ok": false, "error": "..."}.  What is not exactly of this form is
 * refused: an older chaosctl must not half-understand a newer one. */
#ifndef RUN_DRILL_REQUEST_H
#define RUN_DRILL_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chaosctl/base/arena.h"

#define DRILL_LINE_MAX 8192 /* bytes of a request; a longer one is refused and its sender shut out */
#define DRILL_TEXT_MAX 2048 /* bytes of one text in it */

enum drill_ask {
    DRILL_STATUS,
    DRILL_INJECT,
    DRILL_LIFT,
    DRILL_NOTE,
    DRILL_CONTINUE,
    DRILL_DOWN,
    DRILL_ASK_COUNT,
};

struct drill_request {
    enum drill_ask ask;
    const char *text;     /* inject: the SPEC; note: the note */
    uint64_t id;          /* lift: which fault; 0: all */
    uint64_t for_ns;      /* inject: how long; 0: not said */
    bool dry;             /* inject: only count what it would hit */
    bool has_seed;        /* inject */
    uint64_t seed;        /* 0 unless has_seed */
    const char *user;     /* who asks, as the asker says; or NULL */
    const char *terminal; /* from where, as the asker says; or NULL */
};

const char *drill_ask_name(enum drill_ask ask); /* "inject" */

/* One line, without its newline.  0; -EINVAL with *ret_why, which lies in the arena; -ENOMEM. */
int drill_request_read(const char *line, size_t len, struct arena *arena, struct drill_request *ret_request,
                       const char **ret_why);

/* The line, newline included, to be freed; NULL: out of memory, or a text that is no UTF-8. */
char *drill_request_line(const struct drill_request *request);

#endif
