/* `http:`: a request.  Floor 2. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "chaosctl/scenario/parse.h"

struct http_nodes {
    const struct node *url[6]; /* by method */
    const struct node *headers, *body, *json, *timeout;
    bool follow;
};

static const char *const methods[] = {"GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"};
#define METHODS (sizeof(methods) / sizeof(*methods))

#define URL(i) offsetof(struct http_nodes, url) + (i) * sizeof(const struct node *)

static const struct field fields[] = {
    {"get", &shape_line, URL(0), FIELD_NODE, "the URL to GET"},
    {"post", &shape_line, URL(1), FIELD_NODE, "the URL to POST to"},
    {"put", &shape_line, URL(2), FIELD_NODE, "the URL to PUT to"},
    {"delete", &shape_line, URL(3), FIELD_NODE, "the URL to DELETE"},
    {"head", &shape_line, URL(4), FIELD_NODE, "the URL to ask for the HEAD of"},
    {"patch", &shape_line, URL(5), FIELD_NODE, "the URL to PATCH"},
    {"headers", &shape_pairs, offsetof(struct http_nodes, headers), FIELD_NODE,
     "a map of header names and values"},
    {"body", &shape_text, offsetof(struct http_nodes, body), FIELD_NODE, "the request's body as text"},
    {"json", &shape_json, offsetof(struct http_nodes, json), FIELD_NODE,
     "the request's body as JSON; Content-Type is set unless given"},
    {"timeout", &shape_time, offsetof(struct http_nodes, timeout), FIELD_NODE,
     "an answer that takes longer is none; 5s unless given"},
    {"follow", &shape_bool, offsetof(struct http_nodes, follow), 0, "follow redirects; false unless given"},
    {0},
};

bool url_is_valid(const char *url)
{
    size_t scheme = !strncasecmp(url, "http://", 7) ? 7 : !strncasecmp(url, "https://", 8) ? 8 : 0;

    if (!scheme || !url[scheme] || strchr("/?#:", url[scheme]))
        return false;
    for (const char *p = url; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 127)
            return false;
    return true;
}

static bool read_url(struct reader *r, const struct node *node, const char *method, struct probe *probe)
{
    const char *url = NULL;
    bool plain;

    r->takes_request_id = true;
    bool good = reader_text(r, node, "a URL such as http://127.0.0.1:8080/health", &url, &plain);
    r->takes_request_id = false;
    if (!good)
        return false;
    if (!url_is_valid(url)) {
        reader_error(r, node, "\"%s\" is no URL such as http://127.0.0.1:8080/health", url);
        return false;
    }
    probe->method = method;
    probe->url = url;
    return true;
}

/* RFC 9110: a token, and no line breaks: a variable must not be able to add a header. */
bool http_header_is_valid(const struct pair *header)
{
    for (const char *p = header->name; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("!#$%&'*+-.^_`|~", *p))
            return false;
    return *header->name && !strpbrk(header->value, "\r\n");
}

static void read_headers(struct reader *r, const struct node *node, struct probe *probe)
{
    struct pairs pairs = {0};

    r->key = "headers";
    r->takes_request_id = true;
    bool good = node && shape_pairs.take(r, node, &pairs);
    r->takes_request_id = false;
    if (!good)
        return;
    for (size_t i = 0; i < pairs.count; i++)
        if (!http_header_is_valid(&pairs.items[i]))
            reader_error(r, node, "\"%s\" is no header, or its value has line breaks", pairs.items[i].name);
    probe->headers = pairs.items;
    probe->headers_count = pairs.count;
}

static void add_content_type(struct reader *r, struct probe *probe)
{
    for (size_t i = 0; i < probe->headers_count; i++)
        if (!strcasecmp(probe->headers[i].name, "Content-Type"))
            return;
    struct pair *header = reader_push(r, &probe->headers, &probe->headers_count, sizeof(*header));
    if (header)
        *header = (struct pair){"Content-Type", "application/json"};
}

static void read_body(struct reader *r, const struct http_nodes *n, struct probe *probe)
{
    r->takes_request_id = true;
    r->key = "body";
    if (n->body && n->json)
        reader_error(r, n->json, "body and json are both given: one is wanted");
    else if (n->body)
        (void)shape_text.take(r, n->body, &probe->body);
    r->key = "json";
    if (n->json && !n->body) {
        probe->body = json_text(r, n->json);
        add_content_type(r, probe);
    }
    r->takes_request_id = false;
}

static bool read_method(struct reader *r, const struct node *node, const struct http_nodes *n,
                        struct probe *probe)
{
    size_t given = 0, which = 0;

    for (size_t i = 0; i < METHODS; i++)
        if (n->url[i]) {
            which = i;
            given++;
        }
    r->key = NULL;
    if (given != 1) {
        reader_error(r, node,
                     "http is exactly one of get, post, put, delete, head and patch: {get: \"http://...\"}");
        return false;
    }
    r->key = fields[which].name;
    return read_url(r, n->url[which], methods[which], probe);
}

bool http_read(struct reader *r, const struct node *node, struct probe *ret_probe)
{
    struct http_nodes n = {0};
    const char *outer = r->key;

    ret_probe->kind = PROBE_HTTP;
    if (node->kind == NODE_SCALAR)
        return read_url(r, node, "GET", ret_probe);
    if (!fields_read(r, node, "http", fields, &n))
        return false;
    bool good = read_method(r, node, &n, ret_probe);
    read_headers(r, n.headers, ret_probe);
    read_body(r, &n, ret_probe);
    ret_probe->follow = n.follow;
    r->key = "timeout";
    if (n.timeout)
        (void)shape_time.take(r, n.timeout, &ret_probe->timeout_ns);
    r->key = outer;
    return good;
}

static const struct shape request = {
    .name = "request", .wanted = "a request", .kind = SHAPE_MAP, .fields = fields};
const struct shape shape_http = {
    .name = "http", .wanted = "a request or a URL", .kind = SHAPE_CHOICE, .of = {&shape_line, &request}};
const struct shape shape_json = {.name = "json", .wanted = "a value", .schema = "true"};
