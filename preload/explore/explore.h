/* The library that is preloaded into an explored program: libchaosctl-explore.so.  Floor 1.
 *
 * It notes where the program calls what can fail, and fails one of these calls.  Unlike the shim it may cost
 * time; like the shim it allocates nothing, prints nothing, and stays out of the way where it is not wanted.
 *
 * enter.c   the area, the real functions, the environment        memory.c  malloc's family
 * stack.c   call stacks as module and address                    start.c   threads, processes, names
 * place.c   what a call is to do: go on, fail, branch            trap.c    system calls, by seccomp
 * branch.c  a process in which a call fails                      mask.c    SIGSYS stays unblocked
 * end.c     crashes, and what is open at the exit */
#ifndef PRELOAD_EXPLORE_EXPLORE_H
#define PRELOAD_EXPLORE_EXPLORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

#include "injectors/explore/area.h"

#define EXPORT __attribute__((visibility("default")))

/* NULL: nothing is explored here, each call passes through. */
extern struct explore_area *area;
extern struct explore_end *own_end;

/* --- stack.c --- */

/* The stack of whoever called this library, or, with a context, of what it interrupted; then skip_first
 * leaves the interrupted function itself out. */
void stack_take(const ucontext_t *context, bool skip_first, struct explore_stack *ret_stack);
uint64_t stack_hash(const struct explore_stack *stack, enum failing call);
void stack_prepare(void);

/* --- place.c --- */

/* What a call is about: a descriptor (-1: none) and a path (NULL: none). */
struct about {
    const ucontext_t *context; /* of the trapped call; NULL: at the PLT */
    int fd;
    const char *path;
    bool is_change;   /* the world outside of the process would be another one */
    bool is_entangle; /* a later branch would share it */
    bool is_transfer; /* reads or writes the descriptor: what comes out of a pipe comes out once */
};

/* 0: let it go on; else the error that it fails with. */
int place_decide(enum failing call, const struct about *about);

/* What is called in between is not the program's doing: malloc's own mmap.  Returns what leave takes. */
bool place_enter(void);
void place_leave(bool was_inside);

/* --- branch.c --- */

/* Branch off a process for each error that is asked for.  In the branch: returns the error, once; else 0. */
int branch_off(struct explore_place *place, enum failing call);
void branch_prepare(void);
void branch_entangled(enum failing call);
/* In a branch, before what would change the world: ends it, to be explored otherwise. */
void branch_escape(enum failing call);
extern bool is_branch;
extern enum failing branch_call; /* in a branch: the one that failed, and how */
extern int branch_error;

/* --- end.c --- */

void crash_watch(void);
void end_note(void);

/* --- mask.c --- */

struct sigaction;
int real_sigaction(int signal, const struct sigaction *action, struct sigaction *ret_old);

/* --- trap.c --- */

/* Let the system calls of failing.def come to us.  False: not on this system. */
bool trap_install(void);

/* A system call of our own, which no filter of ours traps. */
static inline long raw(long number, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

#endif
