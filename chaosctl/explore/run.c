/* One process, from start to end.  Floor 3.
 *
 * Started thousands of times, so by vfork; with addresses that are the same in each run, where the system
 * lets us. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/explore/internal.h"

#define OUTPUT_MAX (UINT64_C(64) << 20) /* a program that prints without end hangs */

extern char **environ;

/* --- workers --- */

static int map_area(struct worker *w)
{
    w->area_fd = memfd_create("chaosctl-explore", MFD_CLOEXEC);
    if (w->area_fd < 0 || ftruncate(w->area_fd, sizeof(*w->area)))
        return -errno;
    void *at = mmap(NULL, sizeof(*w->area), PROT_READ | PROT_WRITE, MAP_SHARED, w->area_fd, 0);
    if (at == MAP_FAILED)
        return -errno;
    w->area = at;
    return 0;
}

static bool is_variable(const char *entry, const char *name)
{
    size_t len = strlen(name);

    return !strncmp(entry, name, len) && entry[len] == '=';
}

/* Ours, with a temporary folder of its own; and with the library in it, unless native. */
static char **environment(struct explore *x, struct worker *w, bool is_native)
{
    size_t count = 0, n = 0;

    while (environ[count])
        count++;
    char **envp = arena_take(x->arena, (count + 4) * sizeof(*envp));
    if (!envp)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (!is_variable(environ[i], "TMPDIR") && (is_native || !is_variable(environ[i], "LD_PRELOAD")))
            envp[n++] = environ[i];
    envp[n++] = arena_printf(x->arena, "TMPDIR=%s", w->tmp);
    if (is_native)
        return envp;
    /* Before the user's own: an allocator among these is to be called by us. */
    const char *theirs = getenv("LD_PRELOAD");
    envp[n++] = arena_printf(x->arena, EXPLORE_VARIABLE "=/proc/%d/fd/%d", getpid(), w->area_fd);
    envp[n++] = arena_printf(x->arena, "LD_PRELOAD=%s%s%s", x->library, theirs && *theirs ? ":" : "",
                             theirs ? theirs : "");
    return envp;
}

static int make_folders(struct explore *x, struct worker *w)
{
    int error = scratch_copy(x->folder, w->folder, x->root);

    if (!error && mkdir(w->tmp, 0700))
        error = -errno;
    return error ? error : tree_read(w->root, NULL, &w->fresh);
}

int worker_open(struct explore *x, unsigned index)
{
    struct worker *w = &x->workers[index];

    *w = (struct worker){.index = index, .area_fd = -1};
    w->root = arena_printf(x->arena, "%s/%02u", x->root, index);
    w->folder = arena_printf(x->arena, "%s/%02u/dir", x->root, index);
    w->tmp = arena_printf(x->arena, "%s/%02u/tmp", x->root, index);
    if (!w->root || !w->folder || !w->tmp)
        return -ENOMEM;
    if (mkdir(w->root, 0700))
        return -errno;
    int error = make_folders(x, w);
    if (!error)
        error = map_area(w);
    if (error)
        return error;
    w->envp = environment(x, w, false);
    w->native_envp = environment(x, w, true);
    return w->envp && w->native_envp ? 0 : -ENOMEM;
}

void worker_close(struct worker *w)
{
    tree_free(&w->fresh);
    tree_free(&w->reference);
    if (w->area)
        munmap(w->area, sizeof(*w->area));
    if (w->area_fd >= 0)
        close(w->area_fd);
}

static int worker_clean(struct explore *x, struct worker *w)
{
    if (!w->is_dirty)
        return 0;
    scratch_remove(w->folder);
    scratch_remove(w->tmp);
    tree_free(&w->fresh);
    w->is_dirty = false;
    return make_folders(x, w);
}

/* Pages that were never touched stay that way. */
void area_reset(struct worker *w, enum explore_mode mode)
{
    size_t head = mode == EXPLORE_FAIL ? offsetof(struct explore_area, ends[1]) : sizeof(*w->area);

    if (mode == EXPLORE_FAIL)
        memset(w->area, 0, head);
    else
        fallocate(w->area_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, head);
    w->area->magic = EXPLORE_MAGIC;
    w->area->mode = mode;
}

/* --- starting --- */

struct launch {
    const char *program, *folder;
    char *const *argv, *const *envp;
    int streams[3];
    pid_t parent;
    bool is_traced;
};

