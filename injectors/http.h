/* Where an HTTP/1.1 message ends, and the next begins (RFC 9112).  Floor 1, and pure: no clock, no syscall,
 * no memory but the caller's.
 *
 * Fed with a stream's bytes however they are cut, it looks at each once and keeps none: lines and headers may
 * be of any length.  It judges nothing but framing, and takes LF for CRLF.  What it cannot frame it calls
 * broken, and that is final. */
#ifndef INJECTORS_HTTP_H
#define INJECTORS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_WORD 20 /* the longest word that means something, and more */

enum http_kind { HTTP_REQUEST, HTTP_RESPONSE };

struct http {
    uint8_t state; /* enum of http.c */
    uint8_t kind;
    uint8_t header;   /* the one being read */
    uint8_t word_len; /* HTTP_WORD: it is longer */
    uint8_t line_words;
    bool has_begun; /* a byte of it was seen, line breaks before it apart */
    bool is_head;   /* request: HEAD; response: to one */
    bool is_connect;
    bool is_old;     /* HTTP/1.0 */
    bool is_chunked; /* so far */
    bool has_length;
    bool says_close, expects;
    uint16_t status; /* response */
    uint64_t left;   /* bytes of the body, or of a chunk */
    char word[HTTP_WORD];
};

/* The next message of that kind.  is_head: it answers a HEAD. */
void http_begin(struct http *h, enum http_kind kind, bool is_head);

/* Take as many of these bytes as belong to the message.  Returns how many. */
size_t http_feed(struct http *h, const uint8_t *bytes, size_t len);

/* The same for bytes that nobody saw: within a body whose length is known; otherwise it is broken. */
void http_skip(struct http *h, uint64_t len);

bool http_is_broken(const struct http *h);
bool http_is_complete(const struct http *h);
bool http_has_head(const struct http *h);   /* the head is complete */
bool http_is_endless(const struct http *h); /* it lasts as long as the connection: a tunnel, or no length */

/* Of a request whose head is complete: the connection is not to be used after its answer.  One of HTTP/1.0
 * may ask to keep it; who answers need not. */
bool http_closes(const struct http *h);

/* Of a response: another follows it, to the same request. */
bool http_is_interim(const struct http *h);

#endif
