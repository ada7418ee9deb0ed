/* JUnit XML: a case for exploring itself, and one for each defect.  Floor 4.
 *
 * What is new is a failure.  What is known, suppressed or not confirmed is skipped, with the reason: it must
 * not fail, and must not be hidden either. */
#include <errno.h>
#include <inttypes.h>

#include "chaosctl/report/explore.h"
#include "chaosctl/report/page.h"
#include "chaosctl/report/xml.h"

static void put_stack(struct buf *out, const char *title, const struct trail *trail)
{
    if (trail->count)
        buf_printf(out, "%s:\n", title);
    for (size_t i = 0; i < trail->count; i++) {
        buf_add(out, "    ");
        explore_place(&trail->places[i], out);
        buf_add_char(out, '\n');
    }
}

static void describe(const struct defects *defects, const struct defect *d, struct buf *out)
{
    put_stack(out, "the call that failed", &d->injected);
    put_stack(out, "where it ended", &d->crash);
    if (d->finding->detail)
        buf_printf(out, "seen: %s\n", d->finding->detail);
    buf_add(out, "replay: ");
    explore_replay(defects, d, out);
    buf_add_char(out, '\n');
}

static void put_reason(struct buf *out, const struct defect *d)
{
    cleanup_buf struct buf reason = {0};

    if (d->suppression)
        buf_printf(&reason, "suppressed until %s: %s", d->suppression->until, d->suppression->reason);
    else
        buf_add(&reason,
                d->state == DEFECT_KNOWN ? "known by the baseline" : "not confirmed by a run of its own");
    buf_add(out, "      <skipped");
    xml_attribute(out, "message", buf_text(&reason));
    buf_add(out, "/>\n");
}

static void put_failure(struct buf *out, const struct defects *defects, const struct defect *d)
{
    cleanup_buf struct buf sentence = {0}, text = {0};

    explore_sentence(d, &sentence);
    describe(defects, d, &text);
    buf_add(out, "      <failure");
    xml_attribute(out, "type", ending_name(d->finding->outcome));
    xml_attribute(out, "message", buf_text(&sentence));
    buf_add_char(out, '>');
    xml_put(out, buf_text(&text));
    buf_add(out, "</failure>\n");
}

/* The name is the same in the next build, so that a CI system can tell since when it fails: no line in it. */
static void put_case(struct buf *out, const struct defects *defects, const struct defect *d)
{
    cleanup_buf struct buf name = {0};

    buf_printf(&name, "%s in ", ending_name(d->finding->outcome));
    if (d->at)
        place_name(d->at, &name);
    else
        buf_add(&name, "no known place");
    buf_printf(&name, " (%016" PRIx64 ")", d->id);
    buf_add(out, "    <testcase");
    xml_attribute(out, "name", buf_text(&name));
    xml_attribute(out, "classname", d->at ? place_module(d->at) : "explore");
    buf_add(out, ">\n");
    if (d->state == DEFECT_NEW)
        put_failure(out, defects, d);
    else
        put_reason(out, d);
    buf_add(out, "    </testcase>\n");
}

static void put_extent(struct buf *out, const struct defects *defects)
{
    const struct explore_result *result = defects->result;
    cleanup_buf struct buf text = {0};

    explore_extent(result, &text);
    buf_add_char(&text, '\n');
    for (size_t i = 0; i < result->notes_count; i++)
        buf_printf(&text, "%s\n", result->notes[i]);
    buf_add(out, "    <testcase name=\"explored\" classname=\"explore\"");
    xml_seconds(out, result->took_ns);
    buf_add(out, ">\n      <system-out>");
    xml_put(out, buf_text(&text));
    buf_add(out, "</system-out>\n    </testcase>\n");
}

static int render(const struct defects *defects, const struct report_style *style, struct buf *out)
{
    size_t failures = defects->counts[DEFECT_NEW], tests = defects->count + 1;

    (void)style;
    buf_printf(out,
               "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
               "<testsuites name=\"chaosctl\" tests=\"%zu\" failures=\"%zu\" errors=\"0\">\n  <testsuite",
               tests, failures);
    xml_attribute(out, "name", defects->result->program ? defects->result->program : "explore");
    buf_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\"", tests, failures,
               defects->count - failures);
    xml_seconds(out, defects->result->took_ns);
    buf_add(out, ">\n");
    put_extent(out, defects);
    for (size_t i = 0; i < defects->count; i++)
        put_case(out, defects, &defects->items[i]);
    buf_add(out, "  </testsuite>\n</testsuites>\n");
    return out->failed ? -ENOMEM : 0;
}

const struct explore_report explore_report_junit = {
    .name = "junit",
    .summary = "JUnit XML, a test case for each defect",
    .render = render,
};
