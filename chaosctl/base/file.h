/* Reading and writing whole files.  Floor 1. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>

#include "chaosctl/base/buf.h"

/* All of it, whatever write(2) takes at a time.  0 or -errno. */
int file_write_all(int fd, const char *data, size_t len);

/* Half a report is worse than none: written aside (PATH.PID.tmp), then renamed.  Mode 0644 less the umask. */
int file_replace(const char *path, const char *data, size_t len);

/* Behind what is there; made when it is not. */
int file_append(const char *path, const char *data, size_t len);

/* Append what is in a regular file.  0 or -errno: -EFBIG beyond max_bytes, -EINVAL for what is no regular
 * file. */
int file_read(const char *path, size_t max_bytes, struct buf *ret_text);

#endif
