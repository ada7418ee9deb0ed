/* The filter: which calls are asked about.  Floor 1. */
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "injectors/seccomp.h"

/* Of Linux 5.19; libc's headers may be older than the kernel. */
#define WAIT_KILLABLE (1ul << 5)

/* What opens a connection without connect is refused, as by a kernel whose tcp_fastopen is off: programs then
 * connect. */
static int refuse_fastopen(scmp_filter_ctx context)
{
    int error = seccomp_rule_add(context, SCMP_ACT_ERRNO(EOPNOTSUPP), SCMP_SYS(sendto), 1,
                                 SCMP_A3(SCMP_CMP_MASKED_EQ, MSG_FASTOPEN, MSG_FASTOPEN));

    return error ? error
                 : seccomp_rule_add(context, SCMP_ACT_ERRNO(EOPNOTSUPP), SCMP_SYS(sendmsg), 1,
                                    SCMP_A2(SCMP_CMP_MASKED_EQ, MSG_FASTOPEN, MSG_FASTOPEN));
}

/* Programs of another architecture (32-bit ones) are left alone. */
static int write_code(scmp_filter_ctx context, int fd)
{
    int error = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);

    if (!error)
        error = seccomp_rule_add(context, SCMP_ACT_NOTIFY, SCMP_SYS(connect), 0);
    if (!error)
        error = refuse_fastopen(context);
    return error ? error : seccomp_export_bpf(context, fd);
}

static int read_code(int fd, struct sock_fprog *ret_filter)
{
    struct stat st;

    if (fstat(fd, &st))
        return -errno;
    struct sock_filter *code = malloc((size_t)st.st_size + 1);
    if (!code)
        return -ENOMEM;
    if (pread(fd, code, (size_t)st.st_size, 0) != st.st_size) {
        free(code);
        return -EIO;
    }
    *ret_filter = (struct sock_fprog){(unsigned short)((size_t)st.st_size / sizeof(*code)), code};
    return 0;
}

static int make_in(int fd, struct sock_fprog *ret_filter)
{
    scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);

    if (!context)
        return -ENOMEM;
    int error = write_code(context, fd);
    seccomp_release(context);
    return error ? error : read_code(fd, ret_filter);
}

int seccomp_filter_make(struct sock_fprog *ret_filter)
{
    int fd = memfd_create("chaosctl-notify", MFD_CLOEXEC);

    if (fd < 0)
        return -errno;
    int error = make_in(fd, ret_filter);
    close(fd);
    return error;
}

/* With WAIT_KILLABLE no signal interrupts a call that is being answered: Go's scheduler sends one every 10
 * ms, and each would make the call, and its question, anew. */
static int load(const struct sock_fprog *filter)
{
    unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
    int fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags | WAIT_KILLABLE, filter);

    return fd < 0 && errno == EINVAL ? (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, filter) : fd;
}

int seccomp_filter_load(const struct sock_fprog *filter)
{
    int fd = load(filter);

    if (fd >= 0 || errno != EACCES || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return fd;
    return load(filter);
}
