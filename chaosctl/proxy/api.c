/* Routes and what they do.  Floor 3. */
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/proxy/api.h"
#include "chaosctl/proxy/json.h"
#include "chaosctl/proxy/metrics.h"

#define JSON_TYPE "application/json"
#define NAME_MAX_ 256

/* What a route is asked. */
struct asked {
    struct proxies *proxies;
    const struct api_request *request;
    struct proxy *proxy; /* of the path; and its toxic's place */
    uint32_t place;
    struct api_answer *answer;
    struct problem problem;
};

/* --- answers --- */

static void answer_json(struct asked *asked, int status, json_t *value)
{
    char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;

    json_decref(value);
    asked->answer->status = text ? status : 500;
    asked->answer->type = JSON_TYPE;
    buf_add(&asked->answer->body, text ? text : "{\"error\":\"out of memory\",\"status\":500}");
    free(text);
}

static json_t *problem_json(const struct problem *problem)
{
    return json_pack("{s:s, s:i}", "error", problem->text, "status", problem->status);
}

static void answer_problem(struct asked *asked)
{
    answer_json(asked, asked->problem.status, problem_json(&asked->problem));
}

static void answer_nothing(struct asked *asked)
{
    asked->answer->status = 204;
}

static void answer_text(struct api_answer *answer, int status, const char *text)
{
    answer->status = status;
    answer->type = "text/plain; charset=utf-8";
    buf_add(&answer->body, text);
}

/* --- the body --- */

/* Go's decoder reads one value, and does not look behind it. */
static json_t *body_read(struct asked *asked)
{
    json_error_t error;
    json_t *value = json_loadb(asked->request->body ? asked->request->body : "", asked->request->body_len,
                               JSON_DISABLE_EOF_CHECK, &error);

    if (!value)
        problem_set(&asked->problem, 400, "bad request body: %s", error.text);
    return value;
}

/* --- proxies --- */

static void list_proxies(struct asked *asked)
{
    json_t *all = json_object();

    for (const struct proxy *p = proxies_first(asked->proxies); p; p = p->next)
        json_object_set_new(all, p->name, proxy_json(p));
    answer_json(asked, 200, all);
}

static void create_proxy(struct asked *asked)
{
    struct proxy_wish wish = {.is_enabled = true};
    json_t *body = body_read(asked);
    struct proxy *made = NULL;

    if (body && proxy_wish_read(body, &wish, &asked->problem))
        made = proxy_create(asked->proxies, &wish, &asked->problem);
    if (made)
        answer_json(asked, 201, proxy_json(made));
    else
        answer_problem(asked);
    json_decref(body);
}

static void show_proxy(struct asked *asked)
{
    answer_json(asked, 200, proxy_json(asked->proxy));
}

static void update_proxy(struct asked *asked)
{
    struct proxy_wish wish = {.is_enabled = asked->proxy->is_enabled};
    json_t *body = body_read(asked);

    if (body && proxy_wish_read(body, &wish, &asked->problem) &&
        proxy_update(asked->proxy, &wish, &asked->problem))
        answer_json(asked, 200, proxy_json(asked->proxy));
    else
        answer_problem(asked);
    json_decref(body);
}

static void delete_proxy(struct asked *asked)
{
    proxy_remove(asked->proxy);
    answer_nothing(asked);
}

static void reset(struct asked *asked)
{
    if (proxies_reset(asked->proxies, &asked->problem))
        answer_nothing(asked);
    else
        answer_problem(asked);
}

/* --- populate --- */

/* All are looked at before the first is made. */
static bool populate_read(const json_t *body, size_t i, struct proxy_wish *wish, struct problem *problem)
{
    *wish = (struct proxy_wish){.is_enabled = true};
    if (!proxy_wish_read(json_array_get(body, i), wish, problem))
        return false;
    if (!wish->name || !*wish->name)
        return problem_set(problem, 400, "missing required field: name at proxy %zu", i + 1);
    if (!wish->upstream || !*wish->upstream)
        return problem_set(problem, 400, "missing required field: upstream at proxy %zu", i + 1);
    return true;
}

