/* The parts of a board: a heading, and a line for each of something.  Floor 4; for board.c. */
#ifndef REPORT_BOARD_SECTION_H
#define REPORT_BOARD_SECTION_H

#include "chaosctl/report/board.h"

struct section {
    const char *name;
    const char *heads; /* of the columns on the right */
    struct board_line *lines;
    size_t count;
    size_t shown; /* for who lays them out */
};

#define SECTION_MAX 5

/* Those that this run has something for, what matters most first; how many.  In the arena. */
size_t sections_of(const json_t *run, size_t columns, struct arena *arena,
                   struct section ret_sections[static SECTION_MAX]);

/* Text at the left, which gives way, and text at the right, which does not.  In the arena; NULL: out of
 * memory. */
const char *board_text(struct arena *arena, size_t columns, const char *left, const char *right);

#endif
