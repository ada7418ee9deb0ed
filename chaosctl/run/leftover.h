/* What runs left behind whose chaosctl was killed: services that still run, folders.  Floor 3.
 *
 * Ends nothing but what a run recorded as started by itself, and that by pid and birth.  Joined services are
 * never touched.  Folders without a readable state.json are left alone. */
#ifndef RUN_LEFTOVER_H
#define RUN_LEFTOVER_H

#include <stddef.h>
#include <sys/types.h>

struct leftover {
    const char *run;
    const char *service; /* NULL: this is about the folder */
    pid_t pid;           /* of the service */
    int error;           /* 0: ended, removed; -errno: not */
};

/* Borrowed for the call. */
typedef void leftover_fn(void *arg, const struct leftover *leftover);

/* How many runs of this user are dead and not cleaned up.  -errno. */
int leftover_count(size_t *ret_count);

/* End their services (SIGTERM, after 5 s SIGKILL), then remove their folders; fn hears of each.  0 when
 * nothing is left, else the first -errno. */
int leftover_clean(leftover_fn *fn, void *arg);

#endif
