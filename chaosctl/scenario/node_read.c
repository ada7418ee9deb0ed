/* libyaml's events into nodes.  Floor 2.
 *
 * The event interface, not the document one: libyaml's own tree has no bound, and its aliases none either. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/scenario/node.h"
#include "chaosctl/scenario/scenario.h"

#define ANCHOR_MAX 1000
#define KEY_MAX    1000 /* bytes: keys stand in messages */

struct anchor {
    const char *name;
    struct node *node;
};

struct source {
    yaml_parser_t parser;
    struct arena *arena;
    struct diag *diag;
    const char *text;
    size_t len;
    size_t nodes; /* read */
    size_t added; /* by aliases */
    struct anchor *anchors;
    size_t anchors_count;
};

static int read_value(struct source *s, const yaml_event_t *event, unsigned depth, struct node **ret_node);

static struct position place(yaml_mark_t mark)
{
    return (struct position){(int)mark.line + 1, (int)mark.column + 1};
}

/* The reader's errors come with a byte offset alone. */
static struct position place_of_byte(const struct source *s, size_t offset)
{
    struct position at = {1, 1};

    for (size_t i = 0; i < offset && i < s->len; i++) {
        if (s->text[i] == '\n')
            at = (struct position){at.line + 1, 1};
        else if (((unsigned char)s->text[i] & 0xC0) != 0x80)
            at.column++;
    }
    return at;
}

static bool is_tab(const struct source *s, struct position at)
{
    const char *p = s->text, *end = s->text + s->len;

    for (int line = 1; p && line < at.line; line++) {
        p = memchr(p, '\n', (size_t)(end - p));
        p = p ? p + 1 : NULL;
    }
    for (int column = 1; p && p < end && column <= at.column; p++, column++)
        if (*p == '\t')
            return true;
    return false;
}

static int syntax_error(struct source *s)
{
    const yaml_parser_t *p = &s->parser;
    const char *problem = p->problem ? p->problem : "not YAML";

    if (p->error == YAML_MEMORY_ERROR)
        return -ENOMEM;
    if (p->error == YAML_READER_ERROR) {
        diag_error(s->diag, place_of_byte(s, p->problem_offset), "%s", problem);
        return -EINVAL;
    }
    struct position at = place(p->problem_mark);
    diag_error(s->diag, at, "%s%s%s%s", p->context ? p->context : "", p->context ? ": " : "", problem,
               is_tab(s, at) ? " (YAML indents with spaces, never tabs)" : "");
    return -EINVAL;
}

static int next(struct source *s, yaml_event_t *ret_event)
{
    return yaml_parser_parse(&s->parser, ret_event) ? 0 : syntax_error(s);
}

static int refuse(struct source *s, struct position at, const char *why)
{
    diag_error(s->diag, at, "%s", why);
    return -EINVAL;
}

static int new_node(struct source *s, const yaml_event_t *event, enum node_kind kind, struct node **ret_node)
{
    struct position at = place(event->start_mark);

    if (++s->nodes > SCENARIO_NODE_MAX) {
        diag_error(s->diag, at, "more than %u values: too large for a scenario", SCENARIO_NODE_MAX);
        return -EINVAL;
    }
    struct node *n = arena_take(s->arena, sizeof(*n));
    if (!n)
        return -ENOMEM;
    *n = (struct node){.kind = kind, .at = at, .size = 1, .height = 1, .open = true};
    *ret_node = n;
    return 0;
}

static int remember(struct source *s, const yaml_char_t *name, struct node *node)
{
    if (!name)
        return 0;
    if (s->anchors_count >= ANCHOR_MAX)
        return refuse(s, node->at, "more than 1000 anchors");
    struct anchor *a = arena_push(s->arena, &s->anchors, &s->anchors_count, sizeof(*a));
    const char *copy = arena_copy(s->arena, (const char *)name);
    if (!a || !copy)
        return -ENOMEM;
    *a = (struct anchor){copy, node};
    return 0;
}

static int check_tag(struct source *s, const yaml_event_t *event, const yaml_char_t *tag, bool *ret_is_text)
{
    const char *t = (const char *)tag;

    *ret_is_text = t && (!strcmp(t, YAML_STR_TAG) || !strcmp(t, "!"));
    if (!t || (*ret_is_text && event->type == YAML_SCALAR_EVENT))
        return 0;
    return refuse(s, place(event->start_mark), "tags are not understood here; quote what is meant as text");
}

static char style_sign(yaml_scalar_style_t style, bool tagged)
{
    switch (style) {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE: return '\'';
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE: return '"';
    case YAML_LITERAL_SCALAR_STYLE: return '|';
    case YAML_FOLDED_SCALAR_STYLE: return '>';
    case YAML_ANY_SCALAR_STYLE:
    case YAML_PLAIN_SCALAR_STYLE: break;
    }
    return tagged ? '|' : 0;
}

