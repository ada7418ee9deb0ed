/* The API over HTTP, in the relay's own loop.  Floor 3. */
#ifndef CHAOSCTL_PROXY_SERVER_H
#define CHAOSCTL_PROXY_SERVER_H

#include "chaosctl/proxy/proxies.h"

#define SERVER_BODY_MAX    (1024 * 1024) /* of a request */
#define SERVER_CONNECTIONS 256           /* of clients of the API at a time */

struct server;

/* Listen, and serve from relay's turns.  -errno; -ELIBACC: libmicrohttpd is not there. */
int server_open(struct relay *relay, struct proxies *proxies, const char *listen, struct server **ret_server);
const char *server_address(const struct server *server); /* where it listens */

/* NULL is fine. */
void server_close(struct server *server);

/* As relay_run; the library has time-outs of its own. */
int server_run(struct server *server);

#endif
