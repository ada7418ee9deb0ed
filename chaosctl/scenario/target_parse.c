/* Addresses into compiled targets.  Floor 2.
 *
 *   tcp, udp = host ":" port       port = 1..65535 | "*"
 *   host     = IPv4 ["/" bits] | "[" IPv6 ["/" bits] "]" | name | "/" pattern "/" | "*"
 *   unix     = path, "@" first for an abstract one; a relative one begins at the scenario's folder
 *
 * Nothing is resolved: that is the program's to do, and the shim hears it.  Only localhost is known to be
 * itself. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/unit.h"
#include "chaosctl/scenario/parse.h"
#include "injectors/decision/pattern.h"

#define UNIX_PATH_MAX_LEN 107
#define NAME_MAX_LEN      253

static bool say(struct reader *r, const struct node *at, const char *text, const char *why)
{
    reader_error(r, at, "\"%s\" %s", text, why);
    return false;
}

static bool add(struct reader *r, const struct target *t, struct targets *ret)
{
    struct target *place = reader_push(r, &ret->items, &ret->count, sizeof(*place));

    if (place)
        *place = *t;
    return place != NULL;
}

static void set_ipv4(struct target *t, const void *address, unsigned prefix)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

    t->kind = TARGET_ADDRESS;
    memcpy(t->address, mapped, sizeof(mapped));
    memcpy(t->address + sizeof(mapped), address, 4);
    t->prefix = (uint8_t)(prefix + 96);
}

/* An address with its prefix; host is changed. */
static bool parse_address(char *host, struct target *t)
{
    char *slash = strchr(host, '/');
    uint64_t prefix = UINT64_MAX;
    uint8_t bytes[16];

    if (slash) {
        *slash++ = 0;
        if (unit_parse_count(slash, &prefix))
            return false;
    }
    if (inet_pton(AF_INET, host, bytes) == 1) {
        if (slash && prefix > 32)
            return false;
        set_ipv4(t, bytes, slash ? (unsigned)prefix : 32);
        return true;
    }
    if (inet_pton(AF_INET6, host, bytes) != 1 || (slash && prefix > 128))
        return false;
    t->kind = TARGET_ADDRESS;
    memcpy(t->address, bytes, sizeof(bytes));
    t->prefix = (uint8_t)(slash ? prefix : 128);
    return true;
}

static bool is_host_name(const char *host)
{
    if (!*host || strlen(host) > NAME_MAX_LEN || *host == '.' || *host == '-')
        return false;
    for (const char *p = host; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("-_.", *p))
            return false;
    return true;
}

static bool parse_localhost(struct reader *r, struct target *t, struct targets *ret)
{
    static const uint8_t v4[4] = {127, 0, 0, 1};
    struct target other = *t;

    if (!add(r, t, ret))
        return false;
    other.text[0] = 0;
    memset(other.text, 0, sizeof(other.text));
    set_ipv4(&other, v4, 32);
    if (!add(r, &other, ret))
        return false;
    memset(other.address, 0, sizeof(other.address));
    other.address[15] = 1;
    other.prefix = 128;
    return add(r, &other, ret);
}

static bool parse_name(struct reader *r, const struct node *at, const char *text, const char *host,
                       struct target *t, struct targets *ret)
{
    if (!host[strspn(host, "0123456789./")])
        return say(r, at, text, "is no IPv4 address or network: such as 10.0.0.0/8:5432");
    if (!is_host_name(host))
        return say(r, at, text, "has no host in it that a program could ask for");
    t->kind = TARGET_NAME;
    strncpy(t->text, host, sizeof(t->text) - 1);
    if (!strcasecmp(host, "localhost"))
        return parse_localhost(r, t, ret);
    return add(r, t, ret);
}

static bool parse_pattern(struct reader *r, const struct node *at, const char *host, struct target *t,
                          struct targets *ret)
{
    size_t len = strlen(host);
    const char *why = NULL;

    if (len < 3 || len - 2 >= sizeof(t->text))
        return say(r, at, host, len < 3 ? "is an empty pattern" : "is too long for a pattern");
    t->kind = TARGET_PATTERN;
    memcpy(t->text, host + 1, len - 2);
    if (!pattern_is_valid(t->text, &why)) {
        reader_error(r, at, "the pattern %s: %s", host, why);
        return false;
    }
    return add(r, t, ret);
}

