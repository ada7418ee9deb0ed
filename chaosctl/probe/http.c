/* Asking over HTTP/1.1.  Floor 3.
 *
 * Straight to the address: no proxy, no .netrc, no cookies, nothing from the environment. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "chaosctl/base/arena.h"
#include "chaosctl/base/buf.h"
#include "chaosctl/probe/libcurl.h"
#include "chaosctl/probe/way.h"

#define REDIRECTS_MAX 10L

struct transfer {
    CURL *easy;
    struct curl_slist *request_headers;
    struct buf sent_body, url; /* with the request's id in them */
    struct buf body;
    bool body_cut;
    struct arena *arena; /* of the response's headers */
    struct pair *headers;
    size_t headers_count;
};

/* --- what comes in --- */

static size_t take_body(char *data, size_t one, size_t len, void *arg)
{
    struct transfer *t = arg;
    size_t room = ANSWER_BODY_MAX - t->body.len;

    (void)one;
    buf_add_n(&t->body, data, len < room ? len : room);
    t->body_cut = t->body_cut || len > room;
    return t->body.failed ? CURL_WRITEFUNC_ERROR : len;
}

/* A status line: of the answer itself, after those of redirects and of "100 Continue". */
static bool begin_answer(struct transfer *t)
{
    arena_free(t->arena);
    t->arena = arena_new();
    t->headers = NULL;
    t->headers_count = 0;
    buf_clear(&t->body);
    t->body_cut = false;
    return t->arena;
}

static bool add_header(struct transfer *t, const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);

    if (!colon)
        return true;
    const char *value = colon + 1, *end = line + len;
    while (value < end && isspace((unsigned char)*value))
        value++;
    while (end > value && isspace((unsigned char)end[-1]))
        end--;
    struct pair *pair = arena_push(t->arena, &t->headers, &t->headers_count, sizeof(*pair));
    if (!pair)
        return false;
    pair->name = arena_copy_n(t->arena, line, (size_t)(colon - line));
    pair->value = arena_copy_n(t->arena, value, (size_t)(end - value));
    if (pair->name && pair->value)
        return true;
    t->headers_count--;
    return false;
}

static size_t take_header(char *line, size_t one, size_t len, void *arg)
{
    struct transfer *t = arg;
    bool is_status = len > 5 && !strncmp(line, "HTTP/", 5);
    bool taken = is_status ? begin_answer(t) : t->arena && add_header(t, line, len);

    (void)one;
    return taken ? len : 0;
}

/* --- what goes out --- */

static int add_line(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = libcurl.slist_append(*list, line);

    if (!longer)
        return -ENOMEM;
    *list = longer;
    return 0;
}

static bool has_header(const struct probe *probe, const char *name)
{
    for (size_t i = 0; i < probe->headers_count; i++)
        if (!strcasecmp(probe->headers[i].name, name))
            return true;
    return false;
}

/* Ours, and none that libcurl would invent: a form's type for any body, "Expect: 100-continue" for a large
 * one.  In libcurl's language "Name:" takes a header away and "Name;" sends one without a value. */
static int add_request_headers(struct transfer *t, const struct probe *probe, const char *id)
{
    cleanup_buf struct buf room = {0};
    int error = 0;

    for (size_t i = 0; i < probe->headers_count && !error; i++) {
        const struct pair *h = &probe->headers[i];
        cleanup_buf struct buf line = {0};
        if (*h->value)
            buf_printf(&line, "%s: %s", h->name, request_id_fill(h->value, id, &room));
        else
            buf_printf(&line, "%s;", h->name);
        error = line.failed ? -ENOMEM : add_line(&t->request_headers, buf_text(&line));
    }
    if (!error && !has_header(probe, "Expect"))
        error = add_line(&t->request_headers, "Expect:");
    if (!error && !has_header(probe, "Content-Type"))
        error = add_line(&t->request_headers, "Content-Type:");
    return error;
}

static bool takes_body(const char *method)
{
    return !strcmp(method, "POST") || !strcmp(method, "PUT") || !strcmp(method, "PATCH");
}

/* POST is libcurl's own, so that a redirect may make a GET of it, as browsers do; the rest keep their name.
 */
static int set_method(CURL *easy, const struct probe *probe, const char *body)
{
    const char *method = probe->method ? probe->method : "GET";
    CURLcode code = CURLE_OK;

    if (!strcmp(method, "HEAD"))
        return libcurl.easy_setopt(easy, CURLOPT_NOBODY, 1L) ? -ENOMEM : 0;
    bool sends = probe->body || takes_body(method);
    if (sends) {
        libcurl.easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
        code = libcurl.easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    }
    if (!code && strcmp(method, sends ? "POST" : "GET"))
        code = libcurl.easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
    return code ? -ENOMEM : 0;
}

