/* Files into scenarios, and secrets out of texts.  Floor 2. */
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/scenario/reader.h"
#include "chaosctl/scenario/root.h"
#include "chaosctl/scenario/source.h"

#define SEED 1 /* unless given: the same decisions each time */

void scenario_free(struct scenario *scenario)
{
    if (scenario)
        arena_free(scenario->arena);
}

static struct scenario *scenario_new(void)
{
    struct arena *arena = arena_new();
    struct scenario *s = arena ? arena_take(arena, sizeof(*s)) : NULL;

    if (!s) {
        arena_free(arena);
        return NULL;
    }
    *s = (struct scenario){
        .arena = arena, .path = "", .dir = "/", .name = "", .seed = SEED, .lease_ns = 5 * NS_PER_S};
    return s;
}

/* The folder as it really is; where there is none, "/" does no harm: nothing will be found there. */
static int set_dir(struct scenario *s, const char *folder)
{
    cleanup_free char *real = realpath(folder, NULL);

    if (!real && errno == ENOMEM)
        return -ENOMEM;
    s->dir = arena_copy(s->arena, real ? real : "/");
    return s->dir ? 0 : -ENOMEM;
}

static int set_path(struct scenario *s, const char *path)
{
    char *folder = arena_copy(s->arena, path), *base = arena_copy(s->arena, path);

    s->path = arena_copy(s->arena, path);
    if (!folder || !base || !s->path)
        return -ENOMEM;
    base = basename(base);
    char *dot = strrchr(base, '.');
    if (dot && dot != base)
        *dot = 0;
    s->name = base;
    return set_dir(s, dirname(folder));
}

struct scenario *scenario_empty(void)
{
    struct scenario *s = scenario_new();

    if (s && set_dir(s, ".")) {
        scenario_free(s);
        return NULL;
    }
    return s;
}

static int read_into(struct scenario *s, const char *text, size_t len, const char *path, struct diag *diag)
{
    struct node *root = NULL;
    size_t before = diag_count(diag);
    int r = set_path(s, path);

    if (!r)
        r = node_read(s->arena, text, len, diag, &root);
    if (r)
        return r;
    if (!root || node_is_null(root)) {
        diag_error(diag, (struct position){1, 1},
                   "nothing is in this file; a scenario begins with version: 1");
        return -EINVAL;
    }
    struct reader reader = reader_of(s, diag);
    root_read(&reader, root);
    if (reader.failed)
        return -ENOMEM;
    return diag_count(diag) == before ? 0 : -EINVAL;
}

int scenario_parse(const char *text, size_t len, const char *path, struct diag *diag,
                   struct scenario **ret_scenario)
{
    struct scenario *s = scenario_new();

    if (!s)
        return -ENOMEM;
    int r = read_into(s, text, len, path, diag);
    if (r)
        scenario_free(s);
    else
        *ret_scenario = s;
    return r;
}

/* --- files --- */

int scenario_load(const char *path, struct diag *diag, struct scenario **ret_scenario)
{
    cleanup_free char *text = NULL;
    size_t len = 0;
    int r = source_read(path, false, diag, &text, &len);

    return r ? r : scenario_parse(text, len, path, diag, ret_scenario);
}

/* --- secrets --- */

static size_t secret_at(const struct scenario *s, const char *text)
{
    size_t longest = 0;

    for (size_t i = 0; s && i < s->secrets_count; i++) {
        size_t len = strlen(s->secrets[i]);
        if (len > longest && !strncmp(text, s->secrets[i], len))
            longest = len;
    }
    return longest;
}

void scenario_mask(const struct scenario *scenario, const char *text, struct buf *out)
{
    const char *from = text;

    for (const char *p = text; *p;) {
        size_t len = secret_at(scenario, p);
        if (!len) {
            p++;
            continue;
        }
        buf_add_n(out, from, (size_t)(p - from));
        buf_add(out, "***");
        p += len;
        from = p;
    }
    buf_add(out, from);
}
