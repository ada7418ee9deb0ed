/* The halt: a file that stops every fault of a user, or of everybody, for as long as it is there.  Floor 3.
 *
 * A file, so that it works without any chaosctl: touch(1) halts, rm(1) resumes, and a run that begins
 * meanwhile sees it.  Runs look at it 50 times a second. */
#ifndef RUN_HALT_H
#define RUN_HALT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HALT_LOOK_NS   UINT64_C(20000000)   /* between two looks of a run */
#define HALT_EVERYBODY "/run/chaosctl.halt" /* root's: for all users of the host */

/* This user's: `halt` in the folder of runs.  To be freed; NULL: out of memory. */
char *halt_path(void);

/* The file that is in force: HALT_EVERYBODY, own, or NULL. */
const char *halt_in_force(const char *own);

/* Put the file there (everybody: root's), with who and when in it.  -errno. */
int halt_set(bool everybody);

/* Take it away: own, and with everybody root's as well.  0, also when there was none; -errno. */
int halt_clear(bool everybody);

/* End the lease of every run of this user, whether or not its chaosctl still answers: nothing strikes any
 * more, calls that wait go on.  After halt_set, or it would be renewed.  How many living ones in *ret_count;
 * -errno. */
int halt_expire_all(size_t *ret_count);

#endif
