/* Which dependency a descriptor belongs to: by address, CIDR, unix path or the resolved name.  Floor 0.
 *
 * A dependency is one bit; it may have several targets (localhost is a name and two addresses).  Bit 31 is
 * kept for "no dependency in particular". */
#ifndef DECISION_TARGET_H
#define DECISION_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TARGET_MAX      64 /* targets of a table */
#define DEPENDENCY_MAX  31 /* dependencies, one bit each */
#define TARGET_ANY      (1u << 31)
#define TARGET_TEXT_MAX 256 /* a name has at most 253 bytes (RFC 1035), a unix path 108 */

enum target_kind {
    TARGET_UNUSED,
    TARGET_ADDRESS, /* address/prefix and port */
    TARGET_UNIX,    /* text is the path; '@' first for an abstract one */
    TARGET_NAME,    /* text is the host name, compared without case */
    TARGET_PATTERN, /* text is a pattern (pattern.h) over host names */
};

enum target_protocol {
    PROTOCOL_TCP,
    PROTOCOL_UDP,
};

struct target {
    uint8_t kind;        /* enum target_kind */
    uint8_t bit;         /* which dependency, 0 .. DEPENDENCY_MAX-1 */
    uint8_t protocol;    /* enum target_protocol; TARGET_UNIX matches both kinds of socket */
    uint8_t prefix;      /* bits of address that count, 0..128 */
    uint16_t port;       /* host order; 0 is every port */
    uint8_t address[16]; /* IPv6, or IPv4 as ::ffff:a.b.c.d; network order */
    char text[TARGET_TEXT_MAX];
};

/* One end of a socket. */
struct endpoint {
    bool is_unix;
    uint8_t protocol; /* enum target_protocol */
    uint16_t port;    /* host order */
    uint8_t address[16];
    const char *path; /* unix: the path, '@' first for an abstract one; borrowed, not terminated */
    size_t path_len;
};

/* The dependencies that an endpoint belongs to, as a mask.
 *
 * named   the dependencies that the address was resolved for (target_match_name), whose port is still to be
 * compared */
uint32_t target_match(const struct target *targets, uint32_t count, const struct endpoint *end,
                      uint32_t named);

/* The dependencies whose name or pattern fits a host name, whatever the port. */
uint32_t target_match_name(const struct target *targets, uint32_t count, const char *host);

#endif
