/* The words for what exploring finds.  Floor 3. */
#include "chaosctl/explore/finding.h"

static const struct {
    const char *name, *words;
} outcomes[OUTCOME_COUNT] = {
    [OUTCOME_SURVIVED] = {"survived", "survives"},
    [OUTCOME_SEGV] = {"segv", "crashes"},
    [OUTCOME_HEAP] = {"heap-corruption", "corrupts its heap"},
    [OUTCOME_SANITIZER] = {"sanitizer", "makes its sanitizer report"},
    [OUTCOME_ASSERT] = {"assert", "fails an assertion"},
    [OUTCOME_ABORT] = {"abort", "aborts on purpose"},
    [OUTCOME_SIGNAL] = {"signal", "is ended by a signal"},
    [OUTCOME_HANG] = {"hang", "hangs"},
    [OUTCOME_OUTPUT] = {"wrong-output", "succeeds with other output"},
    [OUTCOME_SILENT] = {"silent", "succeeds and does not tell what it lost"},
    [OUTCOME_LEAK_FD] = {"leak-fd", "leaks a file descriptor"},
    [OUTCOME_LEAK_MEMORY] = {"leak-memory", "leaks memory"},
    [OUTCOME_LEAK_FILE] = {"leak-file", "leaves a file behind"},
    [OUTCOME_UNSTABLE] = {"unstable", "ends now in one way, now in another"},
    [OUTCOME_NOT_REACHED] = {"not-reached", "does not get there"},
};

static const char *const unexplored[UNEXPLORED_COUNT] = {
    [UNEXPLORED_BUDGET] = "the budget was over",
    [UNEXPLORED_UNSTABLE] = "not met in each of the clean runs",
    [UNEXPLORED_LIMIT] = "more than are kept",
    [UNEXPLORED_ENGINE] = "no run could be made of them",
};

const char *outcome_name(enum outcome outcome)
{
    return outcomes[outcome].name;
}

const char *outcome_words(enum outcome outcome)
{
    return outcomes[outcome].words;
}

bool outcome_is_finding(enum outcome outcome)
{
    return outcome > OUTCOME_SURVIVED && outcome < OUTCOME_UNSTABLE && outcome != OUTCOME_ABORT;
}

const char *unexplored_words(enum unexplored why)
{
    return unexplored[why];
}
