/* Where processes listen.  Floor 3. */
#ifndef RUN_LISTENER_H
#define RUN_LISTENER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The lowest TCP port that one of them listens on; 0: none.  All are of one network namespace. */
uint16_t listener_port(const pid_t *pids, size_t count);

#endif