static void set_straight(CURL *easy, const struct probe *probe)
{
    libcurl.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    libcurl.easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* cancelling does not wait for a stuck resolver */
    libcurl.easy_setopt(easy, CURLOPT_NOPROXY, "*");
    libcurl.easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    libcurl.easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    libcurl.easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    libcurl.easy_setopt(easy, CURLOPT_FOLLOWLOCATION, probe->follow ? 1L : 0L);
    libcurl.easy_setopt(easy, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
    libcurl.easy_setopt(easy, CURLOPT_USERAGENT, "chaosctl/" CHAOSCTL_VERSION);
    /* The prober's deadline rules; libcurl's own of 300 s must not come before a longer one. */
    libcurl.easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(probe->timeout_ns / 1000000 + 1000));
}

static int set_up(struct asking *asking, struct transfer *t)
{
    const struct probe *probe = asking->probe;

    t->easy = libcurl.easy_init();
    if (!t->easy)
        return -ENOMEM;
    set_straight(t->easy, probe);
    libcurl.easy_setopt(t->easy, CURLOPT_PRIVATE, asking);
    libcurl.easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, take_body);
    libcurl.easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
    libcurl.easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, take_header);
    libcurl.easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
    const char *body = request_id_fill(probe->body ? probe->body : "", asking->id, &t->sent_body);
    int error = set_method(t->easy, probe, body);
    if (!error)
        error = add_request_headers(t, probe, asking->id);
    if (error || libcurl.easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->request_headers) ||
        libcurl.easy_setopt(t->easy, CURLOPT_URL, request_id_fill(probe->url, asking->id, &t->url)))
        return -ENOMEM;
    return multi_add(prober_multi(asking->prober), t->easy);
}

static void release(struct asking *asking)
{
    struct transfer *t = asking->own;

    libcurl.easy_cleanup(t->easy);
    libcurl.slist_free_all(t->request_headers);
    arena_free(t->arena);
    buf_free(&t->body);
    buf_free(&t->sent_body);
    buf_free(&t->url);
    free(t);
}

static int start(struct asking *asking)
{
    asking->own = calloc(1, sizeof(struct transfer));
    if (!asking->own)
        return -ENOMEM;
    int error = set_up(asking, asking->own);
    if (error)
        release(asking);
    return error;
}

/* --- how it ended --- */

static void finish_network(struct asking *asking, const char *otherwise)
{
    struct transfer *t = asking->own;
    char words[ASKING_ERROR_BYTES];
    long error = 0;

    libcurl.easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &error);
    asking_finish(asking, "%s", error ? errno_words((int)error, words, sizeof(words)) : otherwise);
}

static void finish_short(struct asking *asking)
{
    struct transfer *t = asking->own;
    curl_off_t announced = -1, came = 0;

    libcurl.easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    libcurl.easy_getinfo(t->easy, CURLINFO_SIZE_DOWNLOAD_T, &came);
    if (announced > 0)
        asking_finish(asking, "the answer ends after %lld of %lld bytes", (long long)came,
                      (long long)announced);
    else
        asking_finish(asking, "the answer ends early, after %lld bytes", (long long)came);
}

static void finish_other(struct asking *asking, CURLcode code)
{
    char words[ASKING_ERROR_BYTES];

    strncpy(words, libcurl.easy_strerror(code), sizeof(words) - 1);
    words[sizeof(words) - 1] = '\0';
    if (!isupper((unsigned char)words[1]))
        words[0] = (char)tolower((unsigned char)words[0]);
    asking_finish(asking, "%s", words);
}

/* Not a table: half of the rows would be functions. */
static void finish_failed(struct asking *asking, CURLcode code)
{
    switch ((int)code) {
    case CURLE_COULDNT_CONNECT: finish_network(asking, "could not connect"); break;
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR: finish_network(asking, "connection reset"); break;
    case CURLE_COULDNT_RESOLVE_HOST: asking_finish(asking, "cannot resolve the name"); break;
    case CURLE_GOT_NOTHING: asking_finish(asking, "empty reply"); break;
    case CURLE_PARTIAL_FILE: finish_short(asking); break;
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9: validate has seen to the URL's scheme */
    case CURLE_WEIRD_SERVER_REPLY: asking_finish(asking, "not an HTTP answer"); break;
    case CURLE_TOO_MANY_REDIRECTS: asking_finish(asking, "more than %ld redirects", REDIRECTS_MAX); break;
    default: finish_other(asking, code); break;
    }
}

void http_transfer_ended(struct asking *asking, int curl_code)
{
    if (curl_code == CURLE_OK)
        asking_finish(asking, NULL);
    else
        finish_failed(asking, (CURLcode)curl_code);
}

static void stop(struct asking *asking)
{
    struct transfer *t = asking->own;

    libcurl.easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &asking->answer.status);
    multi_remove(prober_multi(asking->prober), t->easy);
    libcurl.easy_cleanup(t->easy);
    t->easy = NULL;
}

static void fill(struct asking *asking, struct answer *answer)
{
    struct transfer *t = asking->own;

    answer->body = buf_text(&t->body);
    answer->body_len = t->body.len;
    answer->body_cut = t->body_cut;
    answer->headers = t->headers;
    answer->headers_count = t->headers_count;
}

const struct probe_way probe_way_http = {start, stop, fill, release};
