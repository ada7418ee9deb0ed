/* How a run with a failure ended, against the clean one.  Floor 3. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "chaosctl/explore/internal.h"

/* --- what is on standard error --- */

static const char *const heap_words[] = {
    "malloc(): ",        "free(): ",
    "realloc(): ",       "double free or corruption",
    "corrupted size",    "corrupted double-linked",
    "munmap_chunk(): ",  "malloc_consolidate",
    "sysmalloc: ",       "corrupted unsorted",
    "invalid next size",
};
static const char *const sanitizer_words[] = {
    "ERROR: AddressSanitizer",  "ERROR: LeakSanitizer", "WARNING: ThreadSanitizer",
    "WARNING: MemorySanitizer", "runtime error: ",
};
static const char *const assert_words[] = {"Assertion `", "Assertion '", "assertion failed"};

static const char *find_any(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; text && i < count; i++) {
        const char *found = strstr(text, words[i]);
        if (found)
            return found;
    }
    return NULL;
}

#define FIND(text, words) find_any(text, words, sizeof(words) / sizeof(*(words)))

/* The line that something stands in. */
static const char *line_around(struct explore *x, const char *text, const char *at)
{
    while (at > text && at[-1] != '\n')
        at--;
    size_t len = strcspn(at, "\n");
    return len ? arena_copy_n(x->arena, at, len > 300 ? 300 : len) : NULL;
}

static const char *last_line(struct explore *x, const struct ended *e)
{
    const char *end = e->err ? e->err + e->err_len : NULL;

    while (end && end > e->err && end[-1] == '\n')
        end--;
    return end && end > e->err ? line_around(x, e->err, end - 1) : NULL;
}

/* --- ended by a signal --- */

static enum ending judge_signal(struct explore *x, const struct ended *e, const char **ret_detail)
{
    int signal = WTERMSIG(e->status);
    const char *said;

    *ret_detail = last_line(x, e);
    switch (signal) {
    case SIGSEGV:
    case SIGBUS:
    case SIGILL:
    case SIGFPE:
    case SIGSYS: return ENDING_SEGV;
    case SIGABRT:
        if ((said = FIND(e->err, heap_words)) || (said = FIND(e->err, assert_words))) {
            *ret_detail = line_around(x, e->err, said);
            return FIND(e->err, heap_words) ? ENDING_HEAP : ENDING_ASSERT;
        }
        return ENDING_ABORT;
    case SIGTRAP: return ENDING_ABORT;    /* g_error() and its like */
    case SIGPIPE: return ENDING_SURVIVED; /* what most programs want */
    case SIGXFSZ: *ret_detail = arena_copy(x->arena, "writes without end"); return ENDING_HANG;
    default: return ENDING_SIGNAL;
    }
}

/* --- ended well --- */

#define WAS_CLOSED UINT64_MAX /* the offset of what a branch could no longer write to */

static bool is_same_output(const struct explore *x, const struct ended *e)
{
    const struct clean *c = &x->clean;
    uint64_t offset = e->end.stdout_offset;

    if (c->is_out_unstable || offset == WAS_CLOSED)
        return true;
    return offset <= c->out_len && e->out_len == c->out_len - offset &&
           !memcmp(e->out, c->out + offset, e->out_len);
}

static const char *other_output(struct explore *x, const struct ended *e)
{
    size_t got = e->end.stdout_offset + e->out_len, wanted = x->clean.out_len;

    if (got != wanted)
        return arena_printf(x->arena, "standard output: %zu bytes, not %zu", got, wanted);
    return arena_copy(x->arena, "standard output: other bytes, as many");
}

/* Not a word more than when nothing fails. */
static bool is_quiet(const struct explore *x, const struct ended *e)
{
    uint64_t offset = e->end.stderr_offset == WAS_CLOSED ? 0 : e->end.stderr_offset;

    return offset + e->err_len <= x->clean.err_len;
}

static const struct tree_file *file_of(const struct tree *tree, const char *path)
{
    for (size_t i = 0; i < tree->count; i++)
        if (!strcmp(tree->files[i].path, path))
            return &tree->files[i];
    return NULL;
}

/* NULL: nothing is missing or other than after a clean run. */
static const char *other_file(struct explore *x, const struct tree *reference, const struct tree *tree)
{
    for (size_t i = 0; i < reference->count; i++) {
        const struct tree_file *a = &reference->files[i], *b = file_of(tree, a->path);
        const char *name = strchr(a->path, '/') ? strchr(a->path, '/') + 1 : a->path;
        if (!b)
            return arena_printf(x->arena, "file %s: missing", name);
        if (a->size != UINT64_MAX && (a->size != b->size || a->digest != b->digest))
            return arena_printf(x->arena, "file %s: %llu bytes, not %llu", name, (unsigned long long)b->size,
                                (unsigned long long)a->size);
    }
    return NULL;
}

