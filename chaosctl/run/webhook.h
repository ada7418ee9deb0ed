/* Events posted to somebody's URL, one after the other, while the run goes on.  Floor 3.
 *
 * Nobody waits for it: what cannot be delivered is counted, and told once. */
#ifndef RUN_WEBHOOK_H
#define RUN_WEBHOOK_H

#include "chaosctl/base/buf.h"
struct prober;
struct webhook;

/* url is borrowed.  -ENOMEM. */
int webhook_new(struct prober *prober, const char *url, struct webhook **ret_webhook);

/* Before its prober; NULL is fine. */
void webhook_free(struct webhook *webhook);

/* One event, as JSON.  NULL is fine. */
void webhook_post(struct webhook *webhook, const char *json);

/* Call fn, from the loop, when everything has been delivered or not; false when it has been already. */
bool webhook_await(struct webhook *webhook, void (*fn)(void *arg), void *arg);

/* What was not delivered, in words; false when all was. */
bool webhook_failed(const struct webhook *webhook, struct buf *ret_words);

#endif
