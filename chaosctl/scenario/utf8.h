/* Is a text UTF-8?  YAML has been looked at by libyaml; the environment and the command line have not.
 * Floor 2. */
#ifndef SCENARIO_UTF8_H
#define SCENARIO_UTF8_H

#include <stdbool.h>
#include <stddef.h>

bool utf8_is_valid(const char *text);

/* Characters in the first len bytes. */
size_t utf8_length(const char *text, size_t len);

#endif
