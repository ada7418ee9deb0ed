/* Folders of runs.  Floor 3.
 *
 * Everything goes through descriptors: what was checked is what is used, whatever happens to the names. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "chaosctl/base/buf.h"
#include "chaosctl/base/clean.h"
#include "chaosctl/run/control.h"
#include "chaosctl/run/rundir.h"

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define NAME_TRIES   100

/* After su or sudo the variable may still name another user's folder, who could exchange what we make in it.
 */
static bool is_our_folder(const char *path)
{
    struct stat st;

    return path[0] == '/' && !stat(path, &st) && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

char *rundir_base(void)
{
    struct buf path = {0};
    const char *runtime = getenv("XDG_RUNTIME_DIR");

    if (runtime && is_our_folder(runtime))
        buf_printf(&path, "%s/chaosctl", runtime);
    else
        buf_printf(&path, "/tmp/chaosctl-%u", (unsigned)geteuid());
    return buf_steal(&path);
}

static int check_private(int fd)
{
    struct stat st;

    if (fstat(fd, &st))
        return -errno;
    if (st.st_uid != geteuid())
        return -EPERM;
    return (st.st_mode & 07777) == 0700 ? 0 : -EACCES;
}

int rundir_open_base(const char *base)
{
    bool made = !mkdir(base, 0700);

    if (!made && errno != EEXIST)
        return -errno;
    cleanup_fd int fd = open(base, FOLDER_FLAGS);
    if (fd < 0)
        return -errno;
    if (made && fchmod(fd, 0700)) /* a umask may have taken bits away */
        return -errno;
    int error = check_private(fd);
    return error ? error : steal_fd(&fd);
}

static void new_name(char name[static 32])
{
    uint8_t random[3];
    time_t now = time(NULL);
    struct tm tm;

    if (getrandom(random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
        memcpy(random, &(uint32_t){(uint32_t)getpid() ^ (uint32_t)clock()}, sizeof(random));
    gmtime_r(&now, &tm);
    size_t len = strftime(name, 32, "%Y-%m-%d-", &tm);
    snprintf(name + len, 32 - len, "%02x%02x%02x", random[0], random[1], random[2]);
}

static int furnish(int base_fd, const char *name)
{
    cleanup_fd int fd = openat(base_fd, name, FOLDER_FLAGS);
    if (fd < 0)
        return -errno;
    if (fchmod(fd, 0700))
        return -errno;
    int error = check_private(fd);
    if (error)
        return error;
    return mkdirat(fd, "logs", 0700) ? -errno : steal_fd(&fd);
}

int rundir_make(int base_fd, char **ret_name)
{
    char name[32];
    int tries = 0;

    do
        new_name(name);
    while (mkdirat(base_fd, name, 0700) && errno == EEXIST && ++tries < NAME_TRIES);
    int fd = furnish(base_fd, name);
    *ret_name = fd < 0 ? NULL : strdup(name);
    if (fd >= 0 && *ret_name)
        return fd;
    if (fd >= 0)
        close(fd);
    unlinkat(base_fd, name, AT_REMOVEDIR);
    return fd < 0 ? fd : -ENOMEM;
}

/* Two levels: the folder and its logs.  Nothing deeper is ever made.  Takes fd. */
static void empty(int fd, int levels)
{
    DIR *dir = fdopendir(fd);

    if (!dir) {
        close(fd);
        return;
    }
    rewinddir(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || !unlinkat(fd, e->d_name, 0) ||
            !unlinkat(fd, e->d_name, AT_REMOVEDIR))
            continue;
        int below = levels ? openat(fd, e->d_name, FOLDER_FLAGS) : -1;
        if (below >= 0)
            empty(below, levels - 1);
        unlinkat(fd, e->d_name, AT_REMOVEDIR);
    }
    closedir(dir);
}

void rundir_empty(int fd)
{
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);

    if (own >= 0)
        empty(own, 1);
}

void rundir_empty_close(int fd)
{
    empty(fd, 1);
}
