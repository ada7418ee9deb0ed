/* A process that goes on from here, with a failure.  Floor 1.
 *
 * It becomes a child of the explorer, not of the program, which is to see nothing of it.  Its files are
 * opened anew: a shared offset would let it read what the program then misses.  Sound only while the program
 * is one thread that shares nothing with others; and what would change the world ends the branch, for the
 * explorer to run it from its start, in a copy of the folder. */
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "injectors/explore/failing.h"
#include "preload/explore/explore.h"

#define DESCRIPTORS 128 /* higher ones stay shared; what they lead to is seldom read on */

bool is_branch;
enum failing branch_call;
int branch_error;

/* --- its own descriptors --- */

static void path_with(char *path, const char *head, unsigned number)
{
    char digits[12];
    size_t n = strlen(head), count = 0;

    memcpy(path, head, n);
    do
        digits[count++] = '0' + number % 10;
    while (number /= 10);
    while (count)
        path[n++] = digits[--count];
    path[n] = 0;
}

/* As they are where it branches off: the program goes on meanwhile, and moves them. */
static long offsets[DESCRIPTORS];

static void sample_offsets(void)
{
    for (long fd = 0; fd < DESCRIPTORS; fd++)
        offsets[fd] = raw(SYS_lseek, fd, 0, SEEK_CUR, 0, 0, 0);
}

static void put_at(long new, long fd, long offset)
{
    long flags = raw(SYS_fcntl, fd, F_GETFD, 0, 0, 0, 0);

    if (new < 0)
        return;
    if (offset >= 0)
        raw(SYS_lseek, new, offset, SEEK_SET, 0, 0, 0);
    raw(SYS_dup3, new, fd, flags & FD_CLOEXEC ? O_CLOEXEC : 0, 0, 0, 0);
    raw(SYS_close, new, 0, 0, 0, 0, 0);
}

static void reopen(long fd)
{
    char path[32];
    long flags = raw(SYS_fcntl, fd, F_GETFL, 0, 0, 0, 0) & (O_ACCMODE | O_APPEND | O_DIRECTORY | O_NOATIME);

    path_with(path, "/proc/self/fd/", fd);
    put_at(raw(SYS_openat, AT_FDCWD, (long)path, flags, 0, 0, 0), fd, offsets[fd]);
}

/* Its output goes on, in a file of its own, at the offset that the program's has reached. */
static void reopen_output(long fd, const char *name, uint64_t *ret_offset)
{
    char path[sizeof(area->folder) + 32];
    size_t len = strnlen(area->folder, sizeof(area->folder) - 1);
    long flags = raw(SYS_fcntl, fd, F_GETFL, 0, 0, 0, 0) & O_APPEND, offset = offsets[fd];

    memcpy(path, area->folder, len);
    path[len] = 0;
    memcpy(path + len, name, strlen(name) + 1);
    path_with(path + len + strlen(name), "", own_end - area->ends);
    *ret_offset = offset;
    long new = raw(SYS_openat, AT_FDCWD, (long)path, O_RDWR | O_CREAT | flags, 0600, 0, 0);
    raw(SYS_ftruncate, new, 0, 0, 0, 0, 0); /* an earlier branch's */
    raw(SYS_ftruncate, new, offset, 0, 0, 0, 0);
    put_at(new, fd, offset);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

static bool look_at(long fd, struct stat *ret_st)
{
    return !raw(SYS_fstat, fd, (long)ret_st, 0, 0, 0, 0);
}

/* Where the program's output went when it began: wherever a descriptor for it is by now. */
static struct stat out, err;

void branch_prepare(void)
{
    if (!look_at(STDOUT_FILENO, &out))
        memset(&out, 0, sizeof(out));
    if (!look_at(STDERR_FILENO, &err))
        memset(&err, 0, sizeof(err));
}

static void own_descriptors(void)
{
    struct stat st;

    for (long fd = 0; fd < DESCRIPTORS; fd++) {
        if (!look_at(fd, &st))
            continue;
        if (is_same(&st, &out))
            reopen_output(fd, "/out.", &own_end->stdout_offset);
        else if (is_same(&st, &err))
            reopen_output(fd, "/err.", &own_end->stderr_offset);
        else if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
            reopen(fd);
    }
}

/* --- branching --- */

static struct explore_end *end_take(void)
{
    for (unsigned i = 1; i < EXPLORE_ENDS; i++) {
        uint32_t unused = 0;
        if (atomic_compare_exchange_strong(&area->ends[i].taken, &unused, 1))
            return &area->ends[i];
    }
    return NULL;
}

/* Until fewer than jobs run.  The explorer counts down, and wakes us. */
static void wait_for_turn(void)
{
    uint32_t running;

    while ((running = atomic_load(&area->running)) >= area->jobs)
        raw(SYS_futex, (long)&area->running, FUTEX_WAIT, running, 0, 0, 0);
}

static void begin(struct explore_end *end, enum failing call, unsigned error)
{
    own_end = end;
    is_branch = true;
    branch_call = call;
    branch_error = failing_rows[call].errors[error];
    raw(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0, 0);
    end->stdout_offset = end->stderr_offset = UINT64_MAX;
    own_descriptors();
    crash_watch();
    end->fired = 1;
}

static void end_clear(struct explore_end *end)
{
    struct timespec now;

    raw(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&now, 0, 0, 0, 0);
    end->started_ns = now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
    end->fired = end->escape = end->is_noted = end->fds = end->signal = 0;
    end->crash.depth = 0;
}

/* True in the branch.  *ret_failed: there will be none. */
static bool branch_one(struct explore_place *place, enum failing call, unsigned error, bool is_persistent,
                       bool *ret_failed)
{
    wait_for_turn();
    struct explore_end *end = end_take();
    *ret_failed = !end;
    if (!end)
        return false;
    end_clear(end);
    end->place = place - area->places;
    end->error = error;
    end->is_persistent = is_persistent;
    atomic_fetch_add(&area->running, 1);
    sample_offsets();
    end->blocks = own_end->blocks;
    long pid = raw(SYS_clone, CLONE_PARENT | CLONE_PARENT_SETTID | SIGCHLD, 0, (long)&end->pid, 0, 0, 0);
    if (!pid)
        begin(end, call, error);
    if (pid >= 0)
        return !pid;
    *ret_failed = true;
    atomic_fetch_sub(&area->running, 1);
    atomic_store(&end->taken, 0);
    return false;
}

/* What stays asked for was not done. */
int branch_off(struct explore_place *place, enum failing call)
{
    bool failed;

    for (unsigned bit = 0; bit < 32; bit++) {
        unsigned error = bit % 16;
        if (error >= EXPLORE_ERRORS || !(atomic_load(&place->todo) >> bit & 1))
            continue;
        if (atomic_load(&area->entangled) || atomic_load(&area->budget_over))
            break;
        if (branch_one(place, call, error, bit >= 16, &failed))
            return branch_error;
        if (failed)
            break;
        atomic_fetch_and(&place->todo, ~(UINT32_C(1) << bit));
        if (atomic_fetch_sub(&area->asked, 1) == 1)
            raw(SYS_exit_group, 0, 0, 0, 0, 0, 0);
    }
    return 0;
}

void branch_entangled(enum failing call)
{
    uint32_t none = 0;

    atomic_compare_exchange_strong(&area->entangled, &none, call + 1);
}

void branch_escape(enum failing call)
{
    own_end->escape = call + 1;
    raw(SYS_exit_group, 0, 0, 0, 0, 0, 0);
}
