/* Ids of requests: what ${request.id} stands for in a probe, and where a log line has it.  Floor 3.
 *
 * Each is a UUID, which is what services and their databases take for such: in its first half the run's own
 * random bits, in its last the request's number. */
#ifndef PROBE_REQUEST_ID_H
#define PROBE_REQUEST_ID_H

#include <stddef.h>
#include <stdint.h>

#include "chaosctl/base/buf.h"

#define REQUEST_ID_BYTES     37
#define REQUEST_PREFIX_BYTES 25

struct request_ids {
    char prefix[REQUEST_PREFIX_BYTES]; /* "6ba7b810-9dad-41d1-80b4-" */
    uint64_t last;                     /* number given last; 0: none */
};

/* From the kernel's random bits: two runs never have the same.  -errno. */
int request_ids_init(struct request_ids *ids);

void request_id_text(const struct request_ids *ids, uint64_t number, char text[static REQUEST_ID_BYTES]);

/* The number of the id that the text begins with; 0: it is none of this run's. */
uint64_t request_id_read(const struct request_ids *ids, const char *text, size_t len);

/* The text with the id in its places: itself where there are none, else in room. */
const char *request_id_fill(const char *text, const char *id, struct buf *room);

#endif
