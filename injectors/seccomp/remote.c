/* Notifications, and what can be seen of those who wait for their answer.  Floor 1. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "injectors/seccomp/remote.h"

/* Of Linux 6.6 and 6.9; libc's headers may be older than the kernel. */
#define NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SYNC_WAKE_UP    1ul
#define OF_A_THREAD     O_EXCL /* PIDFD_THREAD */

/* --- notifications --- */

bool notice_take(int listener, struct seccomp_notif *ret_notice)
{
    memset(ret_notice, 0, sizeof(*ret_notice)); /* or the kernel refuses */
    return !ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, ret_notice);
}

bool notice_is_valid(int listener, uint64_t id)
{
    return !ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id);
}

static bool answer(int listener, struct seccomp_notif_resp *response)
{
    return !ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, response);
}

bool notice_pass(int listener, uint64_t id)
{
    return answer(listener,
                  &(struct seccomp_notif_resp){.id = id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE});
}

bool notice_end(int listener, uint64_t id, int error)
{
    return answer(listener, &(struct seccomp_notif_resp){.id = id, .error = -error});
}

void notice_hurry(int listener)
{
    ioctl(listener, NOTIF_SET_FLAGS, SYNC_WAKE_UP);
}

/* --- programs --- */

bool remote_address(const struct seccomp_notif *notice, struct address *ret_address)
{
    uint64_t len = notice->data.args[2];
    struct iovec ours = {ret_address, sizeof(ret_address->room)};
    struct iovec theirs = {(void *)(uintptr_t)notice->data.args[1], len};

    if (len < sizeof(sa_family_t) || len > sizeof(ret_address->room))
        return false;
    memset(ret_address, 0, sizeof(*ret_address));
    ours.iov_len = ret_address->len = (socklen_t)len;
    return process_vm_readv((pid_t)notice->pid, &ours, 1, &theirs, 1, 0) == (ssize_t)len;
}

/* Without stdio, for it is on the way of each connect to a dependency. */
int remote_process(int tid)
{
    char path[48], text[512];

    snprintf(path, sizeof(path), "/proc/%d/status", tid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t got = read(fd, text, sizeof(text) - 1);
    close(fd);
    text[got < 0 ? 0 : got] = '\0';
    const char *row = strstr(text, "\nTgid:");
    return row ? atoi(row + strlen("\nTgid:")) : 0;
}

static int pidfd_of(int tid)
{
    int fd = (int)syscall(SYS_pidfd_open, tid, OF_A_THREAD);

    return fd < 0 && errno == EINVAL ? (int)syscall(SYS_pidfd_open, remote_process(tid), 0) : fd;
}

int remote_descriptor(int tid, int fd)
{
    int pidfd = pidfd_of(tid);

    if (pidfd < 0)
        return -1;
    int taken = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0), error = errno;
    close(pidfd);
    errno = error;
    return taken;
}

/* (One that is relative is looked up from its folder, but absolute links on it in our root.) */
int remote_path(int pid, const char *path, size_t len)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC};
    char base[32], name[PATH_MAX];

    if (len >= sizeof(name)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(name, path, len);
    name[len] = '\0';
    if (*name == '/')
        how.resolve = RESOLVE_IN_ROOT;
    snprintf(base, sizeof(base), "/proc/%d/%s", pid, *name == '/' ? "root" : "cwd");
    int folder = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return -1;
    int fd = (int)syscall(SYS_openat2, folder, name, &how, sizeof(how)), error = errno;
    close(folder);
    errno = error;
    return fd;
}

bool remote_has_mapped(int pid, const char *path)
{
    char name[48], line[PATH_MAX + 128];
    bool found = false;

    snprintf(name, sizeof(name), "/proc/%d/maps", pid);
    FILE *maps = fopen(name, "re");
    while (maps && !found && fgets(line, sizeof(line), maps)) {
        line[strcspn(line, "\n")] = '\0';
        const char *file = strchr(line, '/');
        found = file && !strcmp(file, path);
    }
    if (maps)
        fclose(maps);
    return found;
}
