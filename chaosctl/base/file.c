/* Writing whole files.  Floor 1. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/file.h"

int file_write_all(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

static int save(const char *path, int flags, const char *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);

    if (fd < 0)
        return -errno;
    int r = file_write_all(fd, data, len);
    if (close(fd) < 0 && !r)
        r = -errno;
    return r;
}

int file_replace(const char *path, const char *data, size_t len)
{
    cleanup_free char *aside = NULL;

    if (asprintf(&aside, "%s.%d.tmp", path, (int)getpid()) < 0)
        return -ENOMEM;
    int r = save(aside, O_EXCL, data, len);
    if (!r && rename(aside, path) < 0)
        r = -errno;
    if (r && r != -EEXIST)
        unlink(aside);
    return r;
}

int file_append(const char *path, const char *data, size_t len)
{
    return save(path, O_APPEND, data, len);
}
