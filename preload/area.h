/* Is that file a control area that we may believe?  Floor 1. */
#ifndef PRELOAD_AREA_H
#define PRELOAD_AREA_H

#include <stdbool.h>

#include "preload/shim.h"

/* Map the file over *over.  Only a regular file of mode 0600 in a directory of mode 0700, both owned by our
 * own effective user, of exactly our layout; false for anything else, and *over is as before.
 *
 * Accepted limit: whoever truncates the file afterwards makes us die of SIGBUS.  Only the same user can, who
 * could as well kill us; a handler for SIGBUS would be the program's business, not ours, and a private copy
 * could not be lifted from outside. */
bool area_map(const char *path, struct control *over) HIDDEN;

#endif
