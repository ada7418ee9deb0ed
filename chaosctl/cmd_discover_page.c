/* What was seen, as a scenario that runs as it stands.  Floor 5. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/cmd_discover.h"
#include "chaosctl/run/protocol.h"

#define NAME_BYTES    65
#define ADDRESS_BYTES 256

/* A row, or several of one end. */
struct found {
    char name[NAME_BYTES], address[ADDRESS_BYTES];
    const char *kind, *protocol; /* "tcp", "unix"; "" when it is not known */
    uint64_t connects, failures, calls, answers, times[SEEN_TIMES];
};

struct founds {
    struct found items[SEEN_MAX];
    size_t count;
};

/* --- from rows to dependencies --- */

static void write_address(const struct seen *row, struct found *f)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    char text[INET6_ADDRSTRLEN] = "?";
    bool is_v4 = !memcmp(row->address, mapped, sizeof(mapped));

    f->kind = row->is_unix ? "unix" : "tcp";
    if (row->is_unix) {
        size_t len = row->path_len < SEEN_PATH_BYTES ? row->path_len : SEEN_PATH_BYTES;
        snprintf(f->address, sizeof(f->address), "%.*s", (int)len, row->path);
        return;
    }
    inet_ntop(is_v4 ? AF_INET : AF_INET6, row->address + (is_v4 ? 12 : 0), text, sizeof(text));
    snprintf(f->address, sizeof(f->address), is_v4 ? "%s:%u" : "[%s]:%u", text, row->port);
}

static size_t first_of(const struct seen *row)
{
    size_t len = row->first_len < SEEN_FIRST_BYTES ? row->first_len : SEEN_FIRST_BYTES;

    return atomic_load(&row->first_state) == SEEN_READY ? len : 0;
}

static bool is_taken(const struct founds *all, const char *name)
{
    for (size_t i = 0; i < all->count; i++)
        if (!strcmp(all->items[i].name, name))
            return true;
    return false;
}

/* By the server's name, the protocol, or the port; what a name may not have is left out. */
static void write_name(const struct seen *row, const struct founds *all, struct found *f)
{
    cleanup_buf struct buf base = {0};
    char name[NAME_BYTES];

    if (protocol_server_name(row->first, first_of(row), &base))
        f->protocol = "tls";
    else if (*f->protocol)
        buf_add(&base, f->protocol);
    else
        buf_printf(&base, row->is_unix ? "unix" : "port-%u", row->port);
    if (!isalpha((unsigned char)*buf_text(&base)))
        snprintf(name, sizeof(name), "host-%.50s", buf_text(&base));
    else
        snprintf(name, sizeof(name), "%.55s", buf_text(&base));
    snprintf(f->name, sizeof(f->name), "%s", name);
    if (is_taken(all, f->name) && !row->is_unix)
        snprintf(f->name, sizeof(f->name), "%.55s-%u", name, row->port);
    for (unsigned n = 2; is_taken(all, f->name); n++)
        snprintf(f->name, sizeof(f->name), "%.55s-%u", name, n);
}

static struct found *place_of(struct founds *all, const char *kind, const char *address)
{
    for (size_t i = 0; i < all->count; i++)
        if (!strcmp(all->items[i].address, address) && !strcmp(all->items[i].kind, kind))
            return &all->items[i];
    return NULL;
}

static void add_row(struct founds *all, const struct seen *row)
{
    struct found f = {.protocol =
                          protocol_guess(row->first, first_of(row), atomic_load(&row->greetings) > 0)};

    write_address(row, &f);
    struct found *place = place_of(all, f.kind, f.address);
    if (!place && all->count < DEPENDENCY_MAX) {
        write_name(row, all, &f);
        place = &all->items[all->count++];
        *place = f;
    }
    if (!place)
        return;
    place->connects += atomic_load(&row->connects);
    place->failures += atomic_load(&row->failures);
    place->calls += atomic_load(&row->calls);
    place->answers += atomic_load(&row->answers);
    for (int i = 0; i < SEEN_TIMES; i++)
        place->times[i] += atomic_load(&row->times[i]);
}

/* --- for people --- */

/* Half of the answers took no longer; a row of times ends at twice the one before, so its middle is said. */
static uint64_t typical_ns(const struct found *f)
{
    uint64_t before = 0;

    for (int i = 0; i < SEEN_TIMES; i++) {
        before += f->times[i];
        if (2 * before >= f->answers)
            return (UINT64_C(3) << i) * 250;
    }
    return 0;
}

static void add_comment(const struct found *f, uint64_t took_ns, struct buf *out)
{
    char typical[UNIT_TEXT_BYTES] = "no answer";

    if (f->answers)
        unit_format_duration(typical_ns(f), typical);
    buf_printf(out, "#   %-20s %-28s %-10s %8llu %7llu %8llu %8.3g/s  %s\n", f->name, f->address,
               *f->protocol ? f->protocol : "?", (unsigned long long)f->connects,
               (unsigned long long)f->failures, (unsigned long long)f->calls,
               (double)f->calls * 1e9 / (double)(took_ns ? took_ns : 1), typical);
}

/* One line, whatever the command's arguments are. */
static void add_command(char *const *argv, struct buf *out)
{
    for (; *argv; argv++) {
        buf_add_char(out, ' ');
        for (const char *p = *argv; *p; p++)
            buf_add_char(out, (unsigned char)*p < ' ' || *p == 127 ? '?' : *p);
    }
    buf_add_char(out, '\n');
}

