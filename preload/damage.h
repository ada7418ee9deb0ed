/* A control area that is cut off while it is mapped.  Floor 1. */
#ifndef PRELOAD_DAMAGE_H
#define PRELOAD_DAMAGE_H

#include "preload/real.h"

/* From now on, to find the area's file shorter than the area is to have nothing armed, and not to die of
 * SIGBUS.
 *
 * Nobody but the program's own user can do that to the file; but a service must not die of what was done to
 * ours.  Only where the program has no handler for SIGBUS: every other SIGBUS does what it would.  Accepted
 * limit: a handler that the program sets afterwards gets that one too. */
void damage_bear(void) HIDDEN;

#endif
