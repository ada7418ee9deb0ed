/* Writing whole files.  Floor 1. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>

/* All of it, whatever write(2) takes at a time.  0 or -errno. */
int file_write_all(int fd, const char *data, size_t len);

/* Half a report is worse than none: written aside (PATH.PID.tmp), then renamed.  Mode 0644 less the umask. */
int file_replace(const char *path, const char *data, size_t len);

/* Behind what is there; made when it is not. */
int file_append(const char *path, const char *data, size_t len);

#endif
