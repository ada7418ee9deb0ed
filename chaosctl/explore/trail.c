/* Stacks with their lines.  Floor 3. */
#include <inttypes.h>
#include <string.h>

#include "chaosctl/explore/trail.h"

#define INLINED_MAX 16
#define SLOTS       1024 /* addresses of all stacks: a few hundred in most programs */

/* An address and the functions there. */
struct known {
    struct known *next;
    struct frame frame;
    const struct place *places;
    size_t count;
};

struct trails {
    struct arena *arena;
    struct source *source;
    const char *folder; /* NULL: paths stay as they are */
    size_t folder_len;
    struct known *slots[SLOTS];
};

struct trails *trails_new(struct arena *arena, struct source *source, const char *folder)
{
    struct trails *trails = arena_take(arena, sizeof(*trails));

    if (trails) {
        trails->arena = arena;
        trails->source = source;
        trails->folder = folder;
        trails->folder_len = folder ? strlen(folder) : 0;
    }
    return trails;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* What is below every program: a failure is passed on there, not made.  By name, since a chroot or a
 * container has its own folders. */
static bool is_foreign(const struct module *module)
{
    static const char *const heads[] = {"libc.so.",   "libc-2.",     "ld-linux",      "ld-2.",
                                        "ld-musl-",   "libpthread",  "libstdc++.so.", "libgcc_s.so.",
                                        "libresolv.", "libchaosctl", "linux-vdso",    "[vdso]"};
    const char *name = base_name(module->path);

    for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++)
        if (!strncmp(name, heads[i], strlen(heads[i])))
            return true;
    return false;
}

static const char *below_folder(const struct trails *t, const char *file)
{
    bool below =
        file && t->folder_len && !strncmp(file, t->folder, t->folder_len) && file[t->folder_len] == '/';

    return below ? file + t->folder_len + 1 : file;
}

static bool is_start(const struct place *place)
{
    return place->function &&
           (!strcmp(place->function, "_start") || !strcmp(place->function, "__libc_start_main"));
}

static size_t look_up(const struct trails *t, const struct frame *frame, struct source_place *found)
{
    struct source_code code = {.address = frame->address, .after_call = !frame->is_exact};

    if (!frame->module)
        return 0;
    code.module = frame->module->path;
    code.build_id = frame->module->build_id;
    return source_find(t->source, &code, found, INLINED_MAX);
}

static bool fill(const struct trails *t, struct known *known)
{
    struct source_place found[INLINED_MAX] = {0};
    const struct frame *frame = &known->frame;
    size_t count = look_up(t, frame, found);

    known->count = count ? count : 1;
    struct place *places = arena_take(t->arena, known->count * sizeof(*places));
    if (!places)
        return false;
    for (size_t i = 0; i < known->count; i++)
        places[i] = (struct place){
            .function = found[i].function,
            .distance = found[i].distance,
            .start = found[i].start,
            .file = below_folder(t, found[i].file),
            .line = found[i].line,
            .is_inlined = found[i].inlined,
            .is_foreign = frame->module && is_foreign(frame->module),
            .module = frame->module,
            .address = frame->address,
        };
    known->places = places;
    return true;
}

static const struct known *find(struct trails *t, const struct frame *frame)
{
    uint64_t hash = (frame->address ^ (uintptr_t)frame->module) * UINT64_C(0x9e3779b97f4a7c15);
    struct known **slot = &t->slots[hash >> 32 & (SLOTS - 1)];

    for (struct known *k = *slot; k; k = k->next)
        if (k->frame.module == frame->module && k->frame.address == frame->address &&
            k->frame.is_exact == frame->is_exact)
            return k;
    struct known *k = arena_take(t->arena, sizeof(*k));
    if (!k)
        return NULL;
    k->frame = *frame;
    if (!fill(t, k))
        return NULL;
    k->next = *slot;
    *slot = k;
    return k;
}

/* libc's part below main, and _start: what libc calls is never outermost, so it is that, with a name or
 * without. */
static size_t without_start(const struct place *places, size_t count)
{
    size_t n = count;

    if (n > 1 && (is_start(&places[n - 1]) || (!places[n - 1].function && places[n - 2].is_foreign)))
        n--;
    while (n > 0 && places[n - 1].is_foreign)
        n--;
    return n ? n : count;
}

bool trail_make(struct trails *t, const struct stack *stack, struct trail *ret_trail)
{
    const struct known *known[EXPLORE_STACK_MAX];
    size_t count = 0, n = 0;

    for (size_t i = 0; i < stack->depth; i++) {
        known[i] = find(t, &stack->frames[i]);
        if (!known[i])
            return false;
        count += known[i]->count;
    }
    struct place *places = arena_take(t->arena, count * sizeof(*places));
    if (!places)
        return false;
    for (size_t i = 0; i < stack->depth; n += known[i++]->count)
        memcpy(places + n, known[i]->places, known[i]->count * sizeof(*places));
    *ret_trail = (struct trail){places, stack->is_cut ? n : without_start(places, n), 0, stack->is_cut};
    while (ret_trail->first < ret_trail->count &&
           (places[ret_trail->first].is_foreign || !places[ret_trail->first].module))
        ret_trail->first++;
    return true;
}

const struct place *trail_top(const struct trail *trail)
{
    if (trail->first < trail->count)
        return &trail->places[trail->first];
    return trail->count ? &trail->places[0] : NULL;
}

const char *place_module(const struct place *place)
{
    return place->module ? base_name(place->module->path) : "?";
}

static void put_address(const struct place *place, uint64_t address, struct buf *out)
{
    buf_printf(out, "%s+0x%" PRIx64, place_module(place), address);
}

void place_name(const struct place *place, struct buf *out)
{
    if (!place->function)
        put_address(place, place->start ? place->start : place->address, out);
    else if (place->distance && !place->file)
        buf_printf(out, "%s+0x%" PRIx64, place->function, place->distance);
    else
        buf_add(out, place->function);
}

void place_line(const struct place *place, struct buf *out)
{
    if (place->file && place->line)
        buf_printf(out, "%s:%d", place->file, place->line);
    else
        put_address(place, place->address, out);
}
