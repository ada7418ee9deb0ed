/* The rows: every field of a result and its key in JSON.  Floor 4. */
#include "chaosctl/report/layout.h"
#include "chaosctl/run/result.h"

static const char *name_of_verdict(unsigned value)
{
    return verdict_name((enum verdict_of_run)value);
}

static const char *name_of_phase(unsigned value)
{
    return phase_name((enum phase)value);
}

static const char *name_of_outcome(unsigned value)
{
    return outcome_name((enum outcome)value);
}

/* clang-format off */
#define AT(type_, key_, member) {.key = (key_), .type = FIELD_##type_, .offset = offsetof(struct STRUCT, member)}
#define NAMED(key_, member, count_, fn)                                                                      \
    {.key = (key_), .type = FIELD_NAME, .offset = offsetof(struct STRUCT, member), .names = (count_), .name = (fn)}
#define LISTED(key_, member, of)                                                                             \
    {.key = (key_), .type = FIELD_LIST, .offset = offsetof(struct STRUCT, member),                            \
     .count_offset = offsetof(struct STRUCT, member##_count), .layout = (of)}
#define END {.key = NULL}
/* clang-format on */

#define STRUCT check_result
static const struct field check_fields[] = {
    NAMED("phase", phase, PHASE_COUNT, name_of_phase),
    AT(TEXT, "check", text),
    AT(TEXT, "expected", expected),
    AT(TEXT, "observed", observed),
    NAMED("outcome", outcome, OUTCOME_COUNT, name_of_outcome),
    AT(U64, "samples", samples),
    AT(POSITION, "at", at),
    END,
};
static const struct layout layout_check = {sizeof(struct STRUCT), check_fields};
#undef STRUCT

#define STRUCT fault_result
static const struct field fault_fields[] = {
    AT(TEXT, "fault", text),
    AT(TEXT, "kind", kind),
    AT(U64, "matches", matches),
    AT(U64, "hits", hits),
    AT(U64, "skipped", skipped),
    AT(TEXT, "hits_expected", hits_expected),
    AT(U64, "unseen", unseen),
    AT(BOOL, "landed", landed),
    AT(BOOL, "dry", dry),
    AT(POSITION, "at", at),
    END,
};
static const struct layout layout_fault = {sizeof(struct STRUCT), fault_fields};
#undef STRUCT

#define STRUCT load_result
static const struct field load_fields[] = {
    AT(TEXT, "load", name),
    NAMED("phase", phase, PHASE_COUNT, name_of_phase),
    AT(U64, "samples", samples),
    AT(U64, "errors", errors),
    AT(NUMBER, "success_percent", success_percent),
    AT(U64, "p50_ns", p50_ns),
    AT(U64, "p95_ns", p95_ns),
    AT(U64, "p99_ns", p99_ns),
    AT(U64, "max_ns", max_ns),
    AT(TEXT, "note", note),
    END,
};
static const struct layout layout_load = {sizeof(struct STRUCT), load_fields};
#undef STRUCT

#define STRUCT deed
static const struct field deed_fields[] = {
    AT(TEXT, "what", what),
    AT(TEXT, "text", text),
    AT(TEXT, "spec", spec),
    AT(U64, "fault", fault),
    AT(U64, "at_ns", at_ns),
    AT(U64, "for_ns", for_ns),
    AT(SEED, "seed", seed),
    AT(U64, "uid", uid),
    AT(U64, "pid", pid),
    AT(TEXT, "user", user),
    AT(TEXT, "terminal", terminal),
    END,
};
const struct layout layout_deed = {sizeof(struct STRUCT), deed_fields};
#undef STRUCT

#define STRUCT cell_result
static const struct field cell_fields[] = {
    AT(TEXT, "experiment", experiment),
    AT(TEXT, "label", label),
    AT(TEXT, "hypothesis", hypothesis),
    NAMED("verdict", verdict, VERDICT_COUNT, name_of_verdict),
    AT(TEXT, "reason", reason),
    AT(ANSWERS, "answers", answers),
    AT(SEED, "seed", seed),
    AT(U64, "started_wall_ns", started_wall_ns),
    AT(U64, "duration_ns", duration_ns),
    AT(PHASES, "phase_ns", phase_ns),
    AT(BOOL, "recovery_measured", recovery_measured),
    AT(U64, "recovery_ns", recovery_ns),
    AT(U64, "recovery_within_ns", recovery_within_ns),
    LISTED("checks", checks, &layout_check),
    LISTED("faults", faults, &layout_fault),
    LISTED("loads", loads, &layout_load),
    LISTED("deeds", deeds, &layout_deed),
    AT(U64, "dropped", dropped),
    AT(POSITION, "at", at),
    END,
};
const struct layout layout_cell = {sizeof(struct STRUCT), cell_fields};
#undef STRUCT

#define STRUCT run_result
static const struct field run_fields[] = {
    AT(TEXT, "run", run),
    AT(TEXT, "scenario", scenario),
    AT(TEXT, "file", file),
    AT(TEXT, "version", version),
    AT(TEXT, "journal", journal),
    AT(TEXT, "host", host),
    AT(TEXT, "ways", ways),
    AT(SEED, "seed", seed),
    AT(U64, "started_wall_ns", started_wall_ns),
    AT(U64, "duration_ns", duration_ns),
    NAMED("verdict", verdict, VERDICT_COUNT, name_of_verdict),
    AT(TEXT, "reason", reason),
    AT(TEXT, "notice", notice),
    AT(BOOL, "dry", dry),
    AT(SIZE, "cells_planned", cells_planned),
    END,
};
const struct layout layout_run = {sizeof(struct STRUCT), run_fields};
#undef STRUCT
