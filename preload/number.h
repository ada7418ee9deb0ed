/* What differs between architectures about system calls.  Floor 1.
 *
 * The one header with conditional compilation. */
#ifndef PRELOAD_NUMBER_H
#define PRELOAD_NUMBER_H

#include <sys/syscall.h>

/* A call that this architecture has not gets a number that no call has. */
enum {
#ifdef SYS_dup2
    NUMBER_dup2 = SYS_dup2,
#else
    NUMBER_dup2 = -1,
#endif
};

/* Those that newer architectures have with a folder's descriptor only. */
enum {
#ifdef SYS_rename
    NUMBER_access = SYS_access,
    NUMBER_readlink = SYS_readlink,
    NUMBER_rename = SYS_rename,
    NUMBER_unlink = SYS_unlink,
    NUMBER_mkdir = SYS_mkdir,
    NUMBER_rmdir = SYS_rmdir,
    NUMBER_link = SYS_link,
    NUMBER_symlink = SYS_symlink,
    NUMBER_chmod = SYS_chmod,
#else
    NUMBER_access = -1,
    NUMBER_readlink = -1,
    NUMBER_rename = -1,
    NUMBER_unlink = -1,
    NUMBER_mkdir = -1,
    NUMBER_rmdir = -1,
    NUMBER_link = -1,
    NUMBER_symlink = -1,
    NUMBER_chmod = -1,
#endif
};

/* The arguments of syscall() behind the fourth that come in registers.  On x86-64 the last of its six lies on
 * the stack, where it stays: to copy it would be to write into the caller's frame, for most calls have fewer.
 */
#ifdef __x86_64__
#define NUMBER_REST       long d, long e
#define NUMBER_REST_GIVEN d, e
#else
#define NUMBER_REST       long d, long e, long f
#define NUMBER_REST_GIVEN d, e, f
#endif

#endif
