/* JSON Pointer, RFC 6901.  Floor 3. */
#ifndef CHECK_JSON_POINTER_H
#define CHECK_JSON_POINTER_H

#include <jansson.h>

/* The value that the pointer names, borrowed; NULL: absent, or not a pointer ("" is the whole, others begin
 * with a slash). */
const json_t *json_pointer_find(const json_t *root, const char *pointer);

#endif
