/* Threads of other processes that wait inside a call on a socket.  Floor 3. */
#ifndef RUN_WAITER_H
#define RUN_WAITER_H

#include <stddef.h>
#include <sys/types.h>

#define WAITER_MAX 256

/* Take the threads of pid that sleep in a read or write of its descriptor fd out of that call and hold them,
 * before it is done; returns how many.  waiter_release lets them go: the kernel makes their call anew, as
 * after a signal without a handler, and they see nothing but what it finds then. */
size_t waiter_hold(pid_t pid, int fd, pid_t ret_threads[static WAITER_MAX]);
void waiter_release(const pid_t *threads, size_t count);

#endif
