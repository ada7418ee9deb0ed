/* Framing, byte by byte.  Floor 1.
 *
 *   state          ends with                          then
 *   BEFORE         the first byte that is no CR, LF   LINE
 *   LINE           LF                                 NAME
 *   NAME           :                                  VALUE
 *                  LF, nothing before it              the body, or COMPLETE
 *   VALUE          LF                                 NAME
 *   BODY           so many bytes                      COMPLETE
 *   SIZE           LF                                 CHUNK, or TRAILER after size 0
 *   EXTENSION      LF                                 the same
 *   CHUNK          so many bytes                      BREAK
 *   BREAK          LF                                 SIZE
 *   TRAILER        LF, nothing before it              COMPLETE
 *   ENDLESS, COMPLETE, BROKEN
 */
#include <string.h>

#include "injectors/http.h"

enum {
    BEFORE,
    LINE,
    NAME,
    VALUE,
    BODY,
    SIZE,
    EXTENSION,
    CHUNK,
    BREAK,
    TRAILER,
    ENDLESS,
    COMPLETE,
    BROKEN,
};

enum header { OTHER, LENGTH, ENCODING, CONNECTION, EXPECT };

static const struct {
    const char *name;
    enum header header;
} headers[] = {
    {"content-length", LENGTH},
    {"transfer-encoding", ENCODING},
    {"connection", CONNECTION},
    {"expect", EXPECT},
};

void http_begin(struct http *h, enum http_kind kind, bool is_head)
{
    *h = (struct http){.kind = (uint8_t)kind, .is_head = kind == HTTP_RESPONSE && is_head};
}

bool http_is_broken(const struct http *h)
{
    return h->state == BROKEN;
}

bool http_is_complete(const struct http *h)
{
    return h->state == COMPLETE;
}

bool http_is_endless(const struct http *h)
{
    return h->state == ENDLESS;
}

bool http_has_head(const struct http *h)
{
    return h->state >= BODY && h->state != BROKEN;
}

bool http_closes(const struct http *h)
{
    return h->says_close || h->is_old;
}

bool http_is_interim(const struct http *h)
{
    return h->status >= 100 && h->status < 200 && h->status != 101;
}

