/* Guessing protocols.  Floor 3.  A guess is for people: a fault works on any stream. */
#include <ctype.h>
#include <string.h>

#include "chaosctl/run/protocol.h"

struct bytes {
    const uint8_t *at;
    size_t len;
};

static bool begins(struct bytes b, const char *text)
{
    size_t len = strlen(text);

    return b.len >= len && !memcmp(b.at, text, len);
}

static unsigned number(const uint8_t *at, size_t bytes)
{
    unsigned n = 0;

    for (size_t i = 0; i < bytes; i++)
        n = n << 8 | at[i];
    return n;
}

/* RFC 9112: method, blank, target; RFC 9113's preface is of that form too. */
static bool is_http(struct bytes b)
{
    static const char *const methods[] = {"GET ",     "POST ",  "PUT ",   "HEAD ",    "DELETE ",
                                          "OPTIONS ", "PATCH ", "TRACE ", "CONNECT ", "PRI * HTTP/2.0"};

    for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
        if (begins(b, methods[i]))
            return true;
    return false;
}

/* RESP: an array of bulk strings; or an inline command of one word that every client knows. */
static bool is_redis(struct bytes b)
{
    size_t i = 1;

    if (begins(b, "PING\r\n") || begins(b, "AUTH ") || begins(b, "HELLO "))
        return true;
    if (b.len < 5 || b.at[0] != '*')
        return false;
    while (i < b.len && isdigit(b.at[i]))
        i++;
    return i > 1 && i + 2 < b.len && b.at[i] == '\r' && b.at[i + 1] == '\n' && b.at[i + 2] == '$';
}

/* A start-up message of protocol 3, or what may come before it: requests for TLS, GSS, a cancellation. */
static bool is_postgresql(struct bytes b)
{
    unsigned code = b.len >= 8 ? number(b.at + 4, 4) : 0;

    return code == 196608 || (number(b.at, b.len >= 4 ? 4 : 0) <= 16 && code >> 16 == 1234);
}

/* The server spoke first; the client's packet has the length that it says, and is the second. */
static bool is_mysql(struct bytes b, bool greeted)
{
    if (!greeted || b.len < 36 || b.at[3] != 1)
        return false;
    unsigned len = b.at[0] | (unsigned)b.at[1] << 8 | (unsigned)b.at[2] << 16;
    return len >= 32 && len + 4 >= b.len;
}

static bool is_tls(struct bytes b)
{
    return b.len >= 6 && b.at[0] == 22 && b.at[1] == 3 && b.at[5] == 1;
}

const char *protocol_guess(const uint8_t *first, size_t len, bool greeted)
{
    struct bytes b = {first, len};

    if (is_tls(b))
        return "tls";
    if (is_http(b))
        return "http";
    if (is_redis(b))
        return "redis";
    if (begins(b, "AMQP"))
        return "amqp";
    if (is_postgresql(b))
        return "postgresql";
    return is_mysql(b, greeted) ? "mysql" : "";
}

/* --- RFC 8446, 4.1.2, and RFC 6066, 3 --- */

static bool skip(struct bytes *b, size_t len)
{
    if (b->len < len)
        return false;
    b->at += len;
    b->len -= len;
    return true;
}

/* A field that begins with its own length. */
static bool skip_field(struct bytes *b, size_t length_bytes)
{
    return b->len >= length_bytes && skip(b, length_bytes + number(b->at, length_bytes));
}

/* list length, type 0, name length, name */
static bool add_name(struct bytes b, struct buf *name)
{
    if (!skip(&b, 2) || b.len < 3 || b.at[0])
        return false;
    size_t len = number(b.at + 1, 2);
    if (!skip(&b, 3) || !len || len > b.len || len > 253)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!isalnum(b.at[i]) && !strchr("-._", b.at[i]))
            return false;
    for (size_t i = 0; i < len; i++)
        buf_add_char(name, (char)tolower(b.at[i]));
    return true;
}

bool protocol_server_name(const uint8_t *hello, size_t len, struct buf *name)
{
    struct bytes b = {hello, len};

    /* record and handshake headers, version and random; session, ciphers, compression; length */
    if (!is_tls(b) || !skip(&b, 5 + 4 + 2 + 32) || !skip_field(&b, 1) || !skip_field(&b, 2) ||
        !skip_field(&b, 1) || !skip(&b, 2))
        return false;
    while (b.len >= 4) {
        unsigned type = number(b.at, 2), size = number(b.at + 2, 2);
        skip(&b, 4);
        if (!type)
            return add_name((struct bytes){b.at, size < b.len ? size : b.len}, name);
        if (!skip(&b, size))
            return false;
    }
    return false;
}
