/* What the calls that resolve names share: a failed resolution in the terms of the older family.  Floor 1. */
#ifndef PRELOAD_DNS_H
#define PRELOAD_DNS_H

#include <stdbool.h>

#include "injectors/decision/call.h"
#include "preload/real.h"

/* Is the resolution of host to end here?  *ret_error is in h_errno's terms. */
bool dns_host_asks(enum call call, const char *host, int *ret_error) HIDDEN;

#endif
