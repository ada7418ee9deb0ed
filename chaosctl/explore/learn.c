/* Clean runs: what the program does when nothing fails, and where it can.  Floor 3. */
#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/explore/internal.h"

#define CLEAN_RUNS   3
#define CLEAN_MAX_NS (60 * NS_PER_S)
#define HANG_MIN_NS  (1 * NS_PER_S)
#define HANG_TIMES   10

bool note(struct explore *x, const char *format, ...)
{
    va_list args;
    char text[512];
    const char **place = arena_push(x->arena, &x->notes, &x->notes_count, sizeof(*x->notes));

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return place && (*place = arena_copy(x->arena, text));
}

/* --- stacks --- */

const char *error_word(int error)
{
    const char *name = error == EAI_AGAIN    ? "EAI_AGAIN"
                       : error == EAI_NONAME ? "EAI_NONAME"
                                             : strerrorname_np(error);

    return name ? name : "?";
}

static const struct module *module_of(struct explore *x, const struct explore_module *m)
{
    for (size_t i = 0; i < x->modules_count; i++)
        if (!strcmp(x->modules[i].path, m->path) && !strcmp(x->modules[i].build_id, m->build_id))
            return &x->modules[i];
    if (x->modules_count == EXPLORE_MODULES)
        return NULL;
    struct module *new = &x->modules[x->modules_count];
    new->path = arena_copy_n(x->arena, m->path, strnlen(m->path, sizeof(m->path)));
    new->build_id = arena_copy_n(x->arena, m->build_id, strnlen(m->build_id, sizeof(m->build_id)));
    if (!new->path || !new->build_id)
        return NULL;
    x->modules_count++;
    return new;
}

void stack_of(struct explore *x, const struct explore_area *area, const struct explore_stack *from,
              struct stack *ret_stack)
{
    size_t depth = from->depth < EXPLORE_FRAMES ? from->depth : EXPLORE_FRAMES;

    ret_stack->depth = depth;
    ret_stack->is_cut = from->is_cut;
    for (size_t i = 0; i < depth; i++) {
        uint64_t module = from->frames[i] >> EXPLORE_ADDRESS_BITS;
        ret_stack->frames[i] = (struct frame){
            .module = module < EXPLORE_MODULES ? module_of(x, &area->modules[module]) : NULL,
            .address = from->frames[i] & ((UINT64_C(1) << EXPLORE_ADDRESS_BITS) - 1),
            .is_exact = !i && from->is_exact,
        };
    }
}

/* --- is it the run that was wanted? --- */

static int cannot(struct explore *x, const char *what, const struct ended *e)
{
    const char *line = e->err_len ? e->err : "";
    int len = (int)strcspn(line, "\n");

    buf_add(x->why, what);
    if (e->is_hung)
        buf_add(x->why, ": it does not end within a minute");
    else if (WIFSIGNALED(e->status))
        buf_printf(x->why, ": signal %d (%s) ends it", WTERMSIG(e->status), strsignal(WTERMSIG(e->status)));
    else
        buf_printf(x->why, ": it exits with %d, not %d", WEXITSTATUS(e->status), x->request.clean_status);
    if (len)
        buf_printf(x->why, ", saying \"%.*s\"", len > 200 ? 200 : len, line);
    return -ECANCELED;
}

static bool is_clean(const struct explore *x, const struct ended *e)
{
    return !e->is_hung && WIFEXITED(e->status) && WEXITSTATUS(e->status) == x->request.clean_status;
}

/* --- the clean runs --- */

static int clean_run(struct explore *x, struct worker *w, bool is_native, struct ended *ret_ended)
{
    area_reset(w, EXPLORE_LEARN);
    return run_wait(x, w, is_native, ret_ended);
}

/* As it is, without us: a program that fails by itself cannot be judged. */
static int run_native(struct explore *x, struct worker *w)
{
    struct ended e;
    int error = clean_run(x, w, true, &e);

    if (error)
        return error;
    if (!is_clean(x, &e))
        error = cannot(x, "it already fails when nothing is made to fail", &e);
    ended_free(&e);
    return error;
}

/* With us: a program that cannot stand the traps is explored without them. */
static int run_first(struct explore *x, struct worker *w, struct ended *ret_ended)
{
    int error = clean_run(x, w, false, ret_ended);

    if (!error && !is_clean(x, ret_ended) && x->traps) {
        x->traps = false;
        note(x,
             "it cannot stand a seccomp filter beside it, so only calls at the PLT were failed: no file or "
             "network calls");
        ended_free(ret_ended);
        error = clean_run(x, w, false, ret_ended);
    }
    if (error)
        return error;
    if (!is_clean(x, ret_ended))
        error = cannot(x, "it fails with the explorer's library in it", ret_ended);
    else if (!w->area->entered) {
        buf_add(x->why, "it did not load the explorer's library");
        error = -ECANCELED;
    }
    if (error)
        ended_free(ret_ended);
    else if (x->traps && w->area->entered < 2)
        note(x, "no seccomp filter could be set, so only calls at the PLT were failed");
    return error;
}

