/* Names, exit codes and the order of verdicts; storage of a result.  Floor 3. */
#include "chaosctl/run/result.h"

struct verdict_info {
    const char *name;
    int exit_code;
};

static const struct verdict_info verdicts[VERDICT_COUNT] = {
    [VERDICT_PASS] = {"pass", 0},          [VERDICT_INCONCLUSIVE] = {"inconclusive", 3},
    [VERDICT_REFUTED] = {"refuted", 1},    [VERDICT_STOPPED] = {"stopped", 4},
    [VERDICT_TOOL_FAILED] = {"failed", 5},
};

static const char *const phases[PHASE_COUNT] = {
    [PHASE_START] = "start",   [PHASE_BASELINE] = "baseline", [PHASE_INJECT] = "inject",
    [PHASE_DURING] = "during", [PHASE_LIFT] = "lift",         [PHASE_RECOVERY] = "recovery",
    [PHASE_AFTER] = "after",   [PHASE_CLEANUP] = "cleanup",   [PHASE_STOP] = "stop",
};

static const char *const outcomes[OUTCOME_COUNT] = {
    [OUTCOME_HELD] = "held",
    [OUTCOME_FAILED] = "failed",
    [OUTCOME_UNKNOWN] = "unknown",
    [OUTCOME_NOT_RUN] = "not_run",
};

const char *verdict_name(enum verdict_of_run verdict)
{
    return verdict < VERDICT_COUNT ? verdicts[verdict].name : "?";
}

/* What is none of the verdicts is the tool's own fault, and never a pass. */
int verdict_exit_code(enum verdict_of_run verdict)
{
    return verdicts[verdict < VERDICT_COUNT ? verdict : VERDICT_TOOL_FAILED].exit_code;
}

enum verdict_of_run verdict_worse(enum verdict_of_run a, enum verdict_of_run b)
{
    return a > b ? a : b;
}

const char *phase_name(enum phase phase)
{
    return phase < PHASE_COUNT ? phases[phase] : "?";
}

const char *outcome_name(enum outcome outcome)
{
    return outcome < OUTCOME_COUNT ? outcomes[outcome] : "?";
}

struct run_result *result_new(void)
{
    struct arena *arena = arena_new();
    struct run_result *result = arena ? arena_take(arena, sizeof(*result)) : NULL;

    if (!result) {
        arena_free(arena);
        return NULL;
    }
    result->arena = arena;
    return result;
}

void result_free(struct run_result *result)
{
    if (result)
        arena_free(result->arena);
}
