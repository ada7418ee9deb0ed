/* `limits:`, of a scenario and of the host.  Floor 2. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/scenario/limits.h"
#include "chaosctl/scenario/parse.h"
#include "chaosctl/scenario/source.h"

struct limits_nodes {
    const struct node *services, *processes, *duration, *forbidden, *hours, *users;
};

static const struct shape shape_texts = {
    .name = "limits-texts",
    .wanted = "a text, or a list of them",
    .schema =
        "{\"anyOf\":[{\"type\":\"string\",\"minLength\":1},{\"type\":\"array\",\"minItems\":1,\"items\":"
        "{\"type\":\"string\",\"minLength\":1}}]}",
};

#define HOURS_FORM "a part of the week, such as \"mon-fri 09:00-17:00\" or \"22:00-06:00\""
static const struct shape shape_hours = {
    .name = "limits-hours",
    .wanted = HOURS_FORM ", or a list of them",
    .schema =
        "{\"anyOf\":[{\"type\":\"string\",\"minLength\":1},{\"type\":\"array\",\"minItems\":1,\"items\":"
        "{\"type\":\"string\",\"minLength\":1}}]}",
};

#define AT(member) offsetof(struct limits_nodes, member), FIELD_NODE

static const struct field fields[] = {
    {"services", &shape_positive, AT(services), "faults are in so many services at most, at a time"},
    {"processes", &shape_positive, AT(processes), "and these have so many processes at most"},
    {"duration", &shape_time, AT(duration), "no fault lasts longer"},
    {"forbidden", &shape_texts, AT(forbidden),
     "what no fault may be about: addresses, networks, names of hosts or dependencies"},
    {"hours", &shape_hours, AT(hours), "when faults may be: \"mon-fri 09:00-17:00\", by this host's clock"},
    {"users", &shape_texts, AT(users), "who may inject: names of users"},
    {0},
};

const struct shape shape_limits = {.name = "limits", .wanted = "a map", .kind = SHAPE_MAP, .fields = fields};

struct reading {
    struct reader *r;
    struct limits *limits;
};

static const char *rule_at(const struct reading *in, const struct node *node)
{
    const char *text = reader_printf(in->r, "%s:%d:%d", in->limits->path, node->at.line, node->at.column);

    return text ? text : "";
}

static void read_number(const struct reading *in, const struct node *node, const struct shape *shape,
                        const char *key, struct limit *ret)
{
    in->r->key = key;
    if (node && shape->take(in->r, node, &ret->most))
        ret->rule = rule_at(in, node);
}

/* --- lists --- */

/* What is no address is a name: a dependency's, and a host's. */
static void read_forbidden(struct reader *r, const struct node *item, void *arg)
{
    struct reading *in = arg;
    struct forbidden f = {.rule = rule_at(in, item)};
    struct targets targets = {0};
    const char *kind = NULL;
    bool plain;

    if (!reader_text(r, item, shape_texts.wanted, &f.text, &plain))
        return;
    const char *address = address_of(r, f.text, &kind);
    if (!address || !target_parse(r, item, kind, address, 0, &targets))
        return;
    f.name = looks_like_address(f.text) ? NULL : f.text;
    f.any_protocol = strncmp(f.text, "tcp:", 4) != 0 && strncmp(f.text, "udp:", 4) != 0;
    f.targets = targets.items;
    f.targets_count = targets.count;
    struct forbidden *place =
        reader_push(r, &in->limits->forbidden, &in->limits->forbidden_count, sizeof(*place));
    if (place)
        *place = f;
}

static void read_hours(struct reader *r, const struct node *item, void *arg)
{
    struct reading *in = arg;
    const char *text = NULL;
    struct hours hours;
    bool plain;

    if (!reader_text(r, item, HOURS_FORM, &text, &plain))
        return;
    if (!hours_parse(text, &hours)) {
        reader_error(r, item, "\"%s\" is not " HOURS_FORM, text);
        return;
    }
    struct hours *place = reader_push(r, &in->limits->hours, &in->limits->hours_count, sizeof(*place));
    if (place)
        *place = hours;
}

static void read_user(struct reader *r, const struct node *item, void *arg)
{
    struct reading *in = arg;
    const char *name = NULL;

    if (!shape_line.take(r, item, &name))
        return;
    const char **place = reader_push(r, &in->limits->users, &in->limits->users_count, sizeof(*place));
    if (place)
        *place = name;
}