static bool is_same_text(const char *a, size_t a_len, const char *b, size_t b_len)
{
    return a_len == b_len && !memcmp(a, b, a_len);
}

/* A file that varies is not looked at: it is as if the reference had it with any contents. */
static void mask_tree(struct explore *x, struct tree *reference, const struct tree *again)
{
    for (size_t i = 0; i < reference->count; i++) {
        struct tree_file *a = &reference->files[i];
        for (size_t j = 0; j < again->count; j++)
            if (!strcmp(a->path, again->files[j].path) && a->digest != again->files[j].digest &&
                a->size != UINT64_MAX) {
                a->size = UINT64_MAX;
                note(x, "the contents of %s vary from run to run and were not compared",
                     strchr(a->path, '/') + 1);
            }
    }
}

static void compare(struct explore *x, struct worker *w, const struct ended *e)
{
    struct clean *c = &x->clean;

    if (!c->is_out_unstable && !is_same_text(c->out, c->out_len, e->out, e->out_len)) {
        c->is_out_unstable = true;
        note(x, "what it prints varies from run to run and was not compared");
    }
    if (c->blocks != e->end.blocks)
        c->is_blocks_unstable = true;
    if (e->err_len > c->err_len)
        c->err_len = e->err_len;
    if (e->end.fds > c->fds)
        c->fds = e->end.fds;
    if (e->took_ns > c->took_ns)
        c->took_ns = e->took_ns;
    mask_tree(x, &w->reference, &e->tree);
}

static void take_reference(struct explore *x, struct worker *w, struct ended *e)
{
    x->clean = (struct clean){.out = e->out,
                              .out_len = e->out_len,
                              .err_len = e->err_len,
                              .fds = e->end.fds,
                              .blocks = e->end.blocks,
                              .is_noted = e->end.is_noted,
                              .took_ns = e->took_ns};
    e->out = NULL;
    w->reference = e->tree;
    e->tree = (struct tree){0};
}

/* --- points --- */

/* Paths in the copy of the folder are the user's own. */
static const char *about_of(struct explore *x, const struct explore_place *place)
{
    const char *about = place->about, *folder = x->workers[0].folder;
    size_t len = strnlen(about, sizeof(place->about)), skip = strlen(folder) + 1;

    if (place->kind == EXPLORE_PIPE)
        return "a pipe";
    if (place->kind == EXPLORE_SOCKET)
        return "a socket";
    if (len == skip - 1 && !memcmp(about, folder, len))
        return ".";
    if (len > skip && !memcmp(about, folder, skip - 1) && about[skip - 1] == '/') {
        about += skip;
        len -= skip;
    }
    return len ? arena_copy_n(x->arena, about, len) : NULL;
}

static uint64_t mixed(uint64_t h)
{
    h ^= h >> 33;
    h *= UINT64_C(0xff51afd7ed558ccd);
    return h ^ h >> 29;
}

static bool plan_add(struct explore *x, const struct explore_area *area, uint32_t index, unsigned error,
                     bool is_other, bool is_persistent)
{
    const struct explore_place *place = &area->places[index];
    const struct failing_row *row = &failing_rows[place->call];
    struct plan *p = arena_push(x->arena, &x->plans, &x->plans_count, sizeof(*p));

    if (!p)
        return false;
    *p = (struct plan){.kind = place->kind,
                       .call = place->call,
                       .place = index,
                       .error = error,
                       .is_other = is_other,
                       .hash = place->hash,
                       .sequence = place->sequence};
    p->point = (struct point){.call = row->name,
                              .error = error_word(row->errors[error]),
                              .error_number = row->errors[error],
                              .occurrence = 1,
                              .is_persistent = is_persistent,
                              .seen = place->seen,
                              .about = about_of(x, place)};
    uint64_t id = mixed(place->hash ^ mixed((uint64_t)(row->errors[error] + 1000) << 1 | is_persistent));
    snprintf(p->point.id, sizeof(p->point.id), "%012llx", (unsigned long long)(id >> 16));
    stack_of(x, area, &place->stack, &p->point.stack);
    return true;
}

static bool is_used(const struct explore_place *place)
{
    return place->hash && place->is_ready && place->call < FAILING_COUNT;
}

/* Each call on each stack by each error that it can meet there; and by the likeliest for good. */
static int plan_place(struct explore *x, const struct explore_area *area, uint32_t index)
{
    const struct explore_place *place = &area->places[index];
    const struct failing_row *row = &failing_rows[place->call];
    bool is_other = false;

    for (unsigned e = 0; e < EXPLORE_ERRORS && row->errors[e]; e++) {
        if (!failing_applies(place->call, row->errors[e], place))
            continue;
        if (!plan_add(x, area, index, e, is_other, false))
            return -ENOMEM;
        if (!is_other && failing_lasts(place->call, row->errors[e]) &&
            !plan_add(x, area, index, e, false, true))
            return -ENOMEM;
        is_other = true;
    }
    return 0;
}

