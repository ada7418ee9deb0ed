/* The metrics page.  Floor 3. */
#include <inttypes.h>

#include "chaosctl/proxy/metrics.h"

/* The text format's three escapes. */
static void add_value(struct buf *text, const char *value)
{
    for (; *value; value++) {
        if (*value == '\n')
            buf_add(text, "\\n");
        else if (*value == '"' || *value == '\\')
            buf_printf(text, "\\%c", *value);
        else
            buf_add_char(text, *value);
    }
}

static void add_sample(struct buf *text, const char *metric, const struct proxy *p, const char *direction,
                       uint64_t value)
{
    buf_printf(text, "%s{", metric);
    if (direction)
        buf_printf(text, "direction=\"%s\",", direction);
    buf_add(text, "listener=\"");
    add_value(text, p->listen);
    buf_add(text, "\",proxy=\"");
    add_value(text, p->name);
    buf_add(text, "\",upstream=\"");
    add_value(text, p->upstream);
    buf_printf(text, "\"} %" PRIu64 "\n", value);
}

static void add_head(struct buf *text, const char *metric, const char *type, const char *help)
{
    buf_printf(text, "# HELP %s %s\n# TYPE %s %s\n", metric, help, metric, type);
}

void metrics_add(const struct proxies *proxies, struct buf *text)
{
    static const char *const ways[RELAY_WAYS] = {[RELAY_UP] = "upstream", [RELAY_DOWN] = "downstream"};

    add_head(text, "toxiproxy_proxy_received_bytes_total", "counter", "Bytes received by a proxy");
    for (const struct proxy *p = proxies_first(proxies); p; p = p->next)
        for (int w = 0; w < RELAY_WAYS; w++)
            add_sample(text, "toxiproxy_proxy_received_bytes_total", p, ways[w], p->count.received[w]);
    add_head(text, "toxiproxy_proxy_sent_bytes_total", "counter", "Bytes sent by a proxy");
    for (const struct proxy *p = proxies_first(proxies); p; p = p->next)
        for (int w = 0; w < RELAY_WAYS; w++)
            add_sample(text, "toxiproxy_proxy_sent_bytes_total", p, ways[w], p->count.sent[w]);
    add_head(text, "chaosctl_proxy_connections_total", "counter",
             "Connections that were made through a proxy");
    for (const struct proxy *p = proxies_first(proxies); p; p = p->next)
        add_sample(text, "chaosctl_proxy_connections_total", p, NULL, p->count.links);
    add_head(text, "chaosctl_proxy_connections", "gauge", "Connections that are there");
    for (const struct proxy *p = proxies_first(proxies); p; p = p->next)
        add_sample(text, "chaosctl_proxy_connections", p, NULL, p->count.open);
}