/* Those that were made before one could not be are told too. */
static bool populate(struct proxies *proxies, const json_t *body, json_t *ret_made, struct problem *problem)
{
    struct proxy_wish wish;

    if (!json_is_array(body))
        return problem_set(problem, 400, "bad request body: not a JSON array");
    for (size_t i = 0; i < json_array_size(body); i++)
        if (!populate_read(body, i, &wish, problem))
            return false;
    for (size_t i = 0; i < json_array_size(body); i++) {
        if (!populate_read(body, i, &wish, problem))
            return false;
        struct proxy *made = proxy_populate(proxies, &wish, problem);
        if (!made)
            return false;
        json_array_append_new(ret_made, proxy_json(made));
    }
    return true;
}

static void populate_proxies(struct asked *asked)
{
    json_t *body = body_read(asked), *made = json_array(), *answer = NULL;

    if (body)
        populate(asked->proxies, body, made, &asked->problem);
    answer = asked->problem.status ? problem_json(&asked->problem) : json_object();
    json_object_set_new(answer, "proxies", made);
    answer_json(asked, asked->problem.status ? asked->problem.status : 201, answer);
    json_decref(body);
}

int api_populate(struct proxies *proxies, const char *text, size_t len, struct problem *ret_problem)
{
    json_error_t error;
    json_t *body = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error), *made = json_array();
    int count = -1;

    if (!body)
        problem_set(ret_problem, 400, "line %d, column %d: %s", error.line, error.column, error.text);
    else if (populate(proxies, body, made, ret_problem))
        count = (int)json_array_size(made);
    json_decref(made);
    json_decref(body);
    return count;
}

/* --- toxics --- */

static void list_toxics(struct asked *asked)
{
    answer_json(asked, 200, toxics_json(asked->proxy));
}

static bool add_toxic(struct asked *asked, const json_t *body)
{
    char by_default[64];
    const char *name;
    struct toxic toxic;

    if (!toxic_read(body, &toxic, &name, &asked->problem))
        return false;
    snprintf(by_default, sizeof(by_default), "%s_%s", toxic_name((enum toxic_kind)toxic.kind),
             toxic.way == RELAY_UP ? "upstream" : "downstream");
    asked->place = proxy_toxic_add(asked->proxy, name ? name : by_default, &toxic, &asked->problem);
    return asked->place < TOXICS_MAX;
}

static void create_toxic(struct asked *asked)
{
    json_t *body = body_read(asked);

    if (body && add_toxic(asked, body))
        answer_json(asked, 200, toxic_json(asked->proxy, asked->place));
    else
        answer_problem(asked);
    json_decref(body);
}

static void show_toxic(struct asked *asked)
{
    answer_json(asked, 200, toxic_json(asked->proxy, asked->place));
}

static void update_toxic(struct asked *asked)
{
    struct toxic toxic = asked->proxy->toxics.toxic[asked->place];
    json_t *body = body_read(asked);

    if (body && toxic_update_read(body, &toxic, &asked->problem)) {
        proxy_toxic_change(asked->proxy, asked->place, &toxic);
        answer_json(asked, 200, toxic_json(asked->proxy, asked->place));
    } else {
        answer_problem(asked);
    }
    json_decref(body);
}

static void delete_toxic(struct asked *asked)
{
    proxy_toxic_remove(asked->proxy, asked->place);
    answer_nothing(asked);
}

/* --- the rest --- */

static void version(struct asked *asked)
{
    answer_json(asked, 200, json_pack("{s:s}", "version", API_VERSION));
    asked->answer->type = "application/json;charset=utf-8";
}

static void metrics(struct asked *asked)
{
    asked->answer->status = 200;
    asked->answer->type = "text/plain; version=0.0.4; charset=utf-8";
    metrics_add(asked->proxies, &asked->answer->body);
}

/* --- routes --- */

