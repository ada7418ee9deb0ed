/* ncurses, loaded by `chaosctl top` alone.  Floor 5.
 *
 * Not linked: every command would pay for loading it, `chaosctl exec` too.  Its functions are members of one
 * variable, and its macros, which would name functions and variables of the library, are not used. */
#ifndef CHAOSCTL_NCURSES_H
#define CHAOSCTL_NCURSES_H

#include <stdio.h>

#define NCURSES_NOMACROS
#include <ncurses.h>

#define NCURSES_FUNCTIONS(FUNCTION)                                                                          \
    FUNCTION(newterm)                                                                                        \
    FUNCTION(delscreen)                                                                                      \
    FUNCTION(endwin)                                                                                         \
    FUNCTION(newwin)                                                                                         \
    FUNCTION(cbreak)                                                                                         \
    FUNCTION(noecho)                                                                                         \
    FUNCTION(nonl)                                                                                           \
    FUNCTION(keypad)                                                                                         \
    FUNCTION(nodelay)                                                                                        \
    FUNCTION(set_escdelay)                                                                                   \
    FUNCTION(wget_wch)                                                                                       \
    FUNCTION(getmaxx)                                                                                        \
    FUNCTION(getmaxy)                                                                                        \
    FUNCTION(wresize)                                                                                        \
    FUNCTION(werase)                                                                                         \
    FUNCTION(wmove)                                                                                          \
    FUNCTION(waddnstr)                                                                                       \
    FUNCTION(wattr_set)                                                                                      \
    FUNCTION(clearok)                                                                                        \
    FUNCTION(wrefresh)                                                                                       \
    FUNCTION(curs_set)                                                                                       \
    FUNCTION(has_colors)                                                                                     \
    FUNCTION(start_color)                                                                                    \
    FUNCTION(use_default_colors)                                                                             \
    FUNCTION(init_pair)

struct ncurses {
#define FUNCTION(name) __typeof__(&name) name;
    NCURSES_FUNCTIONS(FUNCTION)
#undef FUNCTION
};

/* All NULL before ncurses_load() has answered 0. */
extern struct ncurses ncurses;

/* Returns 0 or -ELIBACC; it stays loaded. */
int ncurses_load(void);

#endif
