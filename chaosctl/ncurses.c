/* Loading ncurses.  Floor 5. */
#include "chaosctl/base/library.h"
#include "chaosctl/ncurses.h"

struct ncurses ncurses;

static const char *const names[] = {"libncursesw.so.6", NULL};

static const struct library_symbol symbols[] = {
#define FUNCTION(name) {#name, offsetof(struct ncurses, name)},
    NCURSES_FUNCTIONS(FUNCTION)
#undef FUNCTION
};

int ncurses_load(void)
{
    return library_load(names, symbols, sizeof(symbols) / sizeof(*symbols), &ncurses, sizeof(ncurses));
}
