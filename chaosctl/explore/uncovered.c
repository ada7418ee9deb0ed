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
#include <sys/wait.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/explore/internal.h"

#define NUMBERS   512
#define CALLS_MAX 100000

/* They fail for nobody, or of them a program does not care. */
static const char *const harmless[] = {
    "brk",
    "munmap",
    "mprotect",
    "madvise",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sigaltstack",
    "exit",
    "exit_group",
    "getpid",
    "gettid",
    "getppid",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "futex",
    "arch_prctl",
    "clock_gettime",
    "set_tid_address",
    "set_robust_list",
    "rseq",
    "sched_yield",
    "uname",
    "umask",
    "time",
    "gettimeofday",
    "getrusage",
    "restart_syscall",
};

static bool is_harmless(const char *name)
{
    for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++)
        if (!strcmp(harmless[i], name))
            return true;
    return false;
}

/* --- counting --- */

/* A stop at a system call: on the way in, or out. */
static void count_stop(const struct worker *w, uint64_t *counts)
{
    struct __ptrace_syscall_info info;
    const struct explore_area *a = w->area;

    if (!atomic_load(&a->entered) || ptrace(PTRACE_GET_SYSCALL_INFO, w->pid, sizeof(info), &info) <= 0 ||
        info.op != PTRACE_SYSCALL_INFO_ENTRY)
        return;
    /* malloc's own: what it cannot have, malloc does not give */
    bool is_anonymous = info.entry.nr == SYS_mmap && (int)info.entry.args[4] == -1;
    bool is_ours = info.instruction_pointer >= a->own_from && info.instruction_pointer < a->own_to;
    if (info.entry.nr < NUMBERS && !is_anonymous && !is_ours)
        counts[info.entry.nr]++;
}

/* Returns how it ended; -1: it was too long. */
static int trace(const struct worker *w, uint64_t *counts)
{
    bool is_set = false;
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
            count_stop(w, counts);
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
        char *name = counts[number] ? seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number) : NULL;
        bool is_listed = name && !is_harmless(name);
        struct uncovered *item = is_listed ? arena_push(x->arena, &items, &n, sizeof(*items)) : NULL;
        if (item)
            *item = (struct uncovered){.call = arena_copy(x->arena, name), .count = counts[number]};
        free(name);
        if (is_listed && (!item || !item->call))
            return -ENOMEM;
        if (is_listed && !strncmp(item->call, "execve", strlen("execve"))) {
            x->result.became_another = true;
            note(x, "it became another program, which was not explored: explore that one itself");
        }
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
