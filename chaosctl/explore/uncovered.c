/* Which system calls of a clean run no failure could be injected into.  Floor 3.
 *
 * One more run, under ptrace: what it calls once the library is in, less what came to the library.  Of its
 * first thread alone, and of so many calls at most: it is a hint at what is not seen, no account. */
#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/explore/internal.h"

#define NUMBERS   512
#define CALLS_MAX 100000

/* They fail for nobody, or of them a program does not care. */
static const int harmless[] = {
    SYS_brk,
    SYS_munmap,
    SYS_mprotect,
    SYS_madvise,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_sigaltstack,
    SYS_exit,
    SYS_exit_group,
    SYS_getpid,
    SYS_gettid,
    SYS_getppid,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_futex,
    SYS_arch_prctl,
    SYS_clock_gettime,
    SYS_set_tid_address,
    SYS_set_robust_list,
    SYS_rseq,
    SYS_sched_yield,
    SYS_uname,
    SYS_umask,
    SYS_time,
    SYS_gettimeofday,
    SYS_getrusage,
    SYS_restart_syscall,
};

static bool is_harmless(int number)
{
    for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++)
        if (harmless[i] == number)
            return true;
    return false;
}

/* --- counting --- */

/* A stop at a system call: on the way in or out. */
static void count_stop(const struct worker *w, bool *is_inside, uint64_t *counts)
{
    struct user_regs_struct regs;

    *is_inside = !*is_inside;
    if (!*is_inside || !atomic_load(&w->area->entered) || ptrace(PTRACE_GETREGS, w->pid, NULL, &regs))
        return;
    /* malloc's own: what it cannot have, malloc does not give */
    bool is_anonymous = regs.orig_rax == SYS_mmap && (int)regs.r8 == -1;
    bool is_ours = regs.rip >= w->area->own_from && regs.rip < w->area->own_to;
    if (regs.orig_rax < NUMBERS && !is_anonymous && !is_ours)
        counts[regs.orig_rax]++;
}

/* Returns how it ended; -1: it was too long. */
static int trace(const struct worker *w, uint64_t *counts)
{
    bool is_inside = false, is_set = false;
    int status;

    for (uint64_t calls = 0; calls < 2 * CALLS_MAX && now_mono_ns() < w->deadline_ns; calls++) {
        if (waitpid(w->pid, &status, __WALL) < 0 || !WIFSTOPPED(status))
            return status;
        int signal = WSTOPSIG(status);
        if (!is_set)
            ptrace(PTRACE_SETOPTIONS, w->pid, NULL,
                   PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC);
        is_set = true;
        bool is_call = signal == (SIGTRAP | 0x80);
        if (is_call)
            count_stop(w, &is_inside, counts);
        ptrace(PTRACE_SYSCALL, w->pid, NULL, is_call || signal == SIGTRAP ? 0 : signal);
    }
    kill(w->pid, SIGKILL);
    while (waitpid(w->pid, &status, __WALL) == w->pid && WIFSTOPPED(status))
        ;
    return -1;
}

/* --- the result --- */

static void subtract(const struct explore *x, uint64_t *counts)
{
    for (size_t i = 0; i < FAILING_COUNT && x->traps; i++) {
        long number = failing_rows[i].number;
        if (number >= 0)
            counts[number] -= counts[number] < x->clean.counts[i] ? counts[number] : x->clean.counts[i];
    }
}

static int by_count(const void *a, const void *b)
{
    const struct uncovered *u = a, *v = b;

    return u->count == v->count ? strcmp(u->call, v->call) : u->count < v->count ? 1 : -1;
}

static int list(struct explore *x, const uint64_t *counts)
{
    struct uncovered *items = NULL;
    size_t n = 0;

    for (int number = 0; number < NUMBERS; number++) {
        char *name = counts[number] && !is_harmless(number)
                         ? seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number)
                         : NULL;
        struct uncovered *item = name ? arena_push(x->arena, &items, &n, sizeof(*items)) : NULL;
        if (item)
            *item = (struct uncovered){.call = arena_copy(x->arena, name), .count = counts[number]};
        free(name);
        if (name && (!item || !item->call))
            return -ENOMEM;
    }
    if (n)
        qsort(items, n, sizeof(*items), by_count);
    x->result.uncovered = items;
    x->result.uncovered_count = n;
    return 0;
}

int learn_uncovered(struct explore *x)
{
    struct worker *w = &x->workers[0];
    uint64_t counts[NUMBERS] = {0};
    bool traps = x->traps;
    struct ended e;

    area_reset(w, EXPLORE_LEARN);
    w->is_traced = true;
    x->traps = false; /* what is trapped would be called twice */
    int error = run_start(x, w, false);
    x->traps = traps;
    w->is_traced = false;
    if (error)
        return error;
    int status = trace(w, counts);
    error = run_collect(x, w, status, true, &e);
    if (error)
        return error;
    ended_free(&e);
    if (status < 0) {
        note(x, "it makes too many system calls to count those that no failure could be injected into");
        return 0;
    }
    subtract(x, counts);
    return list(x, counts);
}
