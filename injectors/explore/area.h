/* What the explorer and the library in the explored program share.  Floor 1.
 *
 * One such area per run, zeroed before it; the program maps it once, at its start, from the path in the
 * variable EXPLORE_VARIABLE, and takes that variable and LD_PRELOAD out of its environment: what it starts is
 * not explored.  All pages that nobody touches cost nothing. */
#ifndef INJECTORS_EXPLORE_AREA_H
#define INJECTORS_EXPLORE_AREA_H

#include <stdatomic.h>
#include <stdint.h>

#define EXPLORE_VARIABLE     "CHAOSCTL_EXPLORE"
#define EXPLORE_MAGIC        UINT32_C(0x43584131) /* of this layout */
#define EXPLORE_PLACES       32768                /* a power of two; as many calls on stacks are told apart */
#define EXPLORE_PLACES_MAX   (EXPLORE_PLACES * 3 / 4)
#define EXPLORE_FRAMES       32
#define EXPLORE_MODULES      128
#define EXPLORE_ENDS         33 /* 0: the program itself; the others: its branches */
#define EXPLORE_ERRORS       4
#define EXPLORE_CALLS_MAX    64
#define EXPLORE_ADDRESS_BITS 48

/* Calls, by failing.def. */
enum failing {
#define CALL(name, family, ...)                    FAILING_##name,
#define TRAP(name, number, functions, family, ...) FAILING_##name,
#include "injectors/explore/failing.def"
#undef CALL
#undef TRAP
    FAILING_COUNT,
};

enum explore_mode {
    EXPLORE_LEARN,  /* note each call and its stack */
    EXPLORE_FAIL,   /* fail one of them */
    EXPLORE_BRANCH, /* note them, and at those that are asked for branch off a process in which it fails */
};

struct explore_module {
    uint64_t base; /* load bias */
    char build_id[48];
    char path[256];
};

/* A frame is the module's number in the upper 16 bits (all ones: none) and its address in the file below. */
#define EXPLORE_NO_MODULE UINT16_C(0xffff)

struct explore_stack {
    uint64_t frames[EXPLORE_FRAMES];
    uint16_t depth, is_cut, is_exact;
};

/* What a descriptor leads to. */
enum explore_kind { EXPLORE_NO_FILE, EXPLORE_FILE, EXPLORE_FOLDER, EXPLORE_PIPE, EXPLORE_SOCKET };

/* A call on a stack.  hash 0: nothing here yet. */
struct explore_place {
    _Atomic uint64_t hash;
    uint64_t sequence; /* of the first time, among all calls of the process */
    _Atomic uint32_t seen;
    uint16_t call;
    uint16_t is_ready;            /* written last */
    _Atomic uint32_t todo;        /* branch: bit i: fail with error i; bit i + 16: from there on */
    uint8_t kind, is_nonblocking; /* of its descriptor */
    struct explore_stack stack;   /* without the called function itself */
    char about[64];
};

/* How a process ended, told by itself. */
struct explore_end {
    _Atomic uint32_t taken; /* by a branch, until the explorer has read it */
    _Atomic int32_t pid;
    uint32_t place, error, is_persistent;
    uint64_t started_ns; /* CLOCK_MONOTONIC */
    uint64_t stdout_offset,
        stderr_offset; /* what had been written before it branched off; all ones: closed by then */
    uint32_t fired;    /* how often a call was failed */
    uint32_t escape;   /* 1 + the call that would have changed the world */
    uint32_t is_noted; /* it got to its exit: the next two are known */
    uint32_t fds;
    int64_t blocks;
    uint32_t signal;
    struct explore_stack crash;
};

struct explore_area {
    uint32_t magic, mode;
    uint32_t traps; /* is the seccomp filter wanted? */
    /* fail */
    uint64_t hash, occurrence, skip;
    int32_t error;
    uint32_t is_persistent, call;
    /* branch */
    uint32_t jobs;
    _Atomic uint32_t running; /* futex */
    _Atomic uint32_t budget_over;
    _Atomic uint32_t asked; /* bits in all todo; with the last the program has done its part */
    char folder[256];       /* where branches put their output: FOLDER/out.END */
    /* told by the program */
    _Atomic uint32_t entered;  /* 1: mapped; 2: and the filter stands */
    uint64_t own_from, own_to; /* where the library is */
    _Atomic uint64_t sequence;
    _Atomic uint32_t places_count, places_lost;
    _Atomic uint32_t entangled; /* 1 + the call that made branching unsound */
    _Atomic uint64_t counts[EXPLORE_CALLS_MAX];
    _Atomic uint32_t modules_count;
    struct explore_module modules[EXPLORE_MODULES];
    struct explore_end ends[EXPLORE_ENDS];
    struct explore_place places[EXPLORE_PLACES];
};

#endif
