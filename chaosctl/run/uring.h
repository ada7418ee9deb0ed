/* io_uring kept from a service: what goes through a ring passes no call that the shim could meet, so its
 * set-up fails with ENOSYS, as on a kernel without it (io_uring_setup(2)), and programs fall back to epoll.
 * Floor 3. */
#ifndef RUN_URING_H
#define RUN_URING_H

#include <linux/filter.h>

/* A seccomp filter that refuses io_uring_setup and lets all else pass; *ret_filter is empty (len 0) where the
 * kernel refuses it anyway.  The code is the caller's, to be freed.  0 or -errno. */
int uring_filter(struct sock_fprog *ret_filter);

/* In a child before exec: from now on, for it and all that it starts.  Where the kernel wants it (no
 * CAP_SYS_ADMIN), the process gains no privileges by exec any more: setuid programs below it stay plain.
 * Async-signal-safe.  0 or -1 with errno. */
int uring_refuse(const struct sock_fprog *filter);

#endif