static int plan_all(struct explore *x, const struct explore_area *area)
{
    for (uint32_t i = 0; i < EXPLORE_PLACES; i++) {
        int error = is_used(&area->places[i]) ? plan_place(x, area, i) : 0;
        if (error)
            return error;
    }
    x->lost = atomic_load(&area->places_lost);
    return 0;
}

static const struct explore_place *place_find(const struct explore_area *area, uint64_t hash)
{
    for (uint64_t i = hash; i < hash + EXPLORE_PLACES; i++) {
        const struct explore_place *place = &area->places[i & (EXPLORE_PLACES - 1)];
        if (place->hash == hash || !place->hash)
            return place->hash ? place : NULL;
    }
    return NULL;
}

/* What this clean run did not meet too is not to be relied on. */
static void recognize(struct explore *x, const struct explore_area *area)
{
    for (size_t i = 0; i < x->plans_count; i++) {
        struct plan *p = &x->plans[i];
        const struct explore_place *place = place_find(area, p->hash);
        if (!place) {
            p->is_unstable = true;
            continue;
        }
        p->place = place - area->places;
        if (place->sequence < p->sequence)
            p->sequence = place->sequence;
        if (place->seen < p->point.seen)
            p->point.seen = place->seen;
    }
}

/* --- their order --- */

static uint64_t site_of(const struct plan *p)
{
    return p->point.stack.depth ? p->point.stack.frames[0].address : 0;
}

static int by_site(const void *a, const void *b)
{
    const struct plan *p = a, *q = b;

    if (p->wave != q->wave)
        return p->wave < q->wave ? -1 : 1;
    if (site_of(p) != site_of(q))
        return site_of(p) < site_of(q) ? -1 : 1;
    return p->sequence < q->sequence ? -1 : p->sequence > q->sequence;
}

static int by_sequence(const void *a, const void *b)
{
    const struct plan *p = a, *q = b;

    if (p->wave != q->wave)
        return p->wave < q->wave ? -1 : 1;
    if (p->sequence != q->sequence)
        return p->sequence < q->sequence ? -1 : 1;
    return p->error - q->error;
}

/* I/O and dependencies, then memory at call sites not met before, then memory on other stacks; then other
 * errors; then what keeps failing. */
static uint32_t wave_of(const struct plan *p, const struct explore_area *area)
{
    if (p->point.is_persistent || p->is_other)
        return p->point.is_persistent ? 4 : 3;
    return failing_rows[area->places[p->place].call].family != FAMILY_MEMORY ? 0 : 1;
}

static void order(struct explore *x, const struct explore_area *area)
{
    for (size_t i = 0; i < x->plans_count; i++)
        x->plans[i].wave = wave_of(&x->plans[i], area);
    if (!x->plans_count)
        return;
    qsort(x->plans, x->plans_count, sizeof(*x->plans), by_site);
    for (size_t i = x->plans_count - 1; i > 0; i--)
        if (x->plans[i].wave == 1 && x->plans[i - 1].wave == 1 &&
            site_of(&x->plans[i]) == site_of(&x->plans[i - 1]))
            x->plans[i].wave = 2;
    qsort(x->plans, x->plans_count, sizeof(*x->plans), by_sequence);
}

/* --- all of it --- */

static int learn_again(struct explore *x, struct worker *w)
{
    struct ended e;
    int error = clean_run(x, w, false, &e);

    if (error)
        return error;
    if (!is_clean(x, &e))
        error = cannot(x, "it does not end in the same way each time when nothing fails", &e);
    else {
        compare(x, w, &e);
        recognize(x, w->area);
    }
    ended_free(&e);
    return error;
}

int learn(struct explore *x)
{
    struct worker *w = &x->workers[0];
    struct ended first;

    x->hang_ns = CLEAN_MAX_NS;
    int error = run_native(x, w);
    if (!error)
        error = run_first(x, w, &first);
    if (error)
        return error;
    take_reference(x, w, &first);
    for (size_t i = 0; i < FAILING_COUNT; i++)
        x->clean.counts[i] = w->area->counts[i];
    ended_free(&first);
    error = plan_all(x, w->area);
    for (int i = 1; i < CLEAN_RUNS && !error; i++)
        error = learn_again(x, w);
    if (error)
        return error;
    order(x, w->area);
    if (!x->request.only_id)
        error = learn_uncovered(x);
    x->hang_ns = HANG_MIN_NS + HANG_TIMES * x->clean.took_ns;
    x->first_hang_ns = x->hang_ns;
    return error;
}
