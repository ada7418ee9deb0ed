/* What the files of `chaosctl top` share.  Floor 5. */
#ifndef CHAOSCTL_CMD_TOP_H
#define CHAOSCTL_CMD_TOP_H

#include <jansson.h>
#include <wchar.h>

#include "chaosctl/asker.h"
#include "chaosctl/base/buf.h"
#include "chaosctl/report/board.h"
#include "chaosctl/run/drill_request.h"
#include "chaosctl/run/state.h"

enum top_mode {
    TOP_LOOKS,
    TOP_HELPS,
    TOP_INJECTS,
    TOP_LIFTS,
    TOP_NOTES,
};

struct top {
    const struct state *run;
    struct asker *looker, *doer; /* a question to a run that hangs keeps no other from being asked */
    json_t *told;                /* what it answered last, or NULL */
    uint64_t interval_ns, next_ns;
    char *halt; /* path of this user's halt */
    enum top_mode mode;
    enum top_mode asked; /* what the doer is at */
    struct buf typed, last_spec, message;
    bool is_trouble; /* the message */
    bool quits;
};

/* --- cmd_top_keys.c: what the keys do --- */

/* A key, or a character: is_function says which. */
void top_key(struct top *top, wint_t key, bool is_function);
/* What the run answered to what a key asked of it. */
void top_done(struct top *top, int error, const char *text);
void top_say(struct top *top, bool is_trouble, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* --- cmd_top_screen.c: the terminal --- */

/* 0; -ELIBACC: no ncurses; -ENOTTY: ncurses knows no such terminal. */
int screen_open(void);
void screen_close(void);
void screen_draw(const struct top *top);
/* What was typed, until there is nothing more. */
void screen_read(struct top *top);

#endif