static int read_scalar(struct source *s, const yaml_event_t *event, struct node **ret_node)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t len = event->data.scalar.length;
    struct node *n = NULL;
    bool tagged = false;
    int r = check_tag(s, event, event->data.scalar.tag, &tagged);

    if (!r)
        r = new_node(s, event, NODE_SCALAR, &n);
    if (!r && memchr(text, 0, len))
        r = refuse(s, n->at, "a NUL byte within text");
    if (!r)
        r = remember(s, event->data.scalar.anchor, n);
    if (r)
        return r;
    n->text = arena_copy_n(s->arena, text, len);
    n->style = style_sign(event->data.scalar.style, tagged);
    n->open = false;
    *ret_node = n;
    return n->text ? 0 : -ENOMEM;
}

static struct node *find_anchor(const struct source *s, const char *name)
{
    for (size_t i = s->anchors_count; i-- > 0;)
        if (!strcmp(s->anchors[i].name, name))
            return s->anchors[i].node;
    return NULL;
}

static int read_alias(struct source *s, const yaml_event_t *event, unsigned depth, struct node **ret_node)
{
    const char *name = (const char *)event->data.alias.anchor;
    struct position at = place(event->start_mark);
    struct node *n = find_anchor(s, name);

    if (!n) {
        diag_error(s->diag, at, "no anchor &%.100s stands before this alias", name);
        return -EINVAL;
    }
    if (n->open)
        return refuse(s, at, "this alias contains itself");
    s->added += n->size;
    if (s->added > SCENARIO_ALIAS_MAX) {
        diag_error(s->diag, at, "aliases add more than %u values", SCENARIO_ALIAS_MAX);
        return -EINVAL;
    }
    if (depth + n->height > SCENARIO_DEPTH_MAX)
        return refuse(s, at, "nested too deeply");
    *ret_node = n;
    return 0;
}

static void grow(struct node *parent, const struct node *child)
{
    parent->size += child->size;
    if (parent->height < child->height + 1)
        parent->height = child->height + 1;
}

static int read_items(struct source *s, struct node *list, unsigned depth)
{
    for (;;) {
        yaml_event_t event;
        struct node *item = NULL;
        int r = next(s, &event);
        if (r)
            return r;
        bool end = event.type == YAML_SEQUENCE_END_EVENT;
        r = end ? 0 : read_value(s, &event, depth, &item);
        yaml_event_delete(&event);
        if (r || end)
            return r;
        struct node **place_of = arena_push(s->arena, &list->items, &list->count, sizeof(*place_of));
        if (!place_of)
            return -ENOMEM;
        *place_of = item;
        grow(list, item);
    }
}

/* Keys are printed in messages: nothing in them may move a terminal's cursor. */
static bool is_printable(const char *text)
{
    while (*text && (unsigned char)*text >= ' ' && *text != 127)
        text++;
    return !*text;
}

static int check_key(struct source *s, const struct node *key)
{
    if (key->kind != NODE_SCALAR)
        return refuse(s, key->at, "a key must be text, not a list or a map");
    if (strlen(key->text) > KEY_MAX)
        return refuse(s, key->at, "a key of more than 1000 bytes");
    if (!is_printable(key->text))
        return refuse(s, key->at, "a control character within a key");
    if (!key->style && !strcmp(key->text, "<<"))
        return refuse(s, key->at,
                      "merge keys (<<) are not supported: write the keys out, or alias a whole value");
    return 0;
}

/* One pair; *ret_end when the map is over. */
static int read_pair(struct source *s, unsigned depth, struct node_pair *ret_pair, bool *ret_end)
{
    yaml_event_t event;
    int r = next(s, &event);

    if (r)
        return r;
    *ret_end = event.type == YAML_MAPPING_END_EVENT;
    if (!*ret_end)
        r = read_value(s, &event, depth, &ret_pair->key);
    yaml_event_delete(&event);
    if (r || *ret_end)
        return r;
    r = check_key(s, ret_pair->key);
    if (!r)
        r = next(s, &event);
    if (r)
        return r;
    r = read_value(s, &event, depth, &ret_pair->value);
    yaml_event_delete(&event);
    return r;
}

static int by_text(const void *a, const void *b)
{
    const struct node *x = (*(const struct node_pair *const *)a)->key;
    const struct node *y = (*(const struct node_pair *const *)b)->key;
    int order = strcmp(x->text, y->text);

    if (!order)
        order = (x->at.line > y->at.line) - (x->at.line < y->at.line);
    return order ? order : (x->at.column > y->at.column) - (x->at.column < y->at.column);
}

