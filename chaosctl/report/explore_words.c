/* Sentences about what exploring found.  Floor 4. */
#include <inttypes.h>
#include <string.h>

#include "chaosctl/report/explore.h"

const struct explore_report *const explore_reports[] = {
    &explore_report_text, &explore_report_json, &explore_report_junit, &explore_report_sarif, NULL,
};

const struct explore_report *explore_report_find(const char *name)
{
    for (const struct explore_report *const *r = explore_reports; *r; r++)
        if (!strcmp((*r)->name, name))
            return *r;
    return NULL;
}

const char *explore_state(enum defect_state state)
{
    static const char *const names[DEFECT_STATE_COUNT] = {
        [DEFECT_NEW] = "new",
        [DEFECT_KNOWN] = "known",
        [DEFECT_SUPPRESSED] = "suppressed",
        [DEFECT_UNCONFIRMED] = "unconfirmed",
    };

    return names[state];
}

static void put_signal(const struct finding *finding, struct buf *out)
{
    const char *name = finding->signal > 0 ? sigabbrev_np(finding->signal) : NULL;

    if (name)
        buf_printf(out, " (SIG%s)", name);
    else if (finding->signal > 0)
        buf_printf(out, " (signal %d)", finding->signal);
}

void explore_sentence(const struct defect *d, struct buf *out)
{
    const struct point *point = d->finding->point;

    if (d->at && d->at->function)
        place_name(d->at, out);
    else
        buf_add(out, d->at ? place_module(d->at) : "the program");
    buf_printf(out, " %s", ending_words(d->finding->outcome));
    put_signal(d->finding, out);
    buf_printf(out, " when %s fails with %s", point->call, point->error);
    if (point->about)
        buf_printf(out, " (%s)", point->about);
    if (point->is_persistent)
        buf_add(out, ", and goes on failing");
}

void explore_place(const struct place *place, struct buf *out)
{
    place_line(place, out);
    if (place->function) {
        buf_add(out, " in ");
        place_name(place, out);
    }
    if (place->is_inlined)
        buf_add(out, " (inlined)");
}

void explore_extent(const struct explore_result *result, struct buf *out)
{
    const char *before = "; not explored: ";

    buf_printf(out, "explored %zu of %zu points", result->explored_count, result->points_count);
    for (int u = 0; u < UNEXPLORED_COUNT; u++) {
        if (!result->unexplored[u])
            continue;
        buf_printf(out, "%s%" PRIu64 " (%s)", before, result->unexplored[u],
                   unexplored_words((enum unexplored)u));
        before = ", ";
    }
}

void explore_counts(const struct defects *defects, struct buf *out)
{
    static const char *const words[DEFECT_STATE_COUNT] = {
        [DEFECT_KNOWN] = "known by the baseline",
        [DEFECT_SUPPRESSED] = "suppressed",
        [DEFECT_UNCONFIRMED] = "not confirmed",
    };
    size_t fresh = defects->counts[DEFECT_NEW];

    buf_printf(out, "%zu %sdefect%s", fresh, defects->has_baseline ? "new " : "", fresh == 1 ? "" : "s");
    for (int s = DEFECT_KNOWN; s < DEFECT_STATE_COUNT; s++)
        if (defects->counts[s])
            buf_printf(out, ", %zu %s", defects->counts[s], words[s]);
}

static void put_quoted(const char *word, struct buf *out)
{
    static const char harmless[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";

    if (*word && !word[strspn(word, harmless)]) {
        buf_add(out, word);
        return;
    }
    buf_add_char(out, '\'');
    for (; *word; word++)
        if (*word == '\'')
            buf_add(out, "'\\''");
        else
            buf_add_char(out, *word);
    buf_add_char(out, '\'');
}

void explore_replay(const struct defects *defects, const struct defect *defect, struct buf *out)
{
    buf_printf(out, "chaosctl explore %s--replay %s --", defects->options ? defects->options : "",
               defect->finding->point->id);
    for (char *const *word = defects->result->argv; word && *word; word++) {
        buf_add_char(out, ' ');
        put_quoted(*word, out);
    }
}

int explore_exit_code(const struct defects *defects)
{
    const struct explore_result *r = defects->result;

    if (defects->counts[DEFECT_NEW])
        return 1;
    return r->was_interrupted || r->became_another || r->unexplored[UNEXPLORED_ENGINE] ||
                   (r->points_count && !r->explored_count)
               ? 2
               : 0;
}
