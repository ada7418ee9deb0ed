/* How a process finds its run: two variables that travel with the environment.  Floor 1. */
#ifndef INJECTORS_HANDSHAKE_H
#define INJECTORS_HANDSHAKE_H

/* Absolute path of the control area, a file of mode 0600 in a directory of mode 0700, both of the process's
 * own user. */
#define HANDSHAKE_CONTROL "CHAOSCTL_CONTROL"

/* Decimal index of the service that the process belongs to, 0..SERVICE_MAX-1. */
#define HANDSHAKE_SERVICE "CHAOSCTL_SERVICE"

#endif
