/* Which rules does the request fit that a connection carries?  Floor 1. */
#ifndef PRELOAD_REQUEST_H
#define PRELOAD_REQUEST_H

#include "preload/ask.h"

/* Set a->requests.  A request begins with the first send on a connection that is fresh, or was answered since
 * its last; each datagram is one.  Before traffic_ask, which forgets that.
 *
 * Accepted limits: on a connection that is met in the middle, its next send is taken for a request; requests
 * that are sent before a former one was answered count as one; a request that begins with sendfile fits
 * nothing. */
void request_ask(struct ask *a) HIDDEN;

#endif
