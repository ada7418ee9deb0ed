/* Reading files that somebody else may have made.  Floor 2. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/scenario/scenario.h"
#include "chaosctl/scenario/source.h"

static int no_file(struct diag *diag, int error, const char *why)
{
    diag_error(diag, (struct position){0}, "%s", why ? why : strerror(error));
    return -error;
}

static int check_file(int fd, bool roots, struct diag *diag, size_t *ret_size)
{
    struct stat st;

    if (fstat(fd, &st))
        return no_file(diag, errno, NULL);
    if (S_ISDIR(st.st_mode))
        return no_file(diag, EISDIR, "is a directory, not a scenario");
    if (!S_ISREG(st.st_mode))
        return no_file(diag, EINVAL, "is not a regular file");
    if (roots && (st.st_uid || st.st_mode & (S_IWGRP | S_IWOTH)))
        return no_file(diag, EPERM, "must be root's, and nobody else's to write");
    if (st.st_size > (off_t)SCENARIO_FILE_MAX)
        return no_file(diag, EFBIG, "larger than 4 MiB: too large for a scenario");
    *ret_size = (size_t)st.st_size;
    return 0;
}

/* At most size bytes: a file that grows meanwhile is cut. */
static int read_all(int fd, char *text, size_t size, size_t *ret_len)
{
    *ret_len = 0;
    while (*ret_len < size) {
        ssize_t got = read(fd, text + *ret_len, size - *ret_len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (!got)
            break;
        *ret_len += (size_t)got;
    }
    return 0;
}

int source_read(const char *path, bool roots, struct diag *diag, char **ret_text, size_t *ret_len)
{
    /* Not blocking: a FIFO without a writer would hold us for ever. */
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    size_t size = 0;

    if (fd < 0)
        return no_file(diag, errno, NULL);
    int r = check_file(fd, roots, diag, &size);
    if (r)
        return r;
    cleanup_free char *text = malloc(size + 1);
    if (!text)
        return -ENOMEM;
    r = read_all(fd, text, size, ret_len);
    if (r)
        return no_file(diag, -r, NULL);
    *ret_text = steal(&text);
    return 0;
}
