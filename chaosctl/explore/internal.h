/* What the parts of the engine share.  Floor 3. */
#ifndef EXPLORE_INTERNAL_H
#define EXPLORE_INTERNAL_H

#define WAVES 5

#include <sys/types.h>

#include "chaosctl/base/arena.h"
#include "chaosctl/explore/engine.h"
#include "injectors/explore/area.h"
#include "injectors/explore/failing.h"

/* --- scratch.c: copies of the folder --- */

struct tree_file {
    char *path; /* below the root */
    uint32_t mode;
    uint64_t size, mtime_ns, inode, digest;
};

struct tree {
    struct tree_file *files; /* by path */
    size_t count;
};

/* Copy a folder.  -EFBIG: more than is sensible. */
int scratch_copy(const char *from, const char *to, const char *own); /* all but the folder `own` */
int scratch_remove(const char *path);

/* What is below root.  before: whose digests hold for files that have not been touched since; may be NULL. */
int tree_read(const char *root, const struct tree *before, struct tree *ret_tree);
void tree_free(struct tree *tree);
bool tree_same(const struct tree *a, const struct tree *b); /* contents and modes, not times */

/* --- run.c: one process --- */

/* A place to run in: its own copy of the folder, its own temporary folder, its own area. */
struct worker {
    unsigned index;
    char *root, *folder, *tmp; /* ROOT/dir and ROOT/tmp */
    int area_fd;
    struct explore_area *area;
    char *const *envp, *const *native_envp;
    struct tree fresh;     /* as copied */
    struct tree reference; /* after a clean run */
    bool is_dirty;         /* to be copied anew before the next run */
    /* while something runs */
    pid_t pid;
    uint64_t started_ns, deadline_ns;
    bool is_killed, is_traced;
    struct plan *plan;
    bool is_again; /* without skipping to where the clean run got there */
};

/* How a process ended. */
struct ended {
    int status; /* as wait gives it */
    bool is_hung;
    uint64_t took_ns;
    char *out, *err; /* from where it branched off; to be freed */
    size_t out_len, err_len;
    struct explore_end end;
    struct tree tree;
    bool has_tree;
};

struct clean {
    char *out;
    size_t out_len, err_len;
    bool is_out_unstable;
    uint32_t fds;
    int64_t blocks;
    bool is_noted, is_blocks_unstable;
    uint64_t took_ns;
    uint64_t counts[EXPLORE_CALLS_MAX]; /* of each call that can be failed */
};

/* A point with what became of it. */
struct plan {
    struct point point;
    uint32_t place; /* in the table of the last clean run */
    uint16_t call;  /* enum failing */
    uint8_t kind;   /* enum explore_kind */
    uint8_t error;
    bool is_other; /* not the likeliest error */
    uint32_t wave; /* lower first */
    uint64_t hash, sequence;
    bool is_done, is_unstable, is_finding, is_tried; /* tried: was run anew, to confirm it */
    bool is_failed;                                  /* no run could be made */
    enum ending outcome;
    struct finding finding;
};

struct explore {
    struct explore_request request;
    struct arena *arena;
    char *root, *folder, *library, *stdin_path;
    struct worker *workers;
    struct clean clean;
    bool traps, is_entangled;
    struct module modules[EXPLORE_MODULES];
    size_t modules_count;
    struct plan *plans;
    size_t plans_count;
    const char **notes;
    size_t notes_count;
    uint64_t started_ns, hang_ns, first_hang_ns, runs, forks;
    uint64_t lost; /* calls on stacks beyond what is kept */
    size_t done, found, in_libc;
    struct cause *causes; /* rerun.c */
    size_t causes_count;
    struct explore_result result;
    struct buf *why;
};

int worker_open(struct explore *x, unsigned index);
void worker_close(struct worker *w);

/* Start the program: with the library, or as it is.  0 or -errno. */
int run_start(struct explore *x, struct worker *w, bool is_native);
/* The worker's process is gone: what there is to know.  Its tree is read when wanted. */
int run_collect(struct explore *x, struct worker *w, int status, bool wants_tree, struct ended *ret_ended);
int run_wait(struct explore *x, struct worker *w, bool is_native,
             struct ended *ret_ended); /* from start to end */
void ended_free(struct ended *ended);
/* What is in a file from offset on; to be freed. */
int read_from(const char *path, uint64_t offset, char **ret_text, size_t *ret_len);

/* The next child that ends, within the time; 0: none. */
pid_t wait_child(uint64_t until_ns, int *ret_status);

/* A zeroed area. */
void area_reset(struct worker *w, enum explore_mode mode);

/* --- learn.c --- */

int learn(struct explore *x);
int learn_uncovered(struct explore *x); /* uncovered.c */
bool note(struct explore *x, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A stack as the reports know it. */
void stack_of(struct explore *x, const struct explore_area *area, const struct explore_stack *from,
              struct stack *ret_stack);
const char *error_word(int error);

/* --- oracle.c --- */

/* *ret_detail: in the arena, or NULL. */
enum ending judge(struct explore *x, const struct worker *w, const struct plan *plan,
                  const struct ended *ended, const char **ret_detail);
void take_outcome(struct explore *x, struct plan *plan, enum ending outcome, const struct ended *ended,
                  const struct explore_area *area, const char *detail);

/* --- branch.c, rerun.c --- */

bool is_interrupted(const struct explore *x);
bool is_over(const struct explore *x);                             /* the budget, or somebody interrupted */
int branch_pass(struct explore *x, uint32_t first, uint32_t last); /* waves */
int rerun_all(struct explore *x, uint32_t wave);
int confirm_all(struct explore *x);

/* --- cause.c, result.c --- */

uint64_t cause_of(const struct plan *plan);
/* Does libc crash in what it failed to allocate itself?  Its defect, and not the program's. */
bool is_libc_own(const struct plan *plan);
int result_make(struct explore *x);

#endif
