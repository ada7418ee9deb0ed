/* #! lines.  Floor 3. */
#ifndef RUN_SCRIPT_H
#define RUN_SCRIPT_H

#include <limits.h>

/* What the kernel would run for this file, `#!/usr/bin/env NAME` followed through our PATH.
 *
 * Returns 0; -ENOEXEC: no #! line, or none that names anything; -ENOENT: env would not find NAME, which is
 * then in ret_path; -errno. */
int script_interpreter(int fd, char ret_path[static PATH_MAX]);

/* The same from the first bytes of a file, without PATH: the interpreter, and the name that env is to look up
 * or NULL.  Both lie in line, which is changed.  0 or -ENOEXEC. */
int script_parse(char *line, const char **ret_interpreter, const char **ret_name);

#endif
