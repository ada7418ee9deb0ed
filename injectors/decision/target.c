/* Matching endpoints and names against the declared dependencies.  Floor 0. */
#include <string.h>

#include "injectors/decision/pattern.h"
#include "injectors/decision/target.h"
#include "injectors/decision/text.h"

static bool prefix_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned bytes = bits / 8, rest = bits % 8;

    if (bits > 128 || memcmp(a, b, bytes))
        return false;
    return !rest || !((a[bytes] ^ b[bytes]) >> (8 - rest));
}

static size_t text_len(const struct target *t)
{
    const char *end = memchr(t->text, 0, sizeof(t->text));

    return end ? (size_t)(end - t->text) : sizeof(t->text);
}

static bool unix_equal(const struct target *t, const struct endpoint *end)
{
    return text_len(t) == end->path_len && !memcmp(t->text, end->path, end->path_len);
}

static bool fits(const struct target *t, const struct endpoint *end, uint32_t named)
{
    if (t->kind == TARGET_UNIX || end->is_unix)
        return t->kind == TARGET_UNIX && end->is_unix && unix_equal(t, end);
    if (t->protocol != end->protocol || (t->port && t->port != end->port))
        return false;
    if (t->kind == TARGET_ADDRESS)
        return prefix_equal(t->address, end->address, t->prefix);
    return (t->kind == TARGET_NAME || t->kind == TARGET_PATTERN) && (named & (1u << t->bit));
}

uint32_t target_match(const struct target *targets, uint32_t count, const struct endpoint *end,
                      uint32_t named)
{
    uint32_t mask = 0;

    for (uint32_t i = 0; i < count && i < TARGET_MAX; i++)
        if (targets[i].bit < DEPENDENCY_MAX && fits(&targets[i], end, named))
            mask |= 1u << targets[i].bit;
    return mask;
}

/* A trailing dot (the root of a fully qualified name) does not count. */
static bool host_equal(const struct target *t, const char *host)
{
    size_t i = 0;

    while (i < sizeof(t->text) && t->text[i] && text_lower(t->text[i]) == text_lower(host[i]))
        i++;
    if (i < sizeof(t->text) && t->text[i])
        return false;
    return !host[i] || (host[i] == '.' && !host[i + 1]);
}

static bool named_so(const struct target *t, const char *host)
{
    if (t->kind == TARGET_NAME)
        return host_equal(t, host);
    return t->kind == TARGET_PATTERN && text_len(t) < sizeof(t->text) && pattern_matches(t->text, host);
}

uint32_t target_match_name(const struct target *targets, uint32_t count, const char *host)
{
    uint32_t mask = 0;

    for (uint32_t i = 0; i < count && i < TARGET_MAX; i++)
        if (targets[i].bit < DEPENDENCY_MAX && named_so(&targets[i], host))
            mask |= 1u << targets[i].bit;
    return mask;
}
