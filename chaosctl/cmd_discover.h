/* What the parts of `chaosctl discover` share.  Floor 5.
 *
 * cmd_discover.c       the command line, the command's life
 * cmd_discover_page.c  what was seen, as a scenario */
#ifndef CHAOSCTL_CMD_DISCOVER_H
#define CHAOSCTL_CMD_DISCOVER_H

#include "chaosctl/base/buf.h"
#include "injectors/decision/seen.h"

/* What is known when it is over. */
struct discovery {
    char *const *argv;
    const char *get;         /* the URL that was asked, or NULL */
    const struct seen *seen; /* SEEN_MAX rows */
    uint64_t took_ns;
    uint16_t port; /* that the command listened on; 0: none */
    bool ended;    /* by itself */
};

/* The scenario, with what was seen as comments.  Returns how many dependencies there are; 0: nothing is
 * added. */
size_t discovery_page(const struct discovery *discovery, struct buf *out);

#endif
