/* A queue of events, and one request at a time.  Floor 3. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/probe/prober.h"
#include "chaosctl/run/webhook.h"

#define QUEUE_MAX  256 /* events; when they stand so long, those that come are not taken */
#define TIMEOUT_NS (5 * NS_PER_S)

struct webhook {
    struct prober *prober;
    struct probe probe;
    char *queue[QUEUE_MAX]; /* the first is being sent */
    size_t queued;
    size_t posted, failed; /* in all; failed: dropped ones too */
    char why[128];         /* of the last failure */
    void (*fn)(void *arg);
    void *arg;
};

static const struct pair headers[] = {{"Content-Type", "application/json"}};

static void fail(struct webhook *w, const char *why)
{
    w->failed++;
    snprintf(w->why, sizeof(w->why), "%s", why);
}

static void shift(struct webhook *w)
{
    free(w->queue[0]);
    w->queued--;
    memmove(w->queue, w->queue + 1, w->queued * sizeof(*w->queue));
}

static void send_next(struct webhook *w);

static void answered(void *arg, const struct answer *answer)
{
    struct webhook *w = arg;
    char status[32];

    snprintf(status, sizeof(status), "status %ld", answer->status);
    if (!answer->ok)
        fail(w, answer->error);
    else if (answer->status < 200 || answer->status > 299)
        fail(w, status);
    shift(w);
    send_next(w);
}

/* One that cannot even begin is not the last: the next may. */
static void send_next(struct webhook *w)
{
    while (w->queued) {
        w->probe.body = w->queue[0];
        int error = prober_ask(w->prober, &w->probe, answered, w);
        if (!error)
            return;
        fail(w, strerror(-error));
        shift(w);
    }
    if (w->fn)
        w->fn(w->arg);
}

int webhook_new(struct prober *prober, const char *url, struct webhook **ret_webhook)
{
    struct webhook *w = calloc(1, sizeof(*w));

    if (!w)
        return -ENOMEM;
    w->prober = prober;
    w->probe = (struct probe){.kind = PROBE_HTTP,
                              .timeout_ns = TIMEOUT_NS,
                              .method = "POST",
                              .url = url,
                              .headers = headers,
                              .headers_count = sizeof(headers) / sizeof(*headers)};
    *ret_webhook = w;
    return 0;
}

void webhook_free(struct webhook *webhook)
{
    if (!webhook)
        return;
    prober_cancel(webhook->prober, webhook);
    for (size_t i = 0; i < webhook->queued; i++)
        free(webhook->queue[i]);
    free(webhook);
}

void webhook_post(struct webhook *webhook, const char *json)
{
    if (!webhook)
        return;
    webhook->posted++;
    char *copy = webhook->queued < QUEUE_MAX ? strdup(json) : NULL;
    if (!copy) {
        fail(webhook, webhook->queued < QUEUE_MAX ? "out of memory" : "it is too slow");
        return;
    }
    webhook->queue[webhook->queued++] = copy;
    if (webhook->queued == 1)
        send_next(webhook);
}

bool webhook_await(struct webhook *webhook, void (*fn)(void *arg), void *arg)
{
    webhook->fn = fn;
    webhook->arg = arg;
    return webhook->queued > 0;
}

bool webhook_failed(const struct webhook *webhook, struct buf *ret_words)
{
    size_t failed = webhook->failed + webhook->queued;

    if (failed)
        buf_printf(ret_words, "webhook: %zu of %zu events were not delivered: %s", failed, webhook->posted,
                   webhook->queued ? "no answer came in time" : webhook->why);
    return failed;
}
