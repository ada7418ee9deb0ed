/* Is that file a control area that we may believe?  Floor 1. */
#ifndef PRELOAD_AREA_H
#define PRELOAD_AREA_H

#include <stdbool.h>

#include "preload/shim.h"

/* Map the file over *over.  Only a regular file of mode 0600 in a directory of mode 0700, both owned by our
 * own effective user, of exactly our layout; false for anything else, and *over is as before.
 *
 * Whoever truncates the file afterwards ends what is armed: damage.h. */
bool area_map(const char *path, struct control *over) HIDDEN;

#endif
