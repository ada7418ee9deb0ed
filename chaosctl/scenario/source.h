/* A file of YAML as text: regular, bounded, whole.  Floor 2. */
#ifndef SCENARIO_SOURCE_H
#define SCENARIO_SOURCE_H

#include <stddef.h>

#include "chaosctl/base/diag.h"

/* All of a file into *ret_text, to be freed.  roots: only root may have written it.  -errno, with why in
 * diag. */
int source_read(const char *path, bool roots, struct diag *diag, char **ret_text, size_t *ret_len);

#endif
