/* What the parts of control share among themselves; nobody else includes it.  Floor 3. */
#ifndef RUN_CONTROL_AREA_H
#define RUN_CONTROL_AREA_H

#include "chaosctl/base/arena.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/run/control.h"
#include "chaosctl/run/state.h"

struct control {
    char *base, *run, *folder;
    int folder_fd;
    unsigned number; /* of the control file: each cell has one of its own */
    char *path;      /* of that file */
    struct table *table;
    struct supervisor *supervisor;     /* NULL: nobody is entered by seccomp */
    int notify_fd;                     /* an eventfd of who must be told of changes; -1: nobody */
    uint64_t stuck_since_ns, stuck_at; /* a claimed place of the ring that nobody publishes */
    char started[CLOCK_TEXT_BYTES];
    struct arena *services; /* of state's service names */
    struct state state;
    char *preload; /* control_env's texts */
    char service_texts[SERVICE_MAX][12];
};

#endif
