/* A stack as people read it: functions and lines, inlined ones in their place.  Floor 3. */
#ifndef EXPLORE_TRAIL_H
#define EXPLORE_TRAIL_H

#include "chaosctl/base/arena.h"
#include "chaosctl/base/buf.h"
#include "chaosctl/explore/finding.h"
#include "chaosctl/explore/source.h"

/* A function that was under way. */
struct place {
    const char *function; /* NULL: not known */
    uint64_t distance;    /* from the start of its symbol; 0 when file is known */
    uint64_t start;       /* of a function without a name; 0: not known */
    const char *file;     /* below the folder where that is so; NULL: not known */
    int line;             /* 0: not known */
    bool is_inlined;
    bool is_foreign;             /* libc's, the loader's, chaosctl's own: nobody's defect */
    const struct module *module; /* NULL: in no file */
    uint64_t address;
};

/* Innermost first.  What started main is left out. */
struct trail {
    const struct place *places;
    size_t count;
    size_t first; /* the first place of the program itself; count when there is none */
    bool is_cut;  /* there was more below */
};

struct trails;

/* folder: paths below it are shown relative to it; or NULL.  Borrows all of them.  NULL: memory is out. */
struct trails *trails_new(struct arena *arena, struct source *source, const char *folder);

/* Each address is looked up once.  False when memory is out. */
bool trail_make(struct trails *trails, const struct stack *stack, struct trail *ret_trail);

/* The first place of the program; without any, the first; NULL when there is none at all. */
const struct place *trail_top(const struct trail *trail);

/* "jq", "libc.so.6"; "?" when it is in no file. */
const char *place_module(const struct place *place);

/* "push"; "push+0x12"; "jq+0x1200", by its start, for a function without a name; else by the address. */
void place_name(const struct place *place, struct buf *out);

/* "src/list.c:17"; "jq+0x1234" where no line is known. */
void place_line(const struct place *place, struct buf *out);

#endif
