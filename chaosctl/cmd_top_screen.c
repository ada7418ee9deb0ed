/* A board on a terminal.  Floor 5. */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "chaosctl/cmd_top.h"
#include "chaosctl/command.h"
#include "chaosctl/ncurses.h"
#include "chaosctl/report/spec_hint.h"
#include "chaosctl/report/text.h"
#include "chaosctl/run/halt.h"

static struct {
    SCREEN *screen;
    WINDOW *window;
    bool colour, utf8;
} on;

static const char *const prompts[] = {
    [TOP_INJECTS] = "inject", [TOP_LIFTS] = "lift which (all)", [TOP_NOTES] = "note"};

/* --- open and close --- */

static void set_colours(void)
{
    static const short of_ink[INK_COUNT] = {
        [INK_GREEN] = COLOR_GREEN, [INK_RED] = COLOR_RED, [INK_YELLOW] = COLOR_YELLOW};

    on.colour = may_colour(STDOUT_FILENO) && ncurses.has_colors() && ncurses.start_color() == OK;
    if (!on.colour)
        return;
    ncurses.use_default_colors();
    for (short ink = INK_GREEN; ink < INK_COUNT; ink++)
        ncurses.init_pair(ink, of_ink[ink], -1);
}

/* Text reads as this terminal's locale says, and here alone: reports follow none. */
int screen_open(void)
{
    int error = ncurses_load();

    if (error)
        return error;
    setlocale(LC_CTYPE, "");
    on.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
    on.screen = ncurses.newterm(NULL, stdout, stdin);
    on.window = on.screen ? ncurses.newwin(0, 0, 0, 0) : NULL;
    if (!on.window)
        return -ENOTTY;
    set_colours();
    ncurses.cbreak();
    ncurses.noecho();
    ncurses.nonl();
    ncurses.set_escdelay(50);
    ncurses.keypad(on.window, TRUE);
    ncurses.nodelay(on.window, TRUE);
    return 0;
}

void screen_close(void)
{
    if (!on.screen)
        return;
    ncurses.endwin();
    ncurses.delscreen(on.screen);
    on.screen = NULL;
}

/* --- drawing --- */

static attr_t attributes_of(enum ink ink)
{
    switch (ink) {
    case INK_BOLD: return A_BOLD;
    case INK_DIM: return A_DIM;
    case INK_RED: return on.colour ? A_NORMAL : A_BOLD;
    case INK_NONE:
    case INK_GREEN:
    case INK_YELLOW:
    case INK_COUNT: return A_NORMAL;
    }
    return A_NORMAL;
}

static void draw_line(int row, const struct board_line *line)
{
    cleanup_buf struct buf plain = {0};
    short pair = on.colour && line->ink >= INK_GREEN ? (short)line->ink : 0;
    const char *text = line->text;

    for (const char *p = text; !on.utf8 && *p;) {
        uint32_t c = text_next(&p);
        buf_add_char(&plain, c < 0x80 ? (char)c : '?');
    }
    ncurses.wmove(on.window, row, 0);
    ncurses.wattr_set(on.window, attributes_of(line->ink), pair, NULL);
    ncurses.waddnstr(on.window, on.utf8 ? text : buf_text(&plain), -1);
}

static void draw(const struct board *board)
{
    ncurses.wattr_set(on.window, A_NORMAL, 0, NULL);
    ncurses.werase(on.window);
    for (size_t i = 0; i < board->count; i++)
        draw_line((int)i, &board->lines[i]);
    ncurses.curs_set(board->has_cursor);
    if (board->has_cursor)
        ncurses.wmove(on.window, (int)board->cursor_row, (int)board->cursor_column);
    ncurses.wrefresh(on.window);
}

void screen_draw(const struct top *top)
{
    cleanup_buf struct buf hint = {0};
    int columns = ncurses.getmaxx(on.window), rows = ncurses.getmaxy(on.window);
    struct board_view view = {.columns = columns > 0 ? (size_t)columns : 0,
                              .rows = rows > 0 ? (size_t)rows : 0,
                              .message = top->message.len ? buf_text(&top->message) : NULL,
                              .is_trouble = top->is_trouble,
                              .typed = buf_text(&top->typed),
                              .helps = top->mode == TOP_HELPS};
    struct board board;

    if (top->mode >= TOP_INJECTS)
        view.prompt = prompts[top->mode];
    if (top->mode == TOP_INJECTS)
        spec_hint(buf_text(&top->typed), top->told, &hint);
    view.hint = hint.len ? buf_text(&hint) : NULL;
    if (board_make(top->told, halt_in_force(top->halt), &view, &board))
        return;
    draw(&board);
    board_free(&board);
}

/* --- reading --- */

/* ncurses has followed the new size with its own screen; ours is to be as large. */
static void resized(void)
{
    struct winsize size;

    if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col)
        ncurses.wresize(on.window, size.ws_row, size.ws_col);
    ncurses.clearok(on.window, TRUE);
}

void screen_read(struct top *top)
{
    wint_t key = 0;

    for (int kind; (kind = ncurses.wget_wch(on.window, &key)) != ERR && !top->quits;) {
        bool is_function = kind == KEY_CODE_YES;
        if (is_function ? key == KEY_RESIZE : key == ('l' & 0x1f))
            resized();
        else
            top_key(top, key, is_function);
    }
}