/* Sorted, so that a file of nothing but keys does not take the square of its size. */
static int find_doubles(struct source *s, const struct node *map)
{
    cleanup_free const struct node_pair **sorted = calloc(map->count + 1, sizeof(*sorted));

    if (!sorted)
        return -ENOMEM;
    for (size_t i = 0; i < map->count; i++)
        sorted[i] = &map->pairs[i];
    qsort(sorted, map->count, sizeof(*sorted), by_text);
    for (size_t i = 1; i < map->count; i++) {
        const struct node *first = sorted[i - 1]->key, *again = sorted[i]->key;
        if (!strcmp(first->text, again->text))
            diag_error(s->diag, again->at, "the key \"%s\" is here twice: first at %d:%d", again->text,
                       first->at.line, first->at.column);
    }
    return 0;
}

static int read_pairs(struct source *s, struct node *map, unsigned depth)
{
    for (;;) {
        struct node_pair pair = {NULL, NULL};
        bool end = false;
        int r = read_pair(s, depth, &pair, &end);
        if (r)
            return r;
        if (end)
            return find_doubles(s, map);
        struct node_pair *kept = arena_push(s->arena, &map->pairs, &map->count, sizeof(*kept));
        if (!kept)
            return -ENOMEM;
        *kept = pair;
        grow(map, pair.key);
        grow(map, pair.value);
    }
}

static int read_collection(struct source *s, const yaml_event_t *event, unsigned depth,
                           struct node **ret_node)
{
    bool is_map = event->type == YAML_MAPPING_START_EVENT;
    const yaml_char_t *tag = is_map ? event->data.mapping_start.tag : event->data.sequence_start.tag;
    const yaml_char_t *anchor = is_map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
    struct node *n = NULL;
    bool tagged = false;

    if (depth >= SCENARIO_DEPTH_MAX)
        return refuse(s, place(event->start_mark), "nested too deeply");
    int r = check_tag(s, event, tag, &tagged);
    if (!r)
        r = new_node(s, event, is_map ? NODE_MAP : NODE_LIST, &n);
    if (!r)
        r = remember(s, anchor, n);
    if (!r)
        r = is_map ? read_pairs(s, n, depth + 1) : read_items(s, n, depth + 1);
    if (r)
        return r;
    n->open = false;
    *ret_node = n;
    return 0;
}

/* depth: levels around this value. */
static int read_value(struct source *s, const yaml_event_t *event, unsigned depth, struct node **ret_node)
{
    switch ((int)event->type) {
    case YAML_SCALAR_EVENT: return read_scalar(s, event, ret_node);
    case YAML_ALIAS_EVENT: return read_alias(s, event, depth, ret_node);
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT: return read_collection(s, event, depth, ret_node);
    default: return refuse(s, place(event->start_mark), "unexpected YAML"); /* libyaml gives no other here */
    }
}

static int read_stream(struct source *s, struct node **ret_root)
{
    for (bool seen = false;;) {
        yaml_event_t event;
        int r = next(s, &event);
        if (r)
            return r;
        bool end = event.type == YAML_STREAM_END_EVENT;
        if (event.type == YAML_DOCUMENT_START_EVENT && seen)
            r = refuse(s, place(event.start_mark), "a second document: one scenario a file");
        if (event.type == YAML_DOCUMENT_START_EVENT)
            seen = true;
        else if (!end && event.type != YAML_STREAM_START_EVENT && event.type != YAML_DOCUMENT_END_EVENT)
            r = read_value(s, &event, 0, ret_root);
        yaml_event_delete(&event);
        if (r || end)
            return r;
    }
}

static void skip_byte_order_mark(struct source *s)
{
    if (s->len >= 3 && !memcmp(s->text, "\xEF\xBB\xBF", 3)) {
        s->text += 3;
        s->len -= 3;
    }
}

int node_read(struct arena *arena, const char *text, size_t len, struct diag *diag, struct node **ret_root)
{
    struct source s = {.arena = arena, .diag = diag, .text = text, .len = len};

    *ret_root = NULL;
    if (len > SCENARIO_FILE_MAX) {
        diag_error(diag, (struct position){0}, "larger than %u MiB: too large for a scenario",
                   SCENARIO_FILE_MAX >> 20);
        return -EINVAL;
    }
    if (!yaml_parser_initialize(&s.parser))
        return -ENOMEM;
    skip_byte_order_mark(&s);
    /* Said, not guessed: UTF-16 is refused as what it is in UTF-8, an error. */
    yaml_parser_set_encoding(&s.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&s.parser, (const unsigned char *)s.text, s.len);
    int r = read_stream(&s, ret_root);
    yaml_parser_delete(&s.parser);
    return r;
}