static bool parse_host(struct reader *r, const struct node *at, const char *text, char *host,
                       struct target *t, struct targets *ret)
{
    size_t len = strlen(host);

    if (len > 1 && host[0] == '/' && host[len - 1] == '/')
        return parse_pattern(r, at, host, t, ret);
    if (!strcmp(host, "*")) {
        t->kind = TARGET_ADDRESS;
        return add(r, t, ret);
    }
    if (len > 1 && host[0] == '[' && host[len - 1] == ']') {
        host[len - 1] = 0;
        if (!strchr(host, ':') || !parse_address(host + 1, t))
            return say(r, at, text, "is no IPv6 address: such as [::1]:6379 or [fd00::/8]:*");
        return add(r, t, ret);
    }
    if (strchr(host, ':'))
        return say(r, at, text, "has several colons: an IPv6 address stands in brackets, such as [::1]:6379");
    char *copy = (char *)reader_copy(r, host, len);
    if (copy && parse_address(copy, t))
        return add(r, t, ret);
    return copy && parse_name(r, at, text, host, t, ret);
}

static bool parse_port(const char *text, uint16_t *ret_port)
{
    uint64_t port = 0;

    if (!strcmp(text, "*")) {
        *ret_port = 0;
        return true;
    }
    if (unit_parse_count(text, &port) || !port || port > 65535)
        return false;
    *ret_port = (uint16_t)port;
    return true;
}

static bool parse_inet(struct reader *r, const struct node *at, const char *text, struct target *t,
                       struct targets *ret)
{
    const char *colon = strrchr(text, ':');

    if (!colon || strchr(colon, ']') || strchr(colon, '/'))
        return say(r, at, text, "has no port: HOST:PORT, or HOST:* for every port");
    if (!parse_port(colon + 1, &t->port))
        return say(r, at, text, "has a port that is none: 1 to 65535, or * for every one");
    if (colon == text) {
        reader_error(r, at, "\"%s\" has no host: 127.0.0.1%s, or *%s for every host", text, text, text);
        return false;
    }
    char *host = (char *)reader_copy(r, text, (size_t)(colon - text));
    return host && parse_host(r, at, text, host, t, ret);
}

/* Its folder is a real one, so each leading ".." takes one name off it. */
static const char *in_folder(struct reader *r, const char *path)
{
    const char *dir = r->scenario->dir;
    size_t len = strlen(dir);

    for (;; path += path[1] == '.' ? 3 : 2) {
        bool up = !strncmp(path, "../", 3);
        if (!up && strncmp(path, "./", 2))
            break;
        while (up && len && dir[--len] != '/')
            continue;
    }
    len -= len && dir[len - 1] == '/';
    return reader_printf(r, "%.*s/%s", (int)len, dir, path);
}

/* A program in that folder may connect to what is written; others name the place as a whole.  One that is too
 * long for a socket is nobody's. */
static bool parse_relative(struct reader *r, const char *text, struct target *t, struct targets *ret)
{
    const char *whole = in_folder(r, text);

    if (!whole || !add(r, t, ret))
        return false;
    if (strlen(whole) > UNIX_PATH_MAX_LEN)
        return true;
    memset(t->text, 0, sizeof(t->text));
    memcpy(t->text, whole, strlen(whole));
    return add(r, t, ret);
}

static bool parse_unix(struct reader *r, const struct node *at, const char *text, struct target *t,
                       struct targets *ret)
{
    size_t len = strlen(text);

    if (!len || !strcmp(text, "@"))
        return say(r, at, text, "is no path of a unix socket");
    if (len > UNIX_PATH_MAX_LEN)
        return say(r, at, text, "is longer than a unix socket's path can be (107 bytes)");
    t->kind = TARGET_UNIX;
    memcpy(t->text, text, len);
    return *text == '/' || *text == '@' ? add(r, t, ret) : parse_relative(r, text, t, ret);
}

bool target_parse(struct reader *r, const struct node *at, const char *kind, const char *text, uint8_t bit,
                  struct targets *ret_targets)
{
    struct target t = {.bit = bit, .protocol = !strcmp(kind, "udp") ? PROTOCOL_UDP : PROTOCOL_TCP};

    if (!strcmp(kind, "unix"))
        return parse_unix(r, at, text, &t, ret_targets);
    return parse_inet(r, at, text, &t, ret_targets);
}
