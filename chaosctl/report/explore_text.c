/* What people see at the end of exploring.  Floor 4. */
#include <errno.h>
#include <inttypes.h>

#include "chaosctl/base/unit.h"
#include "chaosctl/report/explore.h"
#include "chaosctl/report/page.h"

#define FRAMES_SHOWN    8
#define UNCOVERED_SHOWN 12

static void put_trail(const struct page *page, const char *label, const struct trail *trail)
{
    cleanup_buf struct buf more = {0};
    /* What libc does on its own account is of no interest, unless there is nothing else. */
    size_t from = trail->first < trail->count ? trail->first : 0, shown = 0;

    for (size_t i = from; i < trail->count && shown < FRAMES_SHOWN; i++, shown++) {
        cleanup_buf struct buf line = {0};
        explore_place(&trail->places[i], &line);
        page_entry(page, INK_DIM, 2, shown ? "" : label, buf_text(&line));
    }
    size_t left = trail->count - from - shown;
    buf_printf(&more, "and %zu more", left);
    if (left || trail->is_cut)
        page_entry(page, INK_DIM, 2, "", left ? buf_text(&more) : "and more, which were not kept");
}

static void put_points(const struct page *page, const struct defect *d)
{
    cleanup_buf struct buf line = {0};

    buf_printf(&line, "%zu lead to it: this one is the first", d->points);
    if (d->points > 1)
        page_entry(page, INK_DIM, 2, "points", buf_text(&line));
}

static void put_defect(const struct page *page, const struct defects *defects, const struct defect *d)
{
    cleanup_buf struct buf head = {0}, replay = {0};

    if (page->out->len)
        page_gap(page);
    if (d->at) {
        place_line(d->at, &head);
        buf_add(&head, ": ");
    }
    explore_sentence(d, &head);
    page_entry(page, INK_RED, 0, ending_name(d->finding->outcome), buf_text(&head));
    put_trail(page, d->finding->point->call, &d->injected);
    put_trail(page, d->finding->outcome == ENDING_HANG ? "hang" : "crash", &d->crash);
    if (d->finding->detail)
        page_entry(page, INK_DIM, 2, "seen", d->finding->detail);
    put_points(page, d);
    explore_replay(defects, d, &replay);
    page_entry(page, INK_DIM, 2, "replay", buf_text(&replay));
}

/* A line for each of those that fail nothing. */
static void put_other(const struct page *page, const struct defect *d)
{
    cleanup_buf struct buf line = {0};

    if (d->at) {
        place_line(d->at, &line);
        buf_add(&line, ": ");
    }
    explore_sentence(d, &line);
    if (d->suppression)
        buf_printf(&line, "; %s, until %s", d->suppression->reason, d->suppression->until);
    page_entry(page, INK_DIM, 2, ending_name(d->finding->outcome), buf_text(&line));
}

static void put_others(const struct page *page, const struct defects *defects, enum defect_state state,
                       const char *title)
{
    if (!defects->counts[state])
        return;
    if (page->out->len)
        page_gap(page);
    page_text(page, INK_BOLD, 0, title);
    for (size_t i = 0; i < defects->count; i++)
        if (defects->items[i].state == state)
            put_other(page, &defects->items[i]);
}

static void put_extent(const struct page *page, const struct explore_result *result)
{
    cleanup_buf struct buf line = {0};
    char took[UNIT_TEXT_BYTES];

    if (page->out->len)
        page_gap(page);
    explore_extent(result, &line);
    buf_printf(&line, ", in %s", unit_format_duration(result->took_ns, took));
    page_text(page, INK_NONE, 0, buf_text(&line));
}

static void put_uncovered(const struct page *page, const struct explore_result *result)
{
    cleanup_buf struct buf line = {0};

    for (size_t i = 0; i < result->uncovered_count && i < UNCOVERED_SHOWN; i++)
        buf_printf(&line, "%s%s (%" PRIu64 ")", i ? ", " : "", result->uncovered[i].call,
                   result->uncovered[i].count);
    if (result->uncovered_count > UNCOVERED_SHOWN)
        buf_printf(&line, " and %zu more", result->uncovered_count - UNCOVERED_SHOWN);
    if (line.len)
        page_entry(page, INK_DIM, 0, "not covered", buf_text(&line));
}

static void put_verdict(const struct page *page, const struct defects *defects)
{
    cleanup_buf struct buf line = {0};
    int code = explore_exit_code(defects);

    explore_counts(defects, &line);
    buf_printf(&line, " (exit code %d)", code);
    page_entry(page, (enum ink[]){INK_GREEN, INK_RED, INK_YELLOW}[code], 0,
               (const char *const[]){"NOTHING NEW", "FOUND", "INCONCLUSIVE"}[code], buf_text(&line));
    cleanup_buf struct buf absent = {0};
    buf_printf(&absent, "%zu of its entries were not found", defects->absent);
    if (defects->absent)
        page_entry(page, INK_DIM, 0, "baseline", buf_text(&absent));
}

static int render(const struct defects *defects, const struct report_style *style, struct buf *ret_text)
{
    const struct explore_result *result = defects->result;
    struct page page = page_on(ret_text, style);

    for (size_t i = 0; i < defects->counts[DEFECT_NEW]; i++)
        put_defect(&page, defects, &defects->items[i]);
    put_others(&page, defects, DEFECT_KNOWN, "Known by the baseline");
    put_others(&page, defects, DEFECT_SUPPRESSED, "Suppressed");
    put_others(&page, defects, DEFECT_UNCONFIRMED, "Seen once, and not again in a run of its own");
    put_extent(&page, result);
    put_uncovered(&page, result);
    for (size_t i = 0; i < result->notes_count; i++)
        page_entry(&page, INK_DIM, 0, "note", result->notes[i]);
    if (defects->trouble)
        page_entry(&page, INK_YELLOW, 0, "note", defects->trouble);
    put_verdict(&page, defects);
    return ret_text->failed ? -ENOMEM : 0;
}

const struct explore_report explore_report_text = {
    .name = "text",
    .summary = "for people, within the width of the terminal",
    .render = render,
};
