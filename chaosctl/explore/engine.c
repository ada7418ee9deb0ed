/* Exploring, from start to end.  Floor 3. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/base/file.h"
#include "chaosctl/explore/internal.h"
#include "chaosctl/run/control.h"
#include "chaosctl/run/process.h"

#define LIBRARY     "libchaosctl-explore.so"
#define STDIN_BYTES (UINT64_C(64) << 20)
#define LEFT_MAX    1024

/* --- what it needs --- */

/* Beside the shim. */
static int find_library(struct explore *x)
{
    cleanup_free char *shim = NULL;
    int error = control_shim(&shim);

    if (error)
        return error;
    char *slash = strrchr(shim, '/');
    size_t len = slash ? (size_t)(slash - shim) + 1 : 0;
    x->library = malloc(len + sizeof(LIBRARY));
    if (!x->library)
        return -ENOMEM;
    memcpy(x->library, shim, len);
    memcpy(x->library + len, LIBRARY, sizeof(LIBRARY));
    if (access(x->library, R_OK))
        return -errno;
    return strpbrk(x->library, ": ") ? -EINVAL : 0;
}

static int make_root(struct explore *x)
{
    char path[PATH_MAX];
    const char *tmp = getenv("TMPDIR");

    snprintf(path, sizeof(path), "%s/chaosctl-explore-XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");
    if (!mkdtemp(path))
        return -errno;
    x->root = strdup(path);
    x->folder = getcwd(NULL, 0);
    return x->root && x->folder ? 0 : -ENOMEM;
}

/* Each run reads the same from its start. */
static int keep_stdin(struct explore *x)
{
    char block[1 << 16];
    uint64_t total = 0;

    x->stdin_path = arena_printf(x->arena, "%s/stdin", x->root);
    if (!x->stdin_path)
        return -ENOMEM;
    cleanup_fd int fd = open(x->stdin_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    for (ssize_t n; x->request.stdin_fd >= 0 && (n = read(x->request.stdin_fd, block, sizeof(block))) > 0;) {
        if ((total += n) > STDIN_BYTES)
            return -EFBIG;
        int error = file_write_all(fd, block, n);
        if (error)
            return error;
    }
    return 0;
}

static int explain(struct explore *x, int error, const char *what)
{
    if (error == -EINTR)
        buf_add(x->why, "cannot be judged: it was interrupted before anything was tried");
    else if (error && error != -ECANCELED)
        buf_printf(x->why, "%s: %s", what, strerror(-error));
    return error;
}

static int prepare(struct explore *x)
{
    x->arena = arena_new();
    x->workers = calloc(EXPLORE_JOBS_MAX, sizeof(*x->workers));
    if (!x->arena || !x->workers)
        return explain(x, -ENOMEM, "no memory");
    int error = explain(x, find_library(x), LIBRARY " is not usable beside the shim");
    if (!error)
        error = explain(x, make_root(x), "no scratch folder");
    if (!error)
        error = explain(x, keep_stdin(x), "standard input");
    if (error)
        return error;
    error = worker_open(x, 0);
    if (error == -EFBIG) {
        buf_printf(x->why,
                   "%s is too large to be copied for each run (256 MiB, 20000 files): go to a smaller folder",
                   x->folder);
        return -ECANCELED;
    }
    return explain(x, error, "cannot copy the folder");
}

/* --- the order of things --- */

static bool is_only(const struct explore *x, const struct plan *plan)
{
    return !x->request.only_id || !strcmp(plan->point.id, x->request.only_id);
}

static int keep_only(struct explore *x)
{
    size_t kept = 0;

    for (size_t i = 0; i < x->plans_count; i++)
        if (is_only(x, &x->plans[i]))
            x->plans[kept++] = x->plans[i];
    x->plans_count = kept;
    if (kept || !x->request.only_id)
        return 0;
    buf_printf(x->why, "there is no point %s in this program with these arguments", x->request.only_id);
    return -ECANCELED;
}

/* The order matters to who has not the time for all: each wave costs one more run to branch off from. */
static int explore_waves(struct explore *x)
{
    int error = x->request.budget_ns || x->request.never_branches ? 0 : branch_pass(x, 0, WAVES - 1);

    for (uint32_t wave = 0; wave < WAVES && !error && !is_over(x); wave++) {
        if (x->request.budget_ns && !x->request.never_branches)
            error = branch_pass(x, wave, wave);
        if (!error)
            error = rerun_all(x, wave);
    }
    if (!error && !x->request.no_confirm && !is_interrupted(x))
        error = confirm_all(x);
    return error == -EINTR ? 0 : error; /* what was found by then is told */
}

static int explore_all(struct explore *x)
{
    int error = learn(x);

    if (!error)
        error = keep_only(x);
    if (!error)
        error = explore_waves(x);
    if (!error)
        error = result_make(x);
    return explain(x, error, "cannot explore");
}

/* What left its group and outlived it. */
static void end_rest(void)
{
    pid_t pids[LEFT_MAX];
    size_t count = process_descendants(getpid(), pids, LEFT_MAX);

    for (size_t i = 0; i < count; i++)
        kill(pids[i], SIGKILL);
}

int explore_run(const struct explore_request *request, struct explore **ret_explore, struct buf *ret_why)
{
    struct explore *x = calloc(1, sizeof(*x));
    sigset_t child, old;

    if (!x)
        return -ENOMEM;
    x->request = *request;
    x->why = ret_why;
    x->traps = true;
    x->started_ns = now_mono_ns();
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, &old);
    process_subreaper();
    int error = prepare(x);
    if (!error)
        error = explore_all(x);
    end_rest();
    sigprocmask(SIG_SETMASK, &old, NULL);
    if (error)
        explore_free(x);
    else
        *ret_explore = x;
    return error;
}

const struct explore_result *explore_result(const struct explore *x)
{
    return &x->result;
}

void explore_free(struct explore *x)
{
    if (!x)
        return;
    for (unsigned i = 0; x->workers && i < EXPLORE_JOBS_MAX; i++)
        if (x->workers[i].root)
            worker_close(&x->workers[i]);
    if (x->root)
        scratch_remove(x->root);
    free(x->clean.out);
    free(x->workers);
    free(x->root);
    free(x->folder);
    free(x->library);
    arena_free(x->arena);
    free(x);
}
