/* Laying a board out.  Floor 4. */
#include <errno.h>
#include <string.h>

#include "chaosctl/report/board_section.h"
#include "chaosctl/report/text.h"
#include "chaosctl/report/told.h"

#define HEAD 2 /* what it is, and what matters most about it */
#define FOOT 2 /* a message or a hint; the keys or a prompt */

static const char keys_line[] = " i inject  l lift  h halt  r resume  n note  q quit  ? help";

static const char *const help_lines[] = {
    "",
    " i   inject a fault: a SPEC as `chaosctl inject` takes it, such as",
    "     latency:target=cache,delay=200ms,for=30s",
    "     Tab completes; unless its `for` says otherwise it ends after a minute",
    " l   lift a fault by its number, or all faults of this run",
    " h   halt: every fault of this user on this host off, none anew",
    " r   resume: faults may be injected again",
    " n   write a note into the journal",
    " c   continue, where the run waits for somebody to say so",
    " q   quit; the run goes on",
    "",
    " Errors are calls that ended without an answer; before is what was",
    " usual until the first fault.  Any key goes back.",
};

struct layout {
    const struct board_view *view;
    struct board *board;
    struct board_line *lines;
    size_t count;
    bool failed;
};

static void add(struct layout *l, enum ink ink, const char *left, const char *right)
{
    const char *text = board_text(l->board->arena, l->view->columns, left, right);
    struct board_line *line =
        text ? arena_push(l->board->arena, &l->lines, &l->count, sizeof(*l->lines)) : NULL;

    l->failed |= !line;
    if (line)
        *line = (struct board_line){text, ink};
}

static void pad_to(struct layout *l, size_t rows)
{
    while (l->count < rows && !l->failed)
        add(l, INK_NONE, "", "");
}

/* --- the head --- */

static void add_head(struct layout *l, const json_t *run, const char *halt)
{
    cleanup_buf struct buf left = {0}, right = {0}, line = {0};
    char text[UNIT_TEXT_BYTES];

    buf_printf(&left, " %s: %s, %s for %s", told_text(run, "scenario"), told_text(run, "experiment"),
               told_text(run, "phase"), told_span(told_number(run, "for_s"), text));
    text_line(&line, told_text(run, "run"));
    text_elide(&right, buf_text(&line), l->view->columns / 2);
    add(l, INK_BOLD, run ? buf_text(&left) : " waiting for the run to answer", buf_text(&right));
    buf_clear(&left);
    if (halt)
        buf_printf(&left, " HALTED by %s: nothing is injected until r (resume)", halt);
    else if (told_is(run, "waiting"))
        buf_add(&left, " WAITS before its faults: c (continue) lets it go on");
    add(l, halt ? INK_RED : INK_YELLOW, buf_text(&left), "");
}

/* --- sections --- */

/* A first line costs its heading too. */
static void share_out(struct section *sections, size_t count, size_t rows)
{
    bool gave = true;

    while (gave) {
        gave = false;
        for (size_t i = 0; i < count; i++) {
            size_t costs = sections[i].shown ? 1 : 2;
            if (sections[i].shown == sections[i].count || costs > rows)
                continue;
            sections[i].shown++;
            rows -= costs;
            gave = true;
        }
    }
}

static void add_section(struct layout *l, const struct section *s)
{
    cleanup_buf struct buf name = {0};

    buf_add(&name, s->name);
    if (s->shown < s->count)
        buf_printf(&name, " (%zu of %zu)", s->shown, s->count);
    add(l, INK_BOLD, buf_text(&name), s->heads);
    for (size_t i = 0; i < s->shown; i++) {
        struct board_line *line =
            s->lines[i].text ? arena_push(l->board->arena, &l->lines, &l->count, sizeof(*line)) : NULL;
        l->failed |= !line;
        if (line)
            *line = s->lines[i];
    }
}

/* Empty lines between them are the first to go. */
static void add_sections(struct layout *l, const json_t *run)
{
    struct section sections[SECTION_MAX];
    size_t count = sections_of(run, l->view->columns, l->board->arena, sections);
    size_t rows = l->view->rows - HEAD - FOOT, wanted = 0;

    for (size_t i = 0; i < count; i++)
        wanted += sections[i].count + 2;
    share_out(sections, count, rows);
    for (size_t i = 0; i < count; i++) {
        if (!sections[i].shown)
            continue;
        add_section(l, &sections[i]);
        if (wanted <= rows)
            add(l, INK_NONE, "", "");
    }
}

static void add_help(struct layout *l)
{
    for (size_t i = 0; i < sizeof(help_lines) / sizeof(*help_lines) && l->count < l->view->rows - FOOT; i++)
        add(l, INK_NONE, help_lines[i], "");
}

/* --- the foot --- */

/* Of what is too long the end is shown: it is what one types at. */
static const char *tail_of(const char *text, size_t columns)
{
    while (text_columns(text) > columns)
        text_next(&text);
    return text;
}

static void add_prompt(struct layout *l)
{
    const struct board_view *v = l->view;
    cleanup_buf struct buf safe = {0}, line = {0};

    text_line(&safe, v->typed);
    buf_printf(&line, " %s: ", v->prompt);
    size_t taken = text_columns(buf_text(&line)) + 1;
    buf_add(&line, tail_of(buf_text(&safe), v->columns > taken ? v->columns - taken : 0));
    l->board->has_cursor = true;
    l->board->cursor_row = l->count;
    l->board->cursor_column = text_columns(buf_text(&line));
    add(l, INK_BOLD, buf_text(&line), "");
}

static void add_foot(struct layout *l)
{
    const struct board_view *v = l->view;
    const char *said = v->prompt && v->hint ? v->hint : v->message ? v->message : "";
    bool is_trouble = said == v->message && v->is_trouble;
    cleanup_buf struct buf line = {0};

    buf_printf(&line, " %s", said);
    add(l, is_trouble ? INK_RED : INK_NONE, buf_text(&line), "");
    if (v->prompt)
        add_prompt(l);
    else
        add(l, INK_BOLD, keys_line, "");
}

/* --- the whole --- */

static void add_smallness(struct layout *l)
{
    cleanup_buf struct buf line = {0};

    buf_printf(&line, "too small: %zux%zu, not %dx%d", l->view->columns, l->view->rows, BOARD_COLUMNS_MIN,
               BOARD_ROWS_MIN);
    if (l->view->rows)
        add(l, INK_NONE, buf_text(&line), "");
    pad_to(l, l->view->rows);
}

static void add_all(struct layout *l, const json_t *run, const char *halt)
{
    add_head(l, run, halt);
    if (l->view->helps)
        add_help(l);
    else
        add_sections(l, run);
    pad_to(l, l->view->rows - FOOT);
    add_foot(l);
}

int board_make(const json_t *run, const char *halt, const struct board_view *view, struct board *ret_board)
{
    struct board board = {.arena = arena_new()};
    struct layout l = {.view = view, .board = &board};

    if (!board.arena)
        return -ENOMEM;
    if (view->columns < BOARD_COLUMNS_MIN || view->rows < BOARD_ROWS_MIN)
        add_smallness(&l);
    else
        add_all(&l, run, halt);
    board.lines = l.lines;
    board.count = l.count;
    if (l.failed) {
        board_free(&board);
        return -ENOMEM;
    }
    *ret_board = board;
    return 0;
}

void board_free(struct board *board)
{
    arena_free(board->arena);
    *board = (struct board){0};
}
