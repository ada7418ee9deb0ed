/* The filter is made by libseccomp before the fork, and loaded after it by two system calls.  Floor 3. */
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/run/uring.h"

/* kernel.io_uring_disabled is 2: nobody gets a ring (Linux 6.6). */
static bool is_off(void)
{
    cleanup_file FILE *setting = fopen("/proc/sys/kernel/io_uring_disabled", "re");

    return setting && fgetc(setting) == '2';
}

static int read_code(int fd, struct sock_fprog *ret_filter)
{
    struct stat st;

    if (fstat(fd, &st) || st.st_size <= 0)
        return errno ? -errno : -EIO;
    size_t size = (size_t)st.st_size;
    cleanup_free struct sock_filter *code = malloc(size);
    if (!code)
        return -ENOMEM;
    if (pread(fd, code, size, 0) != st.st_size)
        return -EIO;
    ret_filter->len = (unsigned short)(size / sizeof(*code));
    ret_filter->filter = steal(&code);
    return 0;
}

/* Programs of another architecture (32-bit ones) are not entered, and are left alone. */
static int write_code(scmp_filter_ctx context, int fd)
{
    int error = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);

    if (!error)
        error = seccomp_rule_add(context, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(io_uring_setup), 0);
    return error ? error : seccomp_export_bpf(context, fd);
}

int uring_filter(struct sock_fprog *ret_filter)
{
    *ret_filter = (struct sock_fprog){0};
    if (is_off())
        return 0;
    cleanup_fd int fd = memfd_create("chaosctl-seccomp", MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
    if (!context)
        return -ENOMEM;
    int error = write_code(context, fd);
    seccomp_release(context);
    return error ? error : read_code(fd, ret_filter);
}

static int load(const struct sock_fprog *filter)
{
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter);
}

int uring_refuse(const struct sock_fprog *filter)
{
    if (!filter || !filter->len || !load(filter))
        return 0;
    /* A kernel without seccomp: what passes by a ring is then unhit, and said to be. */
    if (errno == ENOSYS || errno == EINVAL)
        return 0;
    if (errno != EACCES || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return -1;
    return load(filter);
}