/* --- words --- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char folded(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* RFC 9110, 5.6.2 */
static bool is_token(char c)
{
    char f = folded(c);

    return (f >= 'a' && f <= 'z') || is_digit(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static void word_add(struct http *h, char c)
{
    if (h->word_len < HTTP_WORD)
        h->word[h->word_len] = folded(c);
    h->word_len += h->word_len < HTTP_WORD;
}

static bool word_is(const struct http *h, const char *text)
{
    size_t len = strlen(text);

    return h->word_len == len && !memcmp(h->word, text, len);
}

/* --- the first line --- */

static bool is_version(struct http *h)
{
    h->is_old = word_is(h, "http/1.0");
    return h->word_len == 8 && !memcmp(h->word, "http/1.", 7) && is_digit(h->word[7]);
}

static bool is_status(struct http *h)
{
    if (h->word_len != 3 || !is_digit(h->word[0]) || !is_digit(h->word[1]) || !is_digit(h->word[2]))
        return false;
    h->status = (uint16_t)((h->word[0] - '0') * 100 + (h->word[1] - '0') * 10 + h->word[2] - '0');
    return true;
}

static bool is_method(struct http *h)
{
    h->is_head = word_is(h, "head");
    h->is_connect = word_is(h, "connect");
    return h->word_len > 0 && h->word_len < HTTP_WORD;
}

/* A request's line ends with its version, a response's begins with it. */
static bool line_word_fits(struct http *h, bool last)
{
    uint8_t place = h->line_words++;

    if (h->kind == HTTP_REQUEST)
        return place == 0 ? is_method(h) && !last : place == 1 ? h->word_len && !last : last && is_version(h);
    return place == 0 ? is_version(h) && !last : place == 1 ? is_status(h) : true;
}

static uint8_t in_line(struct http *h, char c)
{
    bool is_free = h->kind == HTTP_RESPONSE && h->line_words > 1; /* the reason */

    if (c == '\r')
        return LINE;
    if (c == '\n' || (c == ' ' && !is_free)) {
        bool fits = is_free || line_word_fits(h, c == '\n');
        h->word_len = 0;
        return !fits ? BROKEN : c == '\n' ? NAME : LINE;
    }
    if (h->kind == HTTP_REQUEST && !h->line_words && (!is_token(c) || h->word_len == HTTP_WORD))
        return BROKEN;
    /* Binary protocols show themselves early. */
    if ((unsigned char)c < ' ' && c != '\t')
        return BROKEN;
    word_add(h, c);
    return LINE;
}

/* --- headers --- */

/* Before a connection's last coding, chunked is none that frames (RFC 9112, 6.1): the last word stands. */
static void value_word(struct http *h)
{
    if (!h->word_len)
        return;
    switch ((enum header)h->header) {
    case ENCODING: h->is_chunked = word_is(h, "chunked"); break;
    case CONNECTION: h->says_close = h->says_close || word_is(h, "close"); break;
    case EXPECT: h->expects = h->expects || word_is(h, "100-continue"); break;
    case LENGTH: h->has_length = true; break;
    case OTHER: break;
    }
    h->word_len = 0;
}

static bool number_add(struct http *h, unsigned digit, unsigned base)
{
    if (digit >= base || h->left > (UINT64_MAX - digit) / base)
        return false;
    h->left = h->left * base + digit;
    return true;
}

/* Two lengths are an attack or a mistake; "5, 5" is allowed, and nobody sends it. */
static bool value_byte(struct http *h, char c)
{
    if (h->header != LENGTH) {
        if (c == ' ' || c == '\t' || c == ',' || c == ';')
            value_word(h);
        else
            word_add(h, c);
        return true;
    }
    if (c == ' ' || c == '\t') {
        value_word(h);
        return true;
    }
    if (h->has_length || !is_digit(c))
        return false;
    h->word_len = 1;
    return number_add(h, (unsigned)(c - '0'), 10);
}

static uint8_t in_value(struct http *h, char c)
{
    if (c == '\r')
        return VALUE;
    if (c != '\n')
        return value_byte(h, c) ? VALUE : BROKEN;
    value_word(h);
    h->word_len = 0;
    return NAME;
}

static uint8_t header_of(const struct http *h)
{
    for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
        if (word_is(h, headers[i].name))
            return headers[i].header;
    return OTHER;
}

/* --- the body --- */

static bool has_no_body(const struct http *h)
{
    return h->is_head || h->status < 200 || h->status == 204 || h->status == 304;
}

static uint8_t body_of_response(const struct http *h)
{
    if (h->status == 101)
        return ENDLESS;
    if (has_no_body(h))
        return COMPLETE;
    if (h->is_chunked)
        return SIZE;
    return !h->has_length ? ENDLESS : h->left ? BODY : COMPLETE;
}

static uint8_t body_of(struct http *h)
{
    uint8_t next = h->kind == HTTP_RESPONSE ? body_of_response(h)
                   : h->is_chunked          ? SIZE
                   : h->left                ? BODY
                                            : COMPLETE;

    if (next != BODY)
        h->left = 0;
    return next;
}

static uint8_t in_name(struct http *h, char c)
{
    if (c == '\r')
        return NAME;
    if (c == '\n')
        return h->word_len ? BROKEN : body_of(h);
    /* A folded line goes on with the last value. */
    if (!h->word_len && (c == ' ' || c == '\t'))
        return VALUE;
    if (c != ':') {
        word_add(h, c);
        return is_token(c) ? NAME : BROKEN;
    }
    h->header = header_of(h);
    bool is_empty = !h->word_len;
    h->word_len = 0;
    return is_empty || (h->header == LENGTH && h->has_length) ? BROKEN : VALUE;
}

static uint8_t in_size(struct http *h, char c)
{
    char f = folded(c);
    unsigned digit = is_digit(f) ? (unsigned)(f - '0') : f >= 'a' && f <= 'f' ? (unsigned)(f - 'a' + 10) : 99;

    if (digit < 16) {
        h->word_len = 1;
        return number_add(h, digit, 16) ? SIZE : BROKEN;
    }
    if (c != '\n')
        return h->word_len && (c == ';' || c == ' ' || c == '\t' || c == '\r') ? EXTENSION : BROKEN;
    bool is_empty = !h->word_len;
    h->word_len = 0;
    return is_empty ? BROKEN : h->left ? CHUNK : TRAILER;
}

static uint8_t in_extension(struct http *h, char c)
{
    return c == '\n' ? in_size(h, c) : EXTENSION;
}

static uint8_t in_break(char c)
{
    return c == '\n' ? SIZE : c == '\r' ? BREAK : BROKEN;
}

static uint8_t in_trailer(struct http *h, char c)
{
    if (c == '\n' && !h->word_len)
        return COMPLETE;
    h->word_len = c == '\n' ? 0 : c == '\r' ? h->word_len : 1;
    return TRAILER;
}

static uint8_t step(struct http *h, char c)
{
    switch (h->state) {
    case BEFORE:
        if (c == '\r' || c == '\n')
            return BEFORE;
        h->has_begun = true;
        return in_line(h, c);
    case LINE: return in_line(h, c);
    case NAME: return in_name(h, c);
    case VALUE: return in_value(h, c);
    case SIZE: return in_size(h, c);
    case EXTENSION: return in_extension(h, c);
    case BREAK: return in_break(c);
    case TRAILER: return in_trailer(h, c);
    }
    return BROKEN;
}

static size_t counted(struct http *h, uint64_t len)
{
    uint64_t taken = len < h->left ? len : h->left;

    h->left -= taken;
    if (!h->left)
        h->state = h->state == BODY ? COMPLETE : BREAK;
    return (size_t)taken;
}

size_t http_feed(struct http *h, const uint8_t *bytes, size_t len)
{
    size_t at = 0;

    while (at < len && h->state < COMPLETE) {
        if (h->state == ENDLESS)
            return len;
        if (h->state == BODY || h->state == CHUNK)
            at += counted(h, len - at);
        else
            h->state = step(h, (char)bytes[at++]);
    }
    return at;
}

void http_skip(struct http *h, uint64_t len)
{
    if (!len || h->state == ENDLESS)
        return;
    if (h->state != BODY || h->left < len)
        h->state = BROKEN;
    else
        counted(h, len);
}
