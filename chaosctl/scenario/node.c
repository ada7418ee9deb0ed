/* The tree itself.  Floor 2. */
#include <string.h>

#include "chaosctl/scenario/node.h"

const struct node *node_get(const struct node *map, const char *key)
{
    for (size_t i = 0; map && map->kind == NODE_MAP && i < map->count; i++)
        if (!strcmp(map->pairs[i].key->text, key))
            return map->pairs[i].value;
    return NULL;
}

bool node_is_null(const struct node *node)
{
    if (node->kind != NODE_SCALAR || node->style)
        return false;
    return !*node->text || !strcmp(node->text, "~") || !strcmp(node->text, "null");
}

bool node_says_something(const struct node *node)
{
    return node && (node->kind == NODE_SCALAR ? !node_is_null(node) : node->count > 0);
}

const char *node_describe(const struct node *node)
{
    if (node->kind == NODE_MAP)
        return "a map";
    if (node->kind == NODE_LIST)
        return "a list";
    return node_is_null(node) ? "nothing" : "text";
}
