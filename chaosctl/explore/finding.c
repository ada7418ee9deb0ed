/* The words for what exploring finds.  Floor 3. */
#include "chaosctl/explore/finding.h"

static const struct {
    const char *name, *words;
} outcomes[ENDING_COUNT] = {
    [ENDING_SURVIVED] = {"survived", "survives"},
    [ENDING_SEGV] = {"segv", "crashes"},
    [ENDING_HEAP] = {"heap-corruption", "corrupts its heap"},
    [ENDING_SANITIZER] = {"sanitizer", "makes its sanitizer report"},
    [ENDING_ASSERT] = {"assert", "fails an assertion"},
    [ENDING_ABORT] = {"abort", "aborts on purpose"},
    [ENDING_SIGNAL] = {"signal", "is ended by a signal"},
    [ENDING_HANG] = {"hang", "hangs"},
    [ENDING_OUTPUT] = {"wrong-output", "succeeds with other output"},
    [ENDING_SILENT] = {"silent", "succeeds and does not tell what it lost"},
    [ENDING_LEAK_FD] = {"leak-fd", "leaks a file descriptor"},
    [ENDING_LEAK_MEMORY] = {"leak-memory", "leaks memory"},
    [ENDING_LEAK_FILE] = {"leak-file", "leaves a file behind"},
    [ENDING_UNSTABLE] = {"unstable", "ends now in one way, now in another"},
    [ENDING_NOT_REACHED] = {"not-reached", "does not get there"},
};

static const char *const unexplored[UNEXPLORED_COUNT] = {
    [UNEXPLORED_BUDGET] = "the budget was over",
    [UNEXPLORED_INTERRUPTED] = "it was interrupted",
    [UNEXPLORED_UNSTABLE] = "not met in each of the clean runs",
    [UNEXPLORED_LIMIT] = "more than are kept",
    [UNEXPLORED_ENGINE] = "no run could be made of them",
};

const char *ending_name(enum ending outcome)
{
    return outcomes[outcome].name;
}

const char *ending_words(enum ending outcome)
{
    return outcomes[outcome].words;
}

bool ending_is_finding(enum ending outcome)
{
    return outcome > ENDING_SURVIVED && outcome < ENDING_UNSTABLE && outcome != ENDING_ABORT;
}

const char *unexplored_words(enum unexplored why)
{
    return unexplored[why];
}
