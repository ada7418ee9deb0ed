/* state.json of a run's folder: what other commands may know of a run.  Floor 3.
 *
 * Rewritten whole and renamed into place, so a reader sees one state or the next. */
#ifndef RUN_STATE_H
#define RUN_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "chaosctl/base/arena.h"

struct state_service {
    const char *name;
    bool join;
    pid_t pid;      /* of its leader; 0: none runs */
    uint64_t birth; /* process_birth of it: with the pid, an identity */
};

struct state {
    const char *run;
    const char *folder;  /* absolute */
    const char *started; /* RFC 3339 */
    const char *control; /* absolute path of the control file now in use, or NULL */
    pid_t pid;           /* of the chaosctl that runs it */
    uint64_t birth;
    struct state_service *services; /* by their index in the scenario */
    size_t services_count;
};

/* Write it into the run's folder.  -errno. */
int state_write(int folder_fd, const struct state *state);

/* Read that of base/run, into the arena.  -ENOENT: no such run; -EBADMSG: not one that we understand; -errno.
 */
int state_read(const char *base, const char *run, struct arena *arena, struct state *ret_state);

/* Does the chaosctl that wrote it still run? */
bool state_is_alive(const struct state *state);

/* All runs below base that have a state, dead ones too, by name. */
int state_list(const char *base, struct arena *arena, struct state **ret_states, size_t *ret_count);

#endif
