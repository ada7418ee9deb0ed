/* A growing text.  Floor 1. */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/buf.h"
#include "chaosctl/base/memory.h"

void buf_free(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf){0};
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->failed = false;
    if (buf->data)
        buf->data[0] = '\0';
}

static bool reserve(struct buf *buf, size_t more)
{
    if (buf->failed || more > SIZE_MAX / 4 - buf->len)
        buf->failed = true;
    if (buf->failed || buf->len + more < buf->capacity)
        return !buf->failed;
    size_t capacity = 2 * (buf->len + more) + 64;
    char *data = realloc(buf->data, capacity);
    if (!data) {
        buf->failed = true;
        memory_is_out();
        return false;
    }
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

void buf_add_n(struct buf *buf, const char *text, size_t len)
{
    if (!reserve(buf, len))
        return;
    memcpy(buf->data + buf->len, text, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void buf_add(struct buf *buf, const char *text)
{
    buf_add_n(buf, text, strlen(text));
}

void buf_add_char(struct buf *buf, char c)
{
    buf_add_n(buf, &c, 1);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0 || !reserve(buf, (size_t)len))
        return;
    va_start(args, format);
    vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
    va_end(args);
    buf->len += (size_t)len;
}

const char *buf_text(const struct buf *buf)
{
    return buf->data ? buf->data : "";
}

char *buf_steal(struct buf *buf)
{
    char *data = NULL;

    if (!buf->data)
        buf_add(buf, "");
    if (!buf->failed) {
        data = buf->data;
        *buf = (struct buf){0};
    }
    return data;
}