static void add_comments(const struct discovery *d, const struct founds *all, struct buf *out)
{
    char took[UNIT_TEXT_BYTES];

    buf_printf(out, "# What chaosctl discover saw in %s%s of:", unit_format_duration(d->took_ns, took),
               d->ended ? ", until it ended," : "");
    add_command(d->argv, out);
    buf_printf(out, "#\n#   %-20s %-28s %-10s %8s %7s %8s %10s  %s\n", "name", "address", "protocol",
               "connects", "failed", "calls", "a second", "takes about");
    for (size_t i = 0; i < all->count; i++)
        add_comment(&all->items[i], d->took_ns, out);
    buf_add(out, "#\n# A start, to be made your own: names, what must hold, and how long.\n");
}

/* --- for chaosctl run --- */

/* A YAML string in double quotes; a plain "${" is written "$${". */
static void add_string(const char *text, struct buf *out)
{
    buf_add_char(out, '"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c < ' ' || c == 127)
            buf_printf(out, "\\x%02x", c);
        else if (c == '$' && text[1] == '{')
            buf_add(out, "$$");
        else
            buf_add_char(out, (char)c);
    }
    buf_add_char(out, '"');
}

/* A relative program with a slash would be looked for from the scenario's folder.  Links are not followed: a
 * Python of a virtual environment is one. */
static void add_program(const char *program, const char *folder, struct buf *out)
{
    cleanup_buf struct buf whole = {0};

    if (*program != '/' && strchr(program, '/'))
        buf_printf(&whole, "%s/", folder);
    buf_add(&whole, program);
    add_string(buf_text(&whole), out);
}

static void add_service(const struct discovery *d, struct buf *out)
{
    cleanup_free char *here = getcwd(NULL, 0);
    const char *folder = here ? here : ".";

    buf_add(out, "services:\n  app:\n    run: [");
    add_program(d->argv[0], folder, out);
    for (char *const *arg = d->argv + 1; *arg; arg++) {
        buf_add(out, ", ");
        add_string(*arg, out);
    }
    buf_add(out, "]\n    dir: ");
    add_string(folder, out);
    if (d->get) {
        buf_add(out, "\n    ready: {http: ");
        add_string(d->get, out);
        buf_add(out, ", within: 15s}");
    } else if (d->port) {
        buf_printf(out, "\n    ready: {tcp: \"127.0.0.1:%u\", within: 15s}", d->port);
    }
    buf_add(out, "\ndependencies:\n");
}

static void add_dependency(const struct found *f, struct buf *out)
{
    buf_printf(out, "  %s: {%s: ", f->name, f->kind);
    add_string(f->address, out);
    if (*f->protocol)
        buf_printf(out, ", protocol: %s", f->protocol);
    buf_add(out, "}\n");
}

static void add_steady_state(const struct discovery *d, struct buf *out)
{
    if (d->get) {
        buf_add(out, "probes:\n  page: {http: {get: ");
        add_string(d->get, out);
        buf_add(out, ", timeout: 2s}}\nload:\n  visits: {probe: page, rate: 10/s}\nsteady_state:\n"
                     "  - {load: visits, expect: {success: \">= 99%\"}, min_samples: 5}\n");
    } else if (d->port) {
        buf_printf(out, "steady_state:\n  - {tcp: \"127.0.0.1:%u\"}\n", d->port);
    } else {
        buf_add(out, "steady_state:\n  - {service: app, expect: {alive: true}}\n");
    }
    buf_add(out, "defaults:\n  baseline: {for: 1s}\n  hold: 2s\n  recovery: {within: 10s, stable_for: 1s}\n");
}

/* Nobody may call it while nobody asks for anything. */
static void add_experiments(const struct discovery *d, const struct founds *all, struct buf *out)
{
    buf_add(
        out,
        "experiments:\n  - name: outage\n    hypothesis: it goes on without any one of what it depends on\n"
        "    answers: [recover]\n    matrix: {dependency: [");
    for (size_t i = 0; i < all->count; i++)
        buf_printf(out, "%s%s", i ? ", " : "", all->items[i].name);
    buf_add(out, "]}\n");
    if (d->get)
        buf_add(out, "    faults: [{outage: {target: \"${dependency}\"}}]\n");
    else
        buf_add(out, "    # hits: 0 lets it pass when nobody calls it; give it a load, and take that away.\n"
                     "    faults: [{outage: {target: \"${dependency}\", hits: \">= 0\"}}]\n");
}

size_t discovery_page(const struct discovery *d, struct buf *out)
{
    struct founds *all = calloc(1, sizeof(*all));
    size_t count = 0;

    for (int i = 0; all && i < SEEN_MAX; i++)
        if (atomic_load(&d->seen[i].state) == SEEN_READY)
            add_row(all, &d->seen[i]);
    count = all ? all->count : 0;
    if (count) {
        add_comments(d, all, out);
        buf_add(out, "version: 1\nname: what it depends on\n");
        add_service(d, out);
        for (size_t i = 0; i < count; i++)
            add_dependency(&all->items[i], out);
        add_steady_state(d, out);
        add_experiments(d, all, out);
    }
    free(all);
    return count;
}
