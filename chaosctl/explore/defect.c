/* Findings into defects.  Floor 3. */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/buf.h"
#include "chaosctl/explore/defect.h"

struct maker {
    struct defects *defects;
    struct trails *trails;
};

static bool same_text(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

/* --- identities --- */

bool identity_equal(const struct identity *a, const struct identity *b)
{
    for (int i = 0; i < IDENTITY_FUNCTIONS; i++)
        if (!same_text(a->functions[i], b->functions[i]))
            return false;
    return !strcmp(a->call, b->call) && !strcmp(a->error, b->error) && !strcmp(a->module, b->module) &&
           !strcmp(a->outcome, b->outcome);
}

/* FNV-1a; the terminator is part of it, so that "ab","c" is not "a","bc". */
static uint64_t hash_add(uint64_t hash, const char *text)
{
    const char *p = text;

    do
        hash = (hash ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
    while (*p++);
    return hash;
}

static uint64_t identity_hash(const struct identity *identity)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    hash = hash_add(hash, identity->outcome);
    hash = hash_add(hash, identity->call);
    hash = hash_add(hash, identity->error);
    hash = hash_add(hash, identity->module);
    for (int i = 0; i < IDENTITY_FUNCTIONS && identity->functions[i]; i++)
        hash = hash_add(hash, identity->functions[i]);
    return hash;
}

/* For a line of JSON: a path may have any byte. */
static const char *plain(struct arena *arena, const char *text)
{
    char *copy = arena_copy(arena, text);

    for (char *p = copy; p && *p; p++)
        if (*p < ' ' || *p > '~')
            *p = '?';
    return copy;
}

/* A function without a name goes by its address, which another build may well have changed. */
static const char *name_of(struct arena *arena, const struct place *place)
{
    cleanup_buf struct buf name = {0};

    if (!place->function)
        place_name(place, &name);
    return plain(arena, place->function ? place->function : buf_text(&name));
}

static const struct identity *identity_make(struct arena *arena, const struct finding *finding,
                                            const struct trail *injected)
{
    struct identity *identity = arena_take(arena, sizeof(*identity));
    const struct place *top = trail_top(injected);
    int n = 0;

    if (!identity)
        return NULL;
    *identity = (struct identity){
        .call = finding->point->call,
        .error = finding->point->error,
        .module = plain(arena, top ? place_module(top) : "?"),
        .outcome = ending_name(finding->outcome),
    };
    if (!identity->module)
        return NULL;
    for (size_t i = injected->first; i < injected->count && n < IDENTITY_FUNCTIONS; i++) {
        identity->functions[n] = name_of(arena, &injected->places[i]);
        if (!identity->functions[n++])
            return NULL;
    }
    return identity;
}

/* --- causes --- */

static bool same_function(const struct place *a, const struct place *b)
{
    if (strcmp(place_module(a), place_module(b)) || !same_text(a->function, b->function))
        return false;
    return a->function || (a->start ? a->start == b->start : a->address == b->address);
}

static bool same_place(const struct place *a, const struct place *b)
{
    if (!a || !b)
        return a == b;
    if (!same_function(a, b))
        return false;
    return a->line ? a->line == b->line && same_text(a->file, b->file) : a->address == b->address;
}

static bool has_crash(const struct defect *d)
{
    return d->crash.first < d->crash.count;
}

/* It crashed in the function whose call failed: nothing was handed on. */
static bool is_local(const struct defect *d)
{
    const struct place *injected = trail_top(&d->injected);

    return injected && same_function(d->at, injected);
}

/* Who called the function that crashed. */
static const struct place *caller_of(const struct trail *crash)
{
    static const struct place nobody;

    return crash->first + 1 < crash->count ? &crash->places[crash->first + 1] : &nobody;
}

static bool is_called_alike(const struct defect *d, const struct place *caller)
{
    for (size_t i = 0; i < d->callers_count; i++)
        if (same_function(d->callers[i], caller))
            return true;
    return false;
}

/* Not the line of the crash: compilers move and multiply what uses a pointer, and which use comes first is
 * chance.  A call that fails for good may well have been survived the first time: then its place says nothing
 * about the crash. */
static bool same_cause(const struct defect *d, const struct defect *like)
{
    if (d->finding->outcome != like->finding->outcome || d->state != like->state ||
        has_crash(d) != has_crash(like))
        return false;
    if (!has_crash(d))
        return same_place(trail_top(&d->injected), trail_top(&like->injected));
    if (!same_function(d->at, like->at))
        return false;
    if (is_local(d) && is_local(like))
        return same_place(trail_top(&d->injected), trail_top(&like->injected));
    return is_called_alike(d, caller_of(&like->crash));
}

static bool add_caller(struct defects *defects, struct defect *d, const struct place *caller)
{
    if (is_called_alike(d, caller))
        return true;
    const struct place **place = arena_push(defects->arena, &d->callers, &d->callers_count, sizeof(*place));
    if (place)
        *place = caller;
    return place;
}

static bool add_identity(struct defects *defects, struct defect *d, const struct identity *identity)
{
    uint64_t id = identity_hash(identity);

    for (size_t i = 0; i < d->identities_count; i++)
        if (identity_equal(d->identities[i], identity))
            return true;
    const struct identity **place =
        arena_push(defects->arena, &d->identities, &d->identities_count, sizeof(*d->identities));
    if (!place)
        return false;
    *place = identity;
    /* The least of them, whichever was explored first. */
    d->id = d->identities_count == 1 || id < d->id ? id : d->id;
    return true;
}

static struct defect *defect_of(struct defects *defects, const struct defect *like)
{
    for (size_t i = 0; i < defects->count; i++)
        if (same_cause(&defects->items[i], like))
            return &defects->items[i];
    struct defect *d = arena_push(defects->arena, &defects->items, &defects->count, sizeof(*d));
    if (d)
        *d = *like;
    return d;
}

static const struct place *where(const struct defect *d)
{
    bool crashed_in_program = d->crash.first < d->crash.count;

    return trail_top(crashed_in_program ? &d->crash : &d->injected);
}

static bool add(struct maker *m, const struct finding *finding)
{
    struct defects *defects = m->defects;
    struct defect like = {.finding = finding, .state = DEFECT_UNCONFIRMED};

    if (finding->is_confirmed)
        like.state = DEFECT_NEW;
    if (!trail_make(m->trails, &finding->point->stack, &like.injected) ||
        !trail_make(m->trails, &finding->crash, &like.crash))
        return false;
    like.at = where(&like);
    const struct identity *identity = identity_make(defects->arena, finding, &like.injected);
    struct defect *d = identity ? defect_of(defects, &like) : NULL;
    if (!d || !add_identity(defects, d, identity) || !add_caller(defects, d, caller_of(&like.crash)))
        return false;
    d->points++;
    return true;
}

static int compare(const void *left, const void *right)
{
    const struct defect *a = left, *b = right;

    if (a->state != b->state)
        return a->state < b->state ? -1 : 1;
    if (a->finding->outcome != b->finding->outcome)
        return a->finding->outcome < b->finding->outcome ? -1 : 1;
    return a->finding < b->finding ? -1 : a->finding > b->finding;
}

void defects_sort(struct defects *defects)
{
    memset(defects->counts, 0, sizeof(defects->counts));
    for (size_t i = 0; i < defects->count; i++)
        defects->counts[defects->items[i].state]++;
    if (defects->count)
        qsort(defects->items, defects->count, sizeof(*defects->items), compare);
}

static bool make(struct defects *defects, struct source *source)
{
    const struct explore_result *result = defects->result;
    struct maker m = {defects, trails_new(defects->arena, source, result->folder)};

    for (size_t i = 0; i < result->findings_count && m.trails; i++)
        if (!add(&m, &result->findings[i]))
            return false;
    return m.trails;
}

int defects_make(const struct explore_result *result, struct defects **ret_defects)
{
    struct arena *arena = arena_new();
    struct defects *defects = arena ? arena_take(arena, sizeof(*defects)) : NULL;
    struct source *source = defects ? source_new() : NULL;

    if (!source) {
        arena_free(arena);
        return -ENOMEM;
    }
    *defects = (struct defects){.result = result, .arena = arena, .source = source};
    if (!make(defects, source)) {
        defects_free(defects);
        return -ENOMEM;
    }
    defects->trouble = source_trouble(source);
    defects_sort(defects);
    *ret_defects = defects;
    return 0;
}

void defects_free(struct defects *defects)
{
    if (!defects)
        return;
    source_free(defects->source);
    arena_free(defects->arena);
}

/* --- suppressions --- */

/* libc is in every stack: it would stand for all. */
static bool holds_for_place(const struct suppression *s, const struct place *place)
{
    if (place->is_foreign)
        return false;
    if (s->function && (!place->function || fnmatch(s->function, place->function, 0)))
        return false;
    return !s->module || (place->module && !fnmatch(s->module, place_module(place), 0));
}

static bool holds_for_trail(const struct suppression *s, const struct trail *trail)
{
    for (size_t i = 0; i < trail->count; i++)
        if (holds_for_place(s, &trail->places[i]))
            return true;
    return false;
}

void defects_suppress(struct defects *defects, const struct suppressions *suppressions, bool *used)
{
    for (size_t i = 0; i < suppressions->count; i++) {
        const struct suppression *s = &suppressions->items[i];
        for (size_t j = 0; j < defects->count; j++) {
            struct defect *d = &defects->items[j];
            if (!holds_for_trail(s, &d->injected) && !holds_for_trail(s, &d->crash))
                continue;
            used[i] = true;
            if (d->state == DEFECT_NEW || d->state == DEFECT_KNOWN) {
                d->state = DEFECT_SUPPRESSED;
                d->suppression = s;
            }
        }
    }
    defects_sort(defects);
}
