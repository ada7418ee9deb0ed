/* Counts of the proxies, as a Prometheus text page.  Floor 3. */
#ifndef CHAOSCTL_PROXY_METRICS_H
#define CHAOSCTL_PROXY_METRICS_H

#include "chaosctl/base/buf.h"
#include "chaosctl/proxy/proxies.h"

/* Toxiproxy's two of each proxy and direction, and how many connections there were and are. */
void metrics_add(const struct proxies *proxies, struct buf *text);

#endif
