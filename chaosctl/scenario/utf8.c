/* UTF-8 (RFC 3629).  Floor 2. */
#include <stdint.h>

#include "chaosctl/scenario/utf8.h"

/* Bytes of the character at p; 0 when it is none. */
static size_t character(const unsigned char *p)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = *p < 0x80 ? 1 : *p >= 0xF0 ? 4 : *p >= 0xE0 ? 3 : *p >= 0xC0 ? 2 : 0;
    uint32_t code = n > 1 ? *p & (0xFFu >> (n + 1)) : *p;

    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (p[i] & 0x3Fu);
    }
    bool bad = *p >= 0xF8 || (n && code < least[n]) || (code >= 0xD800 && code <= 0xDFFF) || code > 0x10FFFF;
    return bad ? 0 : n;
}

bool utf8_is_valid(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;

    while (*p) {
        size_t n = character(p);
        if (!n)
            return false;
        p += n;
    }
    return true;
}

size_t utf8_length(const char *text, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)text[i] & 0xC0) != 0x80;
    return n;
}
