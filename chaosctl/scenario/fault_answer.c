/* respond: from status, headers and body, or from raw bytes, to what goes over the wire.  Floor 2. */
#include <string.h>
#include <strings.h>

#include "chaosctl/base/buf.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/scenario/fault_keys.h"
#include "chaosctl/scenario/parse.h"

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
};

/* Whoever knows no reason leaves it empty (RFC 9112, 4). */
static const char *reason_of(int status)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "";
}

static bool has_no_body(int status)
{
    return status == 204 || status == 304;
}

static bool is_given(const struct pairs *headers, const char *name)
{
    for (size_t i = 0; i < headers->count; i++)
        if (!strcasecmp(headers->items[i].name, name))
            return true;
    return false;
}

static bool read_headers(struct reader *r, const struct node *node, struct pairs *ret_headers)
{
    bool good = true;

    r->key = "headers";
    if (node && !shape_pairs.take(r, node, ret_headers))
        return false;
    for (size_t i = 0; i < ret_headers->count; i++)
        if (!http_header_is_valid(&ret_headers->items[i])) {
            reader_error(r, node, "\"%s\" is no header, or its value has line breaks",
                         ret_headers->items[i].name);
            good = false;
        }
    r->key = NULL;
    return good;
}

static const char *read_text(struct reader *r, const struct node *node, const char *key)
{
    const char *text = "";

    r->key = key;
    if (node)
        (void)shape_text.take(r, node, &text);
    r->key = NULL;
    return text;
}

/* A program that sends its next request on the same connection has it answered there only where that is sure:
 * otherwise the next is perhaps the dependency's, and has to come on a new one. */
static bool is_for_all(const struct fault *f)
{
    return f->probability >= 1 && !f->after && f->every <= 1 && f->times == RULE_ENDLESS && !f->request;
}

static void keep(struct reader *r, const struct node *at, const struct buf *text, size_t head_len,
                 bool closes, struct fault *f)
{
    struct reply *reply = NULL;
    char limit[UNIT_TEXT_BYTES];

    if (text->len > REPLY_BYTES)
        reader_error(r, at, "the answer has %zu bytes%s; there is room for %s", text->len,
                     f->status ? " with its head" : "", unit_format_size(REPLY_BYTES, limit));
    else
        reply = reader_take(r, sizeof(*reply));
    r->failed = r->failed || text->failed;
    if (!reply || text->failed)
        return;
    reply->len = (uint32_t)text->len;
    reply->head_len = (uint32_t)head_len;
    reply->is_raw = !f->status;
    reply->closes = closes;
    memcpy(reply->bytes, buf_text(text), text->len);
    f->reply = reply;
}

/* Whoever frames the answer by himself may leave the connection in any state. */
static void compose(struct reader *r, const struct fault_nodes *n, const struct pairs *headers,
                    const char *body, struct fault *f)
{
    cleanup_buf struct buf text = {0};
    bool is_framed = is_given(headers, "Content-Length") || is_given(headers, "Transfer-Encoding");
    bool closes = is_framed || is_given(headers, "Connection") || !is_for_all(f);

    buf_printf(&text, "HTTP/1.1 %d %s\r\n", f->status, reason_of(f->status));
    for (size_t i = 0; i < headers->count; i++)
        buf_printf(&text, "%s: %s\r\n", headers->items[i].name, headers->items[i].value);
    if (!is_framed && !has_no_body(f->status))
        buf_printf(&text, "Content-Length: %zu\r\n", strlen(body));
    if (closes && !is_given(headers, "Connection"))
        buf_add(&text, "Connection: close\r\n");
    buf_add(&text, "\r\n");
    size_t head_len = text.len;
    buf_add(&text, body);
    r->key = n->body ? "body" : n->headers ? "headers" : "status";
    keep(r, n->body ? n->body : n->headers ? n->headers : n->status, &text, head_len, closes, f);
    r->key = NULL;
}

static void read_http(struct reader *r, const struct fault_nodes *n, struct fault *f)
{
    struct pairs headers = {0};
    uint64_t status = 0;

    r->key = "status";
    if (!shape_status.take(r, n->status, &status))
        return;
    r->key = NULL;
    f->status = (int)status;
    const char *body = read_text(r, n->body, "body");
    if (*body && has_no_body(f->status))
        reader_error(r, n->body, "body: an answer of %d has none", f->status);
    else if (read_headers(r, n->headers, &headers))
        compose(r, n, &headers, body, f);
}

static void read_raw(struct reader *r, const struct fault_nodes *n, struct fault *f)
{
    cleanup_buf struct buf text = {0};
    const char *raw = read_text(r, n->raw, "raw");

    if (!*raw)
        reader_error(r, n->raw, "raw: no bytes are no answer; drop_response gives none");
    buf_add(&text, raw);
    r->key = "raw";
    keep(r, n->raw, &text, text.len, !is_for_all(f), f);
    r->key = NULL;
}

void fault_read_answer(struct reader *r, const struct fault_nodes *n, struct fault *f)
{
    const struct node *other = n->status ? n->status : n->headers ? n->headers : n->body;

    r->key = "delay";
    if (n->delay)
        (void)shape_time.take(r, n->delay, &f->delay_ns);
    r->key = NULL;
    if (n->raw && other)
        reader_error(r, n->raw,
                     "raw stands for a whole answer: it cannot stand with status, headers or body");
    else if (n->raw)
        read_raw(r, n, f);
    else if (n->status)
        read_http(r, n, f);
    else
        reader_error_at(r, f->at, "status is missing in respond: of an HTTP answer, such as 503; or raw");
}

static bool take_status(struct reader *r, const struct node *node, void *ret_value)
{
    uint64_t status = 0;

    if (!shape_count.take(r, node, &status))
        return false;
    if (status < 200 || status > 599) {
        reader_error(r, node, "\"%s\" is not a status of 200 to 599%s", node->text,
                     status >= 100 && status < 200 ? ": what it announces would have to follow" : "");
        return false;
    }
    *(uint64_t *)ret_value = status;
    return true;
}

const struct shape shape_status = {
    .name = "status",
    .wanted = "an HTTP status such as 503",
    .schema = "{\"anyOf\":[{\"type\":\"integer\",\"minimum\":200,\"maximum\":599},"
              "{\"type\":\"string\",\"pattern\":\"^[2-5][0-9][0-9]$|\\\\$\"}]}",
    .take = take_status,
};
