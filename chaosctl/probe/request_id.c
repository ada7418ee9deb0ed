/* Ids of requests.  Floor 3. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "chaosctl/probe/request_id.h"
#include "chaosctl/scenario/scenario.h"

#define NUMBER_MASK ((UINT64_C(1) << 48) - 1)

int request_ids_init(struct request_ids *ids)
{
    uint64_t bits;

    if (getrandom(&bits, sizeof(bits), 0) != sizeof(bits))
        return -errno;
    /* RFC 9562: version 4, variant 10. */
    snprintf(ids->prefix, sizeof(ids->prefix), "%08x-%04x-4%03x-8%03x-", (unsigned)(bits >> 32),
             (unsigned)(bits >> 16 & 0xffff), (unsigned)(bits >> 4 & 0xfff), (unsigned)(bits & 0xf));
    ids->last = 0;
    return 0;
}

void request_id_text(const struct request_ids *ids, uint64_t number, char text[static REQUEST_ID_BYTES])
{
    snprintf(text, REQUEST_ID_BYTES, "%s%012" PRIx64, ids->prefix, number & NUMBER_MASK);
}

static int digit_of(char c)
{
    return isdigit((unsigned char)c)    ? c - '0'
           : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
                                        : -1;
}

/* Some programs write UUIDs in capitals. */
uint64_t request_id_read(const struct request_ids *ids, const char *text, size_t len)
{
    uint64_t number = 0;

    if (len < REQUEST_ID_BYTES - 1 || strncasecmp(text, ids->prefix, REQUEST_PREFIX_BYTES - 1))
        return 0;
    for (size_t i = REQUEST_PREFIX_BYTES - 1; i < REQUEST_ID_BYTES - 1; i++) {
        if (digit_of(text[i]) < 0)
            return 0;
        number = number << 4 | (uint64_t)digit_of(text[i]);
    }
    return number <= ids->last ? number : 0;
}

const char *request_id_fill(const char *text, const char *id, struct buf *room)
{
    const char *mark = strstr(text, REQUEST_ID_MARK);

    if (!mark)
        return text;
    buf_clear(room);
    for (; mark; mark = strstr(text, REQUEST_ID_MARK)) {
        buf_add_n(room, text, (size_t)(mark - text));
        buf_add(room, id);
        text = mark + strlen(REQUEST_ID_MARK);
    }
    buf_add(room, text);
    return buf_text(room);
}
