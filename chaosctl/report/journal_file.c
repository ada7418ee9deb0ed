/* Opening, and appending whole lines.  Floor 4. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/report/journal.h"
#include "chaosctl/report/journal_file.h"

/* The folders that lead to path; those that are missing, 0700. */
static int make_folders(const char *path)
{
    cleanup_free char *folder = strdup(path);

    if (!folder)
        return -ENOMEM;
    for (char *slash = strchr(folder + 1, '/'); *folder && slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0700) && errno != EEXIST)
            return -errno;
        *slash = '/';
    }
    return 0;
}

static int default_path(const char *name, char **ret_path)
{
    cleanup_free char *folder = NULL;
    int r = journal_folder(&folder);

    if (r)
        return r;
    return asprintf(ret_path, "%s/%s.jsonl", folder, name) < 0 ? -ENOMEM : 0;
}

/* Empty, or a journal: `--journal shop.yml` must not cost a scenario. */
static bool may_replace(int fd)
{
    static const char begins[] = "{\"t\":";
    char head[sizeof(begins) - 1];
    struct stat st;

    if (fstat(fd, &st) || !S_ISREG(st.st_mode) || !st.st_size)
        return true;
    return pread(fd, head, sizeof(head), 0) == sizeof(head) && !memcmp(head, begins, sizeof(head));
}

static int open_new(const char *path)
{
    cleanup_fd int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
    struct stat st;

    if (fd < 0)
        return -errno;
    if (!may_replace(fd))
        return -EEXIST;
    if (!fstat(fd, &st) && S_ISREG(st.st_mode) && ftruncate(fd, 0))
        return -errno;
    return steal_fd(&fd);
}

int journal_file_open(struct journal_file *file, const char *path, const char *name)
{
    cleanup_free char *copy = path ? strdup(path) : NULL;
    int r = path ? (copy ? 0 : -ENOMEM) : default_path(name, &copy);

    if (!r)
        r = make_folders(copy);
    int fd = r ? r : open_new(copy);
    if (fd < 0)
        return fd;
    *file = (struct journal_file){.path = steal(&copy), .fd = fd};
    return 0;
}

static int may_create(const char *path)
{
    cleanup_free char *folder = strdup(path);
    char *slash = folder ? strrchr(folder, '/') : NULL;

    if (!folder)
        return -ENOMEM;
    if (slash)
        slash[slash == folder] = '\0';
    return faccessat(AT_FDCWD, slash ? folder : ".", W_OK | X_OK, AT_EACCESS) ? -errno : 0;
}

int journal_file_check(const char *path)
{
    cleanup_free char *copy = path ? strdup(path) : NULL;
    int r = path ? (copy ? 0 : -ENOMEM) : default_path("run", &copy);

    if (!r)
        r = make_folders(copy);
    if (r)
        return r;
    cleanup_fd int fd = open(copy, O_RDWR | O_APPEND | O_CLOEXEC | O_NOCTTY);
    if (fd >= 0)
        return may_replace(fd) ? 0 : -EEXIST;
    return errno == ENOENT ? may_create(copy) : -errno;
}

void journal_file_close(struct journal_file *file)
{
    close(file->fd);
    free(file->path);
}

static void note_error(struct journal_file *file, int error)
{
    if (!file->error)
        file->error = error;
}

/* We are the only writer: the last `written` bytes are ours. */
static void take_back(struct journal_file *file, size_t written)
{
    struct stat st;

    file->broken = fstat(file->fd, &st) || ftruncate(file->fd, st.st_size - (off_t)written);
}

void journal_file_append(struct journal_file *file, const char *line, size_t len)
{
    ssize_t n;

    if (file->broken)
        return;
    do
        n = write(file->fd, line, len);
    while (n < 0 && errno == EINTR);
    if (n < 0) {
        note_error(file, -errno);
    } else if ((size_t)n < len) {
        note_error(file, -ENOSPC);
        take_back(file, (size_t)n);
    }
}
