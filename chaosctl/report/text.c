/* UTF-8, widths and line breaking.  Floor 4.
 *
 * Not wcwidth: it follows the locale, and a report must not. */
#include <stdbool.h>
#include <string.h>

#include "chaosctl/report/text.h"

struct range {
    uint32_t first, last;
};

/* Coarse on purpose: the blocks that matter, of Unicode 15. */
static const struct range wide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x23e9, 0x23ec},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},
    {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},
    {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};
static const struct range zero[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a},
    {0x064b, 0x065f}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200d},
    {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
};
/* Controls, and what changes the direction of the text around it (CVE-2021-42574). */
static const struct range controls[] = {
    {0x00, 0x1f}, {0x7f, 0x9f}, {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069}, {0xfeff, 0xfeff},
};

#define IN(table, c) is_in(table, sizeof(table) / sizeof(*(table)), c)

static bool is_in(const struct range *ranges, size_t count, uint32_t c)
{
    for (size_t i = 0; i < count; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

/* Bytes that a lead byte announces, 0 for one that leads nothing. */
static unsigned sequence_bytes(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead < 0xc2 || lead > 0xf4)
        return 0;
    return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

static bool is_scalar(uint32_t c, unsigned bytes)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};

    return c >= least[bytes] && c <= 0x10ffff && !(c >= 0xd800 && c <= 0xdfff);
}

uint32_t text_next(const char **text)
{
    const unsigned char *p = (const unsigned char *)*text;
    unsigned n = sequence_bytes(*p);
    uint32_t c = n > 1 ? *p & (0x7fu >> n) : *p;

    *text += 1;
    if (n == 0)
        return TEXT_REPLACEMENT;
    for (unsigned i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return TEXT_REPLACEMENT;
        c = c << 6 | (p[i] & 0x3f);
    }
    if (!is_scalar(c, n))
        return TEXT_REPLACEMENT;
    *text += n - 1;
    return c;
}

void text_put(struct buf *out, uint32_t c)
{
    if (c < 0x80) {
        buf_add_char(out, (char)c);
        return;
    }
    if (c < 0x800) {
        buf_add_char(out, (char)(0xc0 | c >> 6));
    } else if (c < 0x10000) {
        buf_add_char(out, (char)(0xe0 | c >> 12));
        buf_add_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
    } else {
        buf_add_char(out, (char)(0xf0 | c >> 18));
        buf_add_char(out, (char)(0x80 | (c >> 12 & 0x3f)));
        buf_add_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
    }
    buf_add_char(out, (char)(0x80 | (c & 0x3f)));
}

void text_valid(struct buf *out, const char *text, size_t limit)
{
    size_t start = out->len;

    while (*text && !out->failed) {
        if (limit && out->len - start + 4 > limit) {
            buf_add(out, "...");
            return;
        }
        text_put(out, text_next(&text));
    }
}

void text_line(struct buf *out, const char *text)
{
    while (*text && !out->failed) {
        uint32_t c = text_next(&text);
        if (c == '\n' || c == '\t' || c == '\r')
            buf_add_char(out, ' ');
        else if (IN(controls, c))
            buf_printf(out, c < 0x100 ? "\\x%02x" : "\\u%04x", c);
        else
            text_put(out, c);
    }
}

static size_t columns_of(uint32_t c)
{
    return IN(zero, c) ? 0 : IN(wide, c) ? 2 : 1;
}

size_t text_columns(const char *text)
{
    size_t columns = 0;

    while (*text)
        columns += columns_of(text_next(&text));
    return columns;
}

void text_elide(struct buf *out, const char *text, size_t columns)
{
    if (text_columns(text) <= columns) {
        buf_add(out, text);
        return;
    }
    size_t dots = columns < 3 ? columns : 3, used = dots;
    while (*text) {
        uint32_t c = text_next(&text);
        used += columns_of(c);
        if (used > columns)
            break;
        text_put(out, c);
    }
    buf_add_n(out, "...", dots);
}

static void line_break(struct buf *out, size_t indent)
{
    while (out->len && out->data[out->len - 1] == ' ')
        out->data[--out->len] = '\0';
    buf_printf(out, "\n%*s", (int)indent, "");
}

/* A word, cut where the line ends when it is longer than a whole one.  Returns the column behind it. */
static size_t put_word(struct buf *out, const char *word, size_t len, size_t at, size_t indent,
                       size_t columns)
{
    for (const char *end = word + len; word < end && !out->failed;) {
        uint32_t c = text_next(&word);
        if (columns && at + columns_of(c) > columns && at > indent) {
            line_break(out, indent);
            at = indent;
        }
        text_put(out, c);
        at += columns_of(c);
    }
    return at;
}

static size_t word_columns(const char *word, size_t len)
{
    size_t columns = 0;

    for (const char *end = word + len; word < end;)
        columns += columns_of(text_next(&word));
    return columns;
}

/* "2 s" and ">= 1" are torn apart by no line: a blank between a digit and a short word, or behind a
 * comparison. */
static bool is_glue(const char *word, size_t len, const char *next)
{
    size_t next_len = strcspn(next, " ,;)");

    if (!len || !next_len)
        return false;
    return (word[len - 1] >= '0' && word[len - 1] <= '9' && next_len <= 3) || strspn(word, "<>=!(") == len;
}

static size_t word_len(const char *text)
{
    size_t len = strcspn(text, " ");

    while (text[len] && is_glue(text, len, text + len + 1))
        len += 1 + strcspn(text + len + 1, " ");
    return len;
}

void text_wrap(struct buf *out, const char *text, size_t at, size_t indent, size_t columns)
{
    for (bool first = true; *text && !out->failed; first = false) {
        size_t len = word_len(text), wide_by = word_columns(text, len);
        if (columns && !first && at + 1 + wide_by > columns && indent + wide_by <= columns) {
            line_break(out, indent);
            at = indent;
        } else if (!first) {
            buf_add_char(out, ' ');
            at++;
        }
        at = put_word(out, text, len, at, indent, columns);
        text += len;
        if (*text == ' ')
            text++;
    }
    buf_add_char(out, '\n');
}
