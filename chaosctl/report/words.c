/* Sentences about cells and runs.  Floor 4. */
#include <inttypes.h>
#include <math.h>

#include "chaosctl/base/unit.h"
#include "chaosctl/report/words.h"
#include "injectors/decision/fault.h"

struct verdict_words {
    const char *mark, *meaning, *counted;
};

static const struct verdict_words verdicts[VERDICT_COUNT] = {
    [VERDICT_PASS] = {"PASS", "every hypothesis held, and every fault landed", "passed"},
    [VERDICT_INCONCLUSIVE] = {"INCONCLUSIVE", "something could not be judged; that is not a pass",
                              "inconclusive"},
    [VERDICT_REFUTED] = {"REFUTED", "a check failed", "refuted"},
    [VERDICT_STOPPED] = {"STOPPED", "a stop condition, a halt or a signal ended it", "stopped"},
    [VERDICT_TOOL_FAILED] = {"FAILED", "chaosctl itself or its clean-up failed", "failed"},
};

const char *words_text(const char *text)
{
    return text ? text : "";
}

const char *words_mark(enum verdict_of_run verdict)
{
    return verdicts[verdict < VERDICT_COUNT ? verdict : VERDICT_TOOL_FAILED].mark;
}

static const char *meaning_of(enum verdict_of_run verdict)
{
    return verdicts[verdict < VERDICT_COUNT ? verdict : VERDICT_TOOL_FAILED].meaning;
}

const char *words_meaning(const struct run_result *result)
{
    if (result->dry && result->verdict == VERDICT_PASS)
        return "nothing was injected: each fault would have hit, and no hypothesis was tested";
    return meaning_of(result->verdict);
}

void words_title(const struct cell_result *cell, struct buf *out)
{
    buf_add(out, words_text(cell->experiment));
    if (*words_text(cell->label))
        buf_printf(out, " [%s]", cell->label);
}

static bool is_process_fault(const struct fault_result *fault)
{
    enum fault_kind kind = fault_find(words_text(fault->kind));

    return kind < FAULT_COUNT && fault_way(kind) == WAY_PROCESS;
}

/* Of a dry run: nothing was struck. */
static void add_would(const struct fault_result *fault, struct buf *out)
{
    if (is_process_fault(fault))
        buf_add(out, "would have struck");
    else
        buf_printf(out, "would have hit %" PRIu64 " of %" PRIu64 " call%s", fault->hits, fault->matches,
                   fault->matches == 1 ? "" : "s");
}

static void add_hits(const struct fault_result *fault, struct buf *out)
{
    if (fault->dry)
        add_would(fault, out);
    else if (!fault->matches && !fault->hits)
        buf_add(out, is_process_fault(fault) ? "did not strike" : "no hit: nothing called it");
    else if (is_process_fault(fault))
        buf_printf(out, "struck %" PRIu64 " time%s", fault->hits, fault->hits == 1 ? "" : "s");
    else
        buf_printf(out, "%" PRIu64 " of %" PRIu64 " match%s struck", fault->hits, fault->matches,
                   fault->matches == 1 ? "" : "es");
}

void words_fault(const struct fault_result *fault, struct buf *out)
{
    add_hits(fault, out);
    if (fault->skipped)
        buf_printf(out, ", %" PRIu64 " could not land", fault->skipped);
    if (fault->unseen)
        buf_printf(out, ", request cannot be matched: %" PRIu64 " connection%s TLS", fault->unseen,
                   fault->unseen == 1 ? " is" : "s are");
    if (!fault->landed || !fault->hits)
        buf_printf(out, " (expected hits: %s)", words_text(fault->hits_expected));
}

void words_recovery(const struct cell_result *cell, struct buf *out)
{
    char took[UNIT_TEXT_BYTES], limit[UNIT_TEXT_BYTES];
    uint64_t ns = cell->recovery_measured ? cell->recovery_ns : cell->phase_ns[PHASE_RECOVERY];

    unit_format_duration(ns, took);
    unit_format_duration(cell->recovery_within_ns, limit);
    if (!cell->recovery_measured && !ns)
        buf_add(out, "not measured");
    else if (!cell->recovery_measured)
        buf_printf(out, "no recovery seen in %s (limit %s)", took, limit);
    else
        buf_printf(out, "recovered in %s%s (limit %s)", took,
                   ns > cell->recovery_within_ns ? ", too late" : "", limit);
}

void words_place(const struct run_result *result, struct position at, struct buf *out)
{
    buf_add(out, words_text(result->file));
    if (at.line)
        buf_printf(out, ":%d:%d", at.line, at.column);
}

/* Hundredths, in whole numbers: 99.996 is "99.99%", and no locale puts a comma in. */
void words_percent(double percent, struct buf *out)
{
    double bounded = percent >= 0 && percent <= 100 ? percent : 0; /* NaN too */
    unsigned hundredths = (unsigned)floor(bounded * 100 + 1e-6);

    buf_printf(out, "%u", hundredths / 100);
    if (hundredths % 100)
        buf_printf(out, hundredths % 10 ? ".%02u" : ".%u",
                   hundredths % 10 ? hundredths % 100 : hundredths % 100 / 10);
    buf_add_char(out, '%');
}

static size_t count_of(const struct run_result *result, enum verdict_of_run verdict)
{
    size_t count = 0;

    for (size_t i = 0; i < result->cells_count; i++)
        count += result->cells[i].verdict == verdict;
    return count;
}

static void add_total(struct buf *out, size_t start, size_t count, const char *what)
{
    if (count)
        buf_printf(out, "%s%zu %s", out->len > start ? ", " : "", count, what);
}

void words_totals(const struct run_result *result, struct buf *out)
{
    static const enum verdict_of_run order[] = {VERDICT_PASS, VERDICT_REFUTED, VERDICT_INCONCLUSIVE,
                                                VERDICT_STOPPED, VERDICT_TOOL_FAILED};
    size_t start = out->len, run = result->cells_count;

    for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
        add_total(out, start, count_of(result, order[i]), verdicts[order[i]].counted);
    add_total(out, start, result->cells_planned > run ? result->cells_planned - run : 0, "not run");
    if (out->len == start)
        buf_add(out, "no experiment was run");
}

bool words_is_finding(const struct check_result *check)
{
    return check->outcome == OUTCOME_FAILED || check->outcome == OUTCOME_UNKNOWN;
}

void words_why(const struct cell_result *cell, struct buf *out)
{
    if (*words_text(cell->reason)) {
        buf_add(out, cell->reason);
        return;
    }
    for (size_t i = 0; i < cell->checks_count; i++) {
        const struct check_result *check = &cell->checks[i];
        if (!words_is_finding(check))
            continue;
        buf_printf(out, "%s: %s: %s", phase_name(check->phase), words_text(check->text),
                   words_text(check->observed));
        return;
    }
    buf_add(out, meaning_of(cell->verdict));
}

bool words_trouble(const struct run_result *result, struct buf *out)
{
    enum verdict_of_run worst = VERDICT_PASS;

    for (size_t i = 0; i < result->cells_count; i++)
        worst = verdict_worse(worst, result->cells[i].verdict);
    bool worse = result->verdict > worst;
    if (result->complete && !worse && result->cells_count)
        return false;
    if (*words_text(result->reason))
        buf_add(out, result->reason);
    else if (!result->complete)
        buf_add(out, "the run did not end");
    else
        buf_add(out, worse ? meaning_of(result->verdict) : "no experiment was run");
    return true;
}
