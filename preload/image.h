/* Would a program that is about to be executed take the shim?  Floor 1.
 *
 * Its loader ends a 32-bit or a musl program that is given ours, gcc's ASan one in which it is not first; a
 * static one has no loader.  This looks into the file as the kernel will, and follows `#!` lines.  It opens
 * one descriptor at a time, close-on-exec, and writes nothing: a vfork child may be asking. */
#ifndef PRELOAD_IMAGE_H
#define PRELOAD_IMAGE_H

#include <stdbool.h>

#include "preload/real.h"

/* Of a path relative to directory, or of the descriptor itself where path is "".  errno changes. */
bool image_takes_us(int directory, const char *path) HIDDEN;

/* The same for a name that is looked for in PATH, as execvp does. */
bool image_found_takes_us(const char *name, const char *path_list) HIDDEN;

#endif
