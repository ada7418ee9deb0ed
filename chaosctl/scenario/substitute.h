/* ${name} in scalars.  Floor 2, internal to chaosctl/scenario.
 *
 * ${name} of vars or the matrix, ${env.NAME}, ${env.NAME:-default} (unset or empty, as in a shell); $${ is a
 * literal
 * ${.  ${request.id} stays as it is where it may stand: it is another one each time that something is asked.
 * Replaced text is not looked at again.  A quoted scalar that is one ${name} and nothing else stands for
 * the variable as it was written, so that "${flag}" may be a boolean. */
#ifndef SCENARIO_SUBSTITUTE_H
#define SCENARIO_SUBSTITUTE_H

#include <stdbool.h>
#include <stddef.h>

struct node;
struct reader;

#define VARIABLE_MAX 256

struct binding {
    const char *name;
    const char *value; /* NULL: being defined, or broken: said already */
    bool plain;        /* its value was written without quotes */
    bool pending;      /* defined further down */
};

struct scope {
    const struct binding *bindings;
    size_t count;
    const struct scope *outer;
};

/* The scalar's text with everything replaced, borrowed from the node or the arena. */
bool substitute(struct reader *r, const struct node *scalar, const char **ret_text, bool *ret_plain);

/* Read `vars:` into a scope; secrets go to the scenario.  node may be NULL. */
void vars_read(struct reader *r, const struct node *node, struct scope *ret_scope);

/* Is it letters, digits, _ and -, not starting with a digit? */
bool variable_is_valid(const char *name);

#endif