/* An empty list could mean nothing or nobody. */
static void read_list(struct reading *in, const struct node *node, const char *key, item_fn *fn,
                      const char **ret_rule)
{
    struct reader *r = in->r;

    if (!node)
        return;
    r->key = key;
    if (node->kind == NODE_LIST && !node->count)
        reader_error(r, node, "the list is empty; leave it out where there is no limit");
    (void)list_each(r, node, shape_texts.wanted, true, fn, in);
    *ret_rule = rule_at(in, node);
}

void limits_read(struct reader *r, const struct node *node, const char *path)
{
    struct scenario *s = r->scenario;
    struct limits_nodes n = {0};
    const char *forbidden = NULL;

    if (!node || node_is_null(node) || !fields_read(r, node, "limits", fields, &n))
        return;
    struct limits *limits = reader_push(r, &s->limits, &s->limits_count, sizeof(*limits));
    if (!limits)
        return;
    limits->path = path;
    struct reading in = {r, limits};
    read_number(&in, n.services, &shape_positive, "services", &limits->services);
    read_number(&in, n.processes, &shape_positive, "processes", &limits->processes);
    read_number(&in, n.duration, &shape_time, "duration", &limits->duration_ns);
    read_list(&in, n.forbidden, "forbidden", read_forbidden, &forbidden);
    read_list(&in, n.hours, "hours", read_hours, &limits->hours_rule);
    read_list(&in, n.users, "users", read_user, &limits->users_rule);
    r->key = NULL;
}

/* --- the host's --- */

struct host_nodes {
    const struct node *limits;
};

static const struct field host_fields[] = {
    {"limits", &shape_limits, offsetof(struct host_nodes, limits), FIELD_NODE, "what no run may exceed"},
    {0},
};

static int read_file(struct scenario *s, const char *path, bool roots, struct diag *diag)
{
    cleanup_free char *text = NULL;
    size_t len = 0;
    struct node *root = NULL;
    struct host_nodes n = {0};
    const char *kept = arena_copy(s->arena, path);
    int r = kept ? source_read(path, roots, diag, &text, &len) : -ENOMEM;

    if (!r)
        r = node_read(s->arena, text, len, diag, &root);
    if (r || !root || node_is_null(root))
        return r;
    struct reader reader = reader_of(s, diag);
    if (fields_read(&reader, root, "the host's file", host_fields, &n))
        limits_read(&reader, n.limits, kept);
    return reader.failed ? -ENOMEM : 0;
}

/* The scenario's messages are one file's: those of another one carry its name. */
static void hand_over(const char *path, const struct diag *from, struct diag *diag)
{
    struct position at;
    const char *message;

    for (size_t i = 0; (message = diag_message(from, i, &at)); i++)
        if (at.line)
            diag_error(diag, (struct position){0}, "%s:%d:%d: %s", path, at.line, at.column, message);
        else
            diag_error(diag, (struct position){0}, "%s: %s", path, message);
}

/* One that cannot be read could forbid everything: that is an error. */
static int load_file(struct scenario *s, const char *path, bool roots, struct diag *diag)
{
    struct diag *own = diag_new(path);
    int r = own ? read_file(s, path, roots, own) : -ENOMEM;

    if (r != -ENOMEM && diag_count(own)) {
        hand_over(path, own, diag);
        r = -EINVAL;
    }
    diag_free(own);
    return r;
}

int limits_load_host(struct scenario *scenario, struct diag *diag)
{
    const char *further = getenv(LIMITS_VARIABLE);
    int r = 0;

    if (!access(LIMITS_HOST_FILE, F_OK) || (errno != ENOENT && errno != ENOTDIR))
        r = load_file(scenario, LIMITS_HOST_FILE, true, diag);
    if (!r && further && *further)
        r = load_file(scenario, further, false, diag);
    return r;
}

int limits_load_scenario(const char *path, struct diag *diag, struct scenario **ret_scenario)
{
    struct scenario *s = NULL;
    int r = scenario_load(path, diag, &s);

    if (!r)
        r = limits_load_host(s, diag);
    if (!r)
        limits_check(s, diag);
    if (!r && diag_count(diag))
        r = -EINVAL;
    if (r)
        scenario_free(s);
    else
        *ret_scenario = s;
    return r;
}
