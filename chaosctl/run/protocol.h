/* What is spoken, by the bytes that were sent first.  Floor 3; pure. */
#ifndef RUN_PROTOCOL_H
#define RUN_PROTOCOL_H

#include "chaosctl/base/buf.h"
#include "injectors/decision/seen.h"

/* "http", "redis", "postgresql", "mysql", "amqp", "tls"; "" when it is none that is known.  first, len: of a
 * connection; greeted: the far end had spoken before. */
const char *protocol_guess(const uint8_t *first, size_t len, bool greeted);

/* The server's name in a TLS hello, added to name, in lower case; false: it says none that a host may have.
 */
bool protocol_server_name(const uint8_t *hello, size_t len, struct buf *name);

#endif
