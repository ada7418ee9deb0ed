/* What is known of each call that exploring fails.  Floor 1. */
#ifndef INJECTORS_EXPLORE_FAILING_H
#define INJECTORS_EXPLORE_FAILING_H

#include <stdbool.h>

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
    FAMILY_ENDS,  /* of pipes and sockets, which a branch shares: until they are used, that is no bond */
    FAMILY_START, /* of processes and threads */
};

struct failing_row {
    const char *name;
    long number;           /* of the system call; -1: met at the PLT */
    const char *functions; /* of libc, that make it */
    enum failing_family family;
    int errors[EXPLORE_ERRORS]; /* 0 ends them */
};

extern const struct failing_row failing_rows[FAILING_COUNT];

/* Can a call on what the place's descriptor leads to fail so?  A full disk is a file's matter, a reset a
 * socket's; and only who does not want to wait is told to try again. */
bool failing_applies(enum failing call, int error, const struct explore_place *place);

/* Is it worth trying what happens when each such call fails from there on?  Try again means that it will
 * pass, and names that are there are there. */
bool failing_lasts(enum failing call, int error);

#endif
