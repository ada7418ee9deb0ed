/* JUnit XML, as Jenkins, GitLab and the rest read it: a suite for the scenario, a case for each cell.
 * Floor 4.
 *
 * Refuted is a failure; whatever else is not a pass is an error, never skipped: CI systems show skipped cases
 * in green.  But a dry run that found what it looked for has tested nothing, and is skipped.  A run that did
 * not end, or ended worse than its cells, has a case of its own, named "run". */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/report/page.h"
#include "chaosctl/report/text.h"
#include "chaosctl/report/words.h"
#include "chaosctl/report/xml.h"

static void put_case_head(struct buf *out, const struct run_result *result, const char *experiment,
                          const char *name, uint64_t duration_ns)
{
    cleanup_buf struct buf classname = {0};

    buf_printf(&classname, "%s%s%s", words_text(result->scenario), *experiment ? "." : "", experiment);
    buf_add(out, "    <testcase");
    xml_attribute(out, "name", name);
    xml_attribute(out, "classname", buf_text(&classname));
    xml_seconds(out, duration_ns);
    buf_add(out, ">\n");
}

static void put_problem(struct buf *out, enum verdict_of_run verdict, const char *message, const char *text)
{
    const char *element = verdict == VERDICT_REFUTED ? "failure" : "error";

    buf_printf(out, "      <%s", element);
    xml_attribute(out, "type", verdict_name(verdict));
    xml_attribute(out, "message", message);
    buf_add_char(out, '>');
    xml_put(out, text);
    buf_printf(out, "</%s>\n", element);
}

/* phase: check: expected ...; observed ... (file:line:column), one a line. */
static void add_findings(const struct run_result *result, const struct cell_result *cell, struct buf *out)
{
    for (size_t i = 0; i < cell->checks_count; i++) {
        const struct check_result *check = &cell->checks[i];
        if (!words_is_finding(check))
            continue;
        buf_printf(out, "%s: %s: expected %s; observed %s (", phase_name(check->phase),
                   words_text(check->text), words_text(check->expected), words_text(check->observed));
        words_place(result, check->at, out);
        buf_add(out, ")\n");
    }
}

static void put_cell(struct buf *out, const struct run_result *result, const struct cell_result *cell)
{
    static const struct report_style plain = {.colour = false, .columns = 100};
    cleanup_buf struct buf why = {0}, findings = {0}, text = {0};
    struct page page = page_on(&text, &plain);
    const char *label = words_text(cell->label), *experiment = words_text(cell->experiment);

    put_case_head(out, result, experiment, *label ? label : experiment, cell->duration_ns);
    words_why(cell, &why);
    add_findings(result, cell, &findings);
    if (result->dry && cell->verdict == VERDICT_PASS)
        buf_add(out, "      <skipped message=\"a dry run: nothing was injected\"/>\n");
    else if (cell->verdict != VERDICT_PASS)
        put_problem(out, cell->verdict, buf_text(&why), buf_text(&findings));
    page_cell(&page, result, cell, true);
    buf_add(out, "      <system-out>");
    xml_put(out, buf_text(&text));
    buf_add(out, "</system-out>\n    </testcase>\n");
}

struct counts {
    size_t tests, failures, errors, skipped;
};

static struct counts count(const struct run_result *result, bool trouble)
{
    struct counts n = {.tests = result->cells_count + trouble, .errors = trouble};

    for (size_t i = 0; i < result->cells_count; i++) {
        enum verdict_of_run verdict = result->cells[i].verdict;
        n.failures += verdict == VERDICT_REFUTED;
        n.skipped += verdict == VERDICT_PASS && result->dry;
        n.errors += verdict != VERDICT_REFUTED && verdict != VERDICT_PASS;
    }
    return n;
}

static void put_property(struct buf *out, const char *name, const char *value)
{
    buf_add(out, "      <property");
    xml_attribute(out, "name", name);
    xml_attribute(out, "value", value);
    buf_add(out, "/>\n");
}

static void put_properties(struct buf *out, const struct run_result *result)
{
    char seed[24];

    snprintf(seed, sizeof(seed), "%" PRIu64, result->seed);
    buf_add(out, "    <properties>\n");
    put_property(out, "run", words_text(result->run));
    put_property(out, "file", words_text(result->file));
    put_property(out, "seed", seed);
    put_property(out, "verdict", verdict_name(result->verdict));
    put_property(out, "chaosctl", words_text(result->version));
    buf_add(out, "    </properties>\n");
}

static void put_suite_head(struct buf *out, const struct run_result *result, struct counts n)
{
    char when[CLOCK_TEXT_BYTES];

    clock_text(result->started_wall_ns, when);
    buf_add(out, "  <testsuite");
    xml_attribute(out, "name", words_text(result->scenario));
    buf_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\"", n.tests, n.failures,
               n.errors, n.skipped);
    xml_seconds(out, result->duration_ns);
    buf_printf(out, " timestamp=\"%.19s\"", when);
    xml_attribute(out, "hostname", words_text(result->host));
    buf_add(out, ">\n");
}

static void put_trouble(struct buf *out, const struct run_result *result, const char *why)
{
    enum verdict_of_run verdict = result->verdict;

    if (verdict == VERDICT_PASS || verdict == VERDICT_REFUTED)
        verdict = VERDICT_INCONCLUSIVE;
    put_case_head(out, result, "", "run", 0);
    put_problem(out, verdict, why, why);
    buf_add(out, "    </testcase>\n");
}

static int render(const struct run_result *result, const struct report_style *style, struct buf *out)
{
    cleanup_buf struct buf why = {0};
    bool trouble = words_trouble(result, &why);
    struct counts n = count(result, trouble);

    (void)style;
    buf_printf(out,
               "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
               "<testsuites name=\"chaosctl\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"",
               n.tests, n.failures, n.errors);
    xml_seconds(out, result->duration_ns);
    buf_add(out, ">\n");
    put_suite_head(out, result, n);
    put_properties(out, result);
    for (size_t i = 0; i < result->cells_count; i++)
        put_cell(out, result, &result->cells[i]);
    if (trouble)
        put_trouble(out, result, buf_text(&why));
    buf_add(out, "  </testsuite>\n</testsuites>\n");
    return out->failed ? -ENOMEM : 0;
}

const struct report report_junit = {
    .name = "junit",
    .summary = "JUnit XML, a test case for each cell",
    .render = render,
};
