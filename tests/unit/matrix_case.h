/* A matrix for unit tests: a scenario, and cells that are answered instead of run. */
#ifndef UNIT_MATRIX_CASE_H
#define UNIT_MATRIX_CASE_H

#include "chaosctl/matrix/matrix.h"
#include "unit/scenario_case.h"

#define MATRIX_HEAD                                                                                          \
    "version: 1\n"                                                                                           \
    "name: shop\n"                                                                                           \
    "services: {shop: {run: [shop]}}\n"                                                                      \
    "probes: {item: {http: {get: \"http://h/\"}}}\n"                                                         \
    "load: {browse: {probe: item, rate: 50/s}}\n"
#define MATRIX_STEADY "steady_state: [{load: browse, expect: {success: \">= 99%\"}}]\n"
#define MATRIX_TWO                                                                                           \
    "dependencies: {cache: {tcp: \"127.0.0.1:6379\"}, api: {tcp: \"api.internal:80\", protocol: http}}\n"
#define MATRIX_TAIL                                                                                          \
    "defaults: {hold: 3s}\n"                                                                                 \
    "experiments:\n"                                                                                         \
    "- name: own\n"                                                                                          \
    "  hold: 7s\n"                                                                                           \
    "  faults: [{blackhole: {target: cache}}]\n"                                                             \
    "  during: [{probe: item, expect: {status: 200}}]\n"
#define MATRIX_SHOP MATRIX_HEAD MATRIX_STEADY MATRIX_TWO MATRIX_TAIL

#define BOTH_CALLED  3u
#define CACHE_CALLED 1u
#define API_CALLED   2u

/* What a cell is to come to; the first that fits counts, and one that none fits passes. */
struct answer {
    const char *label;
    enum verdict_of_run verdict;
    int times;         /* so many of its runs; 0: all */
    bool is_unmet;     /* its last fault struck nothing */
    uint32_t uncalled; /* these dependencies are not called in it */
    bool is_lost;      /* the steady state does not come back */
    bool is_unstarted;
};

static struct matrix *matrix;
static const struct answer *answers;
static int answers_count;
static uint32_t called; /* in cells of which nothing else is said */

static inline const char *matrix_of(const char *text, struct matrix_options options)
{
    static char why_text[1024];
    cleanup_buf struct buf why = {0};

    ck_assert_str_eq(parse("%s", text), "");
    int r = matrix_new(loaded, &options, &why, &matrix);
    ck_assert(r == 0 || r == -EINVAL);
    if (r)
        matrix = NULL;
    snprintf(why_text, sizeof(why_text), "%s", r ? buf_text(&why) : "");
    called = BOTH_CALLED;
    answers_count = 0;
    return why_text;
}

static inline void forget_matrix(void)
{
    matrix_free(matrix);
    matrix = NULL;
    forget();
}

#define ANSWER(...)                                                                                          \
    do {                                                                                                     \
        static const struct answer list_[] = {__VA_ARGS__};                                                  \
        answers = list_;                                                                                     \
        answers_count = ROWS(list_);                                                                         \
    } while (0)

static inline struct answer answer_of(const char *label, int run)
{
    for (int i = 0; i < answers_count; i++)
        if (!strcmp(answers[i].label, label) && (!answers[i].times || run < answers[i].times))
            return answers[i];
    return (struct answer){.label = label};
}

/* What the run would have found. */
static inline void answer_cell(const struct cell *cell, const struct answer *a)
{
    struct fault_result *faults = arena_take(matrix->arena, 2 * sizeof(*faults));
    struct check_result *checks = arena_take(matrix->arena, 2 * sizeof(*checks));
    struct cell_result result = {.experiment = cell->experiment,
                                 .label = cell->label,
                                 .verdict = a->verdict,
                                 .reason = a->verdict ? "a reason" : NULL,
                                 .recovery_measured = !a->is_lost,
                                 .faults = faults,
                                 .faults_count = cell->faults_count,
                                 .checks = checks,
                                 .checks_count = a->verdict == VERDICT_REFUTED};

    result.phase_ns[PHASE_BASELINE] = a->is_unstarted ? 0 : 1;
    checks[0] = (struct check_result){.phase = PHASE_DURING,
                                      .text = "load browse",
                                      .expected = "success >= 99%",
                                      .observed = "success is 0 % of 50; mostly: 500",
                                      .outcome = OUTCOME_FAILED};
    for (size_t i = 0; i < cell->faults_count; i++)
        faults[i].hits = faults[i].matches = a->is_unmet && i + 1 == cell->faults_count ? 0 : 5;
    matrix_take(matrix, &result, called & ~a->uncalled);
}

struct ran {
    char label[64];
    bool fresh;
};
static struct ran ran[4096];
static int ran_count;

/* At most so many cells. */
static inline void run_some(int most)
{
    const struct cell *cell;
    bool fresh;

    while (most-- > 0 && (cell = matrix_next(matrix, &fresh))) {
        int run = 0;
        for (int i = 0; i < ran_count; i++)
            run += !strcmp(ran[i].label, cell->label);
        struct answer a = answer_of(cell->label, run);
        ck_assert_int_lt(ran_count, ROWS(ran));
        snprintf(ran[ran_count].label, sizeof(ran->label), "%s", cell->label);
        ran[ran_count++].fresh = fresh;
        answer_cell(cell, &a);
    }
}

static inline void run_all(void)
{
    run_some(ROWS(ran));
    matrix_settle(matrix);
}

/* How often a cell was run. */
static inline int runs_of(const char *label)
{
    int runs = 0;

    for (int i = 0; i < ran_count; i++)
        runs += !strcmp(ran[i].label, label);
    return runs;
}

static inline const struct matrix_cell *cell_of(const char *label)
{
    for (size_t i = 0; i < matrix->count; i++) {
        cleanup_buf struct buf own = {0};
        if (!strcmp(matrix_label(matrix, &matrix->cells[i], &own), label))
            return &matrix->cells[i];
    }
    ck_abort_msg("there is no cell \"%s\"", label);
}

#endif
