/* What is known of each call that exploring fails.  Floor 1. */
#ifndef INJECTORS_EXPLORE_FAILING_H
#define INJECTORS_EXPLORE_FAILING_H

#include "injectors/explore/area.h"

enum failing_family {
    FAMILY_MEMORY,
    FAMILY_READ,
    FAMILY_WRITE,
    FAMILY_CLOSE,
    FAMILY_OPEN,
    FAMILY_NAME,
    FAMILY_CHANGE, /* of the file system */
    FAMILY_MAP,
    FAMILY_NETWORK,
    FAMILY_ENTANGLE, /* makes what a branch would share */
    FAMILY_START,    /* of processes and threads */
};

struct failing_row {
    const char *name;
    long number;           /* of the system call; -1: met at the PLT */
    const char *functions; /* of libc, that make it */
    enum failing_family family;
    int errors[EXPLORE_ERRORS]; /* 0 ends them */
};

extern const struct failing_row failing_rows[FAILING_COUNT];

#endif
