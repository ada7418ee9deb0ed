/* The state of reading one scenario: where things go, what is in scope, what is wrong so far.  Floor 2,
 * internal to chaosctl/scenario.
 *
 * Errors stick: functions say what is wrong in diag and go on; memory running out is noted in `failed` and
 * asked for once, at the end.  A function that returns bool says whether it set its output. */
#ifndef SCENARIO_READER_H
#define SCENARIO_READER_H

#include "chaosctl/scenario/node.h"
#include "chaosctl/scenario/scenario.h"
#include "chaosctl/scenario/substitute.h"

struct reader {
    struct arena *arena;
    struct diag *diag;
    struct scenario *scenario; /* grows while it is read */
    const struct scope *scope;
    const char *key;   /* being read: errors begin with it; or NULL */
    uint64_t hold_ns;  /* of the cell being read; 0: none */
    size_t nodes_left; /* that cells may still read */
    size_t work_left;  /* bytes that substitution and regexes may still cost: a small file can ask for much */
    bool takes_request_id; /* ${request.id} and ${each.NAME} may stand in what is being read */
    size_t errors;         /* found so far, those that diag has already included */
    bool failed;           /* memory ran out */
};

#define READER_WORK_MAX  ((size_t)64 << 20)
#define READER_NODES_MAX 1000000

/* A reader with everything still to spend. */
struct reader reader_of(struct scenario *scenario, struct diag *diag);

/* Memory of the arena; NULL, noted, when it is out. */
void *reader_take(struct reader *r, size_t size_bytes);
void *reader_push(struct reader *r, void *items, size_t *count, size_t item_bytes);
const char *reader_copy(struct reader *r, const char *text, size_t len);
const char *reader_printf(struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An error at the node, after the key being read: "timeout: ...". */
void reader_error(struct reader *r, const struct node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same at a place of its own, and without the key. */
void reader_error_at(struct reader *r, struct position at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "a duration such as 300ms is wanted here, not a list".  Returns false. */
bool reader_wrong(struct reader *r, const struct node *node, const char *wanted);

/* So much is wrong already that more would not be shown: what is costly may stop. */
bool reader_is_full(const struct reader *r);

/* Charge work; false, with an error, when the scenario asks for too much. */
bool reader_spend(struct reader *r, const struct node *node, size_t bytes);

/* The text of a scalar, ${} replaced.  ret_plain: it was written without quotes. */
bool reader_text(struct reader *r, const struct node *node, const char *wanted, const char **ret_text,
                 bool *ret_plain);

/* An unknown name: ` (did you mean "x"?)`, or `; there are: a, b`.  Kept in the arena, never NULL. */
const char *reader_hint(struct reader *r, const char *written, const char *const *names, size_t count);

/* One of these words; otherwise false, with an error: `"x"`, what it is (`is unknown`), and the hint. */
bool reader_word(struct reader *r, const struct node *node, const char *const *words, size_t count,
                 const char *wanted, const char *is_what, size_t *ret_index);

/* "a, b, c" */
const char *reader_join(struct reader *r, const char *const *names, size_t count, const char *separator);

#endif
