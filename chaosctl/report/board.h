/* The screen of `chaosctl top`, as plain lines.  Floor 4: knows no terminal.
 *
 * Pure: the same answer of a run on the same screen makes the same lines, exactly as many as it has rows,
 * none wider than it. */
#ifndef REPORT_BOARD_H
#define REPORT_BOARD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "chaosctl/base/arena.h"
#include "chaosctl/report/page.h"

/* On a smaller screen the board says so, and nothing else. */
#define BOARD_COLUMNS_MIN 60
#define BOARD_ROWS_MIN    12

struct board_view {
    size_t columns, rows;
    const char *message; /* what came of the last key, or NULL */
    bool is_trouble;     /* the message */
    const char *prompt;  /* what is asked for ("inject"), or NULL: nothing is */
    const char *typed;
    const char *hint; /* what may be typed, or NULL */
    bool helps;       /* what the keys do, in place of the run */
};

struct board_line {
    const char *text;
    enum ink ink;
};

struct board {
    struct arena *arena;
    const struct board_line *lines;
    size_t count;
    bool has_cursor;
    size_t cursor_row, cursor_column;
};

/* run: what it answered to `status`, or NULL: nothing yet.  halt: the file that is in force, or NULL.  0 or
 * -ENOMEM. */
int board_make(const json_t *run, const char *halt, const struct board_view *view, struct board *ret_board);
void board_free(struct board *board);

#endif
