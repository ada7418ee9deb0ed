/* Where code was written: module and address to function, file and line.  Floor 3.
 *
 * Reads DWARF of the file itself or of its debug file (.gnu_debuglink, /usr/lib/debug/.build-id; and, if the
 * user has set DEBUGINFOD_URLS, what elfutils gets there), outside the target and after it has ended.
 * Without DWARF: the symbol and the distance from it.  Without libdw, or with a file that is no longer the
 * one that ran: nothing but what it was given. */
#ifndef CHAOSCTL_EXPLORE_SOURCE_H
#define CHAOSCTL_EXPLORE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct source;

/* An address in a module: the file's own, as struct frame has it (finding.h). */
struct source_code {
    const char *module;   /* path */
    const char *build_id; /* lower-case hex; NULL or "": not known, the file is believed */
    uint64_t address;
    bool after_call; /* a return address: the call is before it */
};

/* One function at that address.  Borrowed from the source. */
struct source_place {
    const char *function; /* NULL: not known */
    uint64_t distance;    /* from the start of the symbol; 0 when file is known */
    uint64_t start;       /* of a function without a name; 0: not known */
    const char *file;     /* absolute, unless the compiler was told otherwise; NULL: not known */
    int line;             /* 0: not known */
    bool inlined;         /* into the place that follows */
};

/* NULL when memory is out. */
struct source *source_new(void);
void source_free(struct source *source);

/* The functions at the address, the innermost first: one, and those that it was inlined into.  Returns how
 * many were put into places, at most max; 0: nothing is known. */
size_t source_find(struct source *source, const struct source_code *code, struct source_place *places,
                   size_t max);

/* Why files had no lines: libdw is missing.  NULL: it is there. */
const char *source_trouble(const struct source *source);

#endif
