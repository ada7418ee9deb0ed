/* Suppressions: read, and asked whether they still hold.  Floor 2. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "chaosctl/base/buf.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/base/file.h"
#include "chaosctl/scenario/shape.h"
#include "chaosctl/scenario/suppression.h"

#define DAY_BYTES sizeof("2027-06-30")

struct file_nodes {
    const struct node *version, *suppress;
};

#define AT(member) offsetof(struct file_nodes, member)

static const struct field file_fields[] = {
    {"version", &shape_any, AT(version), FIELD_NODE | FIELD_REQUIRED, "of this format: version: 1"},
    {"suppress", &shape_any, AT(suppress), FIELD_NODE | FIELD_REQUIRED, "what to suppress, a list"},
    {0},
};

static const struct field fields[] = {
    {"function", &shape_line, offsetof(struct suppression, function), 0,
     "a pattern: a function of the call that failed or of the crash"},
    {"module", &shape_line, offsetof(struct suppression, module), 0,
     "a pattern: the name of the program or library that such a function is in"},
    {"reason", &shape_line, offsetof(struct suppression, reason), FIELD_REQUIRED, "why it is accepted"},
    {"until", &shape_line, offsetof(struct suppression, until), FIELD_REQUIRED,
     "the last day on which it is: 2027-06-30"},
    {0},
};

struct list {
    struct reader *reader;
    struct suppression *items;
    size_t count;
    char today[DAY_BYTES];
};

/* strptime takes 2027-02-30, and a day of one digit. */
static bool is_day(const char *text)
{
    struct tm day = {0};
    char again[DAY_BYTES] = "";
    const char *end = strptime(text, "%Y-%m-%d", &day);

    if (!end || *end)
        return false;
    timegm(&day);
    strftime(again, sizeof(again), "%Y-%m-%d", &day);
    return !strcmp(text, again);
}

static void check(const struct list *list, const struct node *node, const struct suppression *s)
{
    const struct node *until = node_get(node, "until");

    if (!s->function && !s->module)
        reader_error(list->reader, node, "a suppression needs a function or a module: it would hold for all");
    if (!s->until)
        return;
    if (!is_day(s->until))
        reader_error(list->reader, until, "until: \"%s\" is no day such as 2027-06-30", s->until);
    else if (strcmp(list->today, s->until) > 0)
        reader_error(list->reader, until, "until: this expired on %s (%s): fix it, or decide anew", s->until,
                     s->reason ? s->reason : "no reason given");
}

static void read_one(struct reader *r, const struct node *node, void *arg)
{
    struct list *list = arg;
    struct suppression *s = reader_push(r, &list->items, &list->count, sizeof(*s));

    if (!s)
        return;
    s->at = node->at;
    if (fields_read(r, node, "a suppression", fields, s))
        check(list, node, s);
}

static void read_file(struct reader *r, const struct node *root, struct list *list)
{
    struct file_nodes nodes = {0};

    if (!fields_read(r, root, "a file of suppressions", file_fields, &nodes))
        return;
    if (nodes.version && (nodes.version->kind != NODE_SCALAR || strcmp(nodes.version->text, "1")))
        reader_error(r, nodes.version, "version: this chaosctl reads version 1");
    else if (nodes.suppress)
        (void)list_each(r, nodes.suppress, "a list of suppressions", false, read_one, list);
}

static int parse(struct scenario *owner, const char *text, size_t len, struct diag *diag, struct list *list)
{
    struct node *root = NULL;
    size_t before = diag_count(diag);
    int r = node_read(owner->arena, text, len, diag, &root);

    if (r)
        return r;
    if (!root || node_is_null(root)) {
        diag_error(diag, (struct position){1, 1}, "nothing is in this file; it begins with version: 1");
        return -EINVAL;
    }
    struct reader reader = reader_of(owner, diag);
    list->reader = &reader;
    read_file(&reader, root, list);
    if (reader.failed)
        return -ENOMEM;
    return diag_count(diag) == before ? 0 : -EINVAL;
}

int suppressions_parse(const char *text, size_t len, uint64_t now_wall_ns, struct diag *diag,
                       struct suppressions *ret_suppressions)
{
    struct scenario *owner = scenario_empty();
    char now[CLOCK_TEXT_BYTES];
    struct list list = {0};

    if (!owner)
        return -ENOMEM;
    snprintf(list.today, sizeof(list.today), "%s", clock_text(now_wall_ns, now));
    int r = parse(owner, text, len, diag, &list);
    if (r)
        scenario_free(owner);
    else
        *ret_suppressions = (struct suppressions){list.items, list.count, owner};
    return r;
}

int suppressions_load(const char *path, uint64_t now_wall_ns, struct diag *diag,
                      struct suppressions *ret_suppressions)
{
    cleanup_buf struct buf text = {0};
    int r = file_read(path, SUPPRESSION_FILE_MAX, &text);

    if (r) {
        diag_error(diag, (struct position){0}, "%s", strerror(-r));
        return r;
    }
    return suppressions_parse(buf_text(&text), text.len, now_wall_ns, diag, ret_suppressions);
}

void suppressions_free(struct suppressions *suppressions)
{
    scenario_free(suppressions->owner);
    *suppressions = (struct suppressions){0};
}
