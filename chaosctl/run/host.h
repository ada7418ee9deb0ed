/* What works on this host, for doctor.  Floor 3.
 *
 * Tries things out where trying is harmless: it starts /bin/true under the shim.  Prints nothing. */
#ifndef RUN_HOST_H
#define RUN_HOST_H

enum host_check {
    HOST_SHIM,        /* it is found */
    HOST_PRELOAD,     /* a program started under it takes a slot of the control area */
    HOST_RUN_FOLDER,  /* where runs keep their control areas */
    HOST_STATE,       /* where journals go */
    HOST_PIDFD_GETFD, /* resetting established connections */
    HOST_SECCOMP,     /* user notification: static and Go programs */
    HOST_DESCRIPTORS, /* RLIMIT_NOFILE */
    HOST_HALT,        /* is a halt in force, and which file makes one */
    HOST_LEFTOVERS,   /* runs that were killed and not cleaned up */
    HOST_LIBRARIES,
    HOST_CHECK_COUNT,
};

enum host_status {
    HOST_OK,
    HOST_LIMITED, /* chaosctl works, some of it does not */
    HOST_FAIL,    /* run cannot work */
    HOST_STATUS_COUNT,
};

struct host_finding {
    enum host_status status;
    char detail[512]; /* what is so */
    char advice[256]; /* what to do; "" when there is nothing to do */
};

const char *host_check_name(enum host_check check);    /* "shim" */
const char *host_status_name(enum host_status status); /* "ok", "limited", "FAIL" */

/* state_folder: where journals go; need not exist yet; NULL: none could be told. */
void host_examine(const char *state_folder, struct host_finding ret_findings[static HOST_CHECK_COUNT]);

#endif
