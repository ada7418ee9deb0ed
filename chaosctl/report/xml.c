/* XML that any text may go into.  Floor 4. */
#include <inttypes.h>
#include <string.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/report/text.h"
#include "chaosctl/report/xml.h"

/* What XML 1.0 cannot carry at all, escaped or not, becomes U+FFFD; so do the C1 controls. */
static bool is_forbidden(uint32_t c)
{
    bool white = c == '\t' || c == '\n' || c == '\r';

    return (c < 0x20 && !white) || (c >= 0x7f && c <= 0x9f) || c == 0xfffe || c == 0xffff;
}

void xml_put(struct buf *out, const char *text)
{
    while (*text && !out->failed) {
        uint32_t c = text_next(&text);
        switch (c) {
        case '&': buf_add(out, "&amp;"); break;
        case '<': buf_add(out, "&lt;"); break;
        case '>': buf_add(out, "&gt;"); break;
        case '"': buf_add(out, "&quot;"); break;
        case '\t':
        case '\r': buf_printf(out, "&#%u;", c); break;
        default: text_put(out, is_forbidden(c) ? TEXT_REPLACEMENT : c); break;
        }
    }
}

void xml_attribute(struct buf *out, const char *name, const char *text)
{
    buf_printf(out, " %s=\"", name);
    for (const char *newline; (newline = strchr(text, '\n')); text = newline + 1) {
        cleanup_buf struct buf line = {0};
        buf_add_n(&line, text, (size_t)(newline - text));
        xml_put(out, buf_text(&line));
        buf_add(out, "&#10;");
    }
    xml_put(out, text);
    buf_add_char(out, '"');
}

void xml_seconds(struct buf *out, uint64_t ns)
{
    buf_printf(out, " time=\"%" PRIu64 ".%03u\"", ns / NS_PER_S, (unsigned)(ns % NS_PER_S / NS_PER_MS));
}
