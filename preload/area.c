/* Opening the control area with suspicion.  Floor 1. */
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "preload/area.h"

#define DIRECTORY_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
#define FILE_FLAGS      (O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)

static bool is_private_directory(int fd)
{
    struct stat st;

    return !fstat(fd, &st) && S_ISDIR(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & 0777) == 0700;
}

static bool is_private_file(int fd)
{
    struct stat st;

    return !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & 07777) == 0600 &&
           st.st_size == (off_t)sizeof(struct table);
}

/* Through the directory's descriptor, so that what was checked is what is opened. */
static int file_open(const char *path)
{
    /* Not on the stack, which may be small; one thread starts the shim, once. */
    static char directory[PATH_MAX];
    const char *slash = strrchr(path, '/');

    if (path[0] != '/' || slash == path || (size_t)(slash - path) >= sizeof(directory))
        return -1;
    memcpy(directory, path, (size_t)(slash - path));
    int directory_fd = open(directory, DIRECTORY_FLAGS);
    if (directory_fd < 0)
        return -1;
    int fd = is_private_directory(directory_fd) ? openat(directory_fd, slash + 1, FILE_FLAGS) : -1;
    real.close(directory_fd);
    return fd;
}

/* Looked at from elsewhere first: once it is mapped over armed[], other threads act on it. */
static bool is_ours(int fd)
{
    if (!is_private_file(fd))
        return false;
    void *look = mmap(NULL, sizeof(struct table), PROT_READ, MAP_SHARED, fd, 0);
    if (look == MAP_FAILED)
        return false;
    bool valid = table_is_valid(look, sizeof(struct table));
    munmap(look, sizeof(struct table));
    return valid;
}

bool area_map(const char *path, struct control *over)
{
    int fd = file_open(path);
    if (fd < 0)
        return false;
    bool mapped = is_ours(fd) && mmap(&over->table, sizeof(struct table), PROT_READ | PROT_WRITE,
                                      MAP_SHARED | MAP_FIXED, fd, 0) != MAP_FAILED;
    real.close(fd);
    return mapped;
}
