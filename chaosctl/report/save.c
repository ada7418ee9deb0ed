/* Where a rendered report goes.  Floor 4. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/file.h"
#include "chaosctl/report/report.h"

/* /dev/stdout, a pipe: renaming over it would replace the device. */
static int write_through(const char *path, const char *text, size_t len)
{
    cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

    return fd < 0 ? -errno : file_write_all(fd, text, len);
}

int report_save(const char *path, const char *text, size_t len)
{
    cleanup_free char *real = NULL;
    struct stat st;

    if (stat(path, &st))
        return errno == ENOENT ? file_replace(path, text, len) : -errno;
    if (S_ISDIR(st.st_mode))
        return -EISDIR;
    if (!S_ISREG(st.st_mode))
        return write_through(path, text, len);
    real = realpath(path, NULL); /* a link stays a link */
    return real ? file_replace(real, text, len) : -errno;
}