/* A path is words; * is a proxy's name, and then a toxic's. */
static const struct route {
    const char *method, *path;
    void (*serve)(struct asked *asked);
} routes[] = {
    {"GET", "proxies", list_proxies},
    {"POST", "proxies", create_proxy},
    {"POST", "populate", populate_proxies},
    {"POST", "reset", reset},
    {"GET", "version", version},
    {"GET", "metrics", metrics},
    {"GET", "proxies/*", show_proxy},
    {"POST", "proxies/*", update_proxy},
    {"PATCH", "proxies/*", update_proxy},
    {"DELETE", "proxies/*", delete_proxy},
    {"GET", "proxies/*/toxics", list_toxics},
    {"POST", "proxies/*/toxics", create_toxic},
    {"GET", "proxies/*/toxics/*", show_toxic},
    {"POST", "proxies/*/toxics/*", update_toxic},
    {"PATCH", "proxies/*/toxics/*", update_toxic},
    {"DELETE", "proxies/*/toxics/*", delete_toxic},
};

struct names {
    char name[2][NAME_MAX_];
    int count;
};

static int digit_of(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | (c >= 'A' ? ' ' : 0)) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* One segment of the path, decoded.  false: it is empty, too long, or not right. */
static bool take_name(const char **at, struct names *names)
{
    char *to = names->name[names->count];
    size_t len = 0;

    for (; **at && **at != '/'; (*at)++) {
        int high = **at == '%' ? digit_of((*at)[1]) : -1, low = high >= 0 ? digit_of((*at)[2]) : -1;
        if (**at == '%' && low < 0)
            return false;
        to[len++] = low < 0 ? **at : (char)(high * 16 + low);
        *at += low < 0 ? 0 : 2;
        if (len == NAME_MAX_ || !to[len - 1])
            return false;
    }
    to[len] = '\0';
    names->count++;
    return len > 0;
}

static bool path_fits(const char *pattern, const char *path, struct names *ret_names)
{
    ret_names->count = 0;
    for (path += *path == '/'; *pattern; pattern++) {
        if (*pattern != '*') {
            if (*path++ != *pattern)
                return false;
        } else if (!take_name(&path, ret_names)) {
            return false;
        }
    }
    return !*path;
}

static bool find_subject(struct asked *asked, const struct names *names)
{
    if (names->count < 1)
        return true;
    asked->proxy = proxies_find(asked->proxies, names->name[0]);
    if (!asked->proxy)
        return problem_set(&asked->problem, 404, "proxy not found");
    if (names->count < 2)
        return true;
    asked->place = proxy_toxic(asked->proxy, names->name[1]);
    return asked->place < TOXICS_MAX || problem_set(&asked->problem, 404, "toxic not found");
}

static void serve_route(struct asked *asked, const struct route *route, const struct names *names)
{
    if (find_subject(asked, names))
        route->serve(asked);
    else
        answer_problem(asked);
}

void api_serve(struct proxies *proxies, const struct api_request *request, struct api_answer *ret_answer)
{
    struct asked asked = {.proxies = proxies, .request = request, .answer = ret_answer};
    struct names names;
    bool is_there = false;

    *ret_answer = (struct api_answer){0};
    /* A page in a browser must not command what its user's machine can reach. */
    if (request->agent && !strncmp(request->agent, "Mozilla/", 8)) {
        answer_text(ret_answer, 403, "User agent not allowed\n");
        return;
    }
    for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
        if (!path_fits(routes[i].path, request->path, &names))
            continue;
        is_there = true;
        if (!strcmp(routes[i].method, request->method)) {
            serve_route(&asked, &routes[i], &names);
            return;
        }
    }
    if (is_there)
        ret_answer->status = 405;
    else
        answer_text(ret_answer, 404, "404 page not found\n");
}

void api_refuse(int status, const char *why, struct api_answer *ret_answer)
{
    struct asked asked = {.answer = ret_answer};

    *ret_answer = (struct api_answer){0};
    problem_set(&asked.problem, status, "%s", why);
    answer_problem(&asked);
}
