/* Dependency x fault: which cells a scenario has, which of them need no run, and what came of the others.
 * Floor 4.
 *
 * Nothing is run or printed here: whoever explores asks which cell comes next, runs it, and tells what came
 * of it.  All memory is the matrix's; it borrows the scenario. */
#ifndef MATRIX_MATRIX_H
#define MATRIX_MATRIX_H

#include "chaosctl/report/report.h"
#include "chaosctl/run/result.h"

/* In the order in which they are tried; the table's columns. */
enum matrix_fault {
    MATRIX_DOWN,
    MATRIX_HANG,
    MATRIX_REFUSE,
    MATRIX_RESET,
    MATRIX_MIDWAY,
    MATRIX_SLOW,
    MATRIX_CUT,
    MATRIX_503,
    MATRIX_DNS,
    MATRIX_FAULT_COUNT,
};

const char *matrix_fault_name(enum matrix_fault fault);    /* "hang" */
const char *matrix_fault_meaning(enum matrix_fault fault); /* "no answer at all" */

enum matrix_outcome {
    CELL_OPEN, /* not explored */
    CELL_PASSED,
    CELL_REFUTED,
    CELL_UNCONFIRMED, /* refuted once, and not the second time: counts for nothing */
    CELL_UNREACHED,   /* the fault had nothing to strike */
    CELL_UNCLEAR,     /* could not be judged */
    CELL_OUTCOME_COUNT,
};

const char *matrix_outcome_name(enum matrix_outcome outcome); /* "not reached" */

/* Why a cell is not run. */
enum matrix_rule {
    SKIP_NONE,
    SKIP_UNCALLED, /* sound: nobody calls it */
    SKIP_UNMET,    /* sound: under the one fault nobody calls the other dependency */
    SKIP_REFUTED,  /* assumed: what one fault breaks, two break */
    SKIP_UNCLEAR,  /* assumed: what cannot be judged with one fault cannot with two */
    SKIP_IDLE,     /* assumed: what strikes nothing alone strikes nothing beside another */
    SKIP_ALIKE,    /* assumed: down and hang stand for what ends as they do */
    SKIP_COUNT,
};

const char *matrix_rule_name(enum matrix_rule rule);    /* "uncalled" */
const char *matrix_rule_meaning(enum matrix_rule rule); /* "the load never calls it" */
bool matrix_rule_is_sound(enum matrix_rule rule);

struct matrix_part {
    uint8_t dependency; /* index */
    uint8_t fault;      /* enum matrix_fault */
};

struct matrix_cell {
    struct matrix_part parts[2];
    uint8_t count; /* of parts; 0: the clean run */
    uint8_t runs, refutations;
    enum matrix_outcome outcome;
    enum matrix_rule rule;            /* SKIP_NONE: it is run, or there was no time */
    bool sampled;                     /* run although its rule says that it need not be */
    uint32_t called;                  /* dependencies that were called by then, since its services started */
    const struct cell *cell;          /* NULL: never run */
    const struct cell_result *result; /* of the run that counts, or NULL */
};

struct matrix_options {
    bool exhaustive;  /* no assumed rule holds */
    bool fresh;       /* services start anew for each cell */
    uint64_t hold_ns; /* 0: as the scenario says */
};

struct matrix {
    struct arena *arena;
    struct scenario *scenario;
    struct matrix_options options;
    const struct fault *faults[DEPENDENCY_MAX][MATRIX_FAULT_COUNT]; /* NULL: cannot be */
    size_t single[DEPENDENCY_MAX][MATRIX_FAULT_COUNT];              /* index of its cell */
    struct matrix_cell clean;
    struct matrix_cell *cells; /* those of one fault, then the pairs; each in the order of their turn */
    size_t count, singles;
    /* The walk. */
    size_t at;
    bool is_sampling;
    struct matrix_cell *running, *again; /* again: it is to be repeated */
    bool was_fresh, doubt;
    unsigned failed_starts;
    const char *limited; /* why the limits leave some faults out (the first of them), or NULL */
    const char *trouble; /* why nothing more can be found out, or NULL */
};

/* The cells of a scenario.  -EINVAL, with the reason in ret_why: there are none, or nothing that could judge
 * them; -ENOMEM. */
int matrix_new(struct scenario *scenario, const struct matrix_options *options, struct buf *ret_why,
               struct matrix **ret_matrix);
void matrix_free(struct matrix *matrix);

/* "cache hang + db refuse"; "no fault" for the clean run. */
const char *matrix_label(const struct matrix *matrix, const struct matrix_cell *cell, struct buf *out);

/* The cell to run now; NULL: there is no more, memory is out, or matrix->trouble tells why not.  *ret_fresh:
 * on services that have just started.  The first is the clean run. */
const struct cell *matrix_next(struct matrix *matrix, bool *ret_fresh);

/* Is it a repetition, which the budget does not cut? */
bool matrix_is_repeating(const struct matrix *matrix);

/* What came of the cell that was given last. */
void matrix_take(struct matrix *matrix, const struct cell_result *result, uint32_t called);

/* No more is run: give those that were never looked at the rule that would have spared them. */
void matrix_settle(struct matrix *matrix);

/* What one run of a cell says. */
enum matrix_outcome matrix_judge(const struct cell_result *result);

/* May it be left out, by what is known so far? */
enum matrix_rule matrix_rule_of(const struct matrix *matrix, const struct matrix_cell *cell);

struct matrix_totals {
    size_t explored, planned;
    size_t outcomes[CELL_OUTCOME_COUNT]; /* of those explored */
    size_t unexplored[SKIP_COUNT];       /* SKIP_NONE: there was no time */
    size_t sampled, missed;              /* run although a rule spared them; against what it said */
};

struct matrix_totals matrix_totals(const struct matrix *matrix);
bool matrix_is_missed(const struct matrix_cell *cell);

/* 0 nothing refuted, 1 refuted, 2 nothing could be judged. */
int matrix_exit_code(const struct matrix *matrix);

/* For people; took_ns: all of it. */
void matrix_text(const struct matrix *matrix, uint64_t took_ns, const struct report_style *style,
                 struct buf *out);
/* -ENOMEM. */
int matrix_json(const struct matrix *matrix, uint64_t took_ns, struct buf *out);

/* The results of the cells that count, the clean run first, as a result for the reports: junit and the like.
 * -ENOMEM. */
int matrix_result(const struct matrix *matrix, struct run_result *result);

#endif