/* In the child that shares our memory until it is another program. */
static void become(const struct launch *l)
{
    static const struct rlimit none = {0, 0}, output = {OUTPUT_MAX, OUTPUT_MAX};
    sigset_t empty;

    sigemptyset(&empty);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int i = 0; i < 3; i++)
        dup2(l->streams[i], i);
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_FSIZE, &output);
    personality(ADDR_NO_RANDOMIZE);
    signal(SIGPIPE, SIG_DFL);
    if (l->is_traced)
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    sigprocmask(SIG_SETMASK, &empty, NULL);
    if (!chdir(l->folder) && getppid() == l->parent)
        execve(l->program, l->argv, l->envp);
    _exit(127);
}

static int open_output(const struct worker *w, const char *name)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/%s.0", w->root, name);
    return open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
}

int run_start(struct explore *x, struct worker *w, bool is_native)
{
    int error = worker_clean(x, w);
    if (error)
        return error;
    cleanup_fd int in = open(x->stdin_path, O_RDONLY | O_CLOEXEC);
    cleanup_fd int out = open_output(w, "out");
    cleanup_fd int err = open_output(w, "err");
    if (in < 0 || out < 0 || err < 0)
        return -errno;
    struct launch l = {x->request.program, w->folder, x->request.argv, is_native ? w->native_envp : w->envp,
                       {in, out, err},     getpid(),  w->is_traced};
    snprintf(w->area->folder, sizeof(w->area->folder), "%s", w->root);
    w->area->traps = x->traps;
    w->started_ns = now_mono_ns();
    w->deadline_ns = x->hang_ns ? w->started_ns + x->hang_ns : UINT64_MAX;
    w->is_killed = false;
    w->pid = vfork();
    if (!w->pid)
        become(&l);
    x->runs++;
    return w->pid < 0 ? -errno : 0;
}

/* --- ending --- */

pid_t wait_child(uint64_t until_ns, int *ret_status)
{
    sigset_t child;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    for (;;) {
        pid_t pid = waitpid(-1, ret_status, WNOHANG | __WALL);
        uint64_t now = now_mono_ns();
        if (pid > 0)
            return pid;
        if (now >= until_ns)
            return 0;
        uint64_t left = until_ns - now < NS_PER_S / 10 ? until_ns - now : NS_PER_S / 10;
        struct timespec wait = {.tv_nsec = (long)left};
        sigtimedwait(&child, NULL, &wait);
    }
}

/* Files of /proc have no size. */
int read_from(const char *path, uint64_t offset, char **ret_text, size_t *ret_len)
{
    struct stat st;
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st))
        return -errno;
    size_t size = (uint64_t)st.st_size > offset ? st.st_size - offset : st.st_size ? 0 : 4095;
    char *text = malloc(size + 1);
    if (!text)
        return -ENOMEM;
    ssize_t n = pread(fd, text, size, (off_t)offset);
    text[n < 0 ? 0 : n] = 0;
    *ret_text = text;
    *ret_len = n < 0 ? 0 : n;
    return 0;
}

int run_collect(struct explore *x, struct worker *w, int status, bool wants_tree, struct ended *ret_ended)
{
    char path[4096];
    struct ended e = {.status = status, .is_hung = w->is_killed, .took_ns = now_mono_ns() - w->started_ns};

    (void)x;
    kill(-w->pid, SIGKILL); /* what it left running */
    w->pid = 0;
    snprintf(path, sizeof(path), "%s/out.0", w->root);
    int error = read_from(path, 0, &e.out, &e.out_len);
    snprintf(path, sizeof(path), "%s/err.0", w->root);
    if (!error)
        error = read_from(path, 0, &e.err, &e.err_len);
    e.end = w->area->ends[0];
    if (!error && wants_tree)
        error = tree_read(w->root, &w->fresh, &e.tree);
    e.has_tree = wants_tree && !error;
    w->is_dirty = !e.has_tree || !tree_same(&e.tree, &w->fresh);
    if (error)
        ended_free(&e);
    else
        *ret_ended = e;
    return error;
}

int run_wait(struct explore *x, struct worker *w, bool is_native, struct ended *ret_ended)
{
    int status = 0, error = run_start(x, w, is_native);

    while (!error && wait_child(now_mono_ns() + NS_PER_S / 10, &status) != w->pid)
        if (now_mono_ns() >= w->deadline_ns || is_interrupted(x)) {
            kill(w->pid, SIGKILL);
            w->is_killed = true;
            w->deadline_ns = UINT64_MAX;
        }
    if (!error)
        error = run_collect(x, w, status, true, ret_ended);
    if (!error && is_interrupted(x)) {
        ended_free(ret_ended);
        error = -EINTR;
    }
    return error;
}

void ended_free(struct ended *ended)
{
    free(ended->out);
    free(ended->err);
    tree_free(&ended->tree);
    *ended = (struct ended){0};
}
