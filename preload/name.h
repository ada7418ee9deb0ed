/* Which dependency an address was resolved for.  Floor 1.
 *
 * Programs resolve long before a fault is armed, so this is kept whenever a target is a name, armed or not. A
 * small ring, the oldest entry goes; lock-free. */
#ifndef PRELOAD_NAME_H
#define PRELOAD_NAME_H

#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>

#include "preload/real.h"

/* Is any target a name or a pattern?  Cheap against a resolution. */
bool name_is_wanted(void) HIDDEN;

/* The dependencies of that host name. */
uint32_t name_targets(const char *host) HIDDEN;

/* Is the host an address already, so that there is nothing to resolve?  NULL is. */
bool name_is_literal(const char *host) HIDDEN;

/* Note what a resolution answered.  errno is kept. */
void name_note_list(const char *host, const struct addrinfo *list) HIDDEN;
void name_note_host(const char *host, const struct hostent *entry) HIDDEN;

/* The dependencies that the address was resolved for.  IPv4 as ::ffff:a.b.c.d. */
uint32_t name_find(const uint8_t address[16]) HIDDEN;

#endif
