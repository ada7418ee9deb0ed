/* Reading and writing whole files.  Floor 1. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
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

static int check_regular(int fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    return S_ISREG(st.st_mode) ? 0 : S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
}

int file_read(const char *path, size_t max_bytes, struct buf *ret_text)
{
    /* Not blocking: a FIFO without a writer would hold us for ever. */
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    size_t before = ret_text->len;
    char block[4096];
    ssize_t got;

    int r = fd < 0 ? -errno : check_regular(fd);
    if (r)
        return r;
    while ((got = read(fd, block, sizeof(block))) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        buf_add_n(ret_text, block, (size_t)got);
        if (ret_text->len - before > max_bytes)
            return -EFBIG;
    }
    return ret_text->failed ? -ENOMEM : 0;
}
