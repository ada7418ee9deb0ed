/* A way into programs that load no library: their connects are asked about by the kernel (seccomp's user
 * notification), and a supervisor beside them answers.  Floor 1.
 *
 * Only connects are asked about; reads and writes cost what they cost.  A connect to an address that no
 * dependency names is let go on as it is.  One to a dependency is never made with the program's own memory,
 * which may have changed since it was looked at: the supervisor connects the program's socket itself, which
 * it fetches by pidfd_getfd, to the dependency, to a closed port, or to its own relay.  The program's call
 * is answered at once in any case: what has to wait waits in the kernel, as the program's own connect, which
 * keeps to time-outs, signals and O_NONBLOCK as it always does.  A unix socket is connected by the program
 * itself, with its own rights, unless it is relayed, which only that of a program of our own user is.
 *
 * Not for the shim.  Never prints. */
#ifndef INJECTORS_SECCOMP_H
#define INJECTORS_SECCOMP_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "injectors/decision/table.h"

#define SECCOMP_LISTENER_MAX 256 /* trees that were started under one supervisor */

/* --- in the program's process, before it executes --- */

/* The filter.  The code is the caller's, to be freed.  0 or -errno. */
int seccomp_filter_make(struct sock_fprog *ret_filter);

/* From now on, for this process and all that it starts.  Where the kernel wants it (no CAP_SYS_ADMIN),
 * privileges are no longer gained by exec.  Async-signal-safe.  Returns the listener, close-on-exec; -1 with
 * errno: EBUSY, another supervisor (a container's) is there already. */
int seccomp_filter_load(const struct sock_fprog *filter);

/* --- the supervisor, a process of its own --- */

/* What is sent to it over its socket, a SOCK_SEQPACKET one: a listener comes along (SCM_RIGHTS), or nothing
 * and it looks at the table anew. */
struct seccomp_order {
    uint32_t has_listener;
    uint32_t service; /* its index; SERVICE_MAX: none */
};

/* How far it is, for the one that takes its place: it lies in memory that both share. */
struct seccomp_place {
    _Atomic uint64_t last;    /* notification that was taken last */
    _Atomic uint64_t oldest;  /* of those that wait to be answered, or one before it */
    _Atomic uint32_t waiting; /* how many do */
};

struct seccomp_progress {
    struct seccomp_place places[SECCOMP_LISTENER_MAX]; /* by rank of the listener */
};

struct seccomp_supervision {
    struct table *table;
    const char *control_path; /* of the table: whoever has mapped it as well is the shim's */
    int orders_fd;
    struct seccomp_progress *progress;
    bool passes; /* everything: the supervisors before it came to an early end */
};

/* Serves until all programs are gone, whether or not somebody still gives orders; then faults end with their
 * lease.  0 or -errno. */
int seccomp_serve(const struct seccomp_supervision *supervision);

#endif