/* NULL: nothing is there that a clean run does not leave. */
static const char *left_behind(struct explore *x, const struct tree *reference, const struct tree *tree)
{
    for (size_t i = 0; i < tree->count; i++)
        if (!file_of(reference, tree->files[i].path))
            return arena_printf(x->arena, "left behind: %s", tree->files[i].path);
    return NULL;
}

static enum failing_family family_of(const struct plan *plan)
{
    return failing_rows[plan->call].family;
}

/* Was something written that is to be kept?  What cannot be told to standard error cannot be told. */
static bool loses_data(const struct plan *plan)
{
    const char *about = plan->point.about;

    return family_of(plan) == FAMILY_WRITE && !(about && !strcmp(about, "standard error"));
}

/* Of a folder many file systems refuse it, so programs ignore that. */
static bool is_lost_sync(const struct plan *plan)
{
    return (plan->call == FAILING_fsync || plan->call == FAILING_fdatasync) && plan->kind != EXPLORE_FOLDER;
}

/* Who cannot remove a file leaves it; and when the failure lasts, so may who needs it to recover. */
static bool could_tidy(const struct plan *plan)
{
    return family_of(plan) != FAMILY_CHANGE && !plan->point.is_persistent;
}

static enum ending judge_leaks(struct explore *x, const struct ended *e, const char **ret_detail)
{
    const struct clean *c = &x->clean;

    if (!e->end.is_noted || !c->is_noted)
        return ENDING_SURVIVED;
    if (e->end.fds > c->fds) {
        *ret_detail = arena_printf(x->arena, "%u descriptors open at exit, not %u", e->end.fds, c->fds);
        return ENDING_LEAK_FD;
    }
    /* A program that frees nothing at its end is no leaking one. */
    if (c->blocks <= 1 && !c->is_blocks_unstable && e->end.blocks > c->blocks) {
        *ret_detail = arena_printf(x->arena, "%lld blocks allocated at exit, not %lld",
                                   (long long)e->end.blocks, (long long)c->blocks);
        return ENDING_LEAK_MEMORY;
    }
    return ENDING_SURVIVED;
}

static enum ending judge_success(struct explore *x, const struct worker *w, const struct plan *plan,
                                 const struct ended *e, const char **ret_detail)
{
    bool is_silent = loses_data(plan) && is_quiet(x, e);

    if (!is_same_output(x, e))
        *ret_detail = other_output(x, e);
    else if (e->has_tree)
        *ret_detail = other_file(x, &w->reference, &e->tree);
    if (*ret_detail)
        return is_silent ? ENDING_SILENT : ENDING_OUTPUT;
    if (is_silent && is_lost_sync(plan))
        return ENDING_SILENT;
    return judge_leaks(x, e, ret_detail);
}

enum ending judge(struct explore *x, const struct worker *w, const struct plan *plan, const struct ended *e,
                  const char **ret_detail)
{
    const char *said;

    *ret_detail = NULL;
    if (e->is_hung)
        return ENDING_HANG;
    if ((said = FIND(e->err, sanitizer_words))) {
        *ret_detail = line_around(x, e->err, said);
        return ENDING_SANITIZER;
    }
    if (WIFSIGNALED(e->status))
        return judge_signal(x, e, ret_detail);
    if (WEXITSTATUS(e->status) == x->request.clean_status) {
        enum ending outcome = judge_success(x, w, plan, e, ret_detail);
        if (outcome != ENDING_SURVIVED)
            return outcome;
    }
    if (could_tidy(plan) && e->has_tree && (*ret_detail = left_behind(x, &w->reference, &e->tree)))
        return ENDING_LEAK_FILE;
    return ENDING_SURVIVED;
}

/* Who hangs once hangs often: each costs the whole limit, so it shrinks.  Confirming has time. */
static void shorten(struct explore *x)
{
    uint64_t shorter = x->hang_ns * 3 / 4;

    if (shorter > x->first_hang_ns / 3)
        x->hang_ns = shorter;
}

void take_outcome(struct explore *x, struct plan *plan, enum ending outcome, const struct ended *e,
                  const struct explore_area *area, const char *detail)
{
    plan->outcome = outcome;
    if (outcome == ENDING_HANG)
        shorten(x);
    x->done += !plan->is_done;
    plan->is_done = true;
    if (x->request.progress)
        x->request.progress(x->request.arg, x->done, x->plans_count, x->found);
    plan->is_finding = ending_is_finding(outcome) || (outcome == ENDING_ABORT && x->request.reports_aborts);
    if (!plan->is_finding)
        return;
    x->found++;
    plan->finding =
        (struct finding){.outcome = outcome,
                         .signal = WIFSIGNALED(e->status) && !e->is_hung ? WTERMSIG(e->status) : 0,
                         .exit_status = WIFEXITED(e->status) ? WEXITSTATUS(e->status) : 0,
                         .detail = detail};
    stack_of(x, area, &e->end.crash, &plan->finding.crash);
    plan->finding.cause = cause_of(plan);
    if (is_libc_own(plan) && !x->request.reports_libc) {
        plan->is_finding = false;
        x->in_libc++;
        x->found--;
    }
}
