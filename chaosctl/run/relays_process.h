/* The process of the proxies: what relays.c and relays_process.c say to each other.  Floor 3. */
#ifndef RUN_RELAYS_PROCESS_H
#define RUN_RELAYS_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

#include "chaosctl/scenario/scenario.h"
#include "injectors/decision/table.h"

#define RELAYS_TEXT_BYTES 600
#define RELAYS_READY      "ready"

/* What it has of its parent. */
struct relays_process {
    const struct scenario *scenario;
    struct table *table; /* shared */
    int socket;          /* packets: first RELAYS_READY or what is wrong; then a uint32_t of targets whose
                            connections are to be reset, and a uint64_t of how many that were; closed: end */
    int event_fd;        /* readable: rules have changed */
    pid_t parent;
};

/* Behind fork; never returns. */
void relays_process(struct relays_process *process) __attribute__((noreturn));

#endif
