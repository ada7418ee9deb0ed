/* Addresses as a proxy's listen and upstream say them.  Floor 3.
 *
 * HOST:PORT, [IPV6]:PORT, :PORT (every interface), or unix:PATH. */
#ifndef CHAOSCTL_PROXY_ADDRESS_H
#define CHAOSCTL_PROXY_ADDRESS_H

#include <stdbool.h>

#include "injectors/relay.h"

#define ADDRESS_TEXT_BYTES 320
#define ADDRESS_HOST_BYTES 256

struct addresses {
    struct relay_address list[RELAY_ADDRESSES];
    uint32_t count;
};

/* Is there a host and a port, or a path?  Nothing is resolved. */
bool address_is_valid(const char *text);

/* All that it stands for, IPv4 first.  May ask a name server, and wait for it, unless is_numeric: then a name
 * is EAI_NONAME.  Returns 0 or an EAI_ code. */
int address_resolve(const char *text, bool is_numeric, bool is_passive, struct addresses *ret);

/* As getsockname tells it: 127.0.0.1:8474, [::1]:8474, unix:/run/x. */
void address_text(const struct relay_address *address, char text[static ADDRESS_TEXT_BYTES]);

/* Do both stand for the same place? */
bool address_is_same(const char *a, const char *b);

/* A listening socket, and where it listens.  0, or -errno; -EINVAL: not an address; -EADDRNOTAVAIL: no such
 * host. */
int address_listen(const char *text, int *ret_fd, char ret_text[static ADDRESS_TEXT_BYTES]);

#endif
