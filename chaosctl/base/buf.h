/* A growing text.  Floor 1.  Errors stick: append at will, ask buf_failed once. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
    char *data; /* always terminated once something was added; NULL before */
    size_t len, capacity;
    bool failed; /* memory ran out: the text is incomplete */
};

#define cleanup_buf __attribute__((cleanup(buf_free)))

void buf_free(struct buf *buf);
void buf_clear(struct buf *buf);
void buf_add(struct buf *buf, const char *text);
void buf_add_n(struct buf *buf, const char *text, size_t len);
void buf_add_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The text so far, never NULL; borrowed until the next append. */
const char *buf_text(const struct buf *buf);

/* The text itself, to be freed; NULL when memory ran out. */
char *buf_steal(struct buf *buf);

#endif
