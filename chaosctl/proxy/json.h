/* Proxies and toxics as JSON, both ways.  Floor 3.
 *
 * As Go's encoding/json has it, which Toxiproxy's clients were made against: unknown keys are ignored, a key
 * is found whatever its case, null leaves what was. */
#ifndef CHAOSCTL_PROXY_JSON_H
#define CHAOSCTL_PROXY_JSON_H

#include <jansson.h>

#include "chaosctl/proxy/proxies.h"

/* New references; NULL when memory is out. */
json_t *proxy_json(const struct proxy *proxy);
json_t *toxics_json(const struct proxy *proxy);
json_t *toxic_json(const struct proxy *proxy, uint32_t place);

/* ret_wish comes with what holds where nothing is said; its texts are the object's. */
bool proxy_wish_read(const json_t *object, struct proxy_wish *ret_wish, struct problem *ret_problem);

/* A new one.  *ret_name is the object's, or NULL where it has none. */
bool toxic_read(const json_t *object, struct toxic *ret_toxic, const char **ret_name,
                struct problem *ret_problem);

/* Attributes and toxicity of one that there is. */
bool toxic_update_read(const json_t *object, struct toxic *toxic, struct problem *ret_problem);

#endif
