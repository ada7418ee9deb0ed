/* A YAML document as a tree in which every node knows its place.  Floor 2.
 *
 * What comes from outside is bounded here: depth, number of nodes, what aliases may add.  Refused: several
 * documents, merge keys, tags other than !!str, keys that are not scalars, the same key twice.  Aliases share
 * the node that they name, so positions are those of the anchor. */
#ifndef SCENARIO_NODE_H
#define SCENARIO_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include "chaosctl/base/arena.h"
#include "chaosctl/base/diag.h"

enum node_kind {
    NODE_SCALAR,
    NODE_LIST,
    NODE_MAP,
};

struct node_pair {
    struct node *key, *value; /* key: a scalar */
};

struct node {
    enum node_kind kind;
    char style; /* of a scalar: 0 plain, or the sign that opens it: ' " | > */
    bool open;  /* still being read: an alias to it would be a cycle */
    struct position at;
    const char *text; /* scalar; never NULL there */
    struct node **items;
    struct node_pair *pairs;
    size_t count;        /* of items or pairs */
    size_t size, height; /* nodes in it, itself and what aliases add included; levels */
};

/* Read one document.  Returns 0 and the root, *ret_root NULL when the document is empty; -EINVAL with
 * messages in diag; -ENOMEM.  A key given twice is a message, not a failure: the first one stays. */
int node_read(struct arena *arena, const char *text, size_t len, struct diag *diag, struct node **ret_root);

/* The value of a key; NULL when the map has none, or it is no map. */
const struct node *node_get(const struct node *map, const char *key);

/* Nothing was written here, or null. */
bool node_is_null(const struct node *node);

/* Something was written here: text, or a list or map with something in it.  node: or NULL. */
bool node_says_something(const struct node *node);

/* "a map", "a list", "nothing", "text": what people call it. */
const char *node_describe(const struct node *node);

#endif
