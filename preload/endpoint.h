/* From socket addresses to dependencies.  Floor 1. */
#ifndef PRELOAD_ENDPOINT_H
#define PRELOAD_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "injectors/decision/target.h"
#include "preload/real.h"

/* Read an address; type is the socket's SO_TYPE.  Only IPv4, IPv6 and unix addresses have an endpoint; an
 * unnamed unix socket has none.  The path is lent by the address, but for an abstract one: see there. */
bool endpoint_read(const struct sockaddr *address, socklen_t len, int type, struct endpoint *ret_end) HIDDEN;

/* Read a bare address as in struct hostent. */
bool endpoint_read_host(const void *raw, int len, int family, uint8_t ret_address[16]) HIDDEN;

/* The dependencies that it belongs to, as the far end.  A path that is no target's text may still lead to a
 * target's file (/var/run is a link, a path is relative): then errno changes. */
uint32_t endpoint_targets(const struct endpoint *end) HIDDEN;

/* The same as our own end: a listener on any address is on the target's too. */
uint32_t endpoint_own_targets(const struct endpoint *end) HIDDEN;

/* The same for a host whatever the port. */
uint32_t endpoint_host_targets(const uint8_t address[16]) HIDDEN;

/* SO_TYPE; -1 when it is no socket.  errno changes. */
int endpoint_type(int fd) HIDDEN;

/* Is it no TCP connection, attempt or listener: what a disconnect leaves behind?  errno changes. */
bool endpoint_is_closed(int fd) HIDDEN;

/* What an address given to a call on a socket, and the descriptor's own ends, belong to.  errno changes.
 *
 * endpoint_peer returns 0 or the errno of getpeername; *ret_targets is set when it returns 0. */
uint32_t endpoint_given(int fd, const struct sockaddr *address, socklen_t len, int type) HIDDEN;
int endpoint_peer(int fd, int type, uint32_t *ret_targets) HIDDEN;
uint32_t endpoint_own(int fd, int type) HIDDEN;

/* Has it a peer?  errno changes. */
bool endpoint_is_connected(int fd) HIDDEN;

#endif
