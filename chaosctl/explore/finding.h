/* What exploring finds: points at which the world can fail a program, how each ended, and what is to be told.
 * Floor 3.  Plain data: the engine fills it, the reports read it.
 *
 * All of it lives as long as the exploration that it came from (explore_free). */
#ifndef EXPLORE_FINDING_H
#define EXPLORE_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPLORE_STACK_MAX 32
#define EXPLORE_ID_BYTES  20

/* A file that the program had mapped. */
struct module {
    const char *path;     /* absolute; as the process knew it */
    const char *build_id; /* lower-case hex; "" when the file has none */
};

/* A place in a module.  The address is the file's own: as in its symbol table and its DWARF, without the load
 * bias.  A caller's is its return address, so its line is that of address - 1; is_exact: that of the
 * instruction itself (a crash's first frame). */
struct frame {
    const struct module *module; /* NULL: in no file (code made at run time, a wild jump) */
    uint64_t address;            /* module NULL: as it was in memory */
    bool is_exact;
};

/* Innermost first.  In a point's stack the first frame is who called the function that failed; frames within
 * libc may come before the program's (a printf that writes). */
struct stack {
    struct frame frames[EXPLORE_STACK_MAX];
    size_t depth;
    bool is_cut; /* there were more */
};

/* A call that can fail: which, with which error, reached how, for the how manieth time. */
struct point {
    char id[EXPLORE_ID_BYTES]; /* from all of the below; the same in each run of the same build */
    const char *call;          /* "malloc", "read" */
    const char *error;         /* "ENOMEM" */
    int error_number;
    struct stack stack;
    uint64_t occurrence; /* 1: the first time that this call is reached on this stack (in one thread) */
    bool is_persistent;  /* from there on each such call fails, not that one alone */
    uint64_t seen;       /* how often the clean run got there */
    const char *about;   /* what the call was about, in words: a path, "standard output"; NULL: not known */
};

/* How a run with a failure ended, the gravest first among findings.  A row per word: ending_name(). */
enum ending {
    ENDING_SURVIVED,  /* ended well, or said that it failed: a status of its own that is not the clean one */
    ENDING_SEGV,      /* SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS */
    ENDING_HEAP,      /* the allocator found its heap corrupted: a double free, for one */
    ENDING_SANITIZER, /* a sanitizer reported */
    ENDING_ASSERT,    /* assert() failed */
    ENDING_ABORT,     /* abort() on purpose: a finding only where asked for */
    ENDING_SIGNAL,    /* another signal */
    ENDING_HANG,      /* ran on, long beyond the clean run's time */
    ENDING_OUTPUT,    /* the clean run's exit status, and other output or files */
    ENDING_SILENT,    /* the clean run's exit status and not a word, though what was written was lost */
    ENDING_LEAK_FD,   /* the clean run's exit status, more descriptors open at exit */
    ENDING_LEAK_MEMORY, /* the clean run's exit status, more blocks allocated at exit */
    ENDING_LEAK_FILE,   /* a file left behind that the clean run does not leave */
    ENDING_UNSTABLE,    /* could not be judged: it ended in one way, and in another when it was run again */
    ENDING_NOT_REACHED, /* the run with the failure never got to the point */
    ENDING_COUNT,
};

/* "segv", "heap-corruption": the word of reports, baselines and suppressions. */
const char *ending_name(enum ending outcome);

/* For people: "crashes", "exits 0 with other output". */
const char *ending_words(enum ending outcome);

/* Is it to be reported, unless suppressed?  ABORT is where asked for: the engine then makes it a finding all
 * the same. */
bool ending_is_finding(enum ending outcome);

struct finding {
    const struct point *point;
    enum ending outcome;
    int signal;         /* that ended it; 0: none */
    int exit_status;    /* of a run that no signal ended */
    struct stack crash; /* where it ended; depth 0: it did not crash, or the stack was beyond reading */
    /* What was seen, in words: "standard output: 0 bytes, not 120"; "left behind: tmp/x1"; the last line of
     * standard error of a crash.  NULL: no more than the outcome. */
    const char *detail;
    bool is_confirmed; /* the same when run anew from its start; what is not is told apart, never counted */
    uint64_t cause;    /* findings of one cause are one defect: reported as one, by the first of them */
};

/* Why points were left out. */
enum unexplored {
    UNEXPLORED_BUDGET,      /* the time was over */
    UNEXPLORED_INTERRUPTED, /* by a signal */
    UNEXPLORED_UNSTABLE,    /* not met in each of the clean runs */
    UNEXPLORED_LIMIT,       /* more points than are kept */
    UNEXPLORED_ENGINE,      /* no run could be made of it: the tool's own failure */
    UNEXPLORED_COUNT,
};

const char *unexplored_words(enum unexplored why); /* "the budget was over" */

/* System calls of the clean run that no failure could be injected into. */
struct uncovered {
    const char *call;
    uint64_t count;
};

struct explore_result {
    char *const *argv;   /* the program and its arguments, NULL at the end */
    const char *program; /* its path */
    const char *folder;  /* where it was explored from: absolute, the user's own, not the scratch copy */
    uint64_t clean_ns, took_ns;

    const struct point *points; /* in the order in which they were explored; those left out last */
    size_t points_count, explored_count;
    uint64_t unexplored[UNEXPLORED_COUNT];
    uint64_t outcomes[ENDING_COUNT];      /* of the points explored */
    bool was_interrupted, became_another; /* by execve: what it became was not explored */
    uint64_t runs, forks;                 /* runs from the start; forks at a point */

    const struct finding *findings; /* confirmed ones first; those of one cause stand together */
    size_t findings_count;

    const struct uncovered *uncovered; /* most frequent first */
    size_t uncovered_count;
    const char *const *notes; /* each a sentence: what varies and was masked, what could not be watched */
    size_t notes_count;
};

#endif
