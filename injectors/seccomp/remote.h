/* Looking into the programs that are asked about.  Floor 1. */
#ifndef SECCOMP_REMOTE_H
#define SECCOMP_REMOTE_H

#include <linux/seccomp.h>
#include <stdbool.h>

#include "injectors/seccomp/address.h"

/* --- notifications --- */

/* The next one; false when there is none any more. */
bool notice_take(int listener, struct seccomp_notif *ret_notice);

/* Is it still waited for?  What was read of the program before counts only then. */
bool notice_is_valid(int listener, uint64_t id);

/* Make the call as it is; or end it, with an errno or (0) well.  False: nobody waits any more. */
bool notice_pass(int listener, uint64_t id);
bool notice_end(int listener, uint64_t id, int error);

/* Answers wake the program at once, on this processor, where the kernel can (Linux 6.6). */
void notice_hurry(int listener);

/* --- programs --- */

/* The address that a connect gives; false when it cannot be read. */
bool remote_address(const struct seccomp_notif *notice, struct address *ret_address);

/* The process of a thread; 0: gone. */
int remote_process(int tid);

/* A descriptor of that thread's process, as one of ours; -1 with errno. */
int remote_descriptor(int tid, int fd);

/* What a path leads to as that process sees it (O_PATH): its root holds for symbolic links, too.  -1 with
 * errno. */
int remote_path(int pid, const char *path, size_t len);

/* Has the process mapped the file? */
bool remote_has_mapped(int pid, const char *path);

#endif
