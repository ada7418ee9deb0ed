/* The little that floor 0 does with text; <string.h> and <ctype.h> would be imports that are not mem*.
 * Floor 0. */
#ifndef DECISION_TEXT_H
#define DECISION_TEXT_H

#include <stdbool.h>

static inline bool text_same(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

/* ASCII only, whatever the locale. */
static inline char text_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

#endif
