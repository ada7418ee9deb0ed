/* Addresses of the supervisor's: read from a program, compared with dependencies.  Floor 1. */
#ifndef SECCOMP_ADDRESS_H
#define SECCOMP_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "injectors/decision/table.h"

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
        struct sockaddr_storage room;
    };
    socklen_t len;
};

static inline bool address_is_inet(const struct address *a)
{
    return a->any.sa_family == AF_INET || a->any.sa_family == AF_INET6;
}

/* The dependencies that are spoken to there; a path also by the file that it leads to, as the process with
 * that pid sees it. */
uint32_t address_targets(const struct table *table, const struct address *a, bool is_datagram, int pid);

/* This machine, in the family of there, port 0. */
struct address address_here(const struct address *there);

uint16_t address_port(const struct address *a);
void address_set_port(struct address *a, uint16_t port);

/* The socket's own name; false when it has none of a family that is known here. */
bool address_own(int fd, struct address *ret_own);
bool address_is_wildcard(const struct address *a);

#endif
