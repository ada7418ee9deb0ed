/* How a program can be entered, and if it cannot, why not.  Floor 3.
 *
 * Looks at files and at /proc; starts nothing, changes nothing, prints nothing. */
#ifndef RUN_ENTRY_H
#define RUN_ENTRY_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

enum entry_verdict {
    ENTRY_PRELOAD, /* the shim is seen; where it is not, seccomp may do (way_in.h) */
    ENTRY_STATIC,
    ENTRY_GO, /* with cgo too: dynamic, but its own calls are raw */
    ENTRY_SETUID,
    ENTRY_CAPABILITIES,
    ENTRY_MUSL,
    ENTRY_OTHER_CLASS,   /* 32-bit beside a 64-bit shim */
    ENTRY_OTHER_MACHINE, /* built for another processor */
    ENTRY_SANITIZER,     /* gcc's ASan, which must be the first library */
    ENTRY_NOT_EXECUTABLE,
    ENTRY_NOT_A_PROGRAM, /* neither ELF nor #!, or scripts that name each other without end */
    ENTRY_MISSING,       /* it, its interpreter or its loader */
    ENTRY_COUNT,
};

#define ENTRY_SCRIPTS_MAX 5 /* as the kernel's */

struct entry {
    enum entry_verdict verdict;
    unsigned scripts;       /* #! lines followed from path to program */
    char program[PATH_MAX]; /* what is executed in the end: path itself, or a script's interpreter */
    char reason[768];       /* one line for people: what is so, and what would help */
};

/* "static" */
const char *entry_name(enum entry_verdict verdict);

/* path as process_find gives it.  Scripts are followed to their interpreter, `#!/usr/bin/env NAME` by our
 * PATH. Returns 0 (whatever the verdict), or -errno when it cannot be examined (not readable, no memory). */
int entry_examine(const char *path, struct entry *ret_entry);

struct entry_process {
    struct entry entry; /* of the program that it runs */
    bool same_user;     /* all its user ids are ours */
    bool shim;          /* our shim is mapped: it is in a run, or was started for one */
    bool secure;        /* AT_SECURE: its loader ignored LD_PRELOAD */
    int seccomp;        /* 0 none, 1 strict, 2 filter; -1 not known */
};

/* -ESRCH: no such process (or a kernel thread); -EACCES: not ours to look at. */
int entry_examine_pid(pid_t pid, struct entry_process *ret_process);

#endif
