/* The functions that we stand in front of, typed.  Floor 1.
 *
 * Found with dlsym(RTLD_NEXT), all at once, when the first call comes or the constructor runs: another
 * library's constructor may come first.  Until then the three that dlsym itself may need are libc's own.  A
 * function that this libc lacks answers ENOSYS.
 *
 * The old names of a function (SAME) are bound to its body and have no pointer: dlsym does not find all of
 * them, and would ask for memory when it misses.
 *
 * free is not here: pointers are never changed, so there is nothing to do for it. */
#ifndef PRELOAD_REAL_H
#define PRELOAD_REAL_H

#include <fcntl.h>
#include <malloc.h>
#include <netdb.h>
#include <poll.h>
#include <resolv.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <dlfcn.h>
#include <sys/prctl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#undef p_type /* of resolv.h; ELF has a field of that name */

#define EXPORT __attribute__((visibility("default")))
#define HIDDEN __attribute__((visibility("hidden")))

/* Entry points of libc that no header shows.  The _chk ones are what a fortified program calls: the last
 * argument but flags is the size that the compiler knows, and libc aborts on an overflow of it. */
extern __typeof__(connect) __connect;
extern __typeof__(send) __send;
extern __typeof__(write) __write;
extern __typeof__(read) __read;
extern __typeof__(close) __close;
extern __typeof__(dup2) __dup2 __THROW;
extern __typeof__(fcntl) __fcntl;
ssize_t __read_chk(int fd, void *buf, size_t len, size_t buf_size);
ssize_t __recv_chk(int fd, void *buf, size_t len, size_t buf_size, int flags);
ssize_t __recvfrom_chk(int fd, void *buf, size_t len, size_t buf_size, int flags, __SOCKADDR_ARG address,
                       socklen_t *address_len);
extern __typeof__(poll) __poll;
extern __typeof__(select) __select;
extern __typeof__(res_query) __res_query __THROW;
extern __typeof__(res_search) __res_search __THROW;
extern __typeof__(res_querydomain) __res_querydomain __THROW;
extern __typeof__(res_nquery) __res_nquery __THROW;
extern __typeof__(res_nsearch) __res_nsearch __THROW;
extern __typeof__(res_nquerydomain) __res_nquerydomain __THROW;
int __poll_chk(struct pollfd *fds, nfds_t count, int timeout_ms, size_t fds_size);
int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask,
                size_t fds_size);

struct real {
#define CALL(symbol, role, errnos) __typeof__(&symbol) symbol;
#define ALIAS(symbol, call)        __typeof__(&symbol) symbol;
#define SAME(symbol, call)
#define FOLLOW(symbol) __typeof__(&symbol) symbol;
#include "injectors/decision/call.def"
#undef CALL
#undef ALIAS
#undef SAME
#undef FOLLOW
};

extern struct real real HIDDEN;

/* The shim has a function of that name for the program; what it asks of the kernel itself must not come back
 * to it through there. */
#define syscall(...) real.syscall(__VA_ARGS__)

/* Find them all.  The caller sees to it that one thread does, once. */
void real_resolve(void) HIDDEN;

#endif
